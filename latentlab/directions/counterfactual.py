"""Counterfactual directions: the move that takes people to the same people with one wish come true, as pictures show it.

Pairs (f, f') of true pictures, a_i steps apart, were inverted to latents. The move that takes one to the other, by least
squares and for each layer, is where it starts (Härkönen-like means of pairs are the special case of equal steps). Then it
is refined through the generator, so that the change of the *picture* is the true one: what the network changes is laid on
the true picture, f + G(w + aV) − G(w), and compared with the true answer f',

    E over i of  pixels · Σ_scales |f + ΔG − f'| + structure · (1 − MS-SSIM(f + ΔG, f'))
               + Σ_j scores_j · h((Δs_j(G) − Δs_j(true)) / σ_j) + length · mean_l |U_l|²                               (1)

where pixels weigh more the more the truth changes there (`focus`), with s the scores, where scorers are at hand, and h
Huber's loss: whatever truly comes along (grey hair with age) is to come along, and nothing else. Coarse scales see colours,
fine ones edges, and structure where they lie. V_l = C^½·U_l, with C the covariance of w. The network's own error of inversion
is on neither side, so none of it is learned. In place of f' − f the answer may be what the network draws for the two,
G(w') − G(w): laid on f, a change that the network drew a little beside it shows twice, and fear of that makes moves timid.
Steps through the generator follow Jahanian, Chai and Isola 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import Annotated, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Adam

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart, SpaceMismatch
from latentlab.core.generator import Generator
from latentlab.core.latent import Space, layer_range
from latentlab.core.noise import FIXED
from latentlab.core.pairs import LatentPairs, Truth
from latentlab.core.pivot import Pivot
from latentlab.core.ranges import Batch, Between, LayerRange, Rate, Seed, Weight
from latentlab.core.shapes import Images, Scores, WPlus
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Discoverer, Source
from latentlab.directions.whitening import covariance_of, roots
from latentlab.networks.perceptual import ms_ssim

SCALES = 4
"""Of the picture: as it is, halved, ..."""
LARGEST = 256
"""Side of the pictures that are compared where no true ones were given."""


@dataclass(frozen=True)
class Counterfactual(Discoverer):
    """A move for each layer, taught by pictures before and after, so that it changes what truly changes."""

    needs: ClassVar[Literal["bank", "pairs", "nothing"]] = "pairs"

    wish: str = ""
    """What is wished, as the face world defines it (`age`, `age_alone`, `smile`, ...); empty for pictures of your own."""
    people: Annotated[int, Between(2, 1_000_000)] = 64
    """How many rendered people teach a wish."""
    layers: LayerRange | None = None
    """First and last layer that it moves; all if not given."""
    pixels: Weight = 4.0
    """Weight of the mean absolute error of the picture's change, summed over scales."""
    focus: Weight = 2.0
    """How much more errors of pixels count where the truth changes than where it stays; a change of lips is else outvoted."""
    structure: Weight = 1.0
    """Weight of 1 − MS-SSIM."""
    answer: Literal["true", "network"] = "network"
    """What the picture is to become: the true one (as (1) says), or what the network draws where the true one was brought
    home, G(w'), which shows nothing twice."""
    scores: Weight = 0.1
    """Weight of the scores' errors, in standard deviations of the people."""
    target: Weight = 5.0
    """Weight of the error of the wished score alone: pixels are content with a timid change."""
    length: Weight = 0.003
    """Weight of the length of the move."""
    ridge: Weight = 0.03
    """Penalty of the start, as a share of the largest variance of w."""
    steps: Annotated[int, Between(0, 1_000_000)] = 120
    """Steps of the optimiser; 0 keeps the start."""
    batch: Batch = 8
    """Pairs in each."""
    learning_rate: Rate = 0.04
    """Of Adam, on U; it falls to 0 along a cosine."""
    seed: Seed = 0
    """Of the order of the pairs."""
    name: str = ""
    """What to call the direction; the wish if empty."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        pairs, truth = checked(generator, source)
        first, last = layer_range(self.layers, generator.layers)
        root = roots(covariance_of(generator, self.seed))[0].to(generator.device)
        walk = self._start(pairs, truth, root)[first : last + 1]
        begun = self._moves(walk, root, generator)

        errors: dict[str, float] = {}
        if self.steps:
            walk, errors = self._learn(
                walk, root, generator, _School(generator, pairs, truth, self.focus, self.answer), watch
            )
        found = self._moves(walk, root, generator)
        story: dict[str, object] = {"n": len(truth.before), "latents": len(truth.who), "errors": errors}
        story["cosine_to_start"] = float(torch.cosine_similarity(found.flatten(), begun.flatten(), dim=0))
        story["pivots"] = sum(pivot is not None for pivot in truth.pivots)
        return [
            Direction(self.name or self.wish or "counterfactual", Space.W_PLUS, found.cpu(),
                      unit="mean change of the pairs", layers=self.layers, model=generator.hash, found_by=repr(self),
                      story=story)
        ]  # fmt: skip

    def _start(self, pairs: LatentPairs, truth: Truth, root: Tensor) -> Tensor:
        """U of the least squares V = Σ a·Δw / Σ a², shrunk where w hardly varies: (C + λI)⁻¹·C^½·V, [layers width]."""
        steps = truth.steps[truth.who].to(root.device).double()
        change = (pairs.after.values - pairs.before.values).double()  # [pairs layers width]
        move = (steps[:, None, None] * change).sum(0) / steps.square().sum()
        half = root.double()
        covariance = half @ half
        penalty = self.ridge * torch.linalg.eigvalsh(covariance)[-1] * torch.eye(len(half)).to(half)
        return torch.linalg.solve(covariance + penalty, half @ move.T).T.float()

    def _moves(self, walk: Tensor, root: Tensor, generator: Generator) -> Tensor:
        """V of every layer, 0 where it does not act, [layers width]."""
        first, last = layer_range(self.layers, generator.layers)
        return F.pad(walk @ root, (0, 0, first, generator.layers - 1 - last))

    def _learn(
        self, walk: Tensor, root: Tensor, generator: Generator, school: _School, watch: Watch
    ) -> tuple[Tensor, dict[str, float]]:  # fmt: skip
        """U that makes (1) small, and the mean of each term over the last tenth of the steps."""
        walk = walk.clone().requires_grad_(True)
        optimizer = Adam([walk], lr=self.learning_rate)
        draw = torch.Generator().manual_seed(self.seed)
        rows = []
        for step in range(self.steps):
            optimizer.param_groups[0]["lr"] = self.learning_rate * (1 + cos(pi * step / self.steps)) / 2
            terms = school.lesson(self.batch, draw).errors(self._moves(walk, root, generator))
            total = self.pixels * terms["pixels"] + self.structure * terms["structure"]
            for name, weight in (("scores", self.scores), ("target", self.target)):
                total = total + (weight * terms[name] if name in terms else 0.0)
            total = total + self.length * walk.square().sum(1).mean()
            (walk.grad,) = torch.autograd.grad(total, [walk])
            optimizer.step()
            rows.append({name: float(value.detach()) for name, value in terms.items()})
            watch((step + 1) / self.steps, f"{self.name or self.wish}: {step + 1} of {self.steps} steps")
        late = rows[-max(self.steps // 10, 1) :]
        return walk.detach(), {name: sum(row[name] for row in late) / len(late) for name in late[0]}


def checked(generator: Generator, source: Source) -> tuple[LatentPairs, Truth]:
    """The pairs and their true pictures; without these, the latents' own pictures, each pair one step apart."""
    if not isinstance(source, LatentPairs):
        raise MissingPart(
            "this method learns from pictures before and after; name a `wish`, or give `before` and `after`"
        )
    for latent in (source.before, source.after):
        if latent.space is not Space.W_PLUS:
            raise SpaceMismatch(
                f"pairs are compared in W+, a latent lives in {latent.space.name}; lift it first"
            )
        generator.check(latent)
    count, other = len(source.before), len(source.after)
    if count != other or count < 1:
        raise BadInput(f"there are {count} pictures before and {other} after; pairs need as many of each")
    truth = source.truth or _own_pictures(generator, source)
    fitting = len(truth.before) == len(truth.after) == len(truth.steps) and len(truth.who) == count
    if not fitting or len(truth.pivots) not in (0, count):
        raise BadInput(
            f"{len(truth.before)} true pictures before, {len(truth.after)} after and {len(truth.who)} latents do not "
            f"belong to {count} pairs; give each pair its pictures"
        )
    if not float(truth.steps.abs().max()) > 0:
        raise BadInput("all pairs are 0 steps apart; there is no change to learn from")
    return source, truth


