"""The router: the best plan that fits the seconds, with distortion and editability told together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import torch
from torch import Tensor

from latentlab.core.generator import Generator
from latentlab.core.inversion import Inversion
from latentlab.core.latent import Latent, Space
from latentlab.core.ranges import Between, MoreThan, Seconds
from latentlab.core.shapes import Images
from latentlab.inversion.descend import Descend
from latentlab.inversion.encode import Encode, iterates
from latentlab.inversion.inverter import Given, Inverter, Stopwatch, checked
from latentlab.inversion.objective import Objective
from latentlab.inversion.pivot import HELD, PivotalTuning
from latentlab.inversion.refine import Refine
from latentlab.inversion.statistics import sample_w

SAMPLES = 8
"""How many of the network's own pictures tell what its domain is."""


@dataclass(frozen=True)
class Plan:
    """An inverter, and for how many steps of a descent it may take."""

    inverter: Inverter
    steps: int
    foreign: Tensor | None = None
    """How foreign the faces are to the network, as found while choosing."""


@dataclass(frozen=True)
class Auto(Inverter):
    """Encoder alone, a short descent, a pivot at the encoder's answer, or a descent and a pivot: whatever fits the budget."""

    budget: Seconds | None = None
    """Seconds for each photo; without it `steps` count, so that a busy machine gives the same picture."""
    steps: Annotated[int, Between(0, 1_000_000)] = 2
    """Without a budget: steps of a descent that a photo may cost; at 2 one pass of the encoder, the best base of a transfer."""
    out_of_domain: Annotated[float, MoreThan(0)] = 3.0
    """Warn when a photo is so many times harder than the hardest of the network's own pictures."""

    def invert(self, generator: Generator, faces: Images, given: Given = Given()) -> Inversion:  # noqa: B008
        return self.run(self.choose(generator, faces, given), generator, faces, given)

    def choose(self, generator: Generator, faces: Images, given: Given) -> Plan:
        """The longest plan within `steps`, or whose steps, at the speed measured now, fit what is left of the budget."""
        watch = Stopwatch(generator.device)
        foreign = foreignness(generator, faces, given)
        affordable = float(self.steps)
        if self.budget is not None:
            step = step_seconds(generator, faces, given)
            affordable = (self.budget * len(faces) - watch.seconds) / step

        plans = self.plans(given)
        fitting = [plan for plan in plans if plan.steps <= affordable]
        return replace(fitting[-1] if fitting else plans[0], foreign=foreign)

    def run(self, plan: Plan, generator: Generator, faces: Images, given: Given) -> Inversion:
        """Carry out a plan, and say whether the faces are of the network's domain at all."""
        watch = Stopwatch(generator.device)
        result = plan.inverter.invert(generator, faces, given)
        measures = dict(result.measures)
        if plan.foreign is not None:
            outside = (plan.foreign > self.out_of_domain).to(plan.foreign)
            measures |= {"foreignness": plan.foreign, "out_of_domain": outside}
        return replace(result, seconds=watch.seconds, measures=measures)

    @staticmethod
    def plans(given: Given) -> list[Plan]:
        """From quick to thorough; with an encoder's answer to tune around, tuning pays sooner than a long descent."""
        space = max(Space.W_PLUS, given.start.latent.space) if given.start else Space.W_PLUS
        held = replace(HELD, space=space)
        thorough = [
            Plan(PivotalTuning(steps=100, before=held), 250),
            Plan(PivotalTuning(before=held), 560),
        ]
        short = Plan(Descend(space, steps=25), 30)
        if given.encoder is None or given.start is not None:
            return [short, Plan(Descend(space), 150), *thorough]
        iterated = [Plan(Refine(), 6)] if iterates(given.encoder) else []
        tuned = Plan(PivotalTuning(steps=60, before=replace(held, steps=0)), 90)
        return [Plan(Encode(), 2), *iterated, short, tuned, *thorough]


def step_seconds(generator: Generator, faces: Images, given: Given) -> float:
    """How long one descent step takes on these faces, measured on the second of two."""
    target, mask = checked(generator, faces, given)
    probe = Descend(steps=1, candidates=0, patience=0)
    short = replace(given, encoder=None, start=None)
    seconds = 0.0
    for _ in range(2):
        watch = Stopwatch(generator.device)
        one = replace(probe).invert(generator, target, replace(short, mask=mask, watch=lambda *_: None))
        seconds = watch.seconds
        del one
    return max(seconds / 2, 1e-6)  # a step, and the render that judges it


@torch.no_grad()
def foreignness(generator: Generator, faces: Images, given: Given) -> Tensor:
    """How much harder each face is than the hardest of the network's own pictures, [n]; 1 is "one of its own".

    With an encoder: the error of its first answer. Without: the distance to the nearest of some samples.
    """
    target, mask = checked(generator, faces, given)
    w = sample_w(generator, 2 * SAMPLES, seed=11)
    w_plus = generator.truncate(w[:, None].repeat(1, generator.layers, 1), 0.7)
    own = torch.cat([generator.render(Latent(Space.W_PLUS, part)) for part in w_plus.split(8)]).clamp(-1, 1)
    if given.encoder is not None:
        usual = _encoder_errors(generator, own[:SAMPLES], torch.ones_like(mask[:1]), given)
        return _encoder_errors(generator, target, mask, given) / usual.max()
    whole = torch.ones_like(mask[:1])
    usual = _nearest_errors(own[:SAMPLES], whole, own[SAMPLES:])
    return _nearest_errors(target, mask, own[SAMPLES:]) / usual.max()


def _encoder_errors(generator: Generator, faces: Images, mask: Tensor, given: Given) -> Tensor:
    alone = replace(given, start=None, mask=None if bool((mask == 1).all()) else mask, watch=lambda *_: None)
    return Encode().invert(generator, faces, alone).error


def _nearest_errors(faces: Images, mask: Tensor, others: Tensor) -> Tensor:
    count = len(faces)
    objective = Objective(faces, mask.expand(count, -1, -1, -1), None)
    errors = [
        objective.terms(other[None].expand(count, -1, -1, -1), list(range(count)))["pixels"]
        for other in others
    ]
    return torch.stack(errors).min(dim=0).values
