"""What is left of a vector beside the span of others: n − Σ (n·b)b over an orthonormal basis b (Shen et al. 2020, §3.3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def beside_span(vector: Tensor, others: Sequence[Tensor]) -> Tensor:
    """The part of a vector [width] that is orthogonal to all the others [width], in double precision."""
    basis = torch.linalg.qr(torch.stack(list(others), dim=1).double()).Q
    long = vector.double()
    return long - basis @ (basis.T @ long)
