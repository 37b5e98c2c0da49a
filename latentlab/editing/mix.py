"""Two faces in one: style mixing (Karras et al. 2019), interpolation, and the steps of a morph."""

from __future__ import annotations

import torch

from latentlab.core.errors import SpaceMismatch
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space, layer_range
from latentlab.core.pivot import Pivot


def mix(generator: Generator, base: Latent, styles: Latent, layers: tuple[int, int]) -> Latent:
    """`base` with the layers first to last, both included, taken from `styles`."""
    first, last = layer_range(layers, generator.layers)
    space = max(Space.W_PLUS, base.space, styles.space)
    below, above = generator.lift(base, space), generator.lift(styles, space)
    values = below.values.clone()
    if space is Space.W_PLUS:
        values[:, first : last + 1] = above.values[:, first : last + 1]
        return below.with_values(values)
    for layer in generator.style_layers:
        if first <= layer.w_index <= last:
            values[:, layer.channels] = above.values[:, layer.channels]
    return below.with_values(values)


def interpolate(
    generator: Generator, first: Latent, second: Latent, share: float, *, spherical: bool = False
) -> Latent:
    """`share` of the way from the first to the second latent; on the sphere in Z, where straight lines cut inside."""
    space = max(first.space, second.space)
    a, b = generator.lift(first, space), generator.lift(second, space)
    if spherical and space is not Space.Z:
        raise SpaceMismatch(
            f"spherical interpolation belongs to Z, these latents are in {space.name}; interpolate straight"
        )
    if not spherical:
        return Latent(space, torch.lerp(a.values, b.values, share))
    one, two = a.values, b.values
    cosine = torch.nn.functional.cosine_similarity(one, two, dim=1).clamp(-1, 1)
    angle = torch.acos(cosine)[:, None].clamp_min(1e-6)
    way = (torch.sin((1 - share) * angle) * one + torch.sin(share * angle) * two) / torch.sin(angle)
    return Latent(space, way)


def blend_pivots(first: Pivot | None, second: Pivot | None, share: float) -> Pivot | None:
    """The weight difference that lies `share` of the way between two: ranks side by side, so that it is exact."""
    if first is None and second is None:
        return None
    one, two = first or Pivot({}), second or Pivot({})
    factors = {}
    for name in [*one.factors, *(name for name in two.factors if name not in one.factors)]:
        parts = [
            (weight * pivot.factors[name][0], pivot.factors[name][1])
            for weight, pivot in ((1 - share, one), (share, two))
            if name in pivot.factors
        ]
        factors[name] = (torch.cat([up for up, _ in parts], dim=1), torch.cat([down for _, down in parts]))
    noise = dict(one.noise) if share < 0.5 else dict(two.noise)  # maps are patterns: half of each is neither
    return Pivot(factors, noise, one.model or two.model)
