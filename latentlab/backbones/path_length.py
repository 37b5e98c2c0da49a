"""The path-length regulariser: equal steps in W are equally visible (Karras et al. 2020, §3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from latentlab.backbones.adversarial import AdversarialLosses, exactly
from latentlab.data.batches import labels_of
from latentlab.training.losses import path_lengths
from latentlab.training.phase import Moment


class PathLength(nn.Module):
    """The running mean of path lengths."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))


@dataclass(frozen=True, eq=False)
class PathRegulariser:
    """The loss, for the networks of a training."""

    losses: AdversarialLosses
    weight: float
    decay: float
    shrink: int
    """Path lengths are measured on the so-manieth part of a batch."""

    def __call__(self, batch: Any, moment: Moment) -> Mapping[str, Tensor]:
        """Squared distance of path lengths from their running mean."""
        losses = self.losses
        losses.hold()
        draws = moment.draws.some(self.shrink)
        labels = labels_of(batch)
        labels = None if labels is None else labels[:: self.shrink]
        running: Any = losses.networks["path"].mean
        with exactly(losses.G):
            w_plus = losses.sampler.latents(losses.G, draws, labels)
            images = losses.sampler.images(losses.G, w_plus, moment, draws)
            lengths = path_lengths(images, w_plus, draws.large_normal(*images.shape[1:]))
        mean = running.lerp(moment.processes.mean(lengths.mean()), self.decay)
        running.copy_(mean)
        return {"penalty": (lengths - mean).square().mean() * self.weight}
