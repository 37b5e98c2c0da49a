"""The FFHQ alignment (Karras et al. 2019, appendix): an upright square set by eyes and mouth, cut out of a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from latentlab.core.crop import Crop
from latentlab.core.errors import BadInput
from latentlab.core.image import from_pixels
from latentlab.core.shapes import Images, Landmarks

if TYPE_CHECKING:
    from PIL.Image import Image

LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
"""Left and right in the picture."""
MOUTH_CORNERS = (48, 54)
SUPERSAMPLING = 4
"""The published recipe warps to 4096 and shrinks to 1024."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Where aligned squares lie in their pictures: u, v in 0..1 is at centre + (2u-1)·across + (2v-1)·down."""

    centre: Tensor
    """[n 2], in pixels of the picture; (0, 0) is the middle of its first pixel."""
    across: Tensor
    """[n 2], from the centre to the middle of the right side."""

    @property
    def down(self) -> Tensor:
        """[n 2], from the centre to the middle of the lower side: `across` turned by 90° clockwise."""
        return torch.stack([-self.across[:, 1], self.across[:, 0]], dim=1)


@dataclass(frozen=True, eq=False)
class Aligned:
    """An upright face and the way back to its photo."""

    image: Images
    """[1 3 size size] in [-1, 1]."""
    crop: Crop


def frame(landmarks: Landmarks) -> Frame:
    """The squares that the recipe sets around 68 points, batched and differentiable: for dlib's and for true ones."""
    left = landmarks[:, LEFT_EYE].mean(1)  # [n 2]
    right = landmarks[:, RIGHT_EYE].mean(1)
    eyes = (left + right) / 2
    mouth = landmarks[:, MOUTH_CORNERS].mean(1)
    between, below = right - left, mouth - eyes

    # Eyes say what is across, the mouth says what is down; turned by 90°, both point across.
    across = between + torch.stack([below[:, 1], -below[:, 0]], dim=1)
    across = across / across.norm(dim=1, keepdim=True).clamp_min(1e-12)
    half = torch.maximum(2.0 * between.norm(dim=1), 1.8 * below.norm(dim=1))

    return Frame(eyes + 0.1 * below, across * half[:, None])


def from_landmarks(
    landmarks: Tensor | np.ndarray | Sequence[Sequence[float]], photo_size: tuple[int, int], size: int = 256
) -> Crop:
    """The crop around one face's 68 points [68 2] (x right, y down, pixels) in a photo of (width, height)."""
    points = torch.as_tensor(np.asarray(landmarks), dtype=torch.float64)
    if points.shape != (68, 2) or not points.isfinite().all():
        raise BadInput(
            f"an alignment needs 68 finite points [68 2], these have the shape {tuple(points.shape)}"
        )
    square = frame(points[None])
    if square.across.norm() < 1:
        raise BadInput("the 68 points lie on one spot; the face is too small to align: use a larger photo")
    return Crop(
        photo_size=photo_size,
        size=size,
        centre=(float(square.centre[0, 0]), float(square.centre[0, 1])),
        across=(float(square.across[0, 0]), float(square.across[0, 1])),
        landmarks=tuple((float(x), float(y)) for x, y in points),
    )


def align(picture: Image, landmarks: Tensor | np.ndarray, size: int = 256) -> Aligned:
    """One face of an RGB picture, upright and `size` pixels wide; its 68 points [68 2] are in the picture's pixels."""
    if not 1 <= size <= 4096:
        raise BadInput(f"an aligned face cannot be {size} pixels wide; choose 1 to 4096")
    crop = from_landmarks(landmarks, picture.size, size)
    return Aligned(cut(picture, crop), crop)


