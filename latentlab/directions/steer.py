"""Steered directions: a move learned through the generator, so that it does what was wished on the pictures themselves.

Jahanian, Chai and Isola 2020 (On the "steerability" of generative adversarial networks, eq. 1) learn a walk V by making
the picture of w + αV look like an edit of the picture of w, for α drawn at random. No edit of pixels makes a face older,
so here scorers say what the edit should be: with s the scores in standard deviations, s_k is to rise by α and the rest
to stay,

    E over w, α of  h(s_k(w + αV) − t) + held · Σ_j h(s_j(w + αV) − s_j(w))
                    + pixels · mean |G(w + αV) − G(w)| + length · mean_l |U_l|²                                       (1)

with h Huber's loss, j over what is held, and t = s_k(w) + α as far as the bank has seen such scores. V_l = C^½·U_l is the
move of layer l and C the covariance of w, so that the optimiser walks where the mapping does. It starts at the linear
fit of `joint`; what no plane cuts off (beards, shut eyes) is learned here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Adam

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.generator import Generator
from latentlab.core.latent import Space, layer_range
from latentlab.core.ranges import Batch, Count, LayerRange, MoreThan, Psi, Rate, Seed, Steps, Weight
from latentlab.core.shapes import Images, Scores
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Source, Supervised, need_bank
from latentlab.directions.joint import Joint, varying
from latentlab.directions.moments import Moments, moments_of
from latentlab.directions.steps import step_from
from latentlab.directions.whitening import roots
from latentlab.scorers.bank import Bank

SEEN = (0.02, 0.98)
"""Quantiles of the bank's scores beyond which nothing is asked for: nobody is to become a hundred years old."""


