"""The registry of weight files as the studio hands it out, and the card of a network."""

from __future__ import annotations

from pathlib import Path

from latentlab.core.errors import MissingPart
from latentlab.store.home import assets_folder, shipped_networks
from latentlab.store.models import Model, Models
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.finding import find

__all__ = ["Model", "card", "models", "shipped"]

CARD = "CARD.md"


def models() -> Models:
    """The public files and the user's own: list, fetch, add, verify, remove."""
    return Models()


def shipped() -> dict[str, Path]:
    """Networks that travel with the package, by name."""

    try:
        folder = assets_folder()
    except MissingPart:
        return {}
    return dict(sorted(shipped_networks(folder).items()))


def card(studio: Lab) -> str:
    """The network's model card (Markdown): the one beside its file, else what the file itself tells."""

    path = find(studio.network, studio.home)
    written = path.parent / CARD
    if path.parent.name == str(studio.network) and written.is_file():
        return written.read_text(encoding="utf-8")
    return _told(studio, path)


def _told(studio: Lab, path: Path) -> str:
    from latentlab.studio.shelf.networks import GENERATORS, read

    parts = read(path)
    foreign = next(parts[part] for part in (*GENERATORS, *parts) if part in parts)
    count = sum(value.numel() for value in foreign.tensors.values())
    rows = {
        "kind": foreign.kind,
        "hash": studio.generator.hash if any(part in parts for part in GENERATORS) else "",
        "numbers": f"{count:,}",
        "parts in the file": ", ".join(parts),
        **{key.replace("_", " "): value for key, value in foreign.arguments.items()},
        **{
            key.replace("_", " "): value
            for key, value in foreign.story.items()
            if not isinstance(value, dict | list)
        },
    }
    lines = [f"| {key} | {value} |" for key, value in rows.items() if value not in ("", None)]
    return "\n".join([f"# {studio.name}", "", "| | |", "|---|---|", *lines]) + "\n"
