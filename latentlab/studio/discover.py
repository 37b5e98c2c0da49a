"""Discovery as a task: a bank where the method needs one, the directions found, their names, their files."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart, unknown

if TYPE_CHECKING:
    from latentlab.core.watch import Watch
    from latentlab.directions.discoverer import Discoverer, Source
    from latentlab.scorers.bank import Bank, BankKey
    from latentlab.scorers.scorer import Scorer
    from latentlab.studio.studio import Studio

SHARE_OF_BANK = 0.9
"""Of the progress bar, when a bank has to be filled first."""


def discover(
    studio: Studio,
    method: str | Discoverer = "joint",
    *,
    scorers: Sequence[Scorer] | None = None,
    before: Sequence[Path | str] = (),
    after: Sequence[Path | str] = (),
    renders: str = "",
    pairs: int = 32,
    psi: float = 1.0,
    engine: str = "local",
    save: bool = True,
    watch: Watch | None = None,
    **fields: Any,
) -> list[Direction]:
    """Find directions and keep them under `HOME/directions`; `fields` are the method's own.

    `scorers` defaults to the guide. Methods that learn from pairs take pictures, `before` and `after`, or so many
    `pairs` of `renders` that differ in one factor ("age=20"); `counterfactual` renders its own where it has a wish.
    """
    from latentlab.directions import DISCOVERERS
    from latentlab.directions.discoverer import check_size

    finder: Discoverer = DISCOVERERS.build(method, **fields) if isinstance(method, str) else method
    tell = studio.tell(watch)
    source: Source = None
    if finder.needs == "bank":
        judges = list(scorers) if scorers is not None else default_guides(studio)
        _check_attributes(finder, judges)
        if finder.bank_size:
            check_size(finder.bank_size, studio.generator.w_width)
        source = filled_bank(
            studio, judges, finder.bank_size, psi=psi, engine=engine, watch=_part(tell, 0, SHARE_OF_BANK)
        )
    elif finder.needs == "pairs":
        part = _part(tell, 0, SHARE_OF_BANK)
        wished = _wished(studio, finder, scorers, (*before, *after, *([renders] if renders else ())), part)
        source = wished or pairs_of(studio, before, after, renders, pairs, watch=part)
    found = finder.discover(studio.generator, source, _part(tell, SHARE_OF_BANK if source else 0.0, 1.0))
    if renders and finder.needs == "pairs":
        found = [in_units(direction, renders) for direction in found]
    if getattr(finder, "wish", ""):
        found = [in_steps(direction, finder.wish) for direction in found]  # type: ignore[attr-defined]
    if not getattr(finder, "attribute", "") and finder.needs == "nothing" and len(found) > 1:
        found = named(studio, found, scorers)
    if save:
        keep(studio, found)
    return found


def keep(studio: Studio, directions: Sequence[Direction]) -> list[Path]:
    """Write directions into the lab."""
    from latentlab.directions.library import save_direction

    return [save_direction(direction, directions_folder(studio)) for direction in directions]


def directions_folder(studio: Studio) -> Path:
    """Where the lab keeps its own directions."""
    return Path(studio.home) / "directions"


def default_guides(studio: Studio) -> list[Scorer]:
    """What discovery may see: the guide, never the judge."""
    from latentlab.studio.companions import guide

    return [guide(studio)]


def filled_bank(
    studio: Studio, scorers: Sequence[Scorer], samples: int, *, psi: float = 1.0, engine: str = "local", watch: Watch | None = None
) -> Bank:  # fmt: skip
    """The bank of these scorers on this network, extended to so many samples; kept under `HOME/banks`."""
    from latentlab.scorers.bank import Bank, bank_key

    if samples < 1:
        raise BadInput(f"{samples} samples are none; ask for some thousands: --samples 20000")
    key = bank_key(studio.generator, scorers, psi=psi)
    bank = Bank.open(bank_folder(studio, key), key, scorers)
    bank.extend(samples, studio.generator, scorers, engine=engine, watch=studio.tell(watch))
    return bank


def bank_folder(studio: Studio, key: BankKey) -> Path:
    """Where the lab keeps the bank of this key."""
    mark = "-".join([key.model[:12], *(each[:8] for each in key.scorers), f"psi{key.psi:g}"])
    return Path(studio.home) / "banks" / mark


def pairs_of(
    studio: Studio, before: Sequence[Path | str], after: Sequence[Path | str], renders: str = "", count: int = 32,
    watch: Watch | None = None,
) -> Source:  # fmt: skip
    """Pictures, folders of them or latents inverted before, or renders of the face world, as pairs in W+."""
    from latentlab.studio.pairs import Counterfactual, photo_pairs, rendered_pairs

    if not renders:
        return photo_pairs(studio, before, after)
    if before or after:
        raise BadInput("--renders makes its own pictures; leave --before and --after out, or --renders")
    return rendered_pairs(studio, Counterfactual.parse(renders), count, watch)


def _wished(
    studio: Studio,
    finder: Discoverer,
    scorers: Sequence[Scorer] | None,
    others: Sequence[object],
    watch: Watch,
) -> Source:
    """The pairs of a wish of the face world, for a method that has one."""
    from latentlab.studio.discovery.counterfactuals import wished_pairs
    from latentlab.world.counterfactuals import find_wish

    name = getattr(finder, "wish", "")
    if not name:
        return None
    wish = find_wish(name)
    if others:
        raise BadInput(
            "a wish renders its own pictures; leave --before, --after and --renders out, or --wish"
        )
    judges = list(scorers) if scorers is not None else default_guides(studio)
    return wished_pairs(studio, wish, finder.people, judges, watch=watch)  # type: ignore[attr-defined]


def in_steps(direction: Direction, name: str) -> Direction:
    """A direction that was taught a wish: its step is the wish's, and its story has the definition."""
    from latentlab.scorers.targets import NAMES, UNITS
    from latentlab.world.counterfactuals import find_wish

    wish = find_wish(name)
    units = dict(zip(NAMES, UNITS, strict=True))
    story = dict(direction.story) | {"wish": wish.name, "meaning": wish.meaning}
    story |= {"attribute": wish.attribute} if wish.attribute else {}
    return replace(direction, unit=units.get(wish.attribute, "share"), step=wish.step, story=story)


