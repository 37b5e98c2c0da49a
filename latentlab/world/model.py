"""The face model's arrays and where to find them (ICT-FaceKit light; Li et al., CVPR 2020)."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentlab.core.errors import BadFile, MissingPart
from latentlab.core.places import data_folder

FILE_NAME = "ict_facekit.npz"
VARIABLE = "LATENTLAB_FACE_MODEL"
SOURCE = "https://github.com/ICT-VGL/ICT-FaceKit (MIT)"

PARTS = ("face", "head", "mouth", "gums", "teeth", "eye_right", "eye_left", "lashes")
"""What the renderer draws, in the order of the part numbers; right and left are the person's."""

ICT_VERTICES = 26719
_ICT_RANGES = {
    "face": ((0, 9408),),
    "head": ((9409, 11247),),
    "mouth": ((11248, 13293),),
    "gums": ((14062, 17038),),
    "teeth": ((17039, 21450),),
    "eye_left": ((21451, 22220),),
    "eye_right": ((23021, 23790),),
    "lashes": ((25351, 26718),),
}


@dataclass(frozen=True, eq=False)
class FaceModel:
    """A morphable head: mean shape, identity modes and blendshapes, in centimetres, y up, z to the viewer."""

    vertices: Tensor
    """Neutral mean face, float32 [v, 3]."""
    texcoords: Tensor
    """float32 [t, 2], v upwards; the face lies in the unit square, other parts in tiles to the right."""
    faces: Tensor
    """Triangles into the vertices, int32 [f, 3]."""
    faces_uv: Tensor
    """The same triangles into the texture coordinates, int32 [f, 3]."""
    identity: Tensor
    """Modes, float32 [100, v, 3]; coefficients are about N(0, 1)."""
    expression: Tensor
    """Blendshapes, float32 [e, v, 3]; weights 0..1."""
    expression_names: tuple[str, ...]
    """Names of the blendshapes."""
    landmarks: Tensor
    """The vertices of the 68 Multi-PIE points, int64 [68]."""
    part: Tensor
    """For each vertex its place in `PARTS`, or -1 where it is not drawn, int64 [v]."""


def find_face_model(path: str | Path | None = None) -> Path:
    """The file: the argument, then $LATENTLAB_FACE_MODEL, then the user's data folder; MissingPart if none is there."""
    named = path or os.environ.get(VARIABLE)
    place = Path(named).expanduser() if named else user_file()
    if place.is_dir():
        place = place / FILE_NAME
    if place.is_file():
        return place
    raise MissingPart(
        f"no face model at {place}; clone {SOURCE} and run: latentlab world import CHECKOUT, "
        f"or point `face_model` or {VARIABLE} to {FILE_NAME}"
    )


def user_file() -> Path:
    """Where the face model lies when nothing else is said."""
    return data_folder() / FILE_NAME


def load_face_model(path: str | Path | None = None) -> FaceModel:
    """Reads the face model found by `find_face_model`; BadFile if it is damaged. Kept in memory for the next call."""
    place = find_face_model(path)
    return _read(place, place.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(place: Path, changed: int) -> FaceModel:
    try:
        with np.load(place, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        model = from_arrays(arrays)
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        IndexError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise BadFile(
            f"the face model {place} is damaged ({type(error).__name__}: {error}); make it again from {SOURCE}: "
            "latentlab world import CHECKOUT"
        ) from None
    return model


def from_arrays(arrays: dict[str, np.ndarray], part: np.ndarray | None = None) -> FaceModel:
    """Checks the arrays of the npz and makes them tensors; ValueError or KeyError where they cannot be a face."""
    count = len(arrays["vertices"])
    corners = len(arrays["texcoords"])
    names = tuple(str(name) for name in arrays["expression_names"])
    _expect(arrays["vertices"].shape == (count, 3), "vertices are not [v, 3]")
    _expect(arrays["texcoords"].shape == (corners, 2), "texcoords are not [t, 2]")
    _expect(arrays["identity"].shape == (100, count, 3), "identity is not [100, v, 3]")
    _expect(arrays["expression"].shape == (len(names), count, 3), "expression is not [e, v, 3]")
    _expect(arrays["landmarks"].shape == (68,), "there are not 68 landmarks")
    _expect(arrays["faces"].shape == arrays["faces_uv"].shape, "faces and faces_uv differ in shape")
    for name, limit in (("faces", count), ("faces_uv", corners), ("landmarks", count)):
        _expect(
            int(arrays[name].min()) >= 0 and int(arrays[name].max()) < limit,
            f"{name} point outside their list",
        )
    for name in ("vertices", "texcoords", "identity", "expression"):
        _expect(bool(np.isfinite(arrays[name]).all()), f"{name} hold numbers that are not finite")
    if part is None:
        part = arrays.get("part")
    if part is None:
        _expect(count == ICT_VERTICES, f"{count} vertices are not the {ICT_VERTICES} of ICT-FaceKit")
        part = _ict_parts()

    def floats(name: str) -> Tensor:
        return torch.from_numpy(arrays[name].astype(np.float32))

    return FaceModel(
        vertices=floats("vertices"), texcoords=floats("texcoords"),
        faces=torch.from_numpy(arrays["faces"].astype(np.int32)),
        faces_uv=torch.from_numpy(arrays["faces_uv"].astype(np.int32)),
        identity=floats("identity"), expression=floats("expression"), expression_names=names,
        landmarks=torch.from_numpy(arrays["landmarks"].astype(np.int64)), part=torch.from_numpy(part),
    )  # fmt: skip


def _expect(condition: bool, complaint: str) -> None:
    if not condition:
        raise ValueError(complaint)


def _ict_parts() -> np.ndarray:
    part = np.full(ICT_VERTICES, -1, np.int64)
    for number, name in enumerate(PARTS):
        for first, last in _ICT_RANGES[name]:
            part[first : last + 1] = number
    return part


@lru_cache(maxsize=8)
def _hash(place: Path, changed: int) -> str:
    return hashlib.sha256(place.read_bytes()).hexdigest()[:16]


def model_hash(place: Path) -> str:
    """Names the contents of a face model file in manifests."""
    return _hash(place, place.stat().st_mtime_ns)
