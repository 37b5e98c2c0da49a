"""What an inversion is worth: how near the picture is (distortion), and how near the latent is to the prior."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.shapes import Images
from latentlab.inversion.chart import chart
from latentlab.inversion.inverter import Given
from latentlab.inversion.objective import Objective


def psnr(mse: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in decibels of a mean squared error on the [-1, 1] scale."""
    return 10 * torch.log10(4 / mse.clamp_min(1e-12))


@torch.no_grad()
def measure(
    generator: Generator, image: Images, target: tuple[Images, Tensor], latent: Latent, given: Given
) -> dict[str, Tensor]:
    """By name, each [n]: mse, psnr, ms_ssim, the perceptual distance by its own name, typicality, layer_spread.

    `typicality` is the root mean squared whitened coordinate: about 1 for the network's own samples; what lies far
    above edits badly. `layer_spread` is the deviation of the layers from their mean in the same unit, 0 for a w.
    """
    from latentlab.networks.perceptual import ms_ssim

    faces, mask = target
    rows = list(range(len(faces)))
    objective = Objective(faces, mask, given.distance)
    found = objective.terms(image.clamp(-1, 1), rows)

    measures = {"mse": found["pixels"], "psnr": psnr(found["pixels"])}
    seen = faces * mask + image.clamp(-1, 1) * (1 - mask)
    measures["ms_ssim"] = ms_ssim(image.clamp(-1, 1), seen)
    if given.distance is not None:
        measures[given.distance.name] = found["perceptual"]
    return measures | editability(generator, latent)


def error_alone(image: Images, target: tuple[Images, Tensor]) -> dict[str, Tensor]:
    """mse and psnr, each [n]: what costs nothing."""
    faces, mask = target
    mse = Objective(faces, mask, None).terms(image.clamp(-1, 1), list(range(len(faces))))["pixels"]
    return {"mse": mse, "psnr": psnr(mse)}


@torch.no_grad()
def editability(generator: Generator, latent: Latent) -> dict[str, Tensor]:
    """`typicality` and `layer_spread` of a latent, each [n]."""
    frame = chart(generator, latent.space)
    coordinates = frame.inwards(latent.values)
    found = {"typicality": frame.distance(coordinates).sqrt()}
    if latent.space in {Space.W, Space.W_PLUS}:
        found["layer_spread"] = frame.delta(coordinates).sqrt()
    return found