def in_units(direction: Direction, renders: str) -> Direction:
    """A direction from rendered pairs, whose change is known: one step is that change."""
    from latentlab.studio.pairs import Counterfactual

    wanted = Counterfactual.parse(renders)
    story = dict(direction.story) | {"renders": renders}
    return replace(direction, unit=wanted.unit, step=abs(wanted.change), story=story)


def named(
    studio: Studio, found: Sequence[Direction], scorers: Sequence[Scorer] | None = None, samples: int = 50
) -> list[Direction]:
    """Components labelled with what they change, doubles merged; unlabelled where no scorer is at hand."""
    from latentlab.metrics.leakage import Evaluate
    from latentlab.metrics.naming import name_components

    try:
        judges = list(scorers) if scorers is not None else default_guides(studio)
    except MissingPart as error:
        warnings.warn(f"the components stay without names: {error}", stacklevel=2)
        return list(found)
    method = Evaluate(samples=samples, strengths=(-1.0, 0.0, 1.0), first_seed=0)
    stretched = [unit_step(direction, studio) for direction in found]
    responses = [method.respond(studio.generator, direction, judges) for direction in stretched]
    return [component.direction for component in name_components(stretched, responses)]


def unit_step(direction: Direction, studio: Studio) -> Direction:
    """A unit-length component stretched to one standard deviation of w along it, so that one step is to be seen."""
    if direction.unit != "unit length":
        return direction
    import torch

    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        w = studio.generator.map(
            torch.randn(2000, studio.generator.z_width, generator=draw).to(studio.place)
        ).cpu()
    spread = float((w @ direction.vector.cpu()).std())
    return replace(direction, vector=direction.vector * spread, unit="sd")


def _check_attributes(finder: Discoverer, scorers: Sequence[Scorer]) -> None:
    """Unknown attributes are refused before a bank is filled for them."""
    known = [name for scorer in scorers for name in scorer.names]
    wanted = [getattr(finder, "attribute", "all"), *getattr(finder, "keep", ()), *getattr(finder, "hold", ())]
    for name in wanted:
        if name not in known and name != "all":
            raise unknown("attribute", name, known)


def _part(watch: Watch, start: float, end: float) -> Watch:
    """A watch for a stretch of the whole work."""

    def tell(done: float, text: str = "", image: object = None) -> None:
        watch(start + (end - start) * done, text)

    return tell


def import_file(studio: Studio, path: Path | str, name: str = "") -> list[Direction]:
    """Directions from a published file, checked against this network's width and kept in the lab."""
    from latentlab.directions.exchange import import_directions

    found = [
        replace(d, model=studio.generator.hash)
        for d in import_directions(path, name, studio.generator.w_width)
    ]
    for direction in found:
        if direction.vector.ndim == 2 and len(direction.vector) != studio.generator.layers:
            raise BadInput(
                f"{Path(path).name} is for a network with {len(direction.vector)} layers, this one has {studio.generator.layers}"
            )
    keep(studio, found)
    return found
