"""A method as data for recipes: its name in its family and its fields; back again with every value checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from latentlab.core.errors import BadFile
from latentlab.core.latent import Space
from latentlab.store.story import plain
from latentlab.store.table import Table
from latentlab.studio.shelf.families import methods

if TYPE_CHECKING:
    from latentlab.inversion.inverter import Inverter


def method_as_data(family: str, method: Any) -> dict[str, object]:
    """`{"name": …, "fields": …}`, JSON-able."""
    where = f"{type(method).__module__}:{type(method).__name__}"
    registry = methods(family)
    name = next((name for name, place in registry.entries.items() if place == where), "")
    if not name:
        raise BadFile(f"{type(method).__name__} is not a registered {family}, so no recipe can name it")
    return {"name": name, "fields": plain(asdict(method))}


def method_from_data(family: str, data: Mapping[str, object]) -> Any:
    """The method of an untrusted recipe: a known name, known fields, values of the right type."""
    name, fields = data.get("name"), data.get("fields", {})
    if not isinstance(name, str) or not isinstance(fields, Mapping):
        raise BadFile(f"the recipe names no {family}; it is not one that latentlab wrote")
    return Table(name, fields).make(methods(family)[name])


def inverter(name: str, **fields: object) -> Inverter:
    """An inverter by name, fields checked as those of a recipe are (`space="w+"` is understood)."""

    space = fields.get("space")
    if isinstance(space, str):
        fields["space"] = Space.parse(space).value
    return Table(name, fields).make(methods("inverter")[name])
