"""Joint regression: all attributes in one fit, so that each direction is what remains when the others are held."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.generator import Generator
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Discoverer, Source, need_bank, supervised_samples, w_direction
from latentlab.directions.steps import step_of
from latentlab.scorers.bank import Bank


@dataclass(frozen=True)
class Joint(Discoverer):
    """Ours. Scores are modelled as S ≈ (w − w̄)·B by ridge regression on all attributes at once; the direction of
    attribute k is the shortest move (in the metric of w's covariance) that changes k by one step and every other
    attribute by nothing: the column of C·B·(BᵀCB + λI)⁻¹ that belongs to k."""

    attribute: str = "smile"
    """What to learn; `all` for every attribute of the bank."""
    samples: int = 20000
    """How many samples of the bank to read."""
    hold: tuple[str, ...] = ()
    """Attributes to hold; empty is every other attribute of the bank."""
    ridge: float = 1e-2
    """Penalty of the fit, as a share of the mean variance of a coordinate of w."""
    slack: float = 1e-3
    """How softly the others are held: share of their explained variance; 0 holds them exactly."""
    bootstraps: int = 0
    """Resampled fits for the interval of the direction's angle (kept in its story); 0 is none."""
    seed: int = 0
    """Of the bootstrap."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank = need_bank(source)
        wanted = bank.key.names if self.attribute == "all" else (self.attribute,)
        held = self.hold or bank.key.names
        names = tuple(dict.fromkeys([*wanted, *held]))
        found = supervised_samples(bank, names, self.samples, generator.w_width)
        latents = found.w.double()
        scores = torch.stack([found.column(name).double() for name in names], dim=1)  # [n names]

        moves = self.moves(latents, scores)
        angles = self._angles(latents, scores, moves, watch)

        return [
            self._direction(name, names.index(name), moves, scores, angles, generator, bank)
            for name in wanted
        ]

    def moves(self, latents: Tensor, scores: Tensor) -> Tensor:
        """[width names]: column k raises attribute k by one standard deviation and leaves the others alone."""
        centred = latents - latents.mean(0)
        deviations = (scores - scores.mean(0)) / scores.std(0)
        covariance = centred.T @ centred / len(centred)
        penalty = (
            self.ridge * covariance.diagonal().mean() * torch.eye(len(covariance), dtype=covariance.dtype)
        )
        effects = torch.linalg.solve(
            covariance + penalty, centred.T @ deviations / len(centred)
        )  # [width names]
        reach = covariance @ effects
        explained = effects.T @ reach  # [names names]
        softness = self.slack * explained.diagonal().mean() * torch.eye(len(explained), dtype=explained.dtype)
        moves = reach @ torch.linalg.inv(explained + softness)
        return moves / (effects * moves).sum(0)

    def _angles(self, latents: Tensor, scores: Tensor, moves: Tensor, watch: Watch) -> Tensor | None:
        """Angle in degrees between each direction and its bootstrap replicas, [bootstraps names]."""
        if not self.bootstraps:
            return None
        rows = []
        for number in range(self.bootstraps):
            draw = torch.Generator().manual_seed(self.seed + number)
            picks = torch.randint(len(latents), (len(latents),), generator=draw)
            again = self.moves(latents[picks], scores[picks])
            rows.append(torch.cosine_similarity(again, moves, dim=0).clamp(-1, 1).arccos().rad2deg())
            watch((number + 1) / self.bootstraps, "bootstrap")
        return torch.stack(rows)

    def _direction(
        self, name: str, column: int, moves: Tensor, scores: Tensor, angles: Tensor | None, generator: Generator, bank: Bank
    ) -> Direction:  # fmt: skip
        unit = bank.key.units[bank.key.names.index(name)]
        step = step_of(unit, scores[:, column])
        vector = moves[:, column] * (step / scores[:, column].std())
        story: dict[str, object] = {"attribute": name, "n": self.samples}
        if angles is not None:
            story["angle_95"] = float(angles[:, column].quantile(0.95))
        title = self.name if self.name and self.attribute != "all" else name
        return w_direction(title, vector, unit, step, generator, repr(self), **story)
