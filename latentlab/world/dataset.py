"""Rendered data sets on disk: blocks of fixed size, each drawn whole on one thread, resumable, the same bytes every time."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor

from latentlab.core.engine import run_blocks
from latentlab.core.errors import BadFile, BadInput, unknown
from latentlab.core.files import atomic, draft_folder, make_folder, write_text
from latentlab.core.image import to_picture
from latentlab.core.leftovers import sweep_folder
from latentlab.core.locks import held
from latentlab.core.ranges import Between, Pixels, Seed, check
from latentlab.core.watch import Watch, silent
from latentlab.world.factors import Face, flat_names, flatten
from latentlab.world.laws import LAWS, draw_faces
from latentlab.world.model import find_face_model, load_face_model, model_hash
from latentlab.world.render import Renderer, Rendering, load_renderer

VERSION = 1
"""Grows when the same seed would give other pictures or the files another layout."""
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class RenderedSet:
    """What a rendered data set is; equal records give equal bytes."""

    n: Annotated[int, Between(1, 10_000_000)]
    """Pictures."""
    seed: Seed = 0
    """Face i of the set is face i of this seed."""
    size: Pixels = 256
    """Side of the pictures in pixels."""
    law: str = "natural"
    """natural, factorial or loose."""
    style: str = "photo"
    """photo or toon."""
    block: Annotated[int, Between(1, 100_000)] = 64
    """Pictures drawn together and written together."""
    masks: bool = False
    """Also write the class masks, as PNG files whose grey value is the class."""

    def __post_init__(self) -> None:
        check(self)
        if self.law not in LAWS:
            raise unknown("sampling law", self.law, LAWS)
        for name, value, least in (("n", self.n, 1), ("block", self.block, 1), ("seed", self.seed, 0)):
            if value < least:
                raise BadInput(f"{name} is {value}; give at least {least}")

    @property
    def blocks(self) -> int:
        """How many blocks there are; the last may be short."""
        return -(-self.n // self.block)


def render_dataset(
    out: Path | str, n: int, seed: int = 0, size: int = 256, law: str = "natural", style: str = "photo", workers: int = 1,
    *, block: int = 64, masks: bool = False, face_model: Path | str | None = None, engine: str = "local", watch: Watch = silent,
) -> Path:  # fmt: skip
    """Renders a data set into a folder, or what is missing of it, and returns the folder.

    `out/images` can be given to the StyleGAN tools (folders of PNG files and `dataset.json`); `out/factors.parquet` has
    a row for each picture: file, record (JSON), every factor as a number, the 68 landmarks, their visibility, the pose.
    `out/manifest.json` says what it is. With masks, `out/masks` mirrors `out/images`.

    Raises:
        BadInput: the folder holds another data set, or a value is out of range.
        BadFile: no face model, or the disk is full; finished blocks are kept, the same call resumes.
    """
    place = find_face_model(face_model)
    rendered = RenderedSet(n, seed, size, law, style, block, masks)
    load_face_model(place)  # a model that cannot be used is refused before the folder is claimed for it
    folder = make_folder(out)
    _check_claim(folder, _manifest(rendered, place))
    with held(folder, f"the data set {folder}"):
        _render(folder, rendered, place, workers, engine, watch)
    return folder


def _render(
    folder: Path, rendered: RenderedSet, place: Path, workers: int, engine: str, watch: Watch
) -> None:
    manifest = _manifest(rendered, place)
    if not _check_claim(folder, manifest):
        write_text(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
    sweep_folder(folder)
    missing = [number for number in range(rendered.blocks) if not _block_file(folder, number).exists()]
    done = rendered.blocks - len(missing)
    watch(done / rendered.blocks, f"{done} of {rendered.blocks} blocks are there")
    jobs = [_Job(str(folder), rendered, number, str(place)) for number in missing]
    for _ in _run(jobs, workers, engine):
        done += 1
        shown = min(done * rendered.block, rendered.n)
        watch(done / rendered.blocks, f"{shown} of {rendered.n} pictures")
    _finish(folder, rendered)


@dataclass(frozen=True)
class _Job:
    """One block, as it is sent to a worker."""

    folder: str
    rendered: RenderedSet
    number: int
    face_model: str


def _run(jobs: list[_Job], workers: int, engine: str) -> Iterator[int]:
    if workers < 1:
        raise BadInput(f"{workers} workers cannot render; give at least 1")
    yield from run_blocks(_draw_block, jobs, engine, workers)


def _draw_block(job: _Job) -> int:
    with _one_thread():
        renderer = load_renderer(job.face_model)
        write_block(Path(job.folder), job.rendered, job.number, renderer)
    return job.number


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums over several threads round differently; a block is drawn on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def write_block(folder: Path, rendered: RenderedSet, number: int, renderer: Renderer) -> None:
    """Draws one block and puts it in place; its parquet file comes last and says that the block is whole."""
    start = number * rendered.block
    count = min(rendered.block, rendered.n - start)
    faces = draw_faces(count, rendered.law, rendered.seed, start)
    rendering = renderer.render(faces, rendered.size, style=rendered.style)
    try:
        _write_pictures(folder / "images" / f"{number:05d}", _pictures(rendering), start)
        if rendered.masks:
            _write_pictures(folder / "masks" / f"{number:05d}", _mask_pictures(rendering), start)
        _write_rows(_block_file(folder, number), faces, rendering, start, number)
    except OSError as error:
        raise BadFile(_disk_trouble(folder, error)) from None


def _disk_trouble(folder: Path, error: OSError) -> str:
    what = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
    return f"cannot go on writing {folder}: {what}; finished blocks are kept, run the same command again to resume"


def _pictures(rendering: Rendering) -> list:
    return [to_picture(image) for image in rendering.images.cpu()]


def _mask_pictures(rendering: Rendering) -> list:
    from PIL import Image

    return [Image.fromarray(mask.numpy()) for mask in rendering.masks.cpu()]


def picture_name(index: int) -> str:
    """File name of picture number `index` within its block's folder."""
    return f"img{index:08d}.png"


