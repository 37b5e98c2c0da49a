"""A direction: a vector in a latent space that knows its unit, its span and the network it was found in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor

from latentlab.core.errors import SpaceMismatch, WrongGenerator
from latentlab.core.latent import Latent, Space, layer_range


@dataclass(frozen=True, eq=False)
class Direction:
    """`latent + strength · vector`; one step (strength 1) changes the attribute by `step` units."""

    name: str
    space: Space
    vector: Tensor
    """[width] in Z and W, [layers width] (or [width], the same for each layer) in W+, [channels] in S."""
    unit: str = "sd"
    """What the attribute is measured in: "years", "degrees", "sd"."""
    step: float = 1.0
    """By how many units strength 1 moves the attribute, as calibrated."""
    span: tuple[float, float] | None = None
    """Strengths between which pictures stay right, as measured."""
    layers: tuple[int, int] | None = None
    """First and last layer it acts on (W+ and W), both included; None is all."""
    model: str = ""
    """Hash of the generator it was found in; empty where unknown."""
    found_by: str = ""
    """`repr` of the method."""
    leakage: Mapping[str, float] = field(default_factory=dict)
    """What one step changes besides, in standard deviations of the population."""
    region: str = ""
    """Where on a face it acts (`editing.regions`, joined by +); empty is everywhere."""
    story: Mapping[str, object] = field(default_factory=dict)
    """n, seed, versions, and whatever else tells how it came to be."""
    photo_span: tuple[float, float] | None = None
    """Strengths between which an edit carried to a photo stays right, as measured on final pictures; None where nobody did."""

    @property
    def on_photos(self) -> Direction:
        """The direction as it is used on photos: with the span that was measured there, where one was."""
        return self if self.photo_span is None else replace(self, span=self.photo_span)

    def check(self, model: str) -> None:
        """Raise WrongGenerator unless it was found in the network with this hash (or its origin is unknown)."""
        if self.model and self.model != model:
            raise WrongGenerator(
                f"the direction '{self.name}' was found in network {self.model[:12]}, this is {model[:12]}; "
                f"see: latentlab directions port"
            )

    def apply(self, latent: Latent, strength: float | Tensor) -> Latent:
        """The latent moved by `strength` steps ([n] for a strength of its own for each sample)."""
        vector = self._vector_for(latent)
        if isinstance(strength, Tensor) and strength.ndim == 1:
            strength = strength.reshape(-1, *([1] * (latent.values.ndim - 1)))
        return latent.with_values(latent.values + strength * vector)

    def stretched(self, factor: float) -> Direction:
        """The same direction with a step so many times as long."""
        return replace(self, vector=self.vector * factor)

    def _vector_for(self, latent: Latent) -> Tensor:
        vector = self.vector.to(latent.values)
        climbs = self.space is Space.W and latent.space is Space.W_PLUS
        if latent.space is not self.space and not climbs:
            raise SpaceMismatch(
                f"direction '{self.name}' lives in {self.space.name}, the latent in {latent.space.name}; "
                f"lift it first: generator.lift(latent, Space.{self.space.name})"
            )
        if latent.space is Space.W and self.layers is not None:
            raise SpaceMismatch(
                f"direction '{self.name}' acts on layers {self.layers[0]} to {self.layers[1]} only; "
                "lift the latent first: generator.lift(latent, Space.W_PLUS)"
            )
        if latent.space is Space.W_PLUS:
            vector = vector.expand(latent.values.shape[1:]) if vector.ndim == 1 else vector
            vector = self.within_layers(vector)
        if vector.shape != latent.values.shape[1:]:
            raise SpaceMismatch(
                f"direction '{self.name}' has the shape {tuple(self.vector.shape)}, the latent "
                f"{tuple(latent.values.shape[1:])}; it belongs to another network"
            )
        return vector

    def within_layers(self, vector: Tensor) -> Tensor:
        """A vector for each layer [layers width], 0 in those that the direction spares."""
        if self.layers is None:
            return vector
        first, last = layer_range(self.layers, vector.shape[0])
        masked = vector.new_zeros(vector.shape)
        masked[first : last + 1] = vector[first : last + 1]
        return masked
