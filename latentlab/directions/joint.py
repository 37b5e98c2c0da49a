"""Joint directions: one fit of many attributes, so that each direction is what remains when the others are held.

Let w have the mean w̄ and the covariance C, and S be the standardised scores. One ridge regression of all scores,
S ≈ (w − w̄)·B with B = (C + ρI)⁻¹·Cov(w, S), says what a move v changes: Bᵀv. Of all v with Bᵀv = e_k, the shortest in
the metric of the data, vᵀC⁻¹v, is

    v_k = C·B·(BᵀCB + λI)⁻¹·e_k                                                                                  (1)

(λ softens the constraints). Why this metric: C·B is close to Cov(w, S), the part of the fit that is known well, while
B itself, which plain regression and the normal of an SVM follow, carries its noise where w varies least; and v is a move
that the mapping network makes itself. A normal n leaks into attribute j by B_jᵀn / B_kᵀn, which correlation of the
training scores (age with glasses) makes large; (1) leaks nothing as far as the linear model goes.

What is left is curvature: the slope over the whole population is not the change by one step at a face. So the moves are
tried (`rounds`): with r(a) the mean change of all scores, as seen on pictures moved by ±Σ a_j v_j, solve r(a) = e_k by
Broyden's method from a = e_k. The first inverse Jacobian is G(G + δI)⁻¹ with G = BᵀCB: attributes that w hardly
explains (small G_jj) would ask for long moves, and are corrected less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.generator import Generator
from latentlab.core.ranges import Between, Count, Psi, Seed, Share, Weight
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Source, Supervised, need_bank, w_direction
from latentlab.directions.moments import Moments, resampled
from latentlab.directions.response import Corrected, Response, corrected
from latentlab.directions.steps import step_from
from latentlab.scorers.bank import Bank

DAMPING = 0.05
"""δ, as a share of the mean explained variance."""


@dataclass(frozen=True)
class Joint(Supervised):
    """Ours: the shortest natural move that changes one attribute and holds the others, corrected by what it is seen
    to do."""

    attribute: str = "smile"
    """What to learn; `all` for every attribute of the bank."""
    hold: tuple[str, ...] = ()
    """Attributes to hold; empty is every other attribute of the bank."""
    ridge: Weight = 1e-2
    """Penalty of the fit, as a share of the mean variance of a coordinate of w."""
    slack: Share = 1e-3
    """How softly the others are held: share of their explained variance; 0 holds them exactly."""
    rounds: Annotated[int, Between(0, 1000)] = 3
    """Corrections by what the move is seen to do; 0 trusts the linear fit."""
    faces: Count = 100
    """How many faces of the bank's seeds the move is tried on in each round."""
    around: Psi = 0.7
    """Truncation of those faces."""
    bootstraps: Annotated[int, Between(0, 100_000)] = 0
    """Resampled fits for the interval of the direction's angle (kept in its story); 0 is none."""
    seed: Seed = 0
    """Of the bootstrap."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(name for name in (self.attribute, *self.hold) if name != "all")

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank = need_bank(source)
        wanted = bank.key.names if self.attribute == "all" else (self.attribute,)
        names = tuple(dict.fromkeys([*wanted, *(self.hold or varying(bank, self.samples))]))
        seen, *replicas = resampled(bank, names, self.samples, generator.w_width, self.bootstraps, self.seed)
        moves = self.moves(seen)
        angles = [_angles(self.moves(replica), moves) for replica in replicas]

        found = []
        for place, name in enumerate(wanted):
            column = names.index(name)
            tried = self._tried(generator, bank, names, seen, moves, column)
            story: dict[str, object] = {"attribute": name, "n": self.samples}
            story |= {"linear_leakage": tried.before, "corrected_leakage": tried.after} if tried else {}
            if angles:
                story["angle_95"] = float(torch.stack(angles)[:, column].quantile(0.95))
            move = tried.move if tried else moves[:, column]
            found.append(self._direction(name, move, float(seen.spread[column]), generator, bank, story))
            watch((place + 1) / len(wanted), name)
        return found

    def moves(self, seen: Moments) -> Tensor:
        """Equation (1), [width names]: column k raises attribute k by one standard deviation."""
        effects, reach, explained = self._model(seen)
        softness = self.slack * explained.diagonal().mean() * torch.eye(len(explained)).double()
        moves = reach @ torch.linalg.inv(explained + softness)
        return moves / (effects * moves).sum(0)

    def _model(self, seen: Moments) -> tuple[Tensor, Tensor, Tensor]:
        """B for standardised scores, C·B and BᵀCB."""
        effects = seen.effects(self.ridge) / seen.spread
        reach = seen.covariance @ effects
        return effects, reach, effects.T @ reach

    def _tried(
        self, generator: Generator, bank: Bank, names: tuple[str, ...], seen: Moments, moves: Tensor, column: int
    ) -> Corrected | None:  # fmt: skip
        """The move after its corrections; None without scorers to see them with."""
        if not bank.scorers or not self.rounds:
            return None
        explained = self._model(seen)[2]
        floor = DAMPING * explained.diagonal().mean() * torch.eye(len(explained)).double()
        damping = explained @ torch.linalg.inv(explained + floor)
        respond = Response(generator, bank, names, seen.spread, self.faces, self.around)
        return corrected(respond, moves, damping, column, self.rounds)

    def _direction(
        self, name: str, move: Tensor, spread: float, generator: Generator, bank: Bank, story: dict[str, object]
    ) -> Direction:  # fmt: skip
        unit = bank.key.units[bank.key.names.index(name)]
        step = step_from(unit, spread)
        title = self.name if self.name and self.attribute != "all" else name
        return w_direction(title, move * (step / spread), unit, step, generator, repr(self), **story)


def varying(bank: Bank, samples: int) -> tuple[str, ...]:
    """The attributes whose scores are not all the same; the others are held by themselves."""
    return tuple(name for name in bank.key.names if float(bank.column(name, samples).std()) >= 1e-6)


def _angles(one: Tensor, other: Tensor) -> Tensor:
    """Between the columns of two matrices, in degrees, [names]."""
    return torch.cosine_similarity(one, other, dim=0).clamp(-1, 1).arccos().rad2deg()
