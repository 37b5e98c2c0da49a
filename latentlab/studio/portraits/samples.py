"""Faces that no photo shows: a seed's, the average, one of saved latents; edited like inverted ones."""

from __future__ import annotations

import torch

from latentlab.core.errors import BadInput
from latentlab.core.face import Face
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.generate import Generate
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe


@torch.no_grad()
def sample(studio: Lab, request: Generate, given: Ingredients | None = None) -> Face:
    """The face of one seed, or of one row of saved latents; its picture is the one that `generate` draws."""
    given = given or Ingredients(studio)
    plan = request.plan(studio, given)
    if len(plan.orders) != 1:
        raise BadInput(f"a face is one sample, these are {len(plan.orders)}; name one seed, or one row")
    (order,) = plan.orders
    latent, noise = plan.latents([order.number]), plan.request.rendering.noise_for(order.number)
    origin = recipe(studio, "generate", plan.request, given.noted)
    image = plan.request.rendering.synthesise(studio.generator, latent, order.number)
    return Face(order.name, latent, image, noise, model=studio.generator.hash, origin=origin)
