"""Pairs that teach a wish: people rendered before and after it, both brought home to latents, with their true pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.studio.lab import Lab

if TYPE_CHECKING:
    from latentlab.core.latent import Latent
    from latentlab.core.pairs import LatentPairs
    from latentlab.core.scorer import Scorer
    from latentlab.core.shapes import Images
    from latentlab.core.watch import Watch
    from latentlab.inversion.inverter import Given
    from latentlab.studio.discovery.people import People
    from latentlab.world.counterfactuals import Counterfactuals, Wish

LEAST_STEP = 0.15
"""A change by less teaches nothing (rouge on the darkest skin)."""
STEPS = 30
"""Of the descents that follow the encoder to the picture after the change."""


def wished_pairs(
    studio: Lab, wish: Wish, people: int, scorers: Sequence[Scorer] = (), *, seed: int | None = None, watch: Watch | None = None
) -> LatentPairs:  # fmt: skip
    """Latents and true pictures of people before and after a wish; how many steps each took is known, not scored.

    `seed` says which people; those who teach if not given.
    """
    from latentlab.core.latent import Latent, Space
    from latentlab.core.pairs import LatentPairs, Truth
    from latentlab.studio.discovery.people import PEOPLE_SEED, render, rendered_people
    from latentlab.world.counterfactuals import counterfactuals

    tell = studio.tell(watch)
    before = rendered_people(
        studio, people, seed=PEOPLE_SEED if seed is None else seed,
        watch=lambda done, text="", image=None: tell(0.6 * done, text),
    )  # fmt: skip
    pairs = counterfactuals(wish, before.faces)
    steps = true_steps(wish, pairs)
    far = [place for place, step in enumerate(steps.tolist()) if abs(step) >= LEAST_STEP]
    if not far:
        raise BadInput(f"the wish '{wish.name}' moves none of {people} people; ask for more: `people`")
    numbers, steps = [pairs.numbers[place] for place in far], steps[far]
    truth = render(studio, [pairs.after[place] for place in far])
    tell(0.7, f"{len(numbers)} people rendered with the wish '{wish.name}'")

    new = {number: place for place, number in enumerate(numbers)}
    rows = [row for row, number in enumerate(before.who.tolist()) if number in new]
    who = torch.tensor([new[int(before.who[row])] for row in rows])
    start = before.latents.values[rows]
    change = inverted_change(studio, before, numbers, truth)
    after = Latent(Space.W_PLUS, start + change[who])
    tell(1.0, "both sides brought home")
    names = [name for scorer in scorers for name in scorer.names]
    target = names.index(wish.attribute) if wish.attribute in names else None
    pivots = tuple(before.pivots[row] for row in rows)
    seen = Truth(before.pictures[numbers], truth, steps, who, pivots, tuple(scorers), target)
    return LatentPairs(Latent(Space.W_PLUS, start), after, seen)


def true_steps(wish: Wish, pairs: Counterfactuals) -> Tensor:
    """By how many steps each record changed, [n]: of the attribute as rendered, or of the factor that moves."""
    from latentlab.scorers.targets import NAMES, targets_of
    from latentlab.world.factors import flatten

    if wish.attribute:
        moved = targets_of(pairs.after) - targets_of(pairs.before)
        return moved[:, NAMES.index(wish.attribute)] / wish.step
    moved = flatten(pairs.after) - flatten(pairs.before)
    return moved[:, int(moved.abs().mean(0).argmax())] / wish.step


def inverted_change(studio: Lab, people: People, numbers: Sequence[int], truth: Images) -> Tensor:
    """W+ after minus W+ before of these people, [n layers width].

    The encoder says where to go, where there is one; then a short descent goes to the picture that shows the true change
    on the network's own start, G(w) + f' − f, so that what inversion gets wrong is the same on both sides.
    """
    from latentlab.core.latent import Latent, Space
    from latentlab.inversion.encode import settle
    from latentlab.inversion.resize import resize
    from latentlab.studio.discovery.people import BLOCK, given_by

    generator, given = studio.generator, given_by(studio)
    begun = people.latents.values[[near_latent(people, number) for number in numbers]]
    parts = []
    for i in range(0, len(numbers), BLOCK):
        here, after = begun[i : i + BLOCK], truth[i : i + BLOCK]
        before, start = people.pictures[list(numbers[i : i + BLOCK])], here
        with torch.no_grad():
            if given.encoder is not None:
                was = settle(given.encoder, generator, before)
                start = here + settle(given.encoder, generator, after).values - was.values
            own = generator.render(Latent(Space.W_PLUS, here))
            wanted = own + resize(after - before, own.shape[-1])
        found = followed(studio, Latent(Space.W_PLUS, start), wanted, given)
        parts.append(found.values - here)
    return torch.cat(parts)


def near_latent(people: People, number: int) -> int:
    """The row of the latent that a free descent found for this person: the last without a pivot."""
    return max(
        row for row, who in enumerate(people.who.tolist()) if who == number and people.pivots[row] is None
    )


def followed(studio: Lab, start: Latent, pictures: Images, given: Given, steps: int = STEPS) -> Latent:
    """A W+ nearer to these pictures by a short descent from `start`."""
    from latentlab.core.inversion import Inversion
    from latentlab.core.latent import Space
    from latentlab.inversion.descend import Descend

    with torch.no_grad():
        image = studio.generator.render(start)
    at = Inversion(start, image, image.new_zeros(len(image)), model=studio.generator.hash)
    found = Descend(Space.W_PLUS, steps=steps).invert(studio.generator, pictures, replace(given, start=at))
    return found.latent.with_values(found.latent.values.detach())
