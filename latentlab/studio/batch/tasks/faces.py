"""An item and its inversion to a face in memory, as a single inversion gives it; nothing is kept in the lab."""

from __future__ import annotations

from pathlib import Path

from latentlab.core.errors import BadInput
from latentlab.core.exposure import exposure_of
from latentlab.core.face import Face, Photo
from latentlab.core.inversion import Inversion
from latentlab.inversion.saved import as_face
from latentlab.store.home import safe_name
from latentlab.studio.applications.sitter import Choice
from latentlab.studio.batch.tasks.invert import Inverters
from latentlab.studio.batch.tasks.task import Item
from latentlab.studio.portraits.bench import Subject


def face_of(inverters: Inverters, item: Item, inversion: Inversion) -> Face:
    """With its photo, so that edits go back to it, and the story that pictures of it tell."""
    assert item.image is not None, "a photo that was looked at"
    found, name = item.found, safe_name(Path(item.id).name)
    if found is not None:
        seen = Photo(item.image, found.picture, found.crop)
        subject = Subject(Path(name), name, item.hash, {"photo": item.hash}, found, None)
        story = inverters.bench.story(subject, inverters.bench.how.method, ())
        return as_face(inversion, name, story, seen)
    told: dict[str, object] = {
        "command": "invert",
        "ingredients": {"photo": {"name": name, "hash": item.hash}},
    }
    exposure = exposure_of(item.image)
    if not exposure.usual:
        told["exposure"] = [exposure.gain, exposure.exponent]
    return as_face(inversion, name, told, Photo(item.image))


def check_choice(choice: Choice) -> None:
    """BadInput for what the look says, or what only one photo can have."""
    if choice.like is not None or choice.face is not None or choice.profile:
        raise BadInput(
            "which face of a photo is meant is said once for all of them; leave `like` out, give `face` to the look"
        )
