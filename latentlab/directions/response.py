"""What a move really does to faces, as the bank's scorers see it, and a move corrected until it does what was wished."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.scorers.bank import Bank

Respond = Callable[[Tensor], Tensor]
"""A move of w [width] to the change of every attribute it causes, in standard deviations, [names]."""


@dataclass(frozen=True, eq=False)
class Response:
    """Mean change of the scores between w − v and w + v, halved, over faces of the bank's own seeds."""

    generator: Generator
    bank: Bank
    names: tuple[str, ...]
    spread: Tensor
    """Standard deviation of each score over the bank, [names]."""
    faces: int
    psi: float
    batch: int = 25

    @torch.no_grad()
    def __call__(self, move: Tensor) -> Tensor:
        known = [name for scorer in self.bank.scorers for name in scorer.names]
        columns = [known.index(name) for name in self.names]
        total = torch.zeros(len(columns), dtype=torch.float64)
        for start in range(0, self.faces, self.batch):
            w = self._faces(start, min(start + self.batch, self.faces))
            low, high = (self._scores(w + sign * move.to(w)) for sign in (-1, 1))
            total += ((high - low) / 2).double().sum(0)[columns]
        return total / self.faces / self.spread

    def _faces(self, start: int, stop: int) -> Tensor:
        first = self.bank.key.first_seed
        z = draw_z(range(first + start, first + stop), self.generator.z_width).to(self.generator.device)
        return self.generator.truncate(self.generator.map(z)[:, None], self.psi)[:, 0]

    def _scores(self, w: Tensor) -> Tensor:
        images = self.generator.render(Latent(Space.W, w))
        return torch.cat([scorer(images).float().cpu() for scorer in self.bank.scorers], dim=1)


@dataclass(frozen=True, eq=False)
class Corrected:
    """A move after its corrections, and what it was seen to drag along before and after them."""

    move: Tensor
    before: float
    """Mean absolute change of the others for one standard deviation of the target."""
    after: float


def corrected(respond: Respond, moves: Tensor, damping: Tensor, column: int, rounds: int) -> Corrected:
    """Broyden's method in the span of `moves` [width names]: find a with respond(moves·a) = e_k.

    `damping` [names names] is the first inverse Jacobian: the identity would trust the linear model, a shrunk one
    spends little on attributes that cost long moves. The best of all tries is kept, so no round can make it worse.
    """
    wish = torch.zeros(moves.shape[1], dtype=moves.dtype)
    wish[column] = 1.0
    share = wish
    seen = respond(moves @ share)
    if float(seen[column]) < LEAST_RESPONSE:  # the target does not answer: there is nothing to build on
        return Corrected(moves[:, column], leak_of(seen, column), leak_of(seen, column))
    first = leak_of(seen, column)
    best = (first, share / seen[column])
    inverse = damping
    for _ in range(rounds):
        change = inverse @ (wish - seen)
        change = change * (1 / change.norm().clamp_min(1.0))
        again = respond(moves @ (share + change))
        gain = inverse @ (again - seen)
        along = change @ inverse
        scale = along @ (again - seen)
        if float(scale.abs()) > 1e-9:
            inverse = inverse + torch.outer(change - gain, along) / scale
        share, seen = share + change, again
        if float(seen[column]) > LEAST_RESPONSE and leak_of(seen, column) < best[0]:
            best = (leak_of(seen, column), share / seen[column])
    return Corrected(moves @ best[1], first, best[0])


LEAST_RESPONSE = 0.1
"""Standard deviations by which the target has to answer to a move that should change it by one."""


def leak_of(seen: Tensor, column: int) -> float:
    """Mean absolute change of the others while the target changes by one standard deviation."""
    others = [i for i in range(len(seen)) if i != column]
    if not others:
        return 0.0
    return float(seen[others].abs().mean() / seen[column].abs().clamp_min(1e-6))