@torch.no_grad()
def _own_pictures(generator: Generator, pairs: LatentPairs) -> Truth:
    """What the network itself makes of the latents."""
    before, after = (
        torch.cat([seen_at(generator.render(latent[slice(i, i + 8)])) for i in range(0, len(latent), 8)])
        for latent in (pairs.before, pairs.after)
    )
    return Truth(before, after, torch.ones(len(before)), torch.arange(len(before)))


def seen_at(images: Images, size: int = LARGEST) -> Images:
    """Pictures no larger than that, by area means."""
    return images if images.shape[-1] <= size else F.adaptive_avg_pool2d(images, size)


@dataclass(eq=False)
class _School:
    """The pairs, with everything about them that does not depend on the move."""

    generator: Generator
    pairs: LatentPairs
    truth: Truth
    focus: float
    answer: str

    def __post_init__(self) -> None:
        place = self.generator.device
        self.before, self.after = self.truth.before.to(place), self.truth.after.to(place)
        self.weights = where_it_changes(self.before, self.after, self.focus)
        with torch.no_grad():
            people = [self.look(part) for part in self.before.split(8)]
            later = [self.look(part) for part in self.after.split(8)]
        self.true_change: Scores | None = None
        if self.truth.scorers:
            first = torch.cat(people)  # type: ignore[arg-type]
            self.true_change = torch.cat(later) - first  # type: ignore[arg-type]
            self.spread = (first.std(0) + self.true_change.abs().mean(0)).clamp_min(1e-6)

    def look(self, images: Images) -> Scores | None:
        """What the scorers say, [n names]."""
        if not self.truth.scorers:
            return None
        return torch.cat([scorer(images) for scorer in self.truth.scorers], dim=1)

    def render(self, w_plus: WPlus, rows: list[int]) -> Images:
        """Each latent with its own pivot, at the size of the true pictures."""
        pivots = self.truth.pivots or (None,) * len(self.truth.who)
        plain = [place for place, row in enumerate(rows) if pivots[row] is None]
        images: dict[int, Images] = {}
        if plain:
            drawn = self._drawn(w_plus[plain], None)
            images |= {place: drawn[i : i + 1] for i, place in enumerate(plain)}
        for place, row in enumerate(rows):
            if pivots[row] is not None:
                images[place] = self._drawn(w_plus[place : place + 1], pivots[row])
        return torch.cat([images[place] for place in range(len(rows))])

    def _drawn(self, w_plus: WPlus, pivot: Pivot | None) -> Images:
        return seen_at(self.generator(self.generator.styles(w_plus), FIXED, pivot), self.before.shape[-1])

    def _answer(self, rows: list[int], people: list[int], images: Images) -> Images:
        """What the network is to draw."""
        if self.answer == "network":
            return self.render(self.pairs.after.values[rows].to(self.before), rows)
        return images + self.after[people] - self.before[people]

    def lesson(self, batch: int, draw: torch.Generator) -> _Lesson:
        """Some pairs: people at random, and for each one of the latents that reproduce them."""
        who = self.truth.who
        people = torch.randint(len(self.before), (batch,), generator=draw).tolist()
        rows = []
        for person in people:
            own = (who == person).nonzero()[:, 0]
            rows.append(int(own[torch.randint(len(own), (1,), generator=draw)]))
        w_plus = self.pairs.before.values[rows].to(self.before)
        with torch.no_grad():
            images = self.render(w_plus, rows)
            seen = self.look(images)
            answer = self._answer(rows, people, images)
        steps = self.truth.steps[people].to(self.before)
        return _Lesson(self, rows, people, w_plus, steps, images, seen, answer)


