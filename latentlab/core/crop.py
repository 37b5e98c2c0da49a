"""The record of one alignment: enough to find the face in its photo again and to put another one there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from latentlab.core.errors import BadInput

Point = tuple[float, float]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom excluded."""


@dataclass(frozen=True)
class Crop:
    """A square in a photo, in any turn; all points are pixels, (0, 0) the middle of the photo's first pixel."""

    photo_size: tuple[int, int]
    """Width and height of the photo, after its EXIF turn."""
    size: int
    """Side of the aligned picture."""
    centre: Point
    across: Point
    """From the centre to the middle of the right side; `down` is the same, turned by 90°."""
    landmarks: tuple[Point, ...] = ()
    """The 68 points in the photo from which it was set, where known."""

    @property
    def down(self) -> Point:
        """From the centre to the middle of the lower side."""
        return (-self.across[1], self.across[0])

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Upper left, lower left, lower right, upper right, in the photo."""
        (cx, cy), (ax, ay), (dx, dy) = self.centre, self.across, self.down
        signs = ((-1, -1), (-1, 1), (1, 1), (1, -1))
        return tuple((cx + a * ax + d * dx, cy + a * ay + d * dy) for a, d in signs)  # type: ignore[return-value]

    @property
    def scale(self) -> float:
        """Photo pixels for each pixel of the aligned picture."""
        return 2 * math.hypot(*self.across) / self.size

    @property
    def matrix(self) -> Tensor:
        """[2 3], float64: pixel positions in the aligned picture to pixel positions in the photo."""
        turn = torch.tensor([self.across, self.down], dtype=torch.float64).T * 2 / self.size  # [2 2]
        start = (
            torch.tensor(self.centre, dtype=torch.float64)
            + turn @ torch.full((2,), 0.5 - self.size / 2).double()
        )
        return torch.cat([turn, start[:, None]], dim=1)

    def to_photo(self, points: Tensor) -> Tensor:
        """Points [... 2] of the aligned picture, in the photo."""
        matrix = self.matrix.to(points)
        return points @ matrix[:, :2].T + matrix[:, 2]

    def to_aligned(self, points: Tensor) -> Tensor:
        """Points [... 2] of the photo, in the aligned picture."""
        matrix = self.matrix.to(points)
        return (points - matrix[:, 2]) @ torch.linalg.inv(matrix[:, :2]).T

    @property
    def aligned_landmarks(self) -> Tensor | None:
        """[68 2] in the aligned picture, where the points are known."""
        if not self.landmarks:
            return None
        return self.to_aligned(torch.tensor(self.landmarks, dtype=torch.float64)).float()

    @property
    def box(self) -> Box:
        """The part of the photo that the square touches."""
        xs, ys = zip(*self.corners, strict=True)
        width, height = self.photo_size
        return (
            min(max(math.floor(min(xs)), 0), width - 1), min(max(math.floor(min(ys)), 0), height - 1),
            max(min(math.ceil(max(xs)) + 1, width), 1), max(min(math.ceil(max(ys)) + 1, height), 1),
        )  # fmt: skip

    def unalign(self, images: Tensor, box: Box | None = None) -> Tensor:
        """Aligned pictures [n c s s] as they lie in a part of the photo (`box`): [n c h w], 0 outside of the square."""
        left, top, right, bottom = box or self.box
        side = max(1, round(self.scale * self.size))
        if images.shape[-1] > 1.5 * side:  # the photo's face is smaller: shrink without aliasing
            images = interpolate(images, size=(side, side), mode="bilinear", antialias=True)
        back, start = torch.linalg.inv(self.matrix[:, :2]) * 2 / self.size, self.matrix[:, 2]
        across = back[:, :1] * (torch.arange(left, right) - start[0]) + 1 / self.size - 1  # [2 w]
        down = back[:, 1:] * (torch.arange(top, bottom) - start[1])  # [2 h]
        places = across.T.to(images) + down.T[:, None].to(images)  # [h w 2] in -1..1
        grid = places.expand(len(images), -1, -1, -1)
        warped = grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=False)
        if _ends_in_zeros(images):  # which the border repeats
            return warped
        return warped * ((places[..., 0].abs() <= 1) & (places[..., 1].abs() <= 1))

    def resized(self, size: int) -> Crop:
        """The same square for an aligned picture of another size."""
        return Crop(self.photo_size, size, self.centre, self.across, self.landmarks)

    def to_json(self) -> dict[str, object]:
        """Plain lists and numbers, to be kept beside a latent."""
        return asdict(self)

    @classmethod
    def from_json(cls, entries: Mapping[str, object]) -> Crop:
        """Inverse of `to_json`; BadInput where the entries are no crop."""
        try:
            crop = cls(
                photo_size=tuple(int(v) for v in entries["photo_size"]),  # type: ignore
                size=int(entries["size"]),  # type: ignore
                centre=tuple(float(v) for v in entries["centre"]),  # type: ignore
                across=tuple(float(v) for v in entries["across"]),  # type: ignore
                landmarks=tuple((float(x), float(y)) for x, y in entries.get("landmarks", ())),  # type: ignore
            )
            numbers = [*crop.photo_size, crop.size, *crop.centre, *crop.across]
            sound = (
                len(numbers) == 7
                and all(math.isfinite(v) for v in numbers)
                and len(crop.landmarks) in (0, 68)
            )
            sound = (
                sound
                and 1 <= crop.size <= 16384
                and min(crop.photo_size) >= 1
                and math.hypot(*crop.across) > 0
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadInput(
                f"this is no record of a crop ({type(error).__name__}: {error}); align the photo again"
            ) from None
        if not sound:
            raise BadInput("this record of a crop has impossible numbers; align the photo again")
        return crop


def _ends_in_zeros(images: Tensor) -> bool:
    """Whether all four sides of the pictures are 0."""
    sides = (images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1])
    return not any(bool(side.any()) for side in sides)
