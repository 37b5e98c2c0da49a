"""An edited face back into its photo: through the inverse warp, along a soft mask, with colours that meet the photo's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from latentlab.core.crop import Box, Crop
from latentlab.core.errors import BadInput
from latentlab.core.image import from_pixels, to_pixels
from latentlab.core.shapes import Images
from latentlab.faces.align import cut
from latentlab.faces.landmarks import aligned_landmarks
from latentlab.faces.mask import Mask, face_mask

if TYPE_CHECKING:
    from PIL.Image import Image

SAME_STRUCTURE, SAME_COLOUR = 0.06, 0.3
"""Differences from the photo ([-1, 1] scale) well above these, in edges or in local colour, are edits; below them the
photo keeps its fine detail."""
SAME_CONTENT = 0.35
"""Differences above this at the mask's edge come from other content, not from other colours."""
_MEMBRANE = 64
_LOOKED_AT = 128
_STRIP = 1 << 20


def paste_back(
    photo: Image, face: Images, crop: Crop, mask: Mask | None = None, *, match: bool = True, original: Images | None = None
) -> Image:  # fmt: skip
    """The photo with an aligned face [1 3 s s] put where its crop was cut; equal to the photo outside of the mask.

    Where the face did not change, the photo's own detail is kept, so that pasting an untouched crop changes nothing.
    Without a mask, it covers the face of the photo together with the edited one. `match` bends the face's colours
    so that they meet the photo's along the mask's edge; an edit of the whole skin's tone then fades towards it.
    `original` is what was cut from the photo, at the face's size, if that is known.
    """
    if face.shape[:2] != (1, 3) or face.shape[-1] != face.shape[-2]:
        raise BadInput(
            f"one square face [1 3 s s] is pasted at a time, this one has the shape {tuple(face.shape)}"
        )
    crop = crop.resized(face.shape[-1])
    face = face.detach().float().cpu().clamp(-1, 1)
    original = cut(photo, crop) if original is None else original.detach().float().cpu()
    mask = default_mask(face, original, crop) if mask is None else mask.detach().float().cpu()
    if mask.shape[-2:] != face.shape[-2:]:
        mask = interpolate(mask, face.shape[-2:], mode="bilinear", antialias=True)

    if match:
        face = match_colours(face, original, mask)
    agreement = _agreement(face, original)
    layers = torch.cat(
        [torch.addcmul(face, agreement, original, value=-1), 1 - agreement], dim=1
    )  # [1 4 s s]
    layers *= mask

    photo = photo.copy() if photo.mode == "RGB" else photo.convert("RGB")
    for box in _strips(crop.box):
        window = np.asarray(photo.crop(box))
        photo.paste(_picture(_blend(window, crop.unalign(layers, box))), box[:2])
    return photo


def default_mask(face: Images, original: Images, crop: Crop) -> Mask:
    """The union of the photo's face and the edited one."""
    known = crop.aligned_landmarks
    first = aligned_landmarks(original).points[0] if known is None else known
    return face_mask([first, aligned_landmarks(face).points[0]], face.shape[-1])


def match_colours(face: Images, original: Images, mask: Mask) -> Images:
    """The face plus a smooth field that makes it meet the original along the mask's edge, and fades inwards.

    Shepard interpolation of the difference in the ring, as a convolution (Farbman et al. 2011, convolution pyramids).
    """
    from scipy.signal import fftconvolve

    size = (_MEMBRANE, _MEMBRANE)
    difference = interpolate(original - face, size, mode="bilinear", antialias=True)[0]  # [3 m m]
    weight = interpolate(mask, size, mode="bilinear", antialias=True)[0, 0].clamp(0, 1)
    ring = 4 * weight * (1 - weight) * torch.exp(-(difference.square().sum(0) / SAME_CONTENT**2))
    if ring.sum() < 1e-3:
        return face

    along = np.arange(-_MEMBRANE, _MEMBRANE + 1, dtype=np.float64)
    kernel = (along[:, None] ** 2 + along[None] ** 2 + 0.5) ** -1.5
    share = fftconvolve(ring.double().numpy(), kernel, mode="same")
    spread = [
        fftconvolve((ring * channel).double().numpy(), kernel, mode="same") / share for channel in difference
    ]
    field = torch.from_numpy(np.stack(spread)).float()[None]
    return face + interpolate(field, face.shape[-2:], mode="bicubic")


def _agreement(face: Images, original: Images) -> Tensor:
    """1 where the face shows what the photo shows, 0 where it was edited: [1 1 s s]; smooth, so found at 128 pixels at most."""
    from scipy.ndimage import gaussian_filter

    size, looked_at = face.shape[-1], min(face.shape[-1], _LOOKED_AT)
    apart = face - original
    seen = torch.cat([apart, apart.square().mean(1, keepdim=True)], 1)
    seen = interpolate(seen, (looked_at, looked_at), mode="bilinear", antialias=True)
    moved, power = seen[0, :3].numpy(), seen[0, 3].numpy()  # [3 l l], [l l]

    fine, broad = max(1.0, size / 128) * looked_at / size, looked_at / 32
    colour = gaussian_filter(moved, (0, broad, broad), truncate=3.0)
    near, power = gaussian_filter(moved, (0, fine, fine)), gaussian_filter(power, fine)
    structure = (power - (2 * colour * near - np.square(colour)).mean(0)).clip(
        0
    )  # mean of (apart - colour)^2
    doubt = structure / SAME_STRUCTURE**2 + np.square(colour).mean(0) / SAME_COLOUR**2
    return interpolate(torch.from_numpy(np.exp(-doubt))[None, None], (size, size), mode="bilinear")


def _blend(window: np.ndarray, layers: Tensor) -> np.ndarray:
    """The photo's pixels under the warped layers: what is added, and the share of the photo that it replaces.

    photo + mask·(face + agreement·(photo - original) - photo), sorted by the photo: four layers to warp, not eight.
    """
    photo = from_pixels(window[None])
    added, replaced = layers[:, :3], layers[:, 3:].clamp(0, 1)
    return to_pixels(photo.addcmul_(photo, replaced, value=-1).add_(added).clamp_(-1, 1))[0].numpy()


def _strips(box: Box) -> list[Box]:
    """A box in rows of at most a million pixels, so that a large photo needs little memory."""
    left, top, right, bottom = box
    rows = max(1, _STRIP // max(1, right - left))
    return [(left, row, right, min(row + rows, bottom)) for row in range(top, bottom, rows)]


def _picture(pixels: np.ndarray) -> Image:
    from PIL import Image as pillow

    return pillow.fromarray(pixels)
