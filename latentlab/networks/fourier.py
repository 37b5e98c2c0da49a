"""Fourier features: the input of StyleGAN3, a signal that can be moved and turned exactly (Karras et al. 2021, §3.2)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from latentlab.networks.alias_free import Signal
from latentlab.networks.layers import FullyConnected


class FourierInput(nn.Module):
    """Styles (cos, sin, x, y of a rotation and a shift) → [n channels size size]; `transform` is the user's own 3×3."""

    transform: Tensor
    freqs: Tensor
    phases: Tensor

    def __init__(self, w_width: int, signal: Signal) -> None:
        super().__init__()
        self.signal = signal
        self.weight = nn.Parameter(torch.empty(signal.channels, signal.channels))
        self.affine = FullyConnected(w_width, 4)
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", torch.empty(signal.channels, 2))
        self.register_buffer("phases", torch.empty(signal.channels))

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(generator=source)
        self.freqs.normal_(generator=source)
        radii = self.freqs.square().sum(1, keepdim=True).sqrt()
        self.freqs.div_(radii * radii.square().exp().pow(0.25)).mul_(
            self.signal.cutoff
        )  # evenly over the disc
        self.phases.uniform_(generator=source).sub_(0.5)

    def settle(self) -> None:
        """A fresh network's input neither turns nor moves."""
        self.affine.weight.zero_()
        self.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))  # type: ignore[union-attr]

    def forward(self, styles: Tensor) -> Tensor:
        freqs, phases = self._moved(styles)
        signal = self.signal
        excess = freqs.norm(dim=2) - signal.cutoff
        amplitudes = (1 - excess / (signal.rate / 2 - signal.cutoff)).clamp(0, 1)  # fades what would alias

        theta = torch.eye(2, 3, device=styles.device, dtype=styles.dtype) * (0.5 * signal.size / signal.rate)
        shape = [1, 1, signal.size, signal.size]
        grid = F.affine_grid(theta[None], shape, align_corners=False)  # [1 h w 2]
        waves = torch.einsum("hwd,ncd->nhwc", grid[0], freqs) + phases[:, None, None]
        waves = torch.sin(waves * (2 * math.pi)) * amplitudes[:, None, None]

        weight = self.weight.to(styles.dtype) / math.sqrt(signal.channels)
        return (waves @ weight.t()).permute(0, 3, 1, 2)

    def _moved(self, styles: Tensor) -> tuple[Tensor, Tensor]:
        """Frequencies [n channels 2] and phases [n channels] after rotation, shift and the user's transform."""
        c, s, x, y = (styles / styles[:, :2].norm(dim=1, keepdim=True)).unbind(1)
        one, zero = torch.ones_like(c), torch.zeros_like(c)
        turn = torch.stack([c, -s, zero, s, c, zero, zero, zero, one], 1).reshape(-1, 3, 3)
        shift = torch.stack([one, zero, -x, zero, one, -y, zero, zero, one], 1).reshape(-1, 3, 3)
        whole = turn @ shift @ self.transform.to(styles.dtype)
        freqs = self.freqs.to(styles.dtype)
        phases = self.phases.to(styles.dtype) + (freqs @ whole[:, :2, 2:]).squeeze(2)
        return freqs @ whole[:, :2, :2], phases
