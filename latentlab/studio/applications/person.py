"""Whose face a latent shows: the part of it that renders which differ in identity alone have in common."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from latentlab.core.errors import MissingPart
from latentlab.core.latent import Latent, Space
from latentlab.store.archive import Archive
from latentlab.store.beside import beside
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.networks import find

KIND = "identity map"


@dataclass(frozen=True, eq=False)
class Person:
    """How the difference between two latents becomes a change of person alone."""

    basis: Tensor
    """[parts width], directions of w."""
    matrix: Tensor
    """[layers parts parts]"""

    def exchanged(self, target: Latent, source: Latent, strength: float = 1.0) -> Latent:
        """The target's W+ with the source's person; pose, expression, light and hair stay the target's."""
        apart = (source.values - target.values) @ self.basis.T  # [1 layers parts]
        change = (apart[:, :, None] @ self.matrix)[:, :, 0] @ self.basis
        return target.with_values(target.values + strength * change)


def load_person(studio: Lab) -> Person:
    """The map that belongs to the studio's network; MissingPart where none was learned for it."""
    place = beside(find(studio.network, studio.home), "swap")
    if place.is_file():
        archive = Archive.load(place, KIND, finite=True)
        if archive.story.get("parent") == studio.generator.hash:
            device = studio.place
            return Person(*(archive.tensors[name].float().to(device) for name in ("basis", "matrix")))
    raise MissingPart(
        f"no map of identity was learned for the network '{studio.name}'; learn one: python tools/learn_identity.py"
    )


def in_w_plus(studio: Lab, latent: Latent) -> Latent:
    """The latent as a W+, without what only one photo needed."""
    return studio.generator.lift(latent, Space.W_PLUS)
