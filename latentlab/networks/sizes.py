"""Resolutions and channel counts of the networks that double from 4×4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from latentlab.core.errors import BadWeights


def resolutions(largest: int) -> list[int]:
    """4, 8, 16, … up to the largest."""
    if largest < 4 or largest & (largest - 1):
        raise BadWeights(
            f"a resolution of {largest} is impossible; StyleGAN resolutions are powers of two from 4 on"
        )
    return [2**exponent for exponent in range(2, largest.bit_length())]


SQUARE = (4, 4)
"""Height and width of the constant that a synthesis begins with, in all published networks of NVIDIA."""


def shape_at(size: int, constant: Sequence[int] = SQUARE) -> tuple[int, int]:
    """Height and width of the feature maps that a square network has at size×size."""
    height, width = constant
    return size // 4 * height, size // 4 * width


def channels_for(resolution: int, base: int, most: int = 512) -> dict[int, int]:
    """The published rule: min(base / r, most) channels at resolution r."""
    return {size: max(1, min(base // size, most)) for size in resolutions(resolution)}


def channel_table(channels: Mapping[int | str, int], resolution: int) -> dict[int, int]:
    """Keys as numbers (JSON makes them text), one for every resolution."""
    table = {int(size): int(count) for size, count in channels.items()}
    for size in resolutions(resolution):
        if table.get(size, 0) < 1:
            raise BadWeights(
                f"the channel table has no count for {size}×{size}; a {resolution}² network needs one"
            )
    return table
