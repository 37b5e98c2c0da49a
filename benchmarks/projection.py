"""A step of the published projector: w and every noise map optimised, ours beside plain PyTorch on the same weights.

    python benchmarks/projection.py                      # 256², batch 1: fp32 and bf16
    python benchmarks/projection.py --size 512 --seconds 100 --save

A step is all of it: noise on w, synthesis, perceptual distance, regulariser of the noise, the way back, Adam, and the maps
made noise again. Ours are the steps of `invert --method projector` as they are; the plain ones follow the published script.
Their distance has the same features; they too are computed without our kernels, or with --shared-distance by them. All take turns, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise

import plain
import torch
from report import table, write
from torch import Tensor

from cuda_ops import native
from latentlab.core.allocator import tune_allocator
from latentlab.studio.parts import (
    DiscriminatorDistance,
    Given,
    Objective,
    Projector,
    Schedule,
    build,
    channels_for,
    w_statistics,
)

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
now = time.perf_counter
STEPS = 6
"""Of one turn; the first ones of a turn warm up."""
WARM = 2


@dataclass(eq=False)
class Scene:
    """What is projected into what."""

    generator: torch.nn.Module
    distance: DiscriminatorDistance
    target: Tensor
    shared: bool
    """Whether the plain steps have our kernels in their distance too."""

    @classmethod
    def of(cls, size: int, *, shared: bool = False) -> Scene:
        """Random weights of the published shapes, the noise switched on."""
        generator = build(
            "stylegan2", {"resolution": size, "channels": channels_for(size, 16384, 512)}, None, 0
        )
        with torch.no_grad():
            for name, value in generator.named_parameters():
                if name.endswith("noise_strength"):
                    value.fill_(0.1)
        generator.requires_grad_(False)
        channels = channels_for(size, 4096, 128)
        judge = build("stylegan2_discriminator", {"resolution": size, "channels": channels}, None, 1)
        source = torch.Generator().manual_seed(2)
        target = torch.rand(1, 3, size, size, generator=source) * 2 - 1
        return cls(generator, DiscriminatorDistance(judge.requires_grad_(False)), target, shared)


def ours(scene: Scene, precision: str) -> list[float]:
    """Seconds of every step of our projector."""
    ends = [now()]
    given = Given(
        distance=scene.distance,
        watch=lambda share, words: ends.append(now()),
        measured=False,
    )
    Projector(steps=STEPS, precision=precision).invert(scene.generator, scene.target, given)  # type: ignore[arg-type]
    return [after - before for before, after in pairwise(ends)]


def published(scene: Scene, *, fused: bool) -> list[float]:
    """Seconds of every step as the published script takes it, in plain PyTorch."""
    with nullcontext() if scene.shared else native.backend("reference"):
        return _published(scene, fused)


def _published(scene: Scene, fused: bool) -> list[float]:
    generator = scene.generator
    objective = Objective(scene.target, torch.ones_like(scene.target[:, :1]), scene.distance, pixels=0)
    law = w_statistics(generator)  # type: ignore[arg-type]
    w = law.mean.clone()[None, None].requires_grad_(True)
    maps = {
        layer.name: torch.randn(1, 1, layer.resolution, layer.resolution).requires_grad_(True)
        for layer in generator.style_layers  # type: ignore[union-attr]
        if layer.kind == "conv"
    }
    adam = torch.optim.Adam([w, *maps.values()], betas=(0.9, 0.999), lr=0.1)
    schedule = Schedule(0.1, STEPS)
    taken = []
    for step in range(STEPS):
        began = now()
        for group in adam.param_groups:
            group["lr"] = schedule(step)
        noisy = (w + torch.randn_like(w) * law.spread * 0.05).repeat(1, generator.layers, 1)  # type: ignore[arg-type]
        image = plain.stylegan2(generator, generator.styles(noisy), fused=fused, noise=maps)  # type: ignore[operator]
        loss = objective(image, [0]).sum() + 1e5 * regulariser(maps.values())
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        with torch.no_grad():
            for noise in maps.values():
                noise -= noise.mean()
                noise *= noise.square().mean().rsqrt()
        taken.append(now() - began)
    return taken


def regulariser(maps: Iterable[Tensor]) -> Tensor:
    """Of the published script: correlation with the shifted map, over the pyramid."""
    total = torch.zeros(())
    for noise in maps:
        while True:
            total = total + (noise * torch.roll(noise, shifts=1, dims=3)).mean() ** 2
            total = total + (noise * torch.roll(noise, shifts=1, dims=2)).mean() ** 2
            if noise.shape[2] <= 8:
                break
            noise = torch.nn.functional.avg_pool2d(noise, kernel_size=2)
    return total


WAYS: dict[str, Callable[[Scene], list[float]]] = {
    "plain, grouped": lambda scene: published(scene, fused=True),
    "plain, scaled": lambda scene: published(scene, fused=False),
    "ours fp32": lambda scene: ours(scene, "fp32"),
    "ours bf16": lambda scene: ours(scene, "bf16"),
}
_scene: list[Scene] = []


def begin(size: int, clock: str, tuned: bool, shared: bool) -> None:
    """A process of its own, with the memory settings of our command line or those it comes with."""
    global now
    now = CLOCKS[clock]
    if tuned:
        tune_allocator()
    _scene.append(Scene.of(size, shared=shared))


def turn(name: str) -> list[float]:
    """Milliseconds of the steps of one turn, without those that warm up."""
    return [1000 * taken for taken in WAYS[name](_scene[0])[WARM:]]


def collect(wish: argparse.Namespace) -> dict[str, list[float]]:
    """One way after the other until the time is over; two turns at least."""
    context = multiprocessing.get_context("spawn")
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    theirs = (wish.size, wish.clock, wish.allocator == "tuned", wish.shared_distance)
    with (
        context.Pool(1, begin, theirs) as plain_process,
        context.Pool(1, begin, (wish.size, wish.clock, True, True)) as own_process,
    ):
        end, count = time.monotonic() + wish.seconds, 0
        while count < 2 or time.monotonic() < end:
            for name in WAYS:
                process = plain_process if name.startswith("plain") else own_process
                found[name] += process.apply(turn, (name,))
            count += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--allocator",
        choices=("shipped", "tuned"),
        default="shipped",
        help="shipped: plain PyTorch with the memory settings it comes with; tuned: all with those of our command line",
    )
    parser.add_argument(
        "--clock",
        choices=tuple(CLOCKS),
        default="wall",
        help="cpu: of all threads; on a machine that others use too",
    )
    parser.add_argument("--shared-distance", action="store_true")
    parser.add_argument("--save", action="store_true", help="write results/projection-ALLOCATOR.json")
    wish = parser.parse_args()
    found = collect(wish)
    best = min(min(found[name]) for name in WAYS if name.startswith("plain"))
    middle = min(statistics.median(found[name]) for name in WAYS if name.startswith("plain"))
    rows = [
        {
            "variant": name, "least ms": min(times), "ratio of the least": best / min(times),
            "median ms": statistics.median(times), "ratio of medians": middle / statistics.median(times),
            "steps": len(times),
        }
        for name, times in found.items()
    ]  # fmt: skip
    print(table(rows))
    if wish.save:
        told = {
            "size": wish.size,
            "allocator": wish.allocator,
            "clock": wish.clock,
            "shared distance": wish.shared_distance,
            "threads": torch.get_num_threads(),
        }
        print(write(f"projection-{wish.allocator}", {**told, "rows": rows}))


if __name__ == "__main__":
    main()
