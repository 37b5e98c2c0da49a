"""Errors a user can mend: each message says what is wrong, what was seen and what to do, in one line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from latentlab.core.text import escaped

FIELD = re.compile(r"`([a-z][a-z0-9_]*)(=False)?`")
"""How a message names a field of a request or an argument: `min_identity`; the command line makes flags of these."""


class LatentLabError(Exception):
    """Base of every error that the user's input can cause; the command line turns it into exit code 2."""

    @property
    def kind(self) -> str:
        """What sort of trouble it is, in words: failures of a long run are counted by it."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(self).__name__).lower()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the message speaks of, as Python calls them."""
        return tuple(dict.fromkeys(name for name, _ in FIELD.findall(str(self))))

    def __str__(self) -> str:
        """On one line, whatever the files that it speaks of have put into it."""
        return escaped(" ".join(super().__str__().split()))


class BadFile(LatentLabError):
    """A file is missing, truncated, foreign, malicious, or not what its name says."""


class MissingFile(BadFile):
    """There is no file of this name."""


class EmptyFile(BadFile):
    """A file without content."""


class NoPicture(BadFile):
    """A file of another kind than a picture."""


class DamagedPicture(BadFile):
    """A picture that ends too early or cannot be decoded."""


class TooLarge(BadFile):
    """More bytes or pixels than are read."""


class BadInput(LatentLabError):
    """A value given by the user is outside what is possible."""


class BadWeights(BadFile):
    """A weight file was read, but its tensors are not those of the network it describes."""


class NoFace(LatentLabError):
    """No face, or not the one asked for, was found in a photo."""


class SeveralFaces(NoFace):
    """A photo shows several faces, and none was chosen."""


class SideView(NoFace):
    """The only face of a photo is seen from the side."""


class SpaceMismatch(LatentLabError):
    """A latent and what should act on it live in different spaces."""


class UnknownName(LatentLabError):
    """A name that no registry, library or scorer knows."""


class WrongGenerator(LatentLabError):
    """A latent, direction, pivot or bank belongs to another network."""


class Memorised(LatentLabError):
    """A generator draws somebody it learnt from; such a network is not shipped."""


class MissingPart(LatentLabError):
    """An optional library, a model file or a device is not at hand."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """The error for an unknown name: suggests the nearest known one and lists them all."""
    names = sorted(known)
    nearest = get_close_matches(name, names, n=1)
    hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
    return UnknownName(f"no {kind} is called '{name}'{hint} (known: {', '.join(names) or 'none'})")
