"""What every discovery method is: a frozen dataclass whose verb turns a generator and a bank into directions."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.generator import Generator
from latentlab.core.latent import Space
from latentlab.core.pairs import LatentPairs
from latentlab.core.ranges import Count, check
from latentlab.core.watch import Watch, silent
from latentlab.scorers.bank import Bank, Samples

LEAST_SAMPLES = 10
Source = Bank | LatentPairs | None
"""What a method learns from."""


@dataclass(frozen=True)
class Discoverer(ABC):
    """A method of discovery; its fields are its hyperparameters."""

    needs: ClassVar[Literal["bank", "pairs", "nothing"]] = "bank"
    """What kind of source `discover` must be given."""

    def __post_init__(self) -> None:
        check(self)

    @abstractmethod
    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        """The directions found; vectors are scaled so that strength 1 is one `step` of `unit`."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """What the scorers of its bank must read, for the check before a bank is filled."""
        return ()

    @property
    def bank_size(self) -> int:
        """How many samples the method reads from a bank."""
        return 0


@dataclass(frozen=True)
class Supervised(Discoverer):
    """Learns one attribute from the samples of a score bank."""

    attribute: str = "smile"
    """What to learn; any name the scorers know."""
    samples: Count = 20000
    """How many samples of the bank to read."""

    @property
    def attributes(self) -> tuple[str, ...]:
        return (self.attribute,)

    @property
    def bank_size(self) -> int:
        return self.samples


def need_bank(source: Source) -> Bank:
    """The bank, or one line that says it is missing."""
    if not isinstance(source, Bank):
        raise MissingPart(
            "this method learns from a score bank, and none was given; see: latentlab discover `help`"
        )
    return source


def supervised_samples(bank: Bank, names: tuple[str, ...], samples: int, width: int) -> Samples:
    """Samples of the bank, checked: known attributes, more samples than dimensions, scores that vary."""
    check_size(samples, width)
    found = bank.read(samples)
    for name in names:
        check_scores(name, found.column(name))
    return found


def check_size(samples: int, width: int) -> None:
    """One line below ten samples; a note where a fit of so few has to lean on its penalty."""
    if samples < LEAST_SAMPLES:
        raise BadInput(
            f"{samples} samples cannot fix {width} dimensions; at least {LEAST_SAMPLES}: `samples` {10 * width}"
        )
    if samples <= width:
        warnings.warn(
            f"{samples} samples for {width} dimensions: the fit is regularised so much the more; "
            f"better ask for {10 * width}",
            stacklevel=2,
        )


def check_scores(name: str, scores: Tensor) -> None:
    """One line unless the scores are numbers and vary."""
    if not torch.isfinite(scores).all():
        raise BadInput(f"some scores of '{name}' are not numbers; delete the bank, it will be made again")
    if float(scores.std()) < 1e-6:
        raise BadInput(
            f"all {len(scores)} samples score the same in '{name}' ({float(scores[0]):.3g}); nothing can be learned; "
            "take another attribute, or a network that shows it"
        )


def w_direction(
    name: str, vector: Tensor, unit: str, step: float, generator: Generator, found_by: str, **story: object
) -> Direction:
    """A direction in W with its provenance."""
    return Direction(
        name,
        Space.W,
        vector.float().cpu(),
        unit=unit,
        step=step,
        model=generator.hash,
        found_by=found_by,
        story=story,
    )
