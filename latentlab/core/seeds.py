"""Seeds mean what they mean in the published StyleGAN tools, so that known seeds give the known pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from latentlab.core.errors import BadInput

if TYPE_CHECKING:  # seeds are read without torch
    from latentlab.core.shapes import Z

LARGEST_SEED = 2**32 - 1
MOST_SEEDS = 1_000_000


def draw_z(seeds: Iterable[int], width: int) -> Z:
    """`np.random.RandomState(seed).randn(1, width)` for each seed, stacked, float32 [n width]."""
    import numpy as np
    import torch

    draws = [np.random.RandomState(check_seed(seed)).randn(1, width) for seed in seeds]
    if not draws:
        raise BadInput("no seeds were given; for example 0, 1, 2")
    return torch.from_numpy(np.concatenate(draws)).float()


def check_seed(seed: int) -> int:
    """The seed itself, when RandomState takes it."""
    if not 0 <= seed <= LARGEST_SEED:
        raise BadInput(f"the seed {seed} is out of range; seeds go from 0 to {LARGEST_SEED}")
    return seed


def parse_seeds(text: str) -> list[int]:
    """`0-3,85` is [0, 1, 2, 3, 85]."""
    return parse_numbers(text, "seeds", LARGEST_SEED)


def parse_numbers(text: str, noun: str, largest: int = LARGEST_SEED) -> list[int]:
    """Numbers and ranges as they are written in words: `0-3,85` is [0, 1, 2, 3, 85]; `noun` is what they number."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise BadInput(
                f"'{text}' is not a list of {noun} ('{part.strip()}' is no number or range); write e.g. 0-3,85"
            )
        low, high = int(first), int(last if dash else first)
        if max(low, high) > largest:
            raise BadInput(f"{max(low, high)} is out of range; {noun} go from 0 to {largest}")
        if high < low:
            raise BadInput(f"the range '{part.strip()}' of {noun} runs backwards; write {high}-{low}")
        if len(numbers) + high - low + 1 > MOST_SEEDS:
            raise BadInput(f"'{text}' names more than {MOST_SEEDS} {noun}; split it into several runs")
        numbers.extend(range(low, high + 1))
    return numbers