def _write_pictures(place: Path, pictures: list, start: int) -> None:
    """A folder of PNG files that is there whole or not at all."""
    with draft_folder(place) as draft:
        for index, picture in enumerate(pictures, start):
            with open(draft / picture_name(index), "wb") as file:
                picture.save(file, format="PNG", compress_level=4)
                file.flush()
                os.fsync(file.fileno())
        if place.exists():  # left by a run that was killed before the block was whole
            shutil.rmtree(place)
        os.replace(draft, place)


def _write_rows(path: Path, faces: list[Face], rendering: Rendering, start: int, number: int) -> None:
    import pyarrow
    import pyarrow.parquet

    factors = flatten(faces)
    columns: dict[str, object] = {
        "file": [f"{number:05d}/{picture_name(start + i)}" for i in range(len(faces))],
        "face": [face.to_json() for face in faces],
        "landmarks": _lists(rendering.landmarks.flatten(1)),
        "visible": rendering.visible.cpu().tolist(),
        "pose": _lists(rendering.pose),
        "expression": _lists(rendering.expression),
    }
    columns |= {name: factors[:, place].numpy() for place, name in enumerate(flat_names())}
    table = pyarrow.table(columns)
    with atomic(path, own=True) as draft:
        pyarrow.parquet.write_table(table, draft, compression="zstd")


def _lists(values: Tensor) -> object:
    import pyarrow

    flat = pyarrow.array(values.cpu().float().numpy().reshape(-1))
    return pyarrow.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _block_file(folder: Path, number: int) -> Path:
    return folder / "factors" / f"{number:05d}.parquet"


def _manifest(rendered: RenderedSet, face_model: Path) -> dict[str, object]:
    return {
        "kind": "rendered faces", "version": VERSION, "face_model": model_hash(face_model), **asdict(rendered),
    }  # fmt: skip


def _check_claim(folder: Path, manifest: Mapping[str, object]) -> bool:
    """Whether the folder holds this data set already; BadInput where it holds something else."""
    path = folder / MANIFEST
    if not path.exists():
        if any(not file.name.startswith(".") for file in folder.iterdir()):
            raise BadInput(
                f"{folder} is not empty and holds no rendered data set; give a new folder with `out`"
            )
        return False
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadFile(f"cannot read {path}: {error}; delete the folder to start over") from None
    for name, value in manifest.items():
        if not isinstance(known, dict) or known.get(name) != value:
            seen = known.get(name) if isinstance(known, dict) else known
            raise BadInput(
                f"{folder} holds a data set with {name} {seen}, not {value}; give another folder with `out`"
            )
    return True


def _finish(folder: Path, rendered: RenderedSet) -> None:
    import pyarrow
    import pyarrow.parquet

    try:
        tables = [
            pyarrow.parquet.read_table(_block_file(folder, number)) for number in range(rendered.blocks)
        ]
    except (OSError, pyarrow.ArrowException) as error:
        raise BadFile(
            f"a block of {folder} is damaged ({error}); delete its file in factors/ and run again"
        ) from None
    with atomic(folder / "factors.parquet", own=True) as draft:
        pyarrow.parquet.write_table(pyarrow.concat_tables(tables), draft, compression="zstd")
    write_text(folder / "images" / "dataset.json", json.dumps({"labels": None}) + "\n", own=True)
