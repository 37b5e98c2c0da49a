"""Children of a network beside it: one of photographs may make a photo better, and says by how much."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import nn

from latentlab.core.errors import LatentLabError
from latentlab.core.generator import Generator
from latentlab.core.shapes import Images
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.children import children_of
from latentlab.studio.shelf.companions import Companions

if TYPE_CHECKING:
    from latentlab.inversion.inverter import Given


@dataclass(eq=False)
class Relatives:
    """The children of one network that can be named; they share its latent space."""

    studio: Lab
    parts: Companions

    @cached_property
    def children(self) -> dict[str, tuple[Generator, nn.Module | None]]:
        """Each child with the encoder that fits it: its own, else its parent's."""
        from latentlab.studio.shelf.companions import find_encoder

        found = {}
        for name in children_of(self.studio.generator.hash, self.studio.home):
            child = self.studio.on(name)
            try:
                found[name] = (child.generator, find_encoder(child) or self.parts.encoder)
            except LatentLabError:  # a damaged file must not spoil the inversion that was asked for
                continue
        return found

    def notes(self, face: Images) -> list[str]:
        """A line for each child: what one pass of the encoder comes to here and there."""
        return [self._note(name, face) for name in self.children]

    def _note(self, name: str, face: Images) -> str:
        generator, encoder = self.children[name]
        try:
            here = self._errors(self.studio.generator, self.parts.encoder, face)
            there = self._errors(generator, encoder, face)
        except LatentLabError:
            return f"'{name}' is a child of this network; try: `network` {name}"
        told = ", ".join(f"{key} {there[key]:.4g} there, {here[key]:.4g} here" for key in there)
        nearer = there["psnr"] > here["psnr"]
        advice = f"try: `network` {name}" if nearer else "this network is the nearer one"
        return f"'{name}' is a child of this network; one pass of the encoder comes to {told}; {advice}"

    @torch.no_grad()
    def _errors(self, generator: Generator, encoder: nn.Module | None, face: Images) -> dict[str, float]:
        from latentlab.inversion.encode import Encode

        given = self._given(encoder)
        found = Encode().invert(generator, face.to(self.studio.place), given).measures
        names = ("psnr", "ms_ssim", self.parts.distance_name)
        return {name: float(found[name][0]) for name in names if name in found}

    def _given(self, encoder: nn.Module | None) -> Given:
        from latentlab.inversion.inverter import Given

        return Given(encoder=encoder, distance=self.parts.distance)
