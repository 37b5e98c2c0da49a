"""In which numbers a network draws: fp32, or bf16 where a measurement on this machine says that it pays and looks alike."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from cuda_ops import order
from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.files import write_text
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.core.places import cache_folder
from latentlab.core.seeds import draw_z
from latentlab.core.shapes import Images
from latentlab.inversion.precision import Precision, is_fast, synthesise

LEAST_GAIN = 1.15
"""How many times as fast bf16 has to be for auto to take it,"""
MOST_APART = 2.0
"""and how near 99.9 % of its bytes have to be to those of fp32."""
SEEDS, ROUNDS = (1000, 1001, 1002, 1003), 3


@dataclass(frozen=True)
class Measured:
    """bf16 beside fp32, for one network on one machine."""

    gain: float
    """How many times as fast."""
    apart: float
    """99.9 % of all bytes differ by less, of 255."""

    @property
    def pays(self) -> bool:
        """Whether auto takes bf16."""
        return self.gain >= LEAST_GAIN and self.apart <= MOST_APART


def expect_fixed(precision: Precision | None) -> None:
    """Raise BadInput for auto: two machines may choose differently, and a shard made again has to be the same."""
    if precision == "auto":
        raise BadInput("`precision` auto is measured on each machine; a batch needs fp32 or bf16")


def settled(wish: Precision | None, generator: Generator) -> Precision | None:
    """bf16, or None for fp32: what a recipe says, so that a picture is made again in the same numbers."""
    half = wish == "bf16" or (wish == "auto" and measured(generator).pays)
    return "bf16" if half else None


@torch.no_grad()
def render(
    generator: Generator,
    latent: Latent,
    noise: Noise = FIXED,
    pivot: Pivot | None = None,
    precision: Precision | None = None,
) -> Images:
    """The image of a latent of any space, drawn in a settled precision; styles and picture are fp32 in either."""
    if precision != "bf16":
        return generator.render(latent, noise, pivot)
    styles = generator.lift(latent, Space.S).values
    return synthesise(generator, styles, noise, pivot, latent.correction, half=True)


def measured(generator: Generator) -> Measured:
    """Measured once for each network and machine, and kept in the cache."""
    if not is_fast(generator.device):
        return Measured(0.0, 0.0)
    place = _place(generator)
    with suppress(OSError, ValueError, TypeError, LatentLabError):
        told = json.loads(place.read_text(encoding="utf-8"))
        return Measured(float(told["gain"]), float(told["apart"]))
    found = _measure(generator)
    with suppress(OSError, LatentLabError):  # a cache need not be written
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text(place, json.dumps(asdict(found)))
    return found


def _measure(generator: Generator) -> Measured:
    """The two in turn, so that what else the machine does meets both; the quickest of each counts."""
    seeds = SEEDS if generator.resolution <= 256 else SEEDS[:1]
    z = draw_z(seeds, generator.z_width).to(generator.device)
    classes = generator.condition_width
    label = torch.eye(classes, device=z.device)[:1].expand(len(z), -1) if classes else None
    latent = generator.lift(Latent(Space.Z, z), Space.W_PLUS, label)
    first, second = (render(generator, latent, precision=each) for each in (None, "bf16"))
    apart = (first.clamp(-1, 1) - second.clamp(-1, 1)).abs().flatten().mul(127.5).float().cpu()
    times: dict[Precision, list[float]] = {"fp32": [], "bf16": []}
    for _ in range(ROUNDS):
        for name, taken in times.items():
            taken.append(_seconds(lambda name=name: render(generator, latent, precision=name), z.device))  # type: ignore[misc]
    return Measured(min(times["fp32"]) / min(times["bf16"]), _quantile(apart))


def _quantile(values: Tensor) -> float:
    return float(values.kthvalue(max(1, round(0.999 * len(values)))).values)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    begun = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begun


def _place(generator: Generator) -> Path:
    name = (
        torch.cuda.get_device_name(generator.device) if generator.device.type == "cuda" else order.processor()
    )
    machine = "\0".join([name, torch.__version__, str(torch.get_num_threads())])
    return (
        cache_folder()
        / "precision"
        / f"{generator.hash[:24]}-{hashlib.sha256(machine.encode()).hexdigest()[:16]}.json"
    )
