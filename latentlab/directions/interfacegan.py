"""InterFaceGAN: the normal of a linear SVM between the faces that score highest and lowest (Shen et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.projection import beside_span
from latentlab.core.ranges import MoreThan, Seed
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Source, Supervised, need_bank, w_direction
from latentlab.directions.moments import Moments, moments_of
from latentlab.directions.steps import step_from
from latentlab.scorers.bank import Bank


@dataclass(frozen=True)
class InterFaceGan(Supervised):
    """Sort by score, keep the top and bottom share, hold 30 % out, fit a linear SVM, take its unit normal."""

    share: Annotated[float, MoreThan(0, 0.5)] = 0.02
    """Share of the samples kept at each end (published: 2 % of 10,000)."""
    keep: tuple[str, ...] = ()
    """Attributes to hold: the normal is projected off theirs (conditional manipulation)."""
    seed: Seed = 0
    """Of the split into training and validation."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    @property
    def attributes(self) -> tuple[str, ...]:
        return (self.attribute, *self.keep)

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank = need_bank(source)
        names = (self.attribute, *self.keep)
        seen = moments_of(bank, names, self.samples, generator.w_width, watch)
        normal, accuracy, accuracy_all = self._boundary(bank, seen, self.attribute)
        others = [self._boundary(bank, seen, name)[0] for name in self.keep]
        normal = project_off(normal, others)

        unit = bank.key.units[bank.key.names.index(self.attribute)]
        step = step_from(unit, float(seen.spread[0]))
        vector = seen.scaled(normal, step)
        story = {
            "attribute": self.attribute,
            "n": self.samples,
            "validation_accuracy": accuracy,
            "remaining_accuracy": accuracy_all,
        }
        return [w_direction(self.name or self.attribute, vector, unit, step, generator, repr(self), **story)]

    def _boundary(self, bank: Bank, seen: Moments, name: str) -> tuple[Tensor, float, float]:
        """Unit normal, accuracy on the held-out 30 % of the extremes, accuracy on the samples left out."""
        from sklearn.svm import LinearSVC

        scores = bank.column(name, self.samples).numpy()
        order = np.argsort(scores, kind="stable")
        count = int(self.share * len(order))
        if count < 10:
            raise BadInput(
                f"a share of {self.share} of {len(order)} samples is {count} for each side; at least 10 are needed: "
                f"`samples` {int(np.ceil(10 / max(self.share, 1e-9)))}"
            )
        chosen = np.concatenate([order[-count:], order[:count]])
        labels = np.repeat([1, 0], count)
        mix = np.random.RandomState(self.seed).permutation(2 * count)
        cut = int(0.7 * 2 * count)
        centre, spread = seen.mean.numpy(), float(seen.covariance.diagonal().mean().sqrt())
        inputs = (rows_of(bank, chosen) - centre) / spread
        machine = LinearSVC(C=1.0, dual="auto", max_iter=5000, random_state=self.seed)
        machine.fit(inputs[mix[:cut]], labels[mix[:cut]])

        held_out = float(machine.score(inputs[mix[cut:]], labels[mix[cut:]]))
        rest = np.ones(len(order), dtype=bool)
        rest[chosen] = False
        positive = np.concatenate(
            [
                machine.predict((part.w.double().numpy() - centre) / spread)
                for part in bank.blocks(self.samples)
            ]
        )
        remaining = float((positive[rest] == (scores[rest] > np.median(scores))).mean())
        normal = torch.from_numpy(machine.coef_[0])
        return normal / normal.norm(), held_out, remaining


def rows_of(bank: Bank, numbers: np.ndarray) -> np.ndarray:
    """w of these samples in their order, double precision, each block read once."""
    rows = np.empty((len(numbers), 0))
    for block in np.unique(numbers // bank.key.block):
        part = bank.block(int(block)).w.double().numpy()
        if not rows.size:
            rows = np.empty((len(numbers), part.shape[1]))
        here = numbers // bank.key.block == block
        rows[here] = part[numbers[here] % bank.key.block]
    return rows


def project_off(vector: Tensor, others: list[Tensor]) -> Tensor:
    """What is left of a vector beside the span of the others, at unit length."""
    if not others:
        return vector
    left = beside_span(vector, others).to(vector)
    if float(left.norm()) < 1e-6 * float(vector.norm()):
        raise BadInput("nothing is left of the direction beside the attributes to keep; keep fewer of them")
    return left / left.norm()
