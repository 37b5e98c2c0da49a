"""Converts a checkout of ICT-FaceKit's public OBJ files into the one npz file that the renderer reads."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlab.core.errors import BadFile, MissingPart
from latentlab.core.files import atomic
from latentlab.core.made import MARK
from latentlab.core.watch import Watch, silent
from latentlab.world.factors import SHAPE_MODES
from latentlab.world.model import FILE_NAME, ICT_VERTICES, SOURCE, from_arrays, user_file

NEUTRAL = "generic_neutral_mesh"
NOT_EXPRESSIONS = ("generic_neutral_mesh", "identity")
MOST_BYTES = 64_000_000
"""An OBJ file of the model has three million; anything much larger is none."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


def import_face_model(checkout: Path | str, out: Path | str | None = None, watch: Watch = silent) -> Path:
    """Reads the OBJ files and `vertex_indices.json` below a folder (gzip or not) and writes the npz.

    Args:
        checkout: a clone of ICT-FaceKit, or its FaceXModel folder.
        out: file or folder to write to; by default where the renderer looks for it.
        watch: told about every file.

    Raises:
        MissingPart: files of the model are not there.
        BadFile: a file is no mesh of the model.
    """
    files = _find(Path(checkout))
    neutral_vertices, texcoords, faces, faces_uv = read_mesh(files[NEUTRAL])
    if len(neutral_vertices) != ICT_VERTICES:
        raise BadFile(
            f"{files[NEUTRAL]} has {len(neutral_vertices)} vertices, not the {ICT_VERTICES} of ICT-FaceKit"
        )
    identity_names = [f"identity{i:03d}" for i in range(SHAPE_MODES)]
    if missing := [name for name in identity_names if name not in files]:
        raise MissingPart(
            f"{checkout} lacks {len(missing)} identity meshes, {missing[0]}.obj first; clone {SOURCE} anew"
        )
    expression_names = sorted(name for name in files if not name.startswith(NOT_EXPRESSIONS))
    if not expression_names:
        raise MissingPart(f"{checkout} has no expression meshes such as jawOpen.obj; clone {SOURCE} anew")
    names = identity_names + expression_names

    with ThreadPoolExecutor(2) as pool:
        offsets = []
        for done, vertices in enumerate(pool.map(lambda name: _vertices(files[name]), names)):
            if vertices.shape != neutral_vertices.shape:
                raise BadFile(
                    f"{files[names[done]]} has {len(vertices)} vertices, the neutral mesh {ICT_VERTICES}"
                )
            offsets.append((vertices - neutral_vertices).astype(np.float16))
            watch((done + 1) / len(names), files[names[done]].name)

    indices = _indices(files["vertex_indices"])
    arrays: dict[str, Any] = {
        "vertices": neutral_vertices, "texcoords": texcoords, "faces": faces, "faces_uv": faces_uv,
        "identity": np.stack(offsets[:SHAPE_MODES]), "expression": np.stack(offsets[SHAPE_MODES:]),
        "expression_names": np.array(expression_names), **indices,
    }  # fmt: skip
    try:
        from_arrays(arrays)
    except (ValueError, IndexError) as error:
        raise BadFile(f"{checkout} holds no usable face model: {error}; clone {SOURCE} anew") from None
    return _save(arrays, out)


def _save(arrays: dict[str, Any], out: Path | str | None) -> Path:
    place = user_file() if out is None else Path(out)
    if place.is_dir() or place.suffix != ".npz":
        place = place / FILE_NAME
    with atomic(place) as draft:
        np.savez_compressed(draft, **(arrays | {MARK: np.array(True)}))
    return place


def _find(checkout: Path) -> dict[str, Path]:
    if not checkout.is_dir():
        raise MissingPart(f"there is no folder {checkout}; clone {SOURCE} and give its path")
    files: dict[str, Path] = {}
    for path in sorted(checkout.rglob("*.obj")) + sorted(checkout.rglob("*.obj.gz")):
        files.setdefault(path.name.removesuffix(".gz").removesuffix(".obj"), path)
    for path in checkout.rglob("vertex_indices.json"):
        files["vertex_indices"] = path
    for name in (NEUTRAL, "vertex_indices"):
        if name not in files:
            raise MissingPart(f"{checkout} has no {name}; it is no checkout of {SOURCE}")
    return files


def _text(path: Path) -> str:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, EOFError) as error:
        raise BadFile(f"cannot read {path}: {error}; clone {SOURCE} anew") from None
    if len(content) > MOST_BYTES:
        raise BadFile(f"{path} is larger than any mesh of the face model; clone {SOURCE} anew")
    return content.decode("utf-8", "replace")


def _vertices(path: Path) -> Floats:
    lines = [line[2:] for line in _text(path).splitlines() if line.startswith("v ")]
    return _numbers(path, lines, 3)


def _numbers(path: Path, lines: list[str], columns: int) -> Floats:
    try:
        rows = np.array(" ".join(lines).split(), dtype=np.float32).reshape(len(lines), -1)[:, :columns]
    except ValueError as error:
        raise BadFile(f"{path} is no OBJ mesh: {error}; clone {SOURCE} anew") from None
    if rows.shape != (len(lines), columns) or not np.isfinite(rows).all():
        raise BadFile(f"{path} is no OBJ mesh: its numbers are not {columns} to a line; clone {SOURCE} anew")
    return rows


def read_mesh(path: Path) -> tuple[Floats, Floats, Ints, Ints]:
    """Vertices [v, 3], texture coordinates [t, 2] and both triangle lists [f, 3] of an OBJ file; quads are split."""
    lines = _text(path).splitlines()
    vertices = _numbers(path, [line[2:] for line in lines if line.startswith("v ")], 3)
    texcoords = _numbers(path, [line[3:] for line in lines if line.startswith("vt ")], 2)
    faces, faces_uv = [], []
    try:
        for line in lines:
            if line.startswith("f "):
                corners = [corner.split("/")[:2] for corner in line.split()[1:]]
                for second, third in pairwise(corners[1:]):
                    triangle = (corners[0], second, third)
                    faces.append([int(corner[0]) - 1 for corner in triangle])
                    faces_uv.append([int(corner[1]) - 1 for corner in triangle])
    except (ValueError, IndexError) as error:
        raise BadFile(f"{path} is no OBJ mesh: {error}; clone {SOURCE} anew") from None
    return (
        vertices,
        texcoords,
        np.array(faces, np.int32).reshape(-1, 3),
        np.array(faces_uv, np.int32).reshape(-1, 3),
    )


def _indices(path: Path) -> dict[str, Ints]:
    try:
        entries = json.loads(_text(path))
        return {
            "landmarks": np.array(entries["idx_to_landmark_verts"], np.int32),
            "rigid": np.array(entries["idx_to_rigid_verts"], np.int32),
        }
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise BadFile(f"{path} does not list the landmarks ({error}); clone {SOURCE} anew") from None
