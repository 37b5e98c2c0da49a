"""Discovery as a task: a bank where the method needs one, the directions found, their names, their files."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart, unknown
from latentlab.core.ranges import ClassNumber, Count, Psi, Seed, check
from latentlab.core.watch import Watch, part, silent
from latentlab.directions import DISCOVERERS
from latentlab.directions.counterfactual import Counterfactual as WishMethod
from latentlab.directions.discoverer import Discoverer, Source, check_size
from latentlab.directions.joint import Joint
from latentlab.scorers.own import own_scorers
from latentlab.studio.discovery.labels import fitted, labelled_bank
from latentlab.studio.discovery.pairs import Counterfactual, photo_pairs, rendered_pairs
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.directions import directions_folder
from latentlab.studio.shelf.networks import of_class

if TYPE_CHECKING:
    from latentlab.core.scorer import Scorer
    from latentlab.scorers.bank import Bank, BankKey

SHARE_OF_BANK = 0.9
"""Of the progress bar, when a bank has to be filled first."""
SHARE_OF_SEARCH = 0.2
"""Of the progress bar, when what was found has to be named as well."""
LAST_BANK = 1_500_000_000
"""From here on seeds belong to calibration, selection and judging."""


@dataclass(frozen=True)
class Discover:
    """How directions are looked for."""

    method: Discoverer = field(default_factory=Joint)
    before: tuple[Path | str, ...] = ()
    """For methods that learn from pairs: pictures, folders of them or inverted faces before the change."""
    after: tuple[Path | str, ...] = ()
    """The same after it, in the same order."""
    renders: str = ""
    """Instead of pictures: rendered faces that differ in one factor alone, `age=20`."""
    pairs: Count = 32
    """How many of those."""
    psi: Psi = 1.0
    """Truncation of the samples in the bank."""
    engine: str = "local"
    """Where the bank is filled: local or ray."""
    save: bool = True
    """Keep what is found under `HOME/directions`."""
    labels: Path | str = ""
    """A table (CSV or Parquet) of your own labels instead of scores: seed or file, and any columns."""
    scorers: tuple[str, ...] = ()
    """Scorers of your own beside or instead of the guide: NAME=MODULE:FUNCTION, NAME=FILE.pt or NAME=FILE.onnx."""
    first_seed: Seed = 0
    """The bank's first sample: another one is another bank."""
    class_: ClassNumber | None = None
    """The class of all samples; needed by conditional networks."""

    def __post_init__(self) -> None:
        check(self)


def discover(
    studio: Lab, request: Discover, scorers: Sequence[Scorer] | None = None, watch: Watch | None = None
) -> list[Direction]:
    """Find directions; `scorers` defaults to the guide."""
    with of_class(studio.generator, request.class_):
        return _kept(studio, request, _discover(studio, request, scorers, studio.tell(watch)))


def _discover(
    studio: Lab, request: Discover, scorers: Sequence[Scorer] | None, tell: Watch
) -> list[Direction]:
    finder = request.method
    if request.scorers and scorers is None:
        scorers = own_scorers(request.scorers)
    if request.labels:
        bank = labelled_bank(studio, request.labels, _labels_of(finder), request.psi)
        return fitted(finder, bank).discover(studio.generator, bank, tell)
    source = _source(studio, request, scorers, part(tell, 0, SHARE_OF_BANK))
    many = finder.needs == "nothing"  # components, of which nobody knows yet what they change
    begun, over = SHARE_OF_BANK if source else 0.0, SHARE_OF_SEARCH if many else 1.0
    found = finder.discover(studio.generator, source, part(tell, begun, over))
    if request.renders and finder.needs == "pairs":
        found = [in_units(direction, request.renders) for direction in found]
    if isinstance(finder, WishMethod) and finder.wish:
        found = [in_steps(direction, finder.wish) for direction in found]
    if many and len(found) > 1:
        found = named(studio, found, scorers, watch=part(tell, over, 1.0))
    return found


def _kept(studio: Lab, request: Discover, found: list[Direction]) -> list[Direction]:
    if request.save:
        keep(studio, found)
    return found


def _labels_of(finder: Discoverer) -> tuple[str, ...]:
    """The columns that a method learns from; it has to be one that learns from a bank, and to name them."""
    if finder.needs != "bank" or "all" in finder.attributes or not finder.attributes:
        raise BadInput(
            "labels teach a method that learns one attribute from a bank: `method` regression with its `attribute`"
        )
    return tuple(dict.fromkeys(finder.attributes))


def choose_discovery(method: str | Discoverer | Discover = "joint", **fields: Any) -> Discover:
    """A method by name, its fields and those of the request told apart."""
    if isinstance(method, Discover):
        return method
    own = {part.name for part in dataclass_fields(Discover)} - {"method"}
    shared = {name: fields.pop(name) for name in own & set(fields)}
    finder = DISCOVERERS.build(method, **fields) if isinstance(method, str) else method
    return Discover(finder, **shared)


