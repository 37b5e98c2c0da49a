"""The augmentation of pix2pix and its successors: enlarge, cut out by chance, mirror by chance."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import interpolate

from latentlab.core.shapes import Images
from latentlab.training.draws import Draws


def jitter(pictures: Sequence[Images], draws: Draws, enlarged: int, *, flip: bool = True) -> list[Images]:
    """Pictures of one size, all cut and mirrored alike sample by sample; `enlarged` is the side before the cut."""
    size = pictures[0].shape[-1]
    chances = draws.uniform(3)
    room = enlarged - size
    answer = []
    for batch in pictures:
        if room > 0:
            batch = interpolate(batch, (enlarged, enlarged), mode="bicubic", align_corners=False).clamp(-1, 1)
        answer.append(torch.stack([_cut(one, row, size, room, flip) for one, row in zip(batch, chances.tolist(), strict=True)]))  # fmt: skip
    return answer


def _cut(image: Images, chances: list[float], size: int, room: int, flip: bool) -> Images:
    top, left = (int(chance * (room + 1)) if room > 0 else 0 for chance in chances[:2])
    piece = image[:, top : top + size, left : left + size]
    return piece.flip(-1) if flip and chances[2] < 0.5 else piece
