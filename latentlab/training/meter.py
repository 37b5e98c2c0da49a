"""Losses averaged between reports, images per second, time left; looks at the device only when asked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from latentlab.training.distributed import ProcessGroup

FINE = 2**62
STATE = "meter/"
"""Beginning of the names of its sums in a checkpoint."""


class Meter:
    """Collects the terms of each phase without waiting for the device."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._worst: dict[str, Tensor] = {}
        self._since, self._step = time.monotonic(), 0

    def start(self, step: int) -> None:
        """Begin to count seconds, at a step."""
        self._since, self._step = time.monotonic(), step

    def add(self, phase: str, terms: Mapping[str, Tensor], step: int) -> None:
        """Note the terms of a phase at a step."""
        for name, value in terms.items():
            key = f"{phase}/{name}"
            value = value.detach().float()
            self._sums[key] = self._sums[key] + value if key in self._sums else value.clone()
            self._counts[key] = self._counts.get(key, 0) + 1
            here = torch.where(value.isfinite(), FINE, step)
            self._worst[key] = torch.minimum(self._worst.get(key, here), here)

    def first_bad(self) -> tuple[str, int] | None:
        """The first term that was not finite, and its step."""
        if not self._worst:
            return None
        steps = torch.stack(list(self._worst.values())).tolist()
        step = min(steps)
        return None if step == FINE else (list(self._worst)[steps.index(step)], step)

    def read(self, step: int, last_step: int, *, keep: bool = False) -> dict[str, float]:
        """Means since the last reading, and the rate; with `keep` the sums go on, for a reading out of turn."""
        values = {key: float(total) / self._counts[key] for key, total in self._sums.items()}
        now = time.monotonic()
        values["images_per_second"] = (step - self._step) * self.batch / max(now - self._since, 1e-9)
        values["seconds_left"] = (last_step - step) * self.batch / max(values["images_per_second"], 1e-9)
        if not keep:
            self._sums, self._counts, self._worst = {}, {}, {}
        self.start(step)
        return values

    def gather(self, processes: ProcessGroup) -> None:
        """Make the sums those of all processes, averaged."""
        if processes.size > 1 and self._sums:
            means = processes.mean(torch.stack(list(self._sums.values())))
            self._sums = dict(zip(self._sums, means.unbind(), strict=True))

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """Sums by their names in a checkpoint, and counts: a training that goes on then logs the same means."""
        return {STATE + key: value for key, value in self._sums.items()}, dict(self._counts)

    def restore(self, tensors: Mapping[str, Tensor], counts: Any, device: torch.device) -> None:
        """Take the sums of a checkpoint; one without them begins anew."""
        if not isinstance(counts, Mapping) or any(STATE + key not in tensors for key in counts):
            return
        self._counts = {str(key): int(count) for key, count in counts.items()}
        self._sums = {key: tensors[STATE + key].to(device) for key in self._counts}

    @staticmethod
    def sentence(images: int, values: Mapping[str, float]) -> str:
        """For a progress bar."""
        losses = " ".join(
            f"{key} {value:.3f}"
            for key, value in values.items()
            if key not in {"images_per_second", "seconds_left"}
        )
        return f"{images:,} images, {values['images_per_second']:.1f}/s, {values['seconds_left'] / 60:.0f} min left, {losses}"
