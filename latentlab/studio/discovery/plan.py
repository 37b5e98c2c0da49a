"""The recipe of a direction library: which directions, by which method, what each holds fixed, what a step means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.errors import BadInput, unknown
from latentlab.core.ranges import Count, MeasuredSamples, Psi, SamplesOrNone, Share, Step, Strength
from latentlab.core.ranges import check as check_ranges
from latentlab.metrics.columns import LEAST_FACES
from latentlab.store.home import asset, check_name
from latentlab.store.table import Table

if TYPE_CHECKING:
    from latentlab.core.scorer import Scorer


@dataclass(frozen=True)
class Wanted:
    """One direction of the library."""

    name: str
    step: Step
    """By how many units strength 1 moves the attribute."""
    attribute: str = ""
    """As the scorers call it; the direction's own name if empty."""
    method: str = "joint"
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the method other than attribute, name, samples and hold."""
    free: tuple[str, ...] = ()
    """Attributes that may come along: they belong to this one (grey hair to age)."""
    side: str = "both"
    """`up` for what a face has or has not: calibrated and judged on faces that lack it."""
    layers: tuple[int, int] | None = None
    """First and last layer it acts on; the others keep what the scorers do not see, such as the hue of a background."""
    calibrate: str = "guide"
    """`guide` stretches the direction until the guide reads `step` on fresh faces; `truth` keeps the length that true pictures
    taught, where a step is what was rendered, unless the guide reads less than the recipe's `least_read` of a step or more
    than one (never shorter with `side = "up"`): nearer to the truth, and read as a little less."""
    least_read: Share | None = None
    """In place of the recipe's, for what few faces can have (beards): 0 keeps the length that the truth taught."""
    least_reached: Share | None = None
    """In place of the recipe's."""
    least_works: Share | None = None
    """In place of the recipe's."""
    limits: tuple[Strength, Strength] = (-4.0, 4.0)
    """Strengths beyond which the span never goes, however good pictures look."""

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def target(self) -> str:
        """The attribute's name."""
        return self.attribute or self.name


@dataclass(frozen=True)
class LibraryRecipe:
    """Every direction of a library, and how much is spent on it."""

    direction: tuple[Wanted, ...]
    hold: tuple[str, ...] = ()
    """What every direction holds fixed, but for itself and its `free` attributes; empty is every attribute."""
    samples: Count = 20_000
    """Samples of the score bank."""
    psi: Psi = 1.0
    """Truncation of the bank's samples."""
    calibration: Count = 64
    """Faces on which steps are calibrated and spans found."""
    faces: MeasuredSamples = 200
    """Fresh faces for the judge."""
    dlib: SamplesOrNone = 24
    """Fresh faces on which dlib looks for the face at every strength; 0 leaves it out."""
    least_read: Share = 0.8
    """With `calibrate = "truth"`: where the guide reads a smaller share of a step than this, the direction is made longer."""
    least_reached: Share = 0.5
    """A direction whose median step, as the judge reads it, is a smaller share of what it promises is left out."""
    least_works: Share = 0.6
    """A direction that gives fewer faces half of the promised step is left out."""

    def least(self, wanted: Wanted, name: str) -> float:
        """`least_read`, `least_reached` or `least_works` as it holds for one direction."""
        own = getattr(wanted, name)
        return float(getattr(self, name) if own is None else own)

    def __post_init__(self) -> None:
        check_ranges(self)
        names = [wanted.name for wanted in self.direction]
        for name in names:
            if names.count(name) > 1:
                raise BadInput(f"the recipe has two directions called '{name}'; give each its own name")
        if self.faces < LEAST_FACES:
            raise BadInput(f"{self.faces} faces are too few to judge by; at least {LEAST_FACES}: faces = 200")
        for wanted in self.direction:
            if wanted.calibrate not in {"guide", "truth"}:
                raise BadInput(
                    f"the direction '{wanted.name}' is calibrated by guide or truth, not by {wanted.calibrate}"
                )
            if wanted.step <= 0 or wanted.side not in {"both", "up"} or wanted.limits[0] > wanted.limits[1]:
                raise BadInput(
                    f"the direction '{wanted.name}' needs a step above 0, the side both or up, and limits that rise; "
                    f"these are {wanted.step:g}, {wanted.side}, {wanted.limits}"
                )


def load_recipe(path: Path | str | None = None) -> LibraryRecipe:
    """A recipe's file; the one that ships without a path."""

    return Table.load(path or asset("recipes/directions.toml")).make(LibraryRecipe)


def choose(recipe: LibraryRecipe, only: Sequence[str]) -> list[Wanted]:
    by_name = {wanted.name: wanted for wanted in recipe.direction}
    for name in only:
        if name not in by_name:
            raise unknown("direction of the recipe", name, by_name)
    return [by_name[name] for name in only or by_name]


def check(
    recipe: LibraryRecipe, wanted: Sequence[Wanted], guides: Sequence[Scorer], judges: Sequence[Scorer]
) -> None:
    """Everything a recipe can have wrong, before anything is rendered."""

    for scorers in (guides, judges):
        known = [name for scorer in scorers for name in scorer.names]
        for name in [*recipe.hold, *(name for one in wanted for name in (one.target, *one.free))]:
            if name not in known:
                raise unknown("attribute", name, known)
    for one in wanted:
        check_name(one.name)
        method = finder(one, recipe, [name for scorer in guides for name in scorer.names])
        if one.calibrate == "truth" and method.needs != "pairs":
            raise BadInput(
                f"the direction '{one.name}' is found by {one.method}, which knows no truth; leave calibrate out"
            )


def finder(wanted: Wanted, recipe: LibraryRecipe, names: Sequence[str]) -> Any:
    """The method of one direction, its fields checked; `names` are the attributes of the bank."""
    from latentlab.directions import DISCOVERERS

    kind = DISCOVERERS[wanted.method]
    own = {"attribute": wanted.target, "name": wanted.name, "samples": recipe.samples}
    fields = dict(wanted.fields) | {
        name: value for name, value in own.items() if name in kind.__dataclass_fields__
    }
    if "layers" in kind.__dataclass_fields__:  # it learns on the layers and the faces that it will be used on
        fields |= {"layers": wanted.layers}
    if "side" in kind.__dataclass_fields__:
        fields |= {"side": wanted.side}
    if "wish" in kind.__dataclass_fields__:
        fields.setdefault("wish", wanted.name)
    if "hold" in kind.__dataclass_fields__:
        held = recipe.hold or names
        fields.setdefault("hold", [name for name in held if name not in (wanted.target, *wanted.free)])
    return Table(wanted.name, fields).make(kind)
