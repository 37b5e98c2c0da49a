"""What the story of an inverted photo tells: whose it is, how alike it came out, and what to beware of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from latentlab.core.errors import BadFile, BadInput, MissingPart
from latentlab.core.exposure import Exposure
from latentlab.core.face import Face
from latentlab.core.inversion import Inversion
from latentlab.core.shapes import Images
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.companions import Companions

SAME_PERSON = 0.6
"""dlib's distance below which two pictures show one person."""
HOLDS = 10.0
"""Typicality, in deviations of w, up to which steps move a face as far as they say (`benchmarks/inversion.py`: an encoder's answers,
near 6, take 1.2 of a step of age; refined ones, near 14, .7)."""


def identity_measures(aligned: Images, image: Images) -> dict[str, Tensor]:
    """dlib's distance between photo and reconstruction, and its floor: the photo against itself at that resolution."""
    from latentlab.faces.identity import apart, lowered

    try:
        photo, made = aligned.cpu(), image.detach().clamp(-1, 1).cpu()
        rows = apart(photo, made, lowered(photo, image.shape[-1]))
        return {"identity": rows[0], "identity_floor": rows[1]}
    except (MissingPart, ImportError):
        return {}


def warnings_of(studio: Lab, inversion: Inversion, parts: Companions) -> list[str]:
    """What the measures say that a user should hear."""
    notes = []
    foreign = inversion.measures.get("foreignness")
    if foreign is not None and bool(inversion.measures["out_of_domain"][0]):
        notes.append(
            f"the photo lies outside of what '{studio.name}' can make ({float(foreign[0]):.1f} times as hard as its own "
            "hardest picture); expect a likeness at best"
        )
    if float(inversion.measures["typicality"][0]) > HOLDS:
        notes.append(
            "the latent lies far from what the network draws by itself, so edits move the face less than they say; the "
            "`method` encode stays nearer"
        )
    if parts.distance is None:
        notes.append("no perceptual distance is at hand; pixels alone decided")
    return notes


def exposure_note(exposure: Exposure) -> list[str]:
    """What was done about a photo that is too dark or too bright."""
    if exposure.usual:
        return []
    fault = "bright" if exposure.exponent > 1 else "dark"
    return [
        f"the face is very {fault}: it is inverted and measured in a usual exposure, and edits get the photo's own back"
    ]


def chosen_note(studio: Lab) -> list[str]:
    """Which network was taken and why, where nobody named one."""
    return (
        [f"inverted in '{studio.name}': {studio.because}; `network` names another"] if studio.because else []
    )


def nearness(face: Face) -> str:
    """What became of a photo, in a sentence: how near, whether the same person, whether edits will hold; figures stay in the lab."""
    read = face.measures
    words = [_likeness(read.get("ms_ssim"))]
    if "identity" in read:
        words.append(_person(read["identity"], read.get("identity_floor", 0.0)))
    words.append(_edits(read))
    return ", ".join(words)


def _likeness(similarity: float | None) -> str:
    bands = ((0.95, "all but the photo"), (0.88, "near the photo"), (0.75, "a likeness"))
    if similarity is None:
        return "inverted"
    return next((word for least, word in bands if similarity >= least), "a rough likeness at best")


def _person(distance: float, floor: float) -> str:
    if floor >= SAME_PERSON:
        return "too small for dlib to tell who it is"
    return (
        "the same person"
        if distance < SAME_PERSON
        else "another person to dlib's eye (the method pivot comes nearer)"
    )


def _edits(read: Mapping[str, float]) -> str:
    if read.get("out_of_domain"):
        return "and unlike the faces this network knows, so edits reach less than they promise"
    if read.get("typicality", 0.0) > HOLDS:
        return "and edits will move it less than they say"
    return "and edits will hold"


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes; BadFile where it cannot be read."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise BadFile(f"cannot read {path}: {error.strerror}") from None


def photo_of(story: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a saved inversion says of its photo; empty where it says nothing."""
    for place in ("ingredients", "asked"):  # version 0.1 kept it in what was asked
        told = story.get(place)
        photo = told.get("photo") if isinstance(told, Mapping) else None
        if isinstance(photo, Mapping):
            return photo
    return {}


def find_input(studio: Lab, digest: object, what: str, inputs: Sequence[Path]) -> Path:
    """The file with this hash: among those that the user gives, or a photo that the lab kept."""
    kept = sorted(Path(studio.home).glob("*/photo.*")) if what == "photo" else []
    for path in [*inputs, *kept]:
        if path.is_file() and file_hash(path) == digest:
            return path
    raise BadInput(
        f"the picture was made from a {what} ({str(digest)[:12]}) that is not here; add its file to `inputs`"
    )
