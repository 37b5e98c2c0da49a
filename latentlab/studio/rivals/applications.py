"""The applications in the benchmark: makeup, frontal view, identity and toon, as their commands do them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from latentlab.core.errors import LatentLabError, NoFace
from latentlab.core.face import Face, Photo
from latentlab.core.shapes import Images
from latentlab.networks.regressor import fit_to
from latentlab.studio.applications.frontalize import Frontalize, OpenFrontalize
from latentlab.studio.applications.makeup import Makeup, OpenMakeup
from latentlab.studio.applications.person import load_person
from latentlab.studio.applications.sitter import SMALLEST, Sitter, landmarks_of
from latentlab.studio.applications.stylize import OpenStylize, Stylize
from latentlab.studio.applications.swap import OpenSwap, Swap
from latentlab.studio.lab import Lab
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.rivals.cases import Cases
from latentlab.studio.rivals.contestant import Contestant
from latentlab.studio.shelf.styles import find_style, style_names


class Applications(Contestant):
    """Each task by the application that does it; a face that no detector sees stays as it was."""

    title = "the commands makeup, frontalize, swap and stylize"

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.parameters = sum(p.numel() for p in lab.generator.parameters())

    def can(self, task: str) -> bool:
        try:
            if task == "identity":
                load_person(self.lab)
            return task in JOBS and (task != "toon" or "toon" in style_names(self.lab))
        except LatentLabError:
            return False

    def edit(self, cases: Cases) -> Images:
        return self.each(cases, JOBS[cases.task])

    @torch.no_grad()
    def each(self, cases: Cases, job: Job) -> Images:
        """What a job makes of every face."""
        answers = []
        for number in range(len(cases)):
            face = cases.before[number : number + 1]
            theirs = None if cases.references is None else cases.references[number : number + 1]
            try:
                answers.append(job(self, face, theirs))
            except NoFace:
                answers.append(face)
        return torch.cat([fit_to(image, cases.before.shape[-1]).clamp(-1, 1) for image in answers])

    def sitter(self, image: Images, *, latent: bool = False) -> Sitter:
        """A face of the benchmark as an application sees it."""
        large = fit_to(image, max(SMALLEST, image.shape[-1])).clamp(-1, 1)
        name = "test face"
        face = self.face(image) if latent else None
        return Sitter(name, large, landmarks_of(large, name), None, face)

    def face(self, image: Images) -> Face:
        """Three passes of the encoder."""
        from latentlab.inversion.encode import need_encoder, settle
        from latentlab.inversion.inverter import Given
        from latentlab.studio.shelf.companions import find_encoder

        generator = self.lab.generator
        encoder = need_encoder(Given(encoder=find_encoder(self.lab)), method="encode")
        latent = settle(encoder, generator, fit_to(image, generator.resolution).to(self.lab.place))
        return Face("test face", latent, generator.render(latent), model=generator.hash)


def _makeup(who: Applications, face: Images, other: Images | None) -> Images:
    assert other is not None, "the task has a reference"
    return OpenMakeup(who.lab, Makeup(), who.sitter(face), who.sitter(other), Ingredients(who.lab)).image()


def _bare(who: Applications, face: Images, other: Images | None) -> Images:
    return OpenMakeup(who.lab, Makeup(remove=True), who.sitter(face), None, Ingredients(who.lab)).image()


def _frontal(who: Applications, face: Images, other: Images | None) -> Images:
    return OpenFrontalize(who.lab, Frontalize(), who.sitter(face), Ingredients(who.lab)).image


def toon(request: Stylize) -> Job:
    """The job of drawing each face so."""

    def drawn(who: Applications, face: Images, other: Images | None) -> Images:
        sitter = who.sitter(face, latent=True)
        seen = replace(sitter, photo=Photo(sitter.image, None, None))
        return OpenStylize(
            who.lab, request, seen, find_style(who.lab, request.style), Ingredients(who.lab)
        ).image()

    return drawn


def swap(request: Swap) -> Job:
    """The job of exchanging each face so."""

    def exchanged(who: Applications, face: Images, other: Images | None) -> Images:
        assert other is not None, "the task has a source"
        target, source = who.sitter(face, latent=True), who.sitter(other, latent=True)
        return OpenSwap(who.lab, request, source, target, Ingredients(who.lab)).exchanged.image

    return exchanged


Job = Callable[[Applications, Images, Images | None], Images]
"""The applications, a face, and whose makeup or identity was asked for, to the face afterwards."""

JOBS: dict[str, Job] = {
    "makeup": _makeup,
    "bare": _bare,
    "frontal": _frontal,
    "toon": toon(Stylize("toon", colours="take")),
    "identity": swap(Swap()),
}
"""By task."""
