"""The geometry of StyleGAN3: sampling rate, cutoff, size and channels of every layer (Karras et al. 2021, Appendix C)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from latentlab.networks.stylegan3_arguments import StyleGAN3Arguments


@dataclass(frozen=True)
class Signal:
    """A band-limited signal between two layers."""

    rate: float
    """Samples for each unit of the image's side."""
    cutoff: float
    half_width: float
    """Half of the transition band."""
    size: int
    """Samples along a side, margin included."""
    channels: int


@dataclass(frozen=True)
class Geometry:
    """One layer: from a signal to the next through an enlarged one where the activation acts."""

    name: str
    before: Signal
    after: Signal
    up: int
    down: int
    up_taps: int
    down_taps: int
    padding: tuple[int, int, int, int]
    kernel: int
    rgb: bool
    radial: bool

    @property
    def between_rate(self) -> float:
        """Sampling rate where the activation acts."""
        return self.before.rate * self.up


def signals(a: StyleGAN3Arguments) -> list[Signal]:
    """The input's signal and that of each layer: cutoffs and stopbands rise geometrically, then stay."""
    last_cutoff = a.resolution / 2
    last_stopband = last_cutoff * a.last_stopband_rel
    exponents = np.minimum(np.arange(a.num_layers + 1) / (a.num_layers - a.num_critical), 1)
    cutoffs = a.first_cutoff * (last_cutoff / a.first_cutoff) ** exponents
    stopbands = a.first_stopband * (last_stopband / a.first_stopband) ** exponents
    rates = np.exp2(np.ceil(np.log2(np.minimum(stopbands * 2, a.resolution))))
    half_widths = np.maximum(stopbands, rates / 2) - cutoffs
    sizes = rates + a.margin_size * 2
    sizes[-2:] = a.resolution
    channels = np.rint(np.minimum((a.channel_base / 2) / cutoffs, a.channel_max))
    channels[-1] = a.colours
    columns = zip(rates, cutoffs, half_widths, sizes, channels, strict=True)
    return [Signal(float(r), float(c), float(h), int(s), int(n)) for r, c, h, s, n in columns]


def geometries(chain: list[Signal], a: StyleGAN3Arguments) -> list[Geometry]:
    """One layer for each signal; the last one goes to colours."""
    last = len(chain) - 1
    layers = []
    for index, after in enumerate(chain):
        before = chain[max(index - 1, 0)]
        rgb = index == last
        critical = index >= last - a.num_critical
        between = max(before.rate, after.rate) * (1 if rgb else a.lrelu_upsampling)
        up, down = round(between / before.rate), round(between / after.rate)
        kernel = 1 if rgb else a.conv_kernel
        up_taps = a.filter_size * up if up > 1 and not rgb else 1
        down_taps = a.filter_size * down if down > 1 and not rgb else 1
        total = (after.size - 1) * down + 1 - (before.size + kernel - 1) * up + up_taps + down_taps - 2
        low = math.floor((total + up) / 2)
        padding = (low, total - low, low, total - low)
        name = f"L{index}_{after.size}_{after.channels}"
        radial = a.use_radial_filters and not critical
        layers.append(
            Geometry(name, before, after, up, down, up_taps, down_taps, padding, kernel, rgb, radial)
        )
    return layers
