"""The descent that all optimising inverters share: Adam on tensors of each sample's own, stopped sample by sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.watch import Watch, silent

Parameters = list[Tensor]
"""What one sample optimises."""
Loss = Callable[[list[int], list[Parameters], int], Tensor]
"""Which samples are still descending, their parameters, the step: their losses, [active]."""


@dataclass(frozen=True)
class Schedule:
    """How the learning rate rises and falls (Karras et al. 2020, appendix D)."""

    rate: float
    """Largest learning rate."""
    steps: int
    """After how many steps it has fallen to 0."""
    rampup: float = 0.05
    """Share of the steps in which it rises linearly."""
    rampdown: float = 0.25
    """Share of the steps in which it falls as a cosine."""

    def __call__(self, step: int) -> float:
        t = step / max(self.steps, 1)
        fall = min(1.0, (1.0 - t) / self.rampdown) if self.rampdown else 1.0
        rise = min(1.0, t / self.rampup) if self.rampup else 1.0
        return self.rate * (0.5 - 0.5 * math.cos(fall * math.pi)) * rise


@dataclass(frozen=True)
class Stop:
    """When a sample has come far enough."""

    patience: int = 0
    """Steps without improvement after which it stops; 0 never stops early."""
    improvement: float = 0.005
    """Share of the best loss by which a step must be better to count."""


@dataclass
class Track:
    """How one sample fares."""

    parameters: Parameters
    best: Parameters
    loss: float = math.inf
    waited: int = 0
    steps: int = 0


def descend(
    parameters: Sequence[Parameters],
    loss: Loss,
    schedule: Schedule,
    stop: Stop | None = None,
    *,
    keep_last: bool = False,
    after: Callable[[list[int]], None] | None = None,
    enough: Callable[[], bool] | None = None,
    watch: Watch = silent,
) -> list[Track]:
    """Minimise each sample's loss in place of its own tensors; every track holds the best (or last) of them.

    Gradients are asked for by name, so the weights of the shared generator gather none and many may descend at once.
    """
    for one in parameters:
        for tensor in one:
            tensor.requires_grad_(True)
    tracks = [Track(one, [t.detach().clone() for t in one]) for one in parameters]
    adam = torch.optim.Adam(
        [t for one in parameters for t in one], lr=schedule.rate, betas=(0.9, 0.999), eps=1e-8
    )

    active = list(range(len(tracks)))
    for step in range(schedule.steps):
        losses = loss(active, [tracks[i].parameters for i in active], step)
        _check(losses)
        _note(tracks, active, losses.detach(), stop or Stop())
        if enough is not None and enough():
            return tracks
        _step(adam, [tracks[i].parameters for i in active], losses, schedule(step))
        if after is not None:
            after(active)
        watch((step + 1) / schedule.steps, f"loss {float(losses.detach().mean()):.4f}")
        active = [i for i in active if not (stop and stop.patience and tracks[i].waited >= stop.patience)]
        if not active:
            break
    return _settle(tracks, loss, schedule.steps, keep_last=keep_last)


def _check(losses: Tensor) -> None:
    if not torch.isfinite(losses).all():
        raise BadInput("the descent left the numbers (loss is not finite); lower `learning_rate`")


def _note(tracks: list[Track], active: list[int], losses: Tensor, stop: Stop) -> None:
    for i, value in zip(active, losses.tolist(), strict=True):
        track = tracks[i]
        track.steps += 1
        better = value < track.loss * (1 - stop.improvement) if math.isfinite(track.loss) else True
        track.waited = 0 if better else track.waited + 1
        if value < track.loss:
            track.loss = value
            track.best = [t.detach().clone() for t in track.parameters]


def _step(adam: torch.optim.Adam, groups: list[Parameters], losses: Tensor, rate: float) -> None:
    tensors = list({id(t): t for one in groups for t in one}.values())
    gradients = torch.autograd.grad(losses.sum(), tensors, allow_unused=True)
    adam.zero_grad(set_to_none=True)
    for tensor, gradient in zip(tensors, gradients, strict=True):
        tensor.grad = gradient
    for group in adam.param_groups:
        group["lr"] = rate
    adam.step()


def _settle(tracks: list[Track], loss: Loss, steps: int, *, keep_last: bool) -> list[Track]:
    """The last step has not been judged yet: judge it, then leave in `best` what is to be kept."""
    everyone = list(range(len(tracks)))
    if keep_last or not steps:
        for track in tracks:
            track.best = [t.detach().clone() for t in track.parameters]
        return tracks
    with torch.no_grad():
        losses = loss(everyone, [track.parameters for track in tracks], steps)
    for track, value in zip(tracks, losses.tolist(), strict=True):
        if value < track.loss:
            track.loss, track.best = value, [t.detach().clone() for t in track.parameters]
    return tracks
