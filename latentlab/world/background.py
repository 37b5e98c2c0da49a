"""What stands behind the head: a gradient with soft, out-of-focus shapes."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.world.light import to_linear


def paint_background(table: dict[str, Tensor], side: int) -> Tensor:
    """Linear RGB, [n, side, side, 3]."""
    place = (torch.arange(side, device=table["age"].device) + 0.5) / side
    y, x = place[:, None], place[None, :]
    top, bottom = to_linear(table["background_top"]), to_linear(table["background_bottom"])
    strength, first, second, third = table["background_blur"].unbind(1)

    def wave(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        a, b, c = a[:, None, None], b[:, None, None], c[:, None, None]
        return torch.sin(6.28 * (x * (0.4 + 1.3 * a) + y * (1.1 * b - 0.5) + c))

    shapes = wave(first, second, third) * wave(second, third, first) + 0.6 * wave(
        third, first * 2, second + 0.3
    ) * wave(1.6 * first, third, 0.7 * second)
    mix = (y[None] + 0.35 * strength[:, None, None] * shapes).clamp(0, 1)[..., None]
    picture = top[:, None, None] * (1 - mix) + bottom[:, None, None] * mix
    return picture * (1 + 0.45 * strength[:, None, None, None] * shapes[..., None]).clamp_min(0.1)
