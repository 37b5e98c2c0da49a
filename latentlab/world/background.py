"""What stands behind the head: a gradient with soft, out-of-focus shapes."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.world.light import to_linear


def paint_background(table: dict[str, Tensor], side: int) -> Tensor:
    """Linear RGB, [3, n, side, side]."""
    place = (torch.arange(side, device=table["age"].device) + 0.5) / side
    top, bottom = to_linear(table["background_top"]), to_linear(table["background_bottom"])
    strength, first, second, third = table["background_blur"].unbind(1)

    def wave(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        x = 6.28 * place * (0.4 + 1.3 * a)[:, None]  # [n side]
        y = 6.28 * (place * (1.1 * b - 0.5)[:, None] + c[:, None])
        # the sine of x + y for all pairs
        return torch.stack([y.sin(), y.cos()], 2) @ torch.stack([x.cos(), x.sin()], 1)

    shapes = wave(first, second, third) * wave(second, third, first) + 0.6 * wave(
        third, first * 2, second + 0.3
    ) * wave(1.6 * first, third, 0.7 * second)
    mix = (place[:, None] + 0.35 * strength[:, None, None] * shapes).clamp(0, 1)
    picture = torch.lerp(top.T[..., None, None], bottom.T[..., None, None], mix)
    return picture * (1 + 0.45 * strength[:, None, None] * shapes).clamp_min(0.1)
