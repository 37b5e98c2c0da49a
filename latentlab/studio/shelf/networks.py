"""A name or a weight file of any kind to a generator: the bridge reads it, `networks` builds it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.generator import Generator
from latentlab.store import bridge
from latentlab.store.bridge.foreign import Foreign
from latentlab.studio.shelf.children import is_child, read_child
from latentlab.studio.shelf.finding import find
from latentlab.studio.shelf.pool import Pool, file_key

GENERATORS = ("G_ema", "G")
"""The parts of a file that make pictures, the better one first."""
PARTS = (*GENERATORS, "D", "encoder")


def load_generator(
    name: str | Path, device: torch.device | str = "cpu", home: str | Path = "lab", pool: Pool | None = None
) -> Generator:
    """The generator of a name or a weight file (the averaged one, G_ema, where there is one), loaded once in a pool."""
    path = find(name, home)

    def load() -> Generator:
        parts = read(path, GENERATORS, home)
        chosen = next(parts[part] for part in GENERATORS if part in parts)
        tell_notes(path, chosen)
        module = make(chosen)
        if not isinstance(module, Generator):
            raise BadFile(f"{path} holds no generator; name another file")
        return module.to(device)

    return load() if pool is None else pool.get(("generator", file_key(path), str(device)), load)


def read(path: Path, parts: tuple[str, ...] = PARTS, home: str | Path = "lab") -> dict[str, Foreign]:
    """The parts of a weight file of any format, nothing executed; a child's difference is added to its parent."""

    if is_child(path):
        return read_child(path, home)
    return bridge.read(path, parts)


def tell_notes(path: Path, part: Foreign) -> None:
    """Say what reading a file had to assume, compute or draw anew; loaded once, said once."""
    for note in part.notes:
        warnings.warn(f"{path.name}: {note}", stacklevel=3)


def make(foreign: Foreign) -> nn.Module:
    """The module of one part."""
    from latentlab.networks import build

    return build(foreign.kind, foreign.arguments, foreign.tensors)


@contextmanager
def of_class(generator: Generator, number: int | None) -> Iterator[None]:
    """Within it, every sample of a conditional network is of this class; BadInput where it has no such class."""
    if number is not None:
        one_hot(generator, number)
    before, generator.standing_class = generator.standing_class, number
    try:
        yield
    finally:
        generator.standing_class = before


def one_hot(generator: Generator, number: int | None, count: int = 1) -> Tensor | None:
    """The class label as the network wants it, [count classes]; None for an unconditional network."""
    classes = generator.condition_width
    if number is None:
        if classes:
            raise BadInput(
                f"this network is conditional: choose one of its {classes} classes with `class_` 0 to {classes - 1}"
            )
        return None
    if not classes:
        raise BadInput(f"this network has no classes, but `class_` {number} was given; leave `class_` out")
    if not 0 <= number < classes:
        raise BadInput(f"the class {number} is out of range; this network has the classes 0 to {classes - 1}")
    label = torch.zeros(count, classes, device=generator.device)
    label[:, number] = 1
    return label
