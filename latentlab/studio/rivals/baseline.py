"""A trained baseline in the benchmark."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from latentlab.baselines.baseline import Edited, Wish, granted
from latentlab.baselines.files import Trained, load
from latentlab.core.shapes import Images
from latentlab.studio.lab import Lab
from latentlab.studio.rivals.apply import fitted
from latentlab.studio.rivals.cases import Cases, shipped_cases
from latentlab.studio.rivals.contestant import Contestant

WISHES = {
    "older": "age", "younger": "age", "smile": "smile", "neutral": "neutral", "frontal": "frontal", "makeup": "makeup",
    "bare": "bare", "identity": "swap", "toon": "toon",
}  # fmt: skip
"""The wish that a task is."""


class Rival(Contestant):
    """One file of a baseline."""

    def __init__(self, lab: Lab, path: Path) -> None:
        super().__init__(lab)
        self.trained: Trained = load(path)
        for network in self.trained.networks.values():
            network.to(lab.place)
        self.title = self.trained.method.title
        self.parameters = self.trained.parameters
        told = self.trained.story.get("training")
        self.training = told if isinstance(told, dict) else {}

    def can(self, task: str) -> bool:
        return WISHES[task] in self.trained.method.grants

    def edit(self, cases: Cases) -> Images:
        return torch.cat([edited.images.cpu().float() for edited in self._each(cases)])

    def heat(self, cases: Cases) -> Tensor | None:
        maps = [edited.heat for edited in self._each(cases)]
        return torch.cat([m.cpu() for m in maps if m is not None]) if maps[0] is not None else None

    @torch.no_grad()
    def _each(self, cases: Cases) -> list[Edited]:
        method, size = self.trained.method, self.trained.method.picture_size
        own, name = fitted(cases.before, size), WISHES[cases.task]
        answers = []
        for number in range(len(cases)):
            grant = method.grants[name]
            value = min(max(cases.values[number], grant.low), grant.high)
            other = self._reference(cases, number) if grant.reference else None
            reference = None if other is None else fitted(other, size)
            wishes = granted(method, self.trained.name, {name: Wish(value, reference)})
            answers.append(
                method.edit(self.trained.networks, own[number : number + 1].to(self.lab.place), wishes)
            )
        return answers

    def _reference(self, cases: Cases, number: int) -> Images | None:
        """Whose makeup; where it has to come off, a face without any that nobody trained on."""
        if cases.references is not None:
            return cases.references[number : number + 1]
        return shipped_cases("makeup").before[:1] if cases.task == "bare" else None
