"""Where a network's file lies and which network it is, told without loading it."""

from __future__ import annotations

import json
from pathlib import Path

from latentlab.core.errors import BadFile, LatentLabError
from latentlab.store.archive import read_story
from latentlab.store.home import find_network, known_networks

FIGURES = "card.json"


def find(name: str | Path, home: str | Path = "lab") -> Path:
    """Where a network lies: a path as it stands, else a name."""
    if "://" in str(name):  # a path would fold the two slashes
        return find_network(name, home)
    path = Path(name).expanduser()
    if path.is_dir() and str(name) not in known_networks(home):
        raise BadFile(f"{path} is a folder, not a weight file; name the file in it")
    return find_network(path, home)


def hash_told(path: Path) -> str:
    """The network's hash as the card beside its file tells it, if the card is of this very file; else "".

    The hash in a file is that of its tensors, a network's that of its weights as they compute: not the same for halves.
    """
    try:
        card = json.loads((path.parent / FIGURES).read_text(encoding="utf-8"))["network"]
        digest = card["asked"]["files"][path.stem]
        return str(card["hash"]) if digest == read_story(path).get("hash") else ""
    except (OSError, ValueError, LookupError, TypeError, LatentLabError):
        return ""
