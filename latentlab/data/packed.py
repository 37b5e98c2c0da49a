"""Images packed into one file of bytes that is mapped into memory, so that reading never holds a training up."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentlab.core.channels import load_channels
from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import atomic
from latentlab.core.image import resize_square
from latentlab.core.watch import Watch, silent
from latentlab.data.order import WeightedOrder
from latentlab.training.draws import seed_of

Shape = tuple[int, int, int]
"""Channels, height and width."""
MOST_CHANNELS = 8


def _shape(size: int | Shape) -> Shape:
    return (3, size, size) if isinstance(size, int) else size


@dataclass(frozen=True)
class Packed:
    """A training source over packed files (bytes [n channels height width], `.npy`), shuffled anew in each epoch."""

    paths: tuple[Path, ...]
    seed: int = 0
    mirror: bool = False
    """Half of the images are shown mirrored: twice the data where left and right do not matter."""
    order: WeightedOrder | None = None
    """Which image each sample is; without one all are shown once in each epoch, shuffled anew."""

    def __post_init__(self) -> None:
        if not len(self):
            raise BadInput(
                f"{self.paths[0] if self.paths else 'the data'} holds no images; nothing can be learnt from it"
            )

    def __len__(self) -> int:
        return sum(len(part) for part in _maps(self.paths))

    @property
    def resolution(self) -> int:
        """Side of the images."""
        return _maps(self.paths)[0].shape[-1]

    @property
    def shape(self) -> Shape:
        """Channels, height and width of the images."""
        channels, height, width = _maps(self.paths)[0].shape[1:]
        return channels, height, width

    @property
    def fingerprint(self) -> str:
        """Hash of the first and last images, and of how many there are."""
        parts = _maps(self.paths)
        digest = hashlib.sha256(str(len(self)).encode())
        for part in parts:
            digest.update(part[:1].tobytes() + part[-1:].tobytes())
        return digest.hexdigest()[:16]

    def __call__(self, numbers: Sequence[int]) -> dict[str, Tensor]:
        """The images of these sample numbers, counted over the whole training."""
        parts = _maps(self.paths)
        starts = np.cumsum([0] + [len(part) for part in parts])
        rows = []
        for number in numbers:
            index = self._index(number)
            part = int(np.searchsorted(starts, index, side="right")) - 1
            row = torch.from_numpy(np.array(parts[part][index - starts[part]]))
            mirrored = self.mirror and seed_of("mirror", self.seed, number) & 1
            rows.append(row.flip(-1) if mirrored else row)
        return {"images": torch.stack(rows)}

    def _index(self, number: int) -> int:
        if self.order is not None:
            return self.order(number)
        epoch, place = divmod(number, len(self))
        return int(_order(self.seed, epoch, len(self))[place])


@lru_cache(maxsize=8)
def _maps(paths: tuple[Path, ...]) -> list[np.ndarray]:
    return [_open(path) for path in paths]


def _open(path: Path) -> np.ndarray:
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise BadFile(f"there is no file {path}") from None
    except (OSError, ValueError, EOFError):
        raise BadFile(
            f"cannot read {path} as packed images; give a folder of pictures, or a .npy that latentlab packed"
        ) from None
    if images.ndim != 4 or not 1 <= images.shape[1] <= MOST_CHANNELS or images.dtype != np.uint8:
        raise BadFile(
            f"{path} holds {images.dtype} {images.shape}, not bytes [n, channels, height, width]; pack the images again"
        )
    return images


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed_of("order", seed, epoch))
    return torch.randperm(count, generator=generator)


def pack(images: Iterable[Tensor], count: int, size: int | Shape, path: Path, watch: Watch = silent) -> Path:
    """Write images (bytes of this shape each; a number is the side of an RGB square) into a packed file, atomically."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *_shape(size))}
    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for index, image in enumerate(images):  # written, never mapped: a full disk is an error, not a signal
            file.write(image.contiguous().numpy().tobytes())
            if index % 100 == 0:
                watch(index / count, f"packed {index} of {count} images")
    return path


def pack_folder(
    folder: Path, size: int | Shape, path: Path, *, resize: bool = False, skip: Callable[[Path], bool] | None = None,
    drop_broken: bool = False, watch: Watch = silent,
) -> Path:  # fmt: skip
    """Pack every picture in a folder and the folders below it.

    Raises:
        BadInput: no pictures; or, without `resize`, pictures of other sizes.
        BadFile: a picture that cannot be read, named, unless `drop_broken`.
    """
    files = [file for file in picture_files(folder) if skip is None or not skip(file)]
    if not files:
        raise BadInput(f"{folder} holds no pictures to learn from; give a folder of PNG, JPEG or WebP files")
    pack_files(files, size, path, resize=resize, drop_broken=drop_broken, watch=watch)
    return path


def pack_files(
    files: Sequence[Path], size: int | Shape, path: Path, *, resize: bool, drop_broken: bool, watch: Watch = silent
) -> list[Path]:  # fmt: skip
    """Pack pictures; returns those that were, without the broken ones, which are counted in a warning."""
    shape = _shape(size)
    kept = [file for file in files if _readable(file, shape, resize, drop_broken)]
    if not kept:
        raise BadInput(f"none of the {len(files)} pictures in {files[0].parent} can be read")
    if broken := sorted(set(files) - set(kept)):
        warnings.warn(
            f"left out {len(broken)} of {len(files)} pictures that cannot be read, e.g. {broken[0]}",
            stacklevel=2,
        )
    pack((_pixels(file, shape) for file in kept), len(kept), shape, path, watch)
    return kept


def picture_files(folder: Path) -> list[Path]:
    """The picture files in a folder and below, sorted."""
    folder = Path(folder)
    if not folder.is_dir():
        raise BadFile(f"there is no folder {folder}")
    endings = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
    try:
        return sorted(
            file
            for file in folder.rglob("*")
            if file.suffix.lower() in endings and not file.name.startswith(".")
        )
    except OSError as error:
        raise BadFile(f"cannot read the folder {folder}: {error.strerror}") from None


def _readable(file: Path, shape: Shape, resize: bool, drop_broken: bool) -> bool:
    """Look at size and integrity before anything is learnt: one pass over all files."""
    channels, height, width = shape
    try:
        picture = load_channels(file, channels)
    except BadFile as error:
        if drop_broken:
            return False
        raise BadFile(f"{error} Remove it, or pass `drop_broken` to leave such files out") from None
    if not resize and picture.size != (width, height):
        raise BadInput(
            f"{file} has {picture.width}×{picture.height} pixels, the training wants {width}×{height}; pass `resize` "
            "(the middle of each), or align faces first: latentlab align"
        )
    return True


def _pixels(file: Path, shape: Shape) -> Tensor:
    from PIL import Image as pillow
    from PIL import ImageOps

    channels, height, width = shape
    picture = load_channels(file, channels)
    if picture.size != (width, height):
        square = height == width
        picture = (
            resize_square(picture, width)
            if square
            else ImageOps.fit(picture, (width, height), pillow.Resampling.LANCZOS)
        )
    return torch.from_numpy(np.asarray(picture).reshape(height, width, channels).copy()).permute(2, 0, 1)
