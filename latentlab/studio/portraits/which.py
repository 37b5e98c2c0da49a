"""Which network a picture or a face belongs to, where nobody named one; the only place that tells photographs from other pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from latentlab.core.errors import LatentLabError
from latentlab.core.face import Face
from latentlab.core.image import read_story as story_of_picture
from latentlab.inversion.saved import LATENT
from latentlab.store.archive import read_story
from latentlab.store.home import entries, entry
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.latents import LOOSE

Place = TypeVar("Place", bound=Lab)
PNG = b"\x89PNG"
"""Only such files carry our story."""
CUT_OUT = "aligned photo"
"""What we say of a face that we cut out of a photograph."""


def for_picture(lab: Place, path: str | Path) -> Place:
    """A picture whose file says that latentlab drew it stays with the network that drew it, or with that of samples;
    every other picture is a photograph."""
    if lab.photographs is None:
        return lab
    story = _story(Path(path))
    if story is None or story.get("kind") == CUT_OUT:
        return lab.for_photographs
    network = story.get("network")
    return lab.of_model(network.get("hash") if isinstance(network, Mapping) else None)


def for_source(lab: Place, source: str | Path | Face | None) -> Place:
    """A face that has a latent stays with the network that it was made with; None is the newest of the lab."""
    if lab.photographs is None:
        return lab
    if isinstance(source, Face):
        return lab.of_model(source.model)
    try:
        latent = _latent_file(lab, source)
        if latent is not None:
            return lab.of_model(read_story(latent).get("model"))
    except LatentLabError:
        return lab.for_samples  # whoever reads it says what is wrong
    path = Path(str(source))
    return lab.for_samples if path.suffix.lower() in LOOSE else for_picture(lab, path)


def _latent_file(lab: Lab, source: str | Path | None) -> Path | None:
    """Where the latent of a face lies; None for a picture."""
    if source is None:
        return entry(lab.home) / LATENT
    if str(source) in entries(lab.home):
        return entry(lab.home, str(source)) / LATENT
    path = Path(source)
    if path.is_dir():
        return path / LATENT
    return path if path.suffix == ".safetensors" else None


def _story(path: Path) -> Mapping[str, object] | None:
    """What the file of a picture says of itself; None for one that latentlab did not write."""
    try:
        with path.open("rb") as file:
            if file.read(len(PNG)) != PNG:
                return None
        return story_of_picture(path)
    except (OSError, LatentLabError):
        return None
