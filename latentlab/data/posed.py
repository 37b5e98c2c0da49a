"""300W-LP (Zhu et al. 2016): faces turned to profile by a fitted face model, its parameters in `.mat` files beside."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO

import numpy as np
import torch
from torch import Tensor

from latentlab.core.errors import BadFile
from latentlab.core.image import decode_picture, from_pixels, resize_square
from latentlab.core.shapes import Images
from latentlab.data.batches import Posed
from latentlab.data.reader import Listed, nonempty

LENGTHS = {"Pose_Para": 7, "Shape_Para": 199, "Exp_Para": 29, "Tex_Para": 40, "pt2d": 136}
_VARIANT = re.compile(r"_(\d+)\.[^.]+$")


@dataclass(frozen=True)
class Posed300W(Listed):
    """Pictures (`AFW/AFW_134212_1_3.jpg`) with pose, shape, expression, texture and 68 points."""

    flipped: bool = False
    """Read the mirrored folders (`AFW_Flip`) too."""
    margin: float = 0.3
    """The square around the 68 points is widened by this share of its side before it is cut out; below 0: no cut."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The pictures that have a `.mat` beside them."""
        pictures = [n for n in self.tree.pictures() if self.flipped or "_Flip" not in n]
        nonempty(pictures, self.tree, "pictures")
        with_fit = tuple(n for n in pictures if _mat(n) in self.tree.known)
        if not with_fit:
            raise BadFile(
                f"none of the {len(pictures)} pictures in {self.path} has a .mat beside it, e.g. {pictures[0]}"
            )
        return with_fit

    @cached_property
    def _first_variant(self) -> dict[str, str]:
        """The least turned picture of each photo: the variants count up as the head is turned."""
        lowest: dict[str, tuple[int, str]] = {}
        for name in self.names:
            photo, number = _photo(name)
            lowest[photo] = min(lowest.get(photo, (number, name)), (number, name))
        return {photo: name for photo, (_, name) in lowest.items()}

    def entry(self, side: int, index: int) -> Posed:
        name = self.names[index]
        image, points, fit = self._fitted(name)
        straight = self._first_variant[_photo(name)[0]]
        frontal = image if straight == name else self._fitted(straight)[0]
        pose = torch.from_numpy(fit["Pose_Para"])[None]
        return Posed(
            images=image,
            angles=pose[:, :3] * (180 / math.pi),
            camera=pose[:, 3:],
            shape=torch.from_numpy(fit["Shape_Para"])[None],
            expression=torch.from_numpy(fit["Exp_Para"])[None],
            texture=torch.from_numpy(fit["Tex_Para"])[None],
            landmarks=points[None],
            frontal=frontal,
        )

    def _fitted(self, name: str) -> tuple[Images, Tensor, dict[str, np.ndarray]]:
        fit = self._parameters(_mat(name))
        points = torch.from_numpy(fit["pt2d"].reshape(2, 68).T.copy()) - 1  # [68 2], counted from 1 in Matlab
        picture = decode_picture(self.tree.read(name), self.tree.place(name))
        if self.margin >= 0:
            low, high = points.min(0).values, points.max(0).values
            half = float((high - low).max()) * (1 + self.margin) / 2
            corner = ((low + high) / 2 - half).round()
            side = max(1, round(2 * half))
            left, top = (int(v) for v in corner)
            picture = picture.crop((left, top, left + side, top + side))
            points = points - corner
        size = min(picture.size)
        points = points - torch.tensor([(picture.width - size) // 2, (picture.height - size) // 2])
        wanted = self.resolution or size
        points = (points + 0.5) * (wanted / size) - 0.5
        if self.resolution is None:
            return self.fit(picture, name), points, fit
        return from_pixels(np.asarray(resize_square(picture, wanted))[None]), points, fit

    def _parameters(self, name: str) -> dict[str, np.ndarray]:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError

        place = self.tree.place(name)
        try:
            arrays = loadmat(BytesIO(self.tree.read(name)), variable_names=tuple(LENGTHS))
        except (
            MatReadError,
            ValueError,
            TypeError,
            NotImplementedError,
            OSError,
            EOFError,
            IndexError,
            KeyError,
        ) as error:
            raise BadFile(
                f"cannot read {place} ({type(error).__name__}: {error}); is it a .mat file of 300W-LP?"
            ) from None
        for key, length in LENGTHS.items():
            seen = np.asarray(arrays.get(key, ()))
            if seen.size != length or seen.dtype.kind not in "fiu":
                raise BadFile(f"{place} has {seen.size} numbers in {key} where 300W-LP has {length}")
        return {key: np.asarray(arrays[key], dtype=np.float32).reshape(-1) for key in LENGTHS}


def _mat(name: str) -> str:
    return name.rsplit(".", 1)[0] + ".mat"


def _photo(name: str) -> tuple[str, int]:
    """The photo that a picture was made from, and which variant it is."""
    match = _VARIANT.search(name)
    return (name[: match.start()], int(match.group(1))) if match else (name, 0)
