"""What every conditional baseline is: a frozen dataclass that builds its networks, says how they learn, and edits faces."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from latentlab.core.errors import BadInput, MissingPart, unknown
from latentlab.core.ranges import check
from latentlab.core.shapes import Images
from latentlab.networks.build import build
from latentlab.training.phase import Moment
from latentlab.training.trainable import Networks, Trainable

if TYPE_CHECKING:
    from latentlab.data.batches import Batch
    from latentlab.world.render import Renderer


@dataclass(frozen=True)
class Grant:
    """A wish that a method can grant."""

    unit: str
    """In words: years, 0..1, or what happens."""
    low: float = 1.0
    high: float = 1.0
    default: float = 1.0
    reference: bool = False
    """Whether it needs another picture: whose makeup."""
    alone: bool = True
    """Whether it can be asked for without another wish."""


@dataclass(frozen=True, eq=False)
class Wish:
    """How much of it, or whose."""

    value: float | None = None
    """In the grant's unit; None takes its default."""
    reference: Images | None = None
    """[1 3 s s], aligned."""


Wishes = Mapping[str, Wish]
Blueprint = tuple[str, dict[str, Any]]
"""Kind and arguments of a network, as `networks.build` takes them."""


@dataclass(frozen=True, eq=False)
class Edited:
    """Faces after an edit."""

    images: Images
    heat: Tensor | None = None
    """[n 1 h w]: where the method looked, if it can say."""


SHOWN = "shown"


@torch.no_grad()
def leave(moment: Moment, *columns: Images) -> None:
    """Leave a sheet to look at: pictures of up to four samples, one row each."""
    rows = torch.cat([column[:4].detach() for column in columns], dim=3)  # [n 3 h w·columns]
    moment.handed[SHOWN] = torch.cat(list(rows), dim=1)


@dataclass(frozen=True)
class Baseline(Trainable):
    """A published system; its fields are its hyperparameters, `published` is the default, `world` fits two cores."""

    size: int = 256
    """Side of the pictures it learns from and answers with."""
    width: int = 64
    """Channels of its first layer; all others follow."""
    rate: float = 2e-4
    """Learning rate of Adam."""
    momentum: float = 0.5
    """Adam's β1."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 computes convolutions and linear layers in bfloat16 while learning (autocast)."""

    title: ClassVar[str]
    """Authors and year."""
    layout: ClassVar[str]
    """Name of the reader whose layout its paper used."""
    acting: ClassVar[tuple[str, ...]]
    """Networks that an edit needs; they make up the file."""
    published_batch: ClassVar[int] = 1
    world_batch: ClassVar[int] = 4
    """Images in a step on the face world."""
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"published": {}}

    def __post_init__(self) -> None:
        check(self)
        if self.size < 16 or self.width < 1:
            raise BadInput(
                f"a picture of {self.size} pixels or {self.width} channels is too small to learn from"
            )
        if not 0 < self.rate < 1:
            raise BadInput(f"a learning rate of {self.rate:g} cannot be followed; choose one between 0 and 1")

    @classmethod
    def preset(cls, name: str, **changes: object) -> Self:
        """The method with a preset's settings, and these changes."""
        if name not in cls.presets:
            raise unknown("preset", name, cls.presets)
        known = cls.__dataclass_fields__
        for setting in changes:
            if setting not in known:
                raise unknown("setting", setting, known)
        return cls(**{**cls.presets[name], **changes})

    @property
    def autocast(self) -> bool:
        """Whether its layers compute in bfloat16 while it learns."""
        return self.precision == "bf16"

    @abstractmethod
    def blueprints(self) -> Mapping[str, Blueprint]:
        """The networks that it consists of."""

    def beside(self) -> Networks:
        """Networks of no file: buffers, and frozen ones that losses look through."""
        return {}

    def networks(self) -> Networks:
        first = int(torch.randint(2**31, ()))
        made: Networks = {
            name: build(kind, arguments, None, first + place, trainable=True)
            for place, (name, (kind, arguments)) in enumerate(self.blueprints().items())
        }
        return made | self.beside()

    @property
    @abstractmethod
    def grants(self) -> Mapping[str, Grant]:
        """The wishes it can grant."""

    @abstractmethod
    def edit(self, networks: Networks, faces: Images, wishes: Wishes) -> Edited:
        """Faces [n 3 size size] in [-1, 1] as wished for; the wishes were checked by `granted`."""

    @abstractmethod
    def draw(self, renderer: Renderer, numbers: Sequence[int], seed: int) -> Batch:
        """Training samples of these numbers, rendered."""

    def picture(self, networks: Networks, handed: Mapping[str, Any]) -> Tensor | None:
        return handed.get(SHOWN)

    def parts(self, networks: Networks) -> Mapping[str, str]:
        """None in files of their own: a baseline is one file (`baselines.files`)."""
        return {}

    def from_reader(self, batch: Batch) -> Batch:
        """What a reader of its layout hands out, as it learns from it."""
        return batch

    def optimizers(self, networks: Networks) -> Mapping[str, Optimizer]:
        learners = sorted({name for phase in self.phases(networks) for name in phase.learners})
        betas = (self.momentum, 0.999)
        return {name: Adam(networks[name].parameters(), lr=self.rate, betas=betas) for name in learners}

    @property
    def picture_size(self) -> int:
        """Side of the pictures that it learns from and edits."""
        return self.size


def granted(method: Baseline, name: str, wishes: Wishes) -> dict[str, Wish]:
    """The wishes with defaults filled in; BadInput for one that the method cannot grant."""
    grants = method.grants
    for wanted in wishes:
        if wanted not in grants:
            others = ", ".join(who for who in able(wanted) if who != name)
            hint = f"; try: {others}" if others else ""
            raise BadInput(f"{name} cannot grant '{wanted}'; it can: {', '.join(grants)}{hint}")
    if not any(grants[wanted].alone for wanted in wishes):
        raise BadInput(f"nothing is wished for; {name} can grant: {', '.join(grants)}")
    return {wanted: _filled(wanted, wish, grants[wanted]) for wanted, wish in wishes.items()}


def _filled(name: str, wish: Wish, grant: Grant) -> Wish:
    if grant.reference and wish.reference is None:
        raise MissingPart(f"'{name}' needs another face as its reference; write {name}=PHOTO")
    value = grant.default if wish.value is None else wish.value
    if not grant.low <= value <= grant.high:  # also false for NaN
        allowed = f"{grant.low:g}" if grant.low == grant.high else f"{grant.low:g} to {grant.high:g}"
        raise BadInput(f"{name}={value:g} is out of range; give {allowed} ({grant.unit})")
    return Wish(value, wish.reference)


def able(wish: str) -> list[str]:
    """The baselines that can grant a wish once they are trained on the face world."""
    from latentlab.baselines import BASELINES

    learnt = {
        name: method.preset("world" if "world" in method.presets else "published")
        for name, method in BASELINES.items()
    }
    return [name for name, method in learnt.items() if wish in method.grants]
