"""What a command is: a frozen dataclass whose fields are its flags and whose one verb is `run`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.core.ranges import Seed

if TYPE_CHECKING:
    from latentlab.cli.session import Session


class Command(ABC):
    """A dataclass; its docstring is the text above its flags in `--help`."""

    examples: ClassVar[tuple[str, ...]] = ()
    """Shown below the flags in `--help`."""
    family: ClassVar[str] = ""
    """The family of methods that the field `method` chooses from; the method's fields become flags as well."""
    aliases: ClassVar[dict[str, str]] = {}
    """Other spellings of flags, for people who come from other tools; not shown in `--help`."""

    @abstractmethod
    def run(self, session: Session) -> int | None:
        """Do it; the exit code is 0 unless one is returned."""


def flag(help: str, metavar: str | None = None, *aliases: str) -> object:
    """How a flag is shown."""
    return tyro.conf.arg(help=help, metavar=metavar, aliases=aliases or None)


@dataclass(frozen=True)
class Common:
    """Flags of every command (their help is in the annotation, since a command may take one over)."""

    network: Annotated[
        str,
        flag(
            "The network: a name that 'latentlab models list' shows, or any weight file we read; auto is the package's own.",
            "NAME|FILE",
        ),
    ] = "auto"
    device: Annotated[str, flag("Where to compute; auto is the GPU if there is one.", "auto|cpu|cuda")] = (
        "auto"
    )
    seed: Annotated[Seed, flag("Makes everything random repeatable.", "N")] = 0
    home: Annotated[str, flag("The folder that keeps inversions, directions and score banks.", "FOLDER")] = (
        "lab"
    )
    json: Annotated[bool, flag("JSON on stdout (an object, or one on each line), all else on stderr.")] = (
        False
    )
    quiet: Annotated[bool, flag("Print nothing but errors and what was asked for.", None, "-q")] = False


def count(number: int, noun: str) -> str:
    """`1 picture`, `4 pictures`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
