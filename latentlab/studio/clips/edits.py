"""Edits of the faces of a clip: one workpiece, set on frame after frame; goals are solved once, a sweep runs over the clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, unknown
from latentlab.core.exposure import exposure_from
from latentlab.core.face import Face
from latentlab.core.latent import Latent
from latentlab.core.shapes import Images
from latentlab.editing.apply import apply
from latentlab.editing.paste import restore
from latentlab.faces.mask import face_mask
from latentlab.faces.paste import match_colours
from latentlab.studio.clips.jobs import ClipJob
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.precision import render
from latentlab.studio.portraits.carry import CHOICES, SMALLEST
from latentlab.studio.portraits.edit import Edit, OpenEdit, open_edit
from latentlab.studio.portraits.faces import Source
from latentlab.studio.portraits.workpiece import Workpiece, on
from latentlab.studio.recipes.ingredients import Ingredients


@dataclass(frozen=True, eq=False)
class EditJob(ClipJob):
    """An `Edit` as stills know it."""

    asks: ClassVar[type] = Edit
    opened: OpenEdit
    cells: Sequence[Mapping[str, float]]
    """Strengths: of the whole clip, or at even steps through it."""

    @classmethod
    def check(cls, studio: Lab, request: Any, given: Ingredients, reference: Source = None) -> None:
        if reference is not None:
            raise BadInput("an edit takes nothing from a reference; leave it out, or use mix or blend")
        if len(request.sweeps) > 1:
            raise BadInput("one sweep runs over a clip, two would need a clip for each cell; leave one out")
        if request.transfer not in CHOICES:
            raise unknown("transfer", request.transfer, CHOICES)
        names = {*request.directions, *request.goals, *request.keep, *(s.direction for s in request.sweeps)}
        for name in sorted(names):
            given.direction(name).check(studio.generator.hash)

    @classmethod
    def open(
        cls, studio: Lab, request: Any, face: Face, given: Ingredients, reference: Source = None
    ) -> EditJob:
        opened = open_edit(studio, request, face, given=given)
        return cls(opened, opened.cells())

    @property
    def label(self) -> str:
        request = self.opened.request
        if request.sweeps:
            return "sweep_" + "_".join(sweep.direction for sweep in request.sweeps)
        return self.opened.piece.label(self._strengths(0.0))

    def notes(self) -> list[str]:
        for _ in self.opened.draw() if len(self.cells) == 1 else ():
            pass
        return self.opened.notes()

    def draw(self, faces: Sequence[Face], moments: Sequence[float]) -> list[Images]:
        pieces = [self._piece(face) for face in faces]
        moves = [self._strengths(moment) for moment in moments]
        with torch.no_grad():
            after = self._rendered(pieces, moves)
            return [_carried(*each) for each in zip(pieces, moves, after, strict=True)]

    def _piece(self, face: Face) -> Workpiece:
        """The workpiece on one frame; a mask from a file is the same on all, a region is found on each."""
        mask = self.opened.request.mask
        piece = on(self.opened.piece, face, mask if isinstance(mask, str) else self.opened.piece.mask)
        crop = None if face.photo is None else face.photo.crop
        if piece.carrier is None or crop is None:
            return piece
        marks = crop.resized(SMALLEST).aligned_landmarks
        return replace(piece, carrier=replace(piece.carrier, marks=None if marks is None else marks[None]))

    def _rendered(
        self, pieces: Sequence[Workpiece], moves: Sequence[Mapping[Direction, float]]
    ) -> list[Images]:
        """As the network draws them, all at once where nothing is in the way."""
        alike = all(one == moves[0] for one in moves)
        if not alike or any(piece.mask is not None or piece.pivot is not None for piece in pieces):
            return [piece.rendered(move) for piece, move in zip(pieces, moves, strict=True)]
        generator, first = pieces[0].studio.generator, pieces[0].base
        base = Latent(first.space, torch.cat([piece.base.values for piece in pieces]))
        after = apply(generator, base, moves[0], pieces[0].request.layers)
        images = render(generator, after, pieces[0].noise, precision=pieces[0].request.precision)
        return list(images.split(1))

    def _strengths(self, moment: float) -> dict[Direction, float]:
        """Between two steps of a sweep the strengths change evenly."""
        place = moment * (len(self.cells) - 1)
        steps = list(pairwise(self.cells)) or [(self.cells[0], self.cells[0])]
        before, after = steps[min(int(place), len(steps) - 1)]
        share = place - min(int(place), len(steps) - 1) if len(self.cells) > 1 else 0.0
        return {
            self.opened.directions[name]: value + share * (after[name] - value)
            for name, value in before.items()
        }


def _carried(piece: Workpiece, moves: Mapping[Direction, float], after: Images) -> Images:
    """The edited square at the photo's size; the network's own picture takes up what its inversion missed."""
    if piece.carrier is not None:
        return piece.face_image(moves, after)
    photo = piece.face.photo
    assert photo is not None and photo.crop is not None, "every face of a clip has one"
    original = photo.face()
    exposure = exposure_from(piece.face.origin)
    made, start = (exposure.restored(images).cpu().float() for images in (after, piece.face.image))
    face = restore(made, start, original)
    mask = _mask(photo.crop.aligned_landmarks, original.shape[-1])
    return original + mask * (match_colours(face, original, mask) - original)


def _mask(points: Tensor | None, size: int) -> Tensor:
    assert points is not None, "every crop of a clip has its landmarks"
    return face_mask([points], size)
