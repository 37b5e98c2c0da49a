"""Single entries of untrusted recipes, of the right type or refused in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latentlab.core.errors import BadFile

_REQUIRED = object()
MOST = 10_000
FORM = 2
"""Of the recipes written today: 1 named samples one by one and edits in lists; see `older.py`."""


def field_of(
    asked: Mapping[str, object], name: str, kind: type | tuple[type, ...], default: Any = _REQUIRED
) -> Any:
    """One entry, of the right type; `default` where it is not there."""
    value = asked.get(name, default)
    if value is _REQUIRED:
        raise BadFile(f"the recipe names no '{name}'; it is not one that latentlab wrote")
    if value is default:
        return value
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadFile(f"the recipe's '{name}' is {str(value)[:40]!r}, which it cannot be")
    return value


def entries_of(asked: Mapping[str, object], name: str, default: Any = _REQUIRED) -> list[dict[str, object]]:
    """A list of tables."""
    values = field_of(asked, name, list, default)
    if len(values) > MOST or not all(isinstance(value, dict) for value in values):
        raise BadFile(f"the recipe's '{name}' is not a list of entries; it is not one that latentlab wrote")
    return values
