"""Makeup as colour: lips, lids and cheeks against the bare skin beside them, in CIELAB; never trained here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from latentlab.core.image import to_pixels
from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images, Scores
from latentlab.faces.landmarks import aligned_landmarks, standard

REGIONS = ("lip", "lid", "cheek")
CHANNELS = {"lightness": "ΔL* to bare skin", "redness": "Δa* to bare skin", "yellowness": "Δb* to bare skin"}
LEAST_PIXELS = 6


@dataclass(frozen=True)
class Colour(Scorer):
    """Median colour of lips, upper lids and cheeks of aligned faces minus that of the skin of the nose's bridge.

    Regions are drawn through dlib's landmarks at 256 pixels; medians, so that a highlight or a lash does not count.
    Not differentiable.
    """

    strict: bool = True
    """NaN where no detector sees a face; otherwise the regions are drawn where aligned faces have them."""

    units: ClassVar[Mapping[str, str]] = {
        f"region_{region}_{channel}": unit for region in REGIONS for channel, unit in CHANNELS.items()
    }
    names: ClassVar[tuple[str, ...]] = tuple(units)

    @property
    def hash(self) -> str:
        return hashlib.sha256(repr((type(self).__name__, 1, self.strict)).encode()).hexdigest()

    def __call__(self, images: Images) -> Scores:
        faces = standard(images)
        seen = aligned_landmarks(faces)
        pixels = to_pixels(faces).numpy()
        rows = [
            colours(one, points)
            for one, points in zip(pixels, seen.points.cpu().double().numpy(), strict=True)
        ]
        scores = torch.tensor(
            np.array(rows).reshape(-1, len(self.names)), dtype=torch.float32, device=images.device
        )
        return scores.masked_fill(~seen.found[:, None], float("nan")) if self.strict else scores


def colours(pixels: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The nine differences of one face: uint8 [h w 3] and its 68 points [68 2]; NaN where a region is too small."""
    from skimage.color import rgb2lab

    lab = rgb2lab(pixels)
    masks = regions(points, pixels.shape[:2])
    medians = {name: _median(lab[mask]) for name, mask in masks.items()}
    return np.concatenate([medians[region] - medians["skin"] for region in REGIONS])


def regions(points: np.ndarray, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """Boolean masks of lips, upper lids, cheeks and bare skin."""
    lips = _polygon(points[48:60], shape) & ~_polygon(points[60:68], shape, grow=1.15)
    eyes = _polygon(points[36:42], shape, grow=1.1) | _polygon(points[42:48], shape, grow=1.1)
    lids = (_lid(points[36:40], points[17:22], shape) | _lid(points[42:46], points[22:27], shape)) & ~eyes
    cheeks = _cheek(points, 36, 31, 48, 2, shape) | _cheek(points, 45, 35, 54, 14, shape)
    return {"lip": lips, "lid": lids, "cheek": cheeks, "skin": _bridge(points, shape)}


def _lid(rim: np.ndarray, brow: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """From the upper rim of an eye halfway up to its brow."""
    upper = brow[np.clip(np.round(np.linspace(0, 4, len(rim))).astype(int), 0, 4)]
    low, high = rim + 0.12 * (upper - rim), rim + 0.5 * (upper - rim)
    return _polygon(np.concatenate([low, high[::-1]]), shape)


def _cheek(
    points: np.ndarray, eye: int, nostril: int, mouth: int, jaw: int, shape: tuple[int, int]
) -> np.ndarray:
    """A disc between the eye's outer corner, the nostril, the mouth's corner and the jaw."""
    corners = points[[eye, nostril, mouth, jaw]]
    middle = corners.mean(0)
    return _polygon(middle + 0.45 * (corners - middle), shape)


def _bridge(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Between the eyes and down both sides of the nose, short of its tip."""
    half = 0.16 * np.linalg.norm(points[42] - points[39])
    axis = (points[29] - points[27]) / max(np.linalg.norm(points[29] - points[27]), 1e-6)
    across = np.array([-axis[1], axis[0]]) * half
    top, bottom = points[27] - axis * half, points[29]
    return _polygon(
        np.array([top - across, top + across, bottom + 1.6 * across, bottom - 1.6 * across]), shape
    )


def _polygon(corners: np.ndarray, shape: tuple[int, int], grow: float = 1.0) -> np.ndarray:
    from skimage.draw import polygon

    middle = corners.mean(0)
    grown = middle + grow * (corners - middle)
    mask = np.zeros(shape, dtype=bool)
    mask[polygon(grown[:, 1], grown[:, 0], shape)] = True
    return mask


def _median(values: np.ndarray) -> np.ndarray:
    return np.median(values, axis=0) if len(values) >= LEAST_PIXELS else np.full(3, np.nan)
