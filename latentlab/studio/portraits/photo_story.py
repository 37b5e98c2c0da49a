"""What the story of an inverted photo tells: whose it is, how alike it came out, and what to beware of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from latentlab.core.errors import BadFile, BadInput, MissingPart
from latentlab.core.face import Face
from latentlab.core.inversion import Inversion
from latentlab.core.shapes import Images
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.companions import Companions


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
    from latentlab.inversion.measure import typical_limit

    notes = []
    foreign = inversion.measures.get("foreignness")
    if foreign is not None and bool(inversion.measures["out_of_domain"][0]):
        notes.append(
            f"the photo lies outside of what '{studio.name}' can make ({float(foreign[0]):.1f} times as hard as its own "
            "hardest picture); expect a likeness at best"
        )
    typical, limit = float(inversion.measures["typicality"][0]), typical_limit(studio.generator)
    if typical > limit:
        notes.append(
            f"the latent lies {typical:.1f} deviations from the average, samples below {limit:.1f}: edits may break; "
            "a higher prior keeps it nearer (`prior` .1)"
        )
    if parts.distance is None:
        notes.append("no perceptual distance is at hand; pixels alone decided")
    return notes


def nearness(face: Face) -> str:
    """How near the inversion is, in the figures that a reader knows; the lab keeps all of them."""
    read = face.measures
    words = [f"PSNR {read['psnr']:.1f} dB"] if "psnr" in read else []
    words += [f"MS-SSIM {read['ms_ssim']:.3f}"] if "ms_ssim" in read else []
    if "identity" in read and "identity_floor" in read:
        words.append(
            f"identity distance {read['identity']:.2f} (same person: below 0.6; shrinking the photo alone costs "
            f"{read['identity_floor']:.2f})"
        )
    if read.get("out_of_domain"):
        words.append("unlike the faces this network knows, so edits reach less than they promise")
    return ", ".join(words)


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
