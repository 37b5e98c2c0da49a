"""The story every file of ours carries: what it is, what made it, with which versions; no paths, no user names."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath

from latentlab.core.errors import BadInput

FORMAT = 1
LONGEST_STORY = 8 << 20


def versions() -> dict[str, str]:
    """Versions of what can change the numbers in a file."""
    found = {"python": platform.python_version()}
    for name in ("latentlab", "torch", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def tell(story: Mapping[str, object]) -> str:
    """The story as JSON, complete with format and versions."""
    whole = {"format_version": FORMAT, "versions": versions(), **story}
    try:
        return json.dumps(plain(whole), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"the story of a file must be plain data: {error}") from None


def plain(value: object) -> object:
    """The value as JSON data: tuples become lists, paths their last name, numbers of numpy and torch plain ones."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [
            plain(item) for item in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)
        ]
    if isinstance(value, PurePath):
        return value.name
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    raise TypeError(f"{type(value).__name__} is no plain data")
