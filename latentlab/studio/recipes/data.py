"""A request as plain data and back: the one place where untrusted data become dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.face import Face
from latentlab.inversion.inverter import Inverter
from latentlab.store.story import plain
from latentlab.store.table import Table
from latentlab.studio.recipes.methods_as_data import method_as_data, method_from_data

Request = TypeVar("Request")
MOST = 10_000
"""Entries of a list; a request that names more is not read."""


def as_data(request: object) -> dict[str, object]:
    """JSON: names and values; rendering stands among the request's own fields, what is not set is left out.

    A file is named without its folder, and mappings become lists of pairs, which keep their order in every file.
    """
    found: dict[str, object] = {}
    for item in fields(request):  # type: ignore[arg-type]  # a request is a dataclass
        value = getattr(request, item.name)
        if _is_flat(item.metadata):
            found |= as_data(value)
        elif value is not None and value != () and value != {} and value != "":
            found[item.name.rstrip("_")] = _plain(value)
    return found


def _is_flat(metadata: Mapping[Any, Any]) -> bool:
    return bool(metadata.get("flat"))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return [[name, _plain(item)] for name, item in value.items()]
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Face):
        return value.name
    if isinstance(value, Path):
        return {"file": value.name}
    if isinstance(value, Inverter):
        return method_as_data("inverter", value)
    if is_dataclass(value) and not isinstance(value, type):
        return as_data(value)
    return plain(value)


def from_data(kind: type[Request], data: Mapping[str, object]) -> Request:
    """The request of untrusted data: known names, values of the right type, files and faces by bare names only."""
    left = {str(name): value for name, value in data.items()}
    values: dict[str, object] = {}
    hints = get_type_hints(kind)
    for item in fields(kind):  # type: ignore[arg-type]
        name = item.name.rstrip("_")
        if _is_flat(item.metadata):
            own = {part.name.rstrip("_") for part in fields(hints[item.name])}
            values[item.name] = from_data(hints[item.name], {n: left.pop(n) for n in own & set(left)})
        elif name in left:
            values[item.name] = _value(left.pop(name), hints[item.name], name)
    try:
        return Table(kind.__name__.lower(), values | left).make(kind)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadFile(f"the request cannot be read ({error}); it is not one that latentlab wrote") from None


def _value(value: object, hint: Any, name: str) -> object:
    """What the plain data stand for: pairs a mapping, {"file": …} a bare file name, {"name", "fields"} a method."""
    if isinstance(value, list) and len(value) > MOST:
        raise BadInput(f"{name} has {len(value)} entries; at most {MOST} are read")
    if isinstance(value, Mapping) and set(value) == {"file"}:
        return Path(bare(value["file"], name))
    if isinstance(value, Mapping) and set(value) == {"name", "fields"}:
        return method_from_data("inverter", value)
    if _wants_mapping(hint):
        return _mapping(value, name)
    for text in _texts(value):
        bare(text, name)
    return value


def _wants_mapping(hint: Any) -> bool:
    return any(
        isinstance(get_origin(one), type) and issubclass(get_origin(one), Mapping)
        for one in (hint, *get_args(hint))
    )


def _mapping(value: object, name: str) -> dict[str, object]:
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, list) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs
    ):
        raise BadInput(f"{name} is {str(value)[:40]!r}; it has to hold names and values")
    found = {bare(key, name): item for key, item in pairs}
    if len(found) < len(pairs):
        raise BadInput(f"{name} names something twice")
    return found


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [text for item in inner for text in _texts(item)]


def bare(text: object, name: str) -> str:
    """A name that leads nowhere: no folder, nothing hidden."""
    if (
        not isinstance(text, str)
        or not text
        or "/" in text
        or "\\" in text
        or text.startswith(".")
        or "\0" in text
    ):
        raise BadInput(f"{name} is {str(text)[:40]!r}; in a request from outside it has to be a bare name")
    return text
