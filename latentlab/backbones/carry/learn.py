"""The training of the network that carries edits over: the composed picture against the true one."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, binary_cross_entropy

from latentlab.backbones.carry.pool import Batch, Pool
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch, silent
from latentlab.networks.transfer import SIZE, Layers, TransferNet

Read = Callable[[Images], Tensor]
"""Pictures to numbers that should come out alike: a scorer, an embedding of identity."""


@dataclass(frozen=True)
class Learn:
    """How the network learns."""

    steps: int = 6000
    batch: int = 8
    rate: float = 1.2e-3
    """Largest learning rate; it rises over the first 200 steps and falls along a cosine."""
    fine: int = 3
    """Every so many steps the picture is composed at the photo's own size, else at the network's."""
    average: float = 0.998
    """Of the weights that are kept, over steps."""
    refresh: int = 100
    """New pairs are looked for every so many steps."""
    changed: float = 2.0
    """What changes is small; by so much more it counts."""
    edges: float = 0.7
    flow: float = 0.015
    seen: float = 0.03
    smooth: float = 0.05
    read: float = 0.12
    """Weights of the loss's terms beside the plain difference."""

    def losses(self, layers: Layers, batch: Batch, reads: list[Read]) -> dict[str, Tensor]:
        """The terms, weighted."""
        made = layers.compose(batch.photo)
        middle = _middle(made.shape[-1]) * (1 + self.changed * changed(batch))
        terms = {"picture": (_charbonnier(made - batch.truth) * middle).mean()}
        small, true = (avg_pool2d(images, made.shape[-1] // 64) for images in (made, batch.truth))
        terms["tone"] = 0.5 * _charbonnier(small - true).mean()
        terms["edges"] = self.edges * _total(
            (
                _charbonnier(_slope(made, axis) - _slope(batch.truth, axis)) * _slope_middle(middle, axis)
            ).mean()
            for axis in (2, 3)
        )
        sure = batch.seen * batch.known
        terms["flow"] = self.flow * (_charbonnier(layers.flow - batch.flow, 0.1) * sure).mean()
        terms["seen"] = (
            self.seen
            * (
                binary_cross_entropy(layers.kept.clamp(1e-4, 1 - 1e-4), batch.seen, reduction="none")
                * batch.known
            ).mean()
        )
        terms["smooth"] = self.smooth * _total(
            (_slope(layers.colour, axis).abs() * _slope_middle(layers.kept, axis)).mean() for axis in (2, 3)
        )
        shrink = made.shape[-1] // SIZE
        for number, read in enumerate(reads):
            with torch.autocast(made.device.type, torch.bfloat16):
                with torch.no_grad():
                    wished = read(avg_pool2d(batch.truth, shrink)).float()
                found = read(avg_pool2d(made, shrink)).float()
            terms[f"read {number}"] = self.read * (found - wished).abs().mean()
        return terms

    def train(
        self, network: TransferNet, pool: Pool, reads: list[Read], out: Path, watch: Watch = silent,
        seconds: float = float("inf"),
    ) -> nn.Module:  # fmt: skip
        """The averaged network; what it is so far lies in `out` all the time, and the same call goes on from there."""
        kept, start, state = _resume(network, out)
        spent = start / self.steps  # of a run that was cut off
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=self.rate, betas=(0.9, 0.99), weight_decay=1e-4
        )
        if state:
            optimizer.load_state_dict(state)
        began = time.perf_counter()
        told: dict[str, float] = {}
        for step in range(start, self.steps):
            if (step - start) % self.refresh == 0:
                count = pool.refresh()
            for group in optimizer.param_groups:
                done = max(step / self.steps, spent + (time.perf_counter() - began) / seconds)
                group["lr"] = self.rate * self._pace(step, done)
            batch = pool.draw(self.batch, step)
            seen = avg_pool2d(batch.photo, batch.photo.shape[-1] // SIZE)
            with torch.autocast(seen.device.type, torch.bfloat16):
                layers = network(seen.to(memory_format=torch.channels_last), batch.before, batch.after)
            if step % self.fine:
                batch = replace(
                    batch, photo=seen, truth=avg_pool2d(batch.truth, batch.truth.shape[-1] // SIZE)
                )
            terms = self.losses(layers, batch, reads if step % 2 else [])
            optimizer.zero_grad()
            torch.stack(list(terms.values())).sum().backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            with torch.no_grad():
                for mine, theirs in zip(kept.parameters(), network.parameters(), strict=True):
                    mine.lerp_(theirs, 1 - min(self.average, (1 + step) / (10 + step)))
            for name, value in terms.items():
                told[name] = 0.98 * told.get(name, float(value.detach())) + 0.02 * float(value.detach())
            if step % 50 == 49 or step == self.steps - 1:
                words = " ".join(f"{name} {value:.4f}" for name, value in told.items())
                watch((step + 1) / self.steps, f"step {step + 1}, {count} pairs: {words}")
            if step % 250 == 249 or step == self.steps - 1:
                _store(network, kept, optimizer, step + 1, out)
            if time.perf_counter() - began > seconds:
                _store(network, kept, optimizer, step + 1, out)
                break
        return kept

    def _pace(self, step: int, done: float) -> float:
        rise = min(1.0, (step + 1) / 200)
        return rise * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def _resume(network: TransferNet, out: Path) -> tuple[TransferNet, int, dict | None]:
    kept = deepcopy(network).requires_grad_(False)
    path = out / "state.pt"
    if not path.exists():
        return kept, 0, None
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    kept.load_state_dict(state["kept"])
    return kept, int(state["step"]), state["optimizer"]


def _store(
    network: nn.Module, kept: nn.Module, optimizer: torch.optim.Optimizer, step: int, out: Path
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    draft = out / "state.draft"
    torch.save(
        {
            "network": network.state_dict(),
            "kept": kept.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
        },
        draft,
    )
    os.replace(draft, out / "state.pt")


def _total(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()


def _charbonnier(values: Tensor, soft: float = 0.01) -> Tensor:
    return (values.square() + soft**2).sqrt() - soft


def changed(batch: Batch) -> Tensor:
    """Where photo and truth differ, in structure or colour, 0..1: [n 1 s s]."""
    apart = (batch.truth - batch.photo).abs().mean(1, keepdim=True)
    return avg_pool2d(apart, 5, 1, 2).mul(4).clamp(max=1)


def _slope(images: Tensor, axis: int) -> Tensor:
    return images.diff(dim=axis)


def _slope_middle(weights: Tensor, axis: int) -> Tensor:
    return weights.narrow(axis, 1, weights.shape[axis] - 1)


def _middle(size: int) -> Tensor:
    """Faces stand in the middle: three times the weight of the border, [1 1 s s]."""
    along = torch.linspace(-1, 1, size)
    return (0.6 + 1.2 * torch.exp(-2.5 * (along[:, None] ** 2 + along[None] ** 2)))[None, None]
