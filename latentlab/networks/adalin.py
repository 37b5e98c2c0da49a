"""Adaptive layer-instance normalisation, AdaLIN, and its unconditional form LIN (Kim et al. 2020, U-GAT-IT, eq. 1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPSILON = 1e-5


class AdaLIN(nn.Module):
    """γ · (ρ · IN(x) + (1 − ρ) · LN(x)) + β, with γ and β [n c] given and ρ learned for each channel.

    Variances are those of the population, as the paper's equation has them.
    """

    def __init__(self, width: int, start: float = 0.9) -> None:
        super().__init__()
        self.rho = nn.Parameter(torch.full((1, width, 1, 1), start))

    def forward(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        return gamma[:, :, None, None] * mix(x, self.rho) + beta[:, :, None, None]


class LIN(nn.Module):
    """The same with γ and β of its own; begins as layer norm (ρ = 0)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.rho = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.gamma = nn.Parameter(torch.ones(1, width, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.gamma * mix(x, self.rho) + self.beta


def mix(x: Tensor, rho: Tensor) -> Tensor:
    """ρ · instance norm + (1 − ρ) · layer norm of [n c h w]."""
    return rho * _standard(x, (2, 3)) + (1 - rho) * _standard(x, (1, 2, 3))


def _standard(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    return (x - mean) * (variance + EPSILON).rsqrt()


@torch.no_grad()
def clip_rho(network: nn.Module) -> None:
    """Bring every ρ back into [0, 1]: after each optimizer step."""
    for module in network.modules():
        if isinstance(module, AdaLIN | LIN):
            module.rho.clamp_(0, 1)