@dataclass(frozen=True, eq=False)
class _Lesson:
    """A batch of pairs."""

    school: _School
    rows: list[int]
    people: list[int]
    w_plus: WPlus
    steps: Tensor
    images: Images
    """As the network draws them unmoved."""
    seen: Scores | None
    answer: Images
    """What it is to draw when moved."""

    def errors(self, moves: Tensor) -> dict[str, Tensor]:
        """The terms of (1); `moves` [layers width]."""
        school = self.school
        images = school.render(self.w_plus + self.steps[:, None, None] * moves, self.rows)
        weighed = (images - self.answer) * school.weights[self.people]
        terms = {"pixels": multiscale(weighed), "structure": (1 - ms_ssim(*self._compared(images))).mean()}
        now = school.look(images)
        if now is not None and self.seen is not None and school.true_change is not None:
            change = torch.nan_to_num(now - self.seen - school.true_change[self.people]) / school.spread
            errors = F.huber_loss(change, torch.zeros_like(change), reduction="none").mean(0)  # [names]
            terms["scores"] = errors.sum()
            if school.truth.target is not None:
                terms["target"] = errors[school.truth.target]
        return terms

    def _compared(self, images: Images) -> tuple[Images, Images]:
        """The pictures whose structure is compared: the true ones where they are the answer."""
        school = self.school
        if school.answer == "network":
            return images, self.answer
        return school.before[self.people] + images - self.images, school.after[self.people]


def where_it_changes(before: Images, after: Images, focus: float) -> Tensor:
    """Weights that grow with how much the truth changes there (blurred over a sixteenth of the side), of mean 1 where it changes
    at all, [n 1 s s]."""
    change = (after - before).abs().mean(1, keepdim=True)
    window = max(change.shape[-1] // 16, 1) | 1
    smooth = F.avg_pool2d(change, window, 1, window // 2, count_include_pad=False)
    relative = smooth / smooth.mean((2, 3), keepdim=True).clamp_min(1e-6)
    return (1 + focus * relative) / (1 + focus)


def multiscale(difference: Images) -> Tensor:
    """Mean absolute value of a picture and of its halves, quarters, ..., summed over the scales."""
    total = difference.abs().mean()
    for _ in range(SCALES - 1):
        if difference.shape[-1] % 2:
            break
        difference = F.avg_pool2d(difference, 2)
        total = total + difference.abs().mean()
    return total
