"""Losses averaged between reports, images per second, time left; looks at the device only when asked."""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch
from torch import Tensor

FINE = 2**62


class Meter:
    """Collects the terms of each phase without waiting for the device."""

    def __init__(self, step: int, batch: int, last_step: int, device: torch.device) -> None:
        self.batch, self.last_step = batch, last_step
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._worst: dict[str, Tensor] = {}
        self._since, self._step = time.monotonic(), step

    def add(self, phase: str, terms: Mapping[str, Tensor], step: int) -> None:
        """Note the terms of a phase at a step."""
        for name, value in terms.items():
            key = f"{phase}/{name}"
            value = value.detach().float()
            self._sums[key] = self._sums.get(key, 0) + value
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

    def read(self, step: int) -> dict[str, float]:
        """Means since the last reading, and the rate."""
        values = {key: float(total) / self._counts[key] for key, total in self._sums.items()}
        now = time.monotonic()
        values["images_per_second"] = (step - self._step) * self.batch / max(now - self._since, 1e-9)
        values["seconds_left"] = (self.last_step - step) * self.batch / max(values["images_per_second"], 1e-9)
        self._sums, self._counts, self._worst = {}, {}, {}
        self._since, self._step = now, step
        return values

    @staticmethod
    def sentence(images: int, values: Mapping[str, float]) -> str:
        """For a progress bar."""
        losses = " ".join(
            f"{key} {value:.3f}"
            for key, value in values.items()
            if key not in {"images_per_second", "seconds_left"}
        )
        return f"{images:,} images, {values['images_per_second']:.1f}/s, {values['seconds_left'] / 60:.0f} min left, {losses}"