@dataclass(frozen=True)
class Steer(Supervised):
    """A walk learned by gradient through generator and scorers, from the linear fit on; one vector for each layer."""

    samples: Count = 20000
    """How many samples of the bank the start and the metric are taken from, and the faces it is learned on."""
    hold: tuple[str, ...] = ()
    """Attributes to hold; empty is every other attribute of the bank."""
    layers: LayerRange | None = None
    """First and last layer that it moves; all if not given."""
    same: bool = False
    """One vector for all layers: a move in W, as the fits make it."""
    side: str = "both"
    """`up` asks for more of the attribute only, and of faces that lack it."""
    reach: Annotated[float, MoreThan(0, 100)] = 2.0
    """Largest α, in standard deviations of the target."""
    held: Weight = 0.15
    """Weight of what is held."""
    pixels: Weight = 1.0
    """Weight of the mean absolute change of the picture: it would rather change a few pixels than tint them all."""
    length: Weight = 0.003
    """Weight of the length of the move."""
    around: Psi = 0.8
    """Truncation of the faces it is learned on."""
    steps: Steps = 200
    """Steps of the optimiser."""
    batch: Batch = 8
    """Faces in each."""
    learning_rate: Rate = 0.015
    """Of Adam, on U; it falls to 0 along a cosine."""
    seed: Seed = 0
    """Of the faces and of α."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.side not in {"both", "up"}:
            raise BadInput(f"a direction is steered to the side both or up, not {self.side}")

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(name for name in (self.attribute, *self.hold) if name != "all")

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank = need_bank(source)
        if not bank.scorers:
            raise MissingPart("steer looks at pictures while it learns; open the bank with its scorers")
        first, last = layer_range(self.layers, generator.layers)
        names = tuple(dict.fromkeys([self.attribute, *(self.hold or varying(bank, self.samples))]))
        seen = moments_of(bank, names, self.samples, generator.w_width)
        linear = Joint(ridge=0.1, slack=0.1).moves(seen)[:, 0]  # raises the target by one standard deviation
        root, inverse = roots(seen.covariance)
        walk = (
            (inverse @ linear).float().repeat(1 if self.same else last - first + 1, 1)
        )  # U, [moved layers, width]
        root, walk = root.to(generator.device), walk.to(generator.device)
        begun = self._moves(walk, root, generator)

        lessons = self._lessons(generator, bank, names, seen)
        walk, errors = self._learn(walk, root, generator, lessons, watch)
        unit, spread = bank.key.units[bank.key.names.index(self.attribute)], float(seen.spread[0])
        step = step_from(unit, spread)
        found = self._moves(walk, root, generator)
        story: dict[str, object] = {"attribute": self.attribute, "n": self.samples, "errors": errors}
        story["cosine_to_start"] = float(torch.cosine_similarity(found.flatten(), begun.flatten(), dim=0))
        return [
            Direction(self.name or self.attribute, Space.W_PLUS, (found * (step / spread)).cpu(), unit=unit, step=step,
                      layers=self.layers, model=generator.hash, found_by=repr(self), story=story)
        ]  # fmt: skip

    def _moves(self, walk: Tensor, root: Tensor, generator: Generator) -> Tensor:
        """V of every layer, 0 where it does not act, [layers width]."""
        first, last = layer_range(self.layers, generator.layers)
        moved = (walk @ root).expand(last - first + 1, -1)
        return F.pad(moved, (0, 0, first, generator.layers - 1 - last))

    def _lessons(
        self, generator: Generator, bank: Bank, names: tuple[str, ...], seen: Moments
    ) -> Iterator[_Lesson]:  # fmt: skip
        """Faces of the bank with what is asked of them, without end."""
        samples = bank.read(self.samples)
        scores = samples.column(self.attribute)
        pool = torch.arange(self.samples)
        if self.side == "up":
            pool = pool[scores <= scores.median()]
        known = [name for scorer in bank.scorers for name in scorer.names]
        look = _Look(bank, [known.index(name) for name in names], seen.spread.float().to(generator.device))
        low, high = (float(scores.quantile(q)) / float(seen.spread[0]) for q in SEEN)
        draw = torch.Generator().manual_seed(self.seed)
        while True:
            w = samples.w[pool[torch.randint(len(pool), (self.batch,), generator=draw)]].to(generator.device)
            alpha = torch.rand(self.batch, generator=draw)
            alpha = (self.reach * (alpha if self.side == "up" else 2 * alpha - 1)).to(w)
            w_plus = generator.truncate(w[:, None].repeat(1, generator.layers, 1), self.around)
            with torch.no_grad():
                images = generator(generator.styles(w_plus))
                before = look(images)
            here = before[:, 0]
            asked = torch.where(
                alpha > 0,
                torch.maximum((here + alpha).clamp_max(high), here),
                torch.minimum((here + alpha).clamp_min(low), here),
            )
            yield _Lesson(w_plus, alpha, images, before, asked, look)

    def _learn(
        self, walk: Tensor, root: Tensor, generator: Generator, lessons: Iterator[_Lesson], watch: Watch
    ) -> tuple[Tensor, dict[str, float]]:  # fmt: skip
        """U that makes (1) small, and the mean of each term over the last tenth of the steps."""
        walk = walk.requires_grad_(True)
        optimizer = Adam([walk], lr=self.learning_rate)
        rows = []
        for step in range(self.steps):
            optimizer.param_groups[0]["lr"] = self.learning_rate * (1 + cos(pi * step / self.steps)) / 2
            terms = next(lessons).errors(generator, self._moves(walk, root, generator))
            total = terms["target"] + self.held * terms["held"] + self.pixels * terms["pixels"]
            total = total + self.length * walk.square().sum(1).mean()
            (walk.grad,) = torch.autograd.grad(total, [walk])
            optimizer.step()
            rows.append({name: float(value.detach()) for name, value in terms.items()})
            watch((step + 1) / self.steps, f"{self.attribute}: {step + 1} of {self.steps} steps")
        late = rows[-max(self.steps // 10, 1) :]
        return walk.detach(), {name: sum(row[name] for row in late) / len(late) for name in late[0]}


@dataclass(frozen=True, eq=False)
class _Look:
    """Scores of pictures in standard deviations, the target first."""

    bank: Bank
    columns: list[int]
    spread: Tensor

    def __call__(self, images: Images) -> Scores:
        scores = torch.cat([scorer(images) for scorer in self.bank.scorers], dim=1)
        return scores[:, self.columns] / self.spread


@dataclass(frozen=True, eq=False)
class _Lesson:
    """A batch of faces, how far each is moved, and what is expected to come of it."""

    w_plus: Tensor
    alpha: Tensor
    """[batch], in standard deviations of the target."""
    images: Images
    """Unmoved."""
    before: Scores
    asked: Tensor
    """Of the target, [batch]."""
    look: _Look

    def errors(self, generator: Generator, moves: Tensor) -> dict[str, Tensor]:
        """The terms of (1) for these faces; `moves` [layers width]."""
        images = generator(generator.styles(self.w_plus + self.alpha[:, None, None] * moves))
        after = self.look(images)
        others = F.huber_loss(after[:, 1:], self.before[:, 1:], reduction="none")
        return {
            "target": F.huber_loss(after[:, 0], self.asked),
            "held": others.sum(1).mean(),
            "pixels": (images - self.images).abs().mean(),
        }
