"""What an edit of a photo did, in one sentence: from what to what, and whether it is still the same person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.shapes import Images
from latentlab.core.text import with_unit
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.carry import TORN
from latentlab.studio.portraits.photo_story import SAME_PERSON
from latentlab.studio.shelf.companions import guide

if TYPE_CHECKING:
    from latentlab.studio.portraits.workpiece import Workpiece


def told(
    piece: Workpiece, strengths: Mapping[str, float], directions: Mapping[str, Direction], picture: Picture
) -> list[str]:
    """The sentence, and a warning where it is a stranger or the picture tears; nothing for faces without a photo."""
    if piece.carrier is None:
        return []
    moves = {directions[name]: value for name, value in strengths.items()}
    image, torn = (
        piece.carried(moves) if not isinstance(picture.image, Tensor) else (picture.image[None], None)
    )
    moved = [str(direction.story.get("attribute", direction.name)) for direction in moves]
    lines = [sentence(piece.studio, [*moved, *piece.request.keep], piece.carrier.photo, image)]
    if torn is None:
        torn = piece.carried(moves)[1]
    if torn > TORN:
        lines.append(f"{torn:.0%} of the face had to be made up; a smaller step keeps more of the photo")
    return [line for line in lines if line]


@torch.no_grad()
def sentence(studio: Lab, attributes: Iterable[str], before: Images, after: Images) -> str:
    """What the guide reads of these before and after, and dlib's distance between the two."""
    words = []
    try:
        scorer = guide(studio)
        first, last = (scorer(images)[0] for images in (before, after))
        for name in attributes:
            if name in scorer.names:
                place = list(scorer.names).index(name)
                change = f"{name} {float(first[place]):.2f} → {float(last[place]):.2f}"
                words.append(with_unit(change, scorer.units.get(name, "")))
    except LatentLabError:
        pass
    with suppress(MissingPart, ImportError):
        words.append(_likeness(before, after))
    return ", ".join(words)


def _likeness(before: Images, after: Images) -> str:
    from latentlab.faces.identity import apart

    distance = float(apart(before.cpu(), after.detach().clamp(-1, 1).cpu(), quick=True)[0][0])
    same = distance < SAME_PERSON
    verdict = "the same person" if same else "another person by that measure: take a smaller step"
    return f"identity distance {distance:.2f}, {verdict} (below {SAME_PERSON:g})"
