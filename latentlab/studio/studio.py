"""The studio: a network, a device and a home folder, and every task as a method of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import MethodType
from typing import Any

import torch

from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.generator import Generator
from latentlab.core.registry import Registry
from latentlab.core.watch import Watch, silent
from latentlab.studio.families import methods

TASKS = {
    "generate": "latentlab.studio.samples:generate",
    "mix": "latentlab.studio.mix:mix",
    "interpolate": "latentlab.studio.interpolate:interpolate",
    "convert": "latentlab.studio.convert:convert",
    "align": "latentlab.studio.align:align",
    "invert": "latentlab.studio.invert:invert",
    "edit": "latentlab.studio.edit:edit",
    "discover": "latentlab.studio.discover:discover",
    "build_library": "latentlab.studio.direction_library:build_library",
    "evaluate": "latentlab.studio.evaluate:evaluate",
    "replay": "latentlab.studio.replay:replay",
}
"""`studio.NAME(...)` calls the function with the studio as its first argument: a new task is a file and a line."""


@dataclass(eq=False)
class Studio:
    """`latentlab.open(network)`; the network is loaded when it is first needed."""

    network: str | Path = "faces"
    """A name (`faces`), or the path of any weight file that latentlab reads."""
    device: str = "auto"
    """`auto` (the GPU if there is one), `cpu`, `cuda`, `cuda:1`."""
    home: str | Path = "lab"
    """The folder that keeps inversions, directions and score banks."""
    seed: int = 0
    watch: Watch | None = None
    """Told how far long work is: share done, a line of text, a picture."""

    def __post_init__(self) -> None:
        self.home = Path(self.home)

    @cached_property
    def place(self) -> torch.device:
        """The device as torch names it."""
        return find_device(self.device)

    @cached_property
    def generator(self) -> Generator:
        """The network, on the device."""
        from latentlab.studio.networks import load_generator

        return load_generator(self.network, self.place, self.home)

    @property
    def name(self) -> str:
        """The network's name as it goes into pictures: never a path."""
        return Path(self.network).name

    def methods(self, family: str) -> Registry:
        """The methods of a family (`inverter`, `discoverer`, …) by name."""
        return methods(family)

    def tell(self, watch: Watch | None = None) -> Watch:
        """The watch for one task: its own, else the studio's, else silence."""
        return watch or self.watch or silent

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in TASKS:
            raise AttributeError(f"a studio has no '{name}'; its tasks are: {', '.join(TASKS)}")
        module, _, function = TASKS[name].partition(":")
        return MethodType(getattr(import_module(module), function), self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *TASKS})


def find_device(name: str) -> torch.device:
    """`auto`, `cpu`, `cuda` or `cuda:N` as a device that this machine has."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, number = name.partition(":")
    if kind not in {"cpu", "cuda"} or (number and not number.isdecimal()):
        raise BadInput(f"'{name}' is no device; write auto, cpu or cuda")
    if kind == "cuda" and not torch.cuda.is_available():
        raise MissingPart(
            "there is no CUDA device here (see: latentlab doctor); leave --device out or write cpu"
        )
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise MissingPart(f"there is no device {name}; this machine has {torch.cuda.device_count()}")
    return torch.device(name)
