"""The registry of weight files as the studio hands it out, and the card of a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from latentlab.core.errors import MissingPart
from latentlab.core.text import escaped
from latentlab.core.watch import Watch, silent
from latentlab.store.home import assets_folder, shipped_networks
from latentlab.store.known_models import BACKBONES
from latentlab.store.models import Model, Models
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.finding import find

__all__ = ["Added", "Model", "add_model", "card", "models", "shipped"]

CARD = "CARD.md"
FAMILY = {"stylegan1": "StyleGAN1", "stylegan2": "StyleGAN2", "stylegan3": "StyleGAN3"}
"""How people call the kinds that draw."""


def models() -> Models:
    """The public files and the user's own: list, fetch, add, verify, remove."""
    return Models()


@dataclass(frozen=True)
class Added:
    """A file that has a name now."""

    path: Path
    about: str
    """What it holds: `StyleGAN2, 256×256, G_ema and D`."""
    notes: tuple[str, ...] = ()
    """What reading it had to assume."""


def add_model(name: str, origin: str, sha256: str | None = None, watch: Watch = silent) -> Added:
    """Give a weight file a name, after it was opened and its networks were built; what cannot be read is refused."""
    seen: list[Added] = []
    path = models().add(name, origin, sha256, watch, look=lambda file: seen.append(_seen(name, file)))
    return replace(seen[0], path=path)


def _seen(name: str, path: Path) -> Added:
    """What a file holds, each network of it built once."""
    from latentlab.core.generator import Generator  # needs torch, which a list of models does not
    from latentlab.studio.shelf.networks import make, read

    if name in BACKBONES:  # no network that draws; its hash says that it is the right one
        return Added(path, BACKBONES[name].about)
    parts = read(path)
    built = {part: make(foreign) for part, foreign in parts.items()}
    first = next(iter(parts))
    words = [FAMILY.get(parts[first].kind, parts[first].kind)]
    if isinstance(drawn := built[first], Generator):
        colours, height, width = drawn.picture_shape
        words.append(f"{width}×{height}")
        words += [] if colours == 3 else ["1 channel" if colours == 1 else f"{colours} channels"]
    return Added(
        path,
        ", ".join([*words, " and ".join(parts)]),
        tuple(note for one in parts.values() for note in one.notes),
    )


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
    lines = [escaped(f"| {key} | {value} |") for key, value in rows.items() if value not in ("", None)]
    return "\n".join([f"# {studio.name}", "", "| | |", "|---|---|", *lines]) + "\n"