def cut(picture: Image, crop: Crop, fine: int = SUPERSAMPLING) -> Images:
    """The pixels inside a crop: shrink, pad by reflection, blur the padding, warp with `fine`-fold supersampling.

    Without supersampling (1) the warp is bicubic: for a square about as large as what it shows.
    """
    from PIL import Image as pillow

    if picture.size != crop.photo_size:
        raise BadInput(
            f"the crop belongs to a photo of {crop.photo_size}, this one is {picture.size} (width, height)"
        )
    corners = np.array(crop.corners) + 0.5  # [4 2], the picture's corner at (0, 0)
    side = 2 * float(np.hypot(*crop.across))

    part, corners, side = _surroundings(picture.convert("RGB"), corners, side, crop.size)
    part, corners = _pad(part, corners, side)

    wide = crop.size * (fine if crop.size <= 1024 else min(fine, 2))
    how = pillow.Resampling.BICUBIC if fine == 1 else pillow.Resampling.BILINEAR
    warped = part.transform((wide, wide), pillow.Transform.QUAD, tuple(corners.flatten()), how)
    if fine == 1:
        return from_pixels(np.asarray(warped)[None])
    small = warped.resize((crop.size, crop.size), pillow.Resampling.LANCZOS)
    return from_pixels(np.asarray(small)[None])


def _surroundings(
    picture: Image, corners: np.ndarray, side: float, size: int
) -> tuple[Image, np.ndarray, float]:
    """The part of the picture around the quad, shrunk where it is much larger than what is wanted."""
    from PIL import Image as pillow

    border = max(round(side * 0.1), 3)
    low = np.maximum(np.floor(corners.min(0)).astype(int) - border, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + border, picture.size)
    if (low >= high).any():
        raise BadInput("the face lies outside of the photo; check its landmarks")
    part = picture.crop((*low.tolist(), *high.tolist()))
    corners = corners - low

    shrink = int(side / size * 0.5)
    if shrink > 1:
        smaller = (max(1, round(part.width / shrink)), max(1, round(part.height / shrink)))
        factor = np.array(smaller) / np.array(part.size)
        part = part.resize(smaller, pillow.Resampling.LANCZOS)
        corners, side = corners * factor, side * float(factor.mean())
    return part, corners, side


def _pad(part: Image, corners: np.ndarray, side: float) -> tuple[Image, np.ndarray]:
    """Reflection where the quad leaves the picture, blurred and faded to the median further out."""
    from PIL import Image as pillow

    border = max(round(side * 0.1), 3)
    before = np.maximum(np.ceil(-corners.min(0)).astype(int) + border, 0)  # left, top
    after = np.maximum(np.ceil(corners.max(0) - np.array(part.size)).astype(int) + border, 0)
    if max(before.max(), after.max()) <= border - 4 or side < 1:
        return part, corners
    before, after = np.maximum(before, round(side * 0.3)), np.maximum(after, round(side * 0.3))

    pixels = np.pad(
        np.asarray(part, dtype=np.float32),
        ((before[1], after[1]), (before[0], after[0]), (0, 0)),
        mode="reflect" if min(part.size) > 1 else "edge",
    )
    height, width, _ = pixels.shape
    x, y = np.arange(width)[None, :, None], np.arange(height)[:, None, None]
    depth = 1 - np.minimum(
        np.minimum(x / max(before[0], 1e-6), (width - 1 - x) / max(after[0], 1e-6)),
        np.minimum(y / max(before[1], 1e-6), (height - 1 - y) / max(after[1], 1e-6)),
    )  # 0 at the picture's edge, 1 at the padding's
    blurred = _blurred(pixels, side * 0.02)
    pixels += (blurred - pixels) * np.clip(depth * 3 + 1, 0, 1)
    pixels += (np.median(pixels, axis=(0, 1)) - pixels) * np.clip(depth, 0, 1)
    return pillow.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)), corners + before


def _blurred(pixels: np.ndarray, deviation: float) -> np.ndarray:
    """Gaussian, [h w 3]; a wide one is found on a smaller copy, where it is the same within rounding."""
    from scipy.ndimage import gaussian_filter

    shrink = max(1, int(deviation / 2))
    if shrink == 1:
        return gaussian_filter(pixels, (deviation, deviation, 0))
    height, width, _ = pixels.shape
    values = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    size = (max(1, round(height / shrink)), max(1, round(width / shrink)))
    small = interpolate(values, size, mode="bilinear", antialias=True)[0].permute(1, 2, 0).numpy()
    rest = max(deviation**2 / shrink**2 - 1 / 6, 0.1) ** 0.5  # less what the shrinking blurs already
    small = gaussian_filter(small, (rest, rest, 0))
    grown = interpolate(torch.from_numpy(small).permute(2, 0, 1)[None], (height, width), mode="bilinear")
    return grown[0].permute(1, 2, 0).numpy()
