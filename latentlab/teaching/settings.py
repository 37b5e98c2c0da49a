"""Settings of a training by name, as users give them: known names, values of the right type, nothing below zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from latentlab.core.errors import BadInput, unknown
from latentlab.store.table import fit


def checked(
    changes: Mapping[str, Any], kinds: tuple[type, ...], what: str = "training setting"
) -> dict[str, Any]:
    """The changes, each as the dataclass that has it wants it; one line for what does not fit."""
    hints: dict[str, Any] = {}
    for kind in kinds:
        hints |= {one.name: get_type_hints(kind)[one.name] for one in fields(kind)}
    return {name: _checked(name, value, hints, what) for name, value in changes.items()}


def _named(hint: Any) -> str:
    """A type for a message: what may be chosen, or its name."""
    if get_origin(hint) is Literal:
        return " or ".join(map(str, get_args(hint)))
    return str(getattr(hint, "__name__", hint)).removeprefix("typing.")


def _checked(name: str, value: Any, hints: Mapping[str, Any], what: str) -> Any:
    if name not in hints:
        raise unknown(what, name, hints)
    try:
        found = fit(value, hints[name], name)
    except (TypeError, ValueError):
        wanted = _named(hints[name])
        raise BadInput(f"{name} = {value!r} does not fit; this {what} wants: {wanted}") from None
    if isinstance(found, int | float) and not isinstance(found, bool) and found < 0:
        raise BadInput(f"{name} = {found:g} is below zero; no {what} is")
    return found
