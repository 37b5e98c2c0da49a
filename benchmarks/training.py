"""One generator and discriminator step of StyleGAN2 training, ours beside the plain-torch networks, in one run.

    python benchmarks/training.py                  # 64², channel base 2048, at most 128 channels, batch 32, on the CPU
    python benchmarks/training.py --device cuda    # the published 256² configuration: seconds per thousand images

All variants start from the same weights and settings, take turns within each round, and do the same work: a generator
step, a discriminator step on fresh samples and real images, Adam, the moving average. The last row adds the lazy regularisers.
On the GPU it is also profiled: `device busy` is the share of its time in which a kernel ran. Images lie on the device
already; what a data loader costs is not in it.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import plain
import torch
import torch.nn.functional as F
from machine import BUSY_LIMIT, busy_seconds
from report import median, table, write
from torch import Tensor

from latentlab.studio.parts import Preset, Run, Trainer, follow, preset

TARGETS = {"ours fp32": 1.35, "ours bf16": 1.6}
"""Times plain, on the CPU."""
MOST_SECONDS, LEAST_BUSY = 6.0, 0.9
"""On one H200, regularisers included: seconds per thousand images, share of the time in which the device works."""
LAZY = "R1 and path length"
PLAIN = "plain"
"""The published networks train with unfused modulation; the fused form is measured beside it."""


def plain_discriminator(discriminator: Any, images: Tensor) -> Tensor:
    """The residual discriminator, one operation after the other."""

    def convolution(layer: Any, x: Tensor, gain: float = 1.0) -> Tensor:
        weight = layer.weight * layer.scale
        if layer.down > 1:
            pad = 1 if weight.shape[-1] == 1 else 2
            x = plain.upfirdn(
                x, layer.resample_filter, down=2 if weight.shape[-1] == 1 else 1, pad=(pad,) * 4
            )
            x = F.conv2d(x, weight, stride=1 if weight.shape[-1] == 1 else 2)
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if layer.bias is None:
            return x * gain
        return plain.bias_act(x, layer.bias, layer.activation, layer.gain * gain, None)

    x = None
    for block in discriminator.blocks():
        x = convolution(block.fromrgb, images) if hasattr(block, "fromrgb") else x
        shortcut = convolution(block.skip, x, math.sqrt(0.5))  # type: ignore[arg-type]
        x = shortcut + convolution(block.conv1, convolution(block.conv0, x), math.sqrt(0.5))  # type: ignore[arg-type]
    end = discriminator.b4
    y = x.reshape(end.group_size, -1, *x.shape[1:])  # type: ignore[union-attr]
    spread = ((y - y.mean(0)).square().mean(0) + 1e-8).sqrt().mean((1, 2, 3))
    spread = spread.repeat(end.group_size)[:, None, None, None].expand(-1, 1, *x.shape[2:])  # type: ignore[union-attr]
    x = convolution(end.conv, torch.cat([x, spread], 1))  # type: ignore[list-item]
    x = F.leaky_relu(F.linear(x.flatten(1), end.fc.weight * end.fc.scale, end.fc.bias), 0.2) * math.sqrt(2)
    return F.linear(x, end.out.weight * end.out.scale, end.out.bias)[:, 0]


def plain_step(trainer: Trainer, images: Tensor, *, fused: bool) -> Callable[[], None]:
    """The step as it is usually written, on the same networks and optimizers."""
    generator: Any = trainer.networks["G"]
    discriminator: Any = trainer.networks["D"]
    batch = len(images)

    def draw() -> Tensor:
        z = torch.randn(2, batch, generator.z_width, device=images.device)
        w, other = (plain_mapping(generator, one) for one in z)
        cut = int(torch.randint(1, generator.layers, ()))
        w_plus = torch.stack([w] * cut + [other] * (generator.layers - cut), 1)
        return plain.stylegan2(generator, generator.styles(w_plus), fused=fused)

    def step() -> None:
        generator.requires_grad_(True)
        discriminator.requires_grad_(False)
        F.softplus(-plain_discriminator(discriminator, draw())).mean().backward()
        trainer.optimizers["G"].step()
        trainer.optimizers["G"].zero_grad()
        generator.requires_grad_(False)
        discriminator.requires_grad_(True)
        with torch.no_grad():
            made = draw()
        real = images.float() / 127.5 - 1
        (
            F.softplus(plain_discriminator(discriminator, made))
            + F.softplus(-plain_discriminator(discriminator, real))
        ).mean().backward()
        trainer.optimizers["D"].step()
        trainer.optimizers["D"].zero_grad()
        follow(trainer.networks["G_ema"], generator, 10**6, batch, 10_000, None)

    return step


def plain_mapping(generator: Any, z: Tensor) -> Tensor:
    """Eight dense layers."""
    x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    for index in range(generator.mapping.depth):
        layer = getattr(generator.mapping, f"fc{index}")
        x = F.leaky_relu(
            F.linear(x, layer.weight * layer.scale, layer.bias * layer.lr_multiplier), 0.2
        ) * math.sqrt(2)
    return x


def begun(chosen: Preset, folder: Path, device: torch.device) -> Trainer:
    """A training at its first step."""
    return Trainer(chosen.model, Run(folder, tensorboard=False), chosen.schedule, device).begin()


def our_step(trainer: Trainer, images: Tensor) -> Callable[[], None]:
    """The trainer's own step, with all its bookkeeping."""
    phases = trainer.model.phases(trainer.networks)

    def step() -> None:
        trainer._step({"images": images}, phases)

    return step


