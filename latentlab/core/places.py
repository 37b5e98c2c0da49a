"""The user's own folders: what was fetched, and what can be made again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from latentlab.core.errors import MissingPart

APPLICATION = "latentlab"


def data_folder() -> Path:
    """Where downloaded models live; `LATENTLAB_DATA` overrides the platform's place."""
    import platformdirs

    return _place("LATENTLAB_DATA", platformdirs.user_data_path)


def cache_folder() -> Path:
    """What can be made again; `LATENTLAB_CACHE` overrides the platform's place."""
    import platformdirs

    return _place("LATENTLAB_CACHE", platformdirs.user_cache_path)


def _place(variable: str, platform: Callable[[str], Path]) -> Path:
    named = os.environ.get(variable)
    place = Path(named) if named else platform(APPLICATION)
    if str(place).startswith("~"):  # neither HOME nor the list of users knows where this user is at home
        raise MissingPart(
            f"this user has no home folder; set HOME, or {variable} to a folder for latentlab's files"
        )
    return place
