"""A family of methods: each name maps to `module:Class` as text; a class is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar

from latentlab.core.errors import unknown

Method = TypeVar("Method")


class Registry(Mapping[str, type[Method]], Generic[Method]):
    """`Registry("inverter", {"encode": "latentlab.inversion.encode:Encode"})["encode"]` is the class."""

    def __init__(self, family: str, entries: Mapping[str, str]) -> None:
        self.family = family
        self.entries = dict(entries)

    def __getitem__(self, name: str) -> type[Method]:
        if name not in self.entries:
            raise unknown(self.family, name, self.entries)
        module, _, attribute = self.entries[name].partition(":")
        return getattr(import_module(module), attribute)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def build(self, name: str, /, **fields: object) -> Method:
        """The method, with these fields set and the others at their defaults."""
        return self[name](**fields)
