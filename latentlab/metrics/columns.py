"""Which attributes may count as leakage: measured on enough faces, and read alike by two scorers that never met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

LEAST_FACES = 100
"""Fewer measured faces make no column."""
LEAST_AGREEMENT = 0.6
"""Correlation of two scorers on unmoved samples below which at least one of them guesses."""


def left_out(
    changes: Tensor, unmoved: Tensor, names: Sequence[str], second: Mapping[str, Tensor], least: int = LEAST_FACES
) -> dict[str, str]:  # fmt: skip
    """The columns that do not count, each with the reason.

    `changes` [n attributes] by one step, NaN where a face could not be measured; `unmoved` [n attributes], the scores they
    began from; `second` [n] by name, another scorer's reading of the same unmoved faces.
    """
    measured = torch.isfinite(changes).sum(0).tolist()  # [attributes]
    found = {
        name: f"measured on {count} faces, {least} are needed"
        for name, count in zip(names, measured, strict=True)
        if count < least
    }
    for place, name in enumerate(names):
        r = correlation(unmoved[:, place], second[name]) if name in second else 1.0
        if name not in found and not r >= LEAST_AGREEMENT:
            found[name] = (
                f"guide and judge agree by r = {r:.2f} on unmoved faces, {LEAST_AGREEMENT:g} is needed"
            )
    return found


def correlation(one: Tensor, other: Tensor) -> float:
    """Pearson's r over the faces that both could measure; NaN where one of them does not vary."""
    both = torch.isfinite(one) & torch.isfinite(other)
    x, y = one[both].double(), other[both].double()
    if len(x) < 2:
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    length = float(x.norm() * y.norm())
    return float(x @ y) / length if length > 1e-12 else float("nan")