def _source(studio: Lab, request: Discover, scorers: Sequence[Scorer] | None, watch: Watch) -> Source:
    """What the method learns from: a filled bank, pairs, or nothing."""
    finder = request.method
    if finder.needs == "bank":
        judges = list(scorers) if scorers is not None else default_guides(studio)
        _check_attributes(finder, judges)
        if finder.bank_size:
            check_size(finder.bank_size, studio.generator.w_width)
        return filled_bank(
            studio,
            judges,
            finder.bank_size,
            psi=request.psi,
            engine=request.engine,
            first_seed=request.first_seed,
            watch=watch,
        )
    if finder.needs == "pairs":
        others = (*request.before, *request.after, *([request.renders] if request.renders else ()))
        wished = _wished(studio, finder, scorers, others, watch)
        return wished or pairs_of(
            studio, request.before, request.after, request.renders, request.pairs, watch=watch
        )
    return None


def keep(studio: Lab, directions: Sequence[Direction]) -> list[Path]:
    """Write directions into the lab."""
    from latentlab.directions.library import save_direction

    return [save_direction(direction, directions_folder(studio)) for direction in directions]


def default_guides(studio: Lab) -> list[Scorer]:
    """What discovery may see: the guide, never the judge; MissingPart where a network is not known to draw faces."""
    from latentlab.studio.discovery.draws_faces import check_faces
    from latentlab.studio.shelf.companions import guide

    check_faces(studio)
    return [guide(studio)]


def filled_bank(
    studio: Lab, scorers: Sequence[Scorer], samples: int, *, psi: float = 1.0, engine: str = "local", first_seed: int = 0,
    watch: Watch | None = None,
) -> Bank:  # fmt: skip
    """The bank of these scorers on this network, extended to so many samples; kept under `HOME/banks`."""
    from latentlab.scorers.bank import Bank, bank_key

    if samples < 1:
        raise BadInput(f"{samples} samples are none; ask for some thousands: `samples` 20000")
    if not 0 <= first_seed < LAST_BANK:
        raise BadInput(f"a bank begins at a seed from 0 to {LAST_BANK - 1}, not {first_seed}")
    key = bank_key(studio.generator, scorers, first_seed, psi)
    bank = Bank.open(bank_folder(studio, key), key, scorers)
    bank.extend(samples, studio.generator, scorers, engine=engine, watch=studio.tell(watch))
    return bank


def bank_folder(studio: Lab, key: BankKey) -> Path:
    """Where the lab keeps the bank of this key."""
    mark = "-".join([key.model[:12], *(each[:8] for each in key.scorers), f"psi{key.psi:g}"])
    mark += f"-from{key.first_seed}" if key.first_seed else ""
    mark += "" if key.class_ is None else f"-class{key.class_}"
    return Path(studio.home) / "banks" / mark


def pairs_of(
    studio: Lab, before: Sequence[Path | str], after: Sequence[Path | str], renders: str = "", count: int = 32,
    watch: Watch | None = None,
) -> Source:  # fmt: skip
    """Pictures, folders of them or latents inverted before, or renders of the face world, as pairs in W+."""

    if not renders:
        return photo_pairs(studio, before, after)
    if before or after:
        raise BadInput("`renders` makes its own pictures; leave `before` and `after` out, or `renders`")
    return rendered_pairs(studio, Counterfactual.parse(renders), count, watch)


def _wished(
    studio: Lab,
    finder: Discoverer,
    scorers: Sequence[Scorer] | None,
    others: Sequence[object],
    watch: Watch,
) -> Source:
    """The pairs of a wish of the face world, for a method that has one."""
    from latentlab.studio.discovery.counterfactuals import wished_pairs
    from latentlab.world.counterfactuals import find_wish

    if not isinstance(finder, WishMethod) or not finder.wish:
        return None
    wish = find_wish(finder.wish)
    if others:
        raise BadInput(
            "a wish renders its own pictures; leave `before`, `after` and `renders` out, or `wish`"
        )
    judges = list(scorers) if scorers is not None else default_guides(studio)
    return wished_pairs(studio, wish, finder.people, judges, watch=watch)


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

    wanted = Counterfactual.parse(renders)
    story = dict(direction.story) | {"renders": renders}
    return replace(direction, unit=wanted.unit, step=abs(wanted.change), story=story)


def named(
    studio: Lab,
    found: Sequence[Direction],
    scorers: Sequence[Scorer] | None = None,
    samples: int = 50,
    watch: Watch = silent,
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
    responses = []
    for number, direction in enumerate(stretched):
        watch(number / len(stretched), f"naming {direction.name}")
        responses.append(method.respond(studio.generator, direction, judges))
    return [component.direction for component in name_components(stretched, responses)]


def unit_step(direction: Direction, studio: Lab) -> Direction:
    """A unit-length component stretched to one standard deviation of w along it, so that one step is to be seen."""
    if direction.unit != "unit length":
        return direction

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
    for name in finder.attributes:
        if name not in known:
            raise unknown("attribute", name, known)
