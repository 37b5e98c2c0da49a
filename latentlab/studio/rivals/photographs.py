"""Photographs in the benchmark: faces without a true answer, asked for what the test faces are asked for."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.shapes import Images
from latentlab.scorers.learned import Judge
from latentlab.studio.rivals.apply import photos_of
from latentlab.studio.rivals.cases import SIZE, Cases
from latentlab.world.tasks import TASKS, YEARS

PHOTOGRAPHED = tuple(task for task in TASKS if task != "identity")
"""The baseline of the identity task knows two people alone."""
AGED = {"older": YEARS, "younger": -YEARS}
YOUNGEST, OLDEST = 5.0, 95.0


def photo_cases(photos: Sequence[Path]) -> Images:
    """Aligned faces of photographs; one without a face is told and left out."""
    from latentlab.faces.photo import face_in_photo

    faces = []
    for photo in photos_of(tuple(photos)):
        try:
            faces.append(face_in_photo(photo, SIZE).image)
        except LatentLabError as error:
            warnings.warn(f"left out: {error}", stacklevel=2)
    if not faces:
        raise BadInput("none of the photos shows a face that can be used; see the notes above")
    return torch.cat(faces)


@torch.no_grad()
def as_asked(task: str, faces: Images, like: Cases, judge: Judge) -> Cases:
    """Photographs with the wish of a task: years from what the judge reads, makeup of the test faces' references."""
    wish = float(torch.tensor(like.values).median())
    asked = Cases(task, faces, None, (wish,) * len(faces))
    if task in AGED:
        read = judge(faces)[:, list(judge.names).index("age")] + AGED[task]
        return replace(asked, values=tuple(read.clamp(YOUNGEST, OLDEST).tolist()))
    if like.references is None:
        return asked
    return replace(asked, references=like.references[torch.arange(len(faces)) % len(like)])