def agree(trainer: Trainer, images: Tensor) -> float:
    """Largest relative difference between our discriminator and the plain one: what is compared does the same."""
    real = images[:8].float() / 127.5 - 1
    with torch.no_grad():
        ours, theirs = (
            trainer.networks["D"](real).float()[:, 0],
            plain_discriminator(trainer.networks["D"], real),
        )
    return float((ours - theirs).abs().max() / theirs.abs().max())


def variants(
    base: Preset, images: Tensor, folder: Path, device: torch.device
) -> dict[str, Callable[[], None]]:
    """Every way to take a step, by name."""
    bare = {"r1": 0.0, "path_length": 0.0}
    steps: dict[str, Callable[[], None]] = {}
    for fused, name in ((False, PLAIN), (True, "plain fused")):
        trainer = begun(
            base.changed({**bare, "channels_last": False, "precision": "fp32"}), folder / name, device
        )
        if not fused and (error := agree(trainer, images)) > 1e-3:
            raise SystemExit(f"the plain discriminator differs from ours by {error:.1e}: nothing is compared")
        steps[name] = plain_step(trainer, images, fused=fused)
    precisions = ("fp32", "bf16") if device.type == "cpu" else ("fp32", "bf16", "fp16")
    for precision in precisions:
        chosen = base.changed({**bare, "precision": precision})
        steps[f"ours {precision}"] = our_step(begun(chosen, folder / precision, device), images)
    lazy = base.changed({"precision": precisions[-1]})
    steps[f"ours {precisions[-1]}, {LAZY}"] = our_step(begun(lazy, folder / "lazy", device), images)
    return steps


def timed(step: Callable[[], None], repeats: int, device: torch.device) -> tuple[float, float]:
    """Seconds for each step, and the share of the machine that others used meanwhile."""
    others = busy_seconds() - time.process_time()
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    others = busy_seconds() - time.process_time() - others
    return seconds / repeats, max(others, 0) / seconds / torch.get_num_threads()


def measure(
    steps: dict[str, Callable[[], None]], rounds: int, repeats: int, device: torch.device
) -> dict[str, list[tuple[float, float]]]:
    """All variants in turn, round after round."""
    for step in steps.values():
        step()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            found[name].append(timed(step, repeats, device))
    return found


def busy_share(step: Callable[[], None], repeats: int, seconds: float) -> float:
    """Share of the time in which a kernel runs: their union, by the profiler, over the time of as many steps without it."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        for _ in range(repeats):
            step()
        torch.cuda.synchronize()
    spans = sorted(
        (event.time_range.start, event.time_range.end)
        for event in seen.events() or ()
        if event.device_type == torch.autograd.DeviceType.CUDA
    )
    return union(spans) / 1e6 / (seconds * repeats)


def union(spans: list[tuple[float, float]]) -> float:
    """How much of the line these stretches, sorted by their beginnings, cover together."""
    covered, end = 0.0, float("-inf")
    for first, last in spans:
        covered += max(last - max(first, end), 0.0)
        end = max(end, last)
    return covered


def rows_of(found: dict[str, list[tuple[float, float]]], batch: int) -> list[dict[str, object]]:
    """Medians over undisturbed samples; ratios to the plain networks of the same round."""
    quiet = {
        name: [k for k, (_, others) in enumerate(samples) if others < BUSY_LIMIT]
        for name, samples in found.items()
    }
    rows = []
    for name, samples in found.items():
        places = [k for k in quiet[name] if k in quiet[PLAIN]] or range(len(samples))
        ratios = [found[PLAIN][k][0] / samples[k][0] for k in places]
        seconds = median([samples[k][0] for k in places])
        target = TARGETS.get(name)
        rows.append({
            "variant": name, "images/s": batch / seconds, "s per 1000 images": 1000 * seconds / batch,
            "times plain": median(ratios), "target": target, "met": None if target is None else median(ratios) >= target,
            "samples": len(ratios), "undisturbed": len(quiet[name]),
        })  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--repeats", type=int, default=0, help="steps in a sample; 0 is 1 on the CPU, 16 on a GPU"
    )
    given = parser.parse_args()
    device = torch.device(given.device)
    torch.backends.cudnn.benchmark = True  # as trainings do
    if given.threads:
        torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    if device.type == "cpu":
        base = preset("faces64-cpu").changed(
            {
                "warm_start": 0,
                "noise_from": 0,
                "reuse_fakes": False,
                "path_length": 2.0,
                "mixing": 0.9,
                "batch": 32,
            }
        )
    else:
        base = preset("paper256")
    size, batch = base.model.resolution, base.schedule.batch
    base = replace(base, schedule=replace(base.schedule, report_steps=10**9))
    images = torch.randint(0, 256, (batch, 3, size, size), dtype=torch.uint8, device=device)
    with tempfile.TemporaryDirectory() as folder:
        steps = variants(base, images, Path(folder), device)
        found = measure(steps, given.rounds, given.repeats or (1 if device.type == "cpu" else 16), device)
    rows = rows_of(found, batch)
    if device.type == "cuda":
        lazy = next(row for row in rows if LAZY in str(row["variant"]))
        busy = busy_share(steps[str(lazy["variant"])], 16, float(lazy["s per 1000 images"]) * batch / 1000)  # type: ignore[arg-type]
        reached = float(lazy["s per 1000 images"]) <= MOST_SECONDS and busy >= LEAST_BUSY  # type: ignore[arg-type]
        target = f"{MOST_SECONDS:g} s per 1000, {LEAST_BUSY:.0%} busy"
        lazy |= {"device busy": busy, "target": target, "met": reached}
    print(table(rows))
    settings = {
        "resolution": size,
        "batch": batch,
        "channel_base": base.model.channel_base,
        "channel_max": base.model.channel_max,
    }
    write(f"training-{device.type}", {"settings": settings, "rows": rows, "rounds": given.rounds})


if __name__ == "__main__":
    main()
