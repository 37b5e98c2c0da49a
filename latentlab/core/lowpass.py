"""Low-pass filters of alias-free networks: Kaiser-windowed, separable or radial (Karras et al. 2021, §3 and Appendix C)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def lowpass(taps: int, cutoff: float, width: float, rate: float, *, radial: bool = False) -> Tensor | None:
    """A filter of `taps` samples at `rate` that passes up to `cutoff` with a transition of `width`; None for one tap.

    Separable filters come as [taps], radial ones as [taps taps]; both sum to one.
    """
    if taps == 1:
        return None
    from scipy import signal, special

    if not radial:
        values = signal.firwin(taps, cutoff, width=width, fs=rate)
        return torch.as_tensor(values, dtype=torch.float32)

    x = (np.arange(taps) - (taps - 1) / 2) / rate
    r = np.hypot(x[:, None], x[None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        jinc = special.j1(2 * np.pi * cutoff * r) / (np.pi * r)  # inverse Hankel transform of a disc
    jinc[r == 0] = cutoff
    window = np.kaiser(taps, signal.kaiser_beta(signal.kaiser_atten(taps, width / (rate / 2))))
    values = jinc * np.outer(window, window)
    return torch.as_tensor(values / values.sum(), dtype=torch.float32)
