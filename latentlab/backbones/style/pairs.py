"""What a style is learned from: one picture (JoJoGAN, Chong and Forsyth 2022), or a filter over the parent's own pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.generator import Generator
from latentlab.core.seeds import draw_z
from latentlab.core.shapes import Images, WPlus

Filter = Callable[[Images], Images]


@dataclass(frozen=True, eq=False)
class OnePicture:
    """Latents that should become one picture, its own with other faces' fine styles; and other faces in its colours.

    The second half of each batch is not in the paper: it holds the geometry of faces that are not the picture's.
    """

    generator: Generator
    picture: Images
    """[1 3 r r], aligned."""
    latent: WPlus
    """[1 layers width], its inversion."""
    kept: int
    """Layers below this one are the picture's own; the rest is another's in part, so that the style is learned for all."""
    batch: int = 4
    own: float = 0.5
    """Share of the picture's own latent in the exchanged layers."""

    @torch.no_grad()
    def __call__(self, step: int) -> tuple[WPlus, Images]:
        others = draw(self.generator, self.batch, step)
        half = self.batch // 2
        mixed = self.latent.repeat(half, 1, 1)
        mixed[:, self.kept :] = torch.lerp(others[:half, self.kept :], mixed[:, self.kept :], self.own)
        faces = self.generator(self.generator.styles(others[half:])).clamp(-1, 1)
        goals = [self.picture.expand(half, -1, -1, -1), recoloured(faces, self.picture)]
        return torch.cat([mixed, others[half:]]), torch.cat(goals)


def recoloured(images: Images, picture: Tensor) -> Images:
    """Pictures [n 3 h w] with the mean and covariance of the colours of another [1 3 h w] (Pitié and Kokaram 2007, linear transfer)."""
    goal_mean, goal = _colours(picture)
    answers = []
    for image in images.split(1):
        mean, own = _colours(image)
        root = _power(own, 0.5)
        matrix = _power(own, -0.5) @ _power(root @ goal @ root, 0.5) @ _power(own, -0.5)
        moved = matrix @ (image[0].flatten(1).double() - mean) + goal_mean
        answers.append(moved.reshape(image.shape).to(image))
    return torch.cat(answers).clamp(-1, 1)


def _colours(image: Images) -> tuple[Tensor, Tensor]:
    """Mean [3 1] and covariance [3 3] of one picture's colours."""
    pixels = image[0].flatten(1).double()
    return pixels.mean(1, keepdim=True), torch.cov(pixels)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.clamp_min(1e-5) ** exponent) @ vectors.T


@dataclass(frozen=True, eq=False)
class Filtered:
    """The parent's pictures, and what a filter makes of them."""

    generator: Generator
    filter: Filter
    batch: int = 4

    @torch.no_grad()
    def __call__(self, step: int) -> tuple[WPlus, Images]:
        w_plus = draw(self.generator, self.batch, step)
        faces = self.generator(self.generator.styles(w_plus)).clamp(-1, 1)
        return w_plus, self.filter(faces)


@dataclass(frozen=True, eq=False)
class Photographs:
    """Latents of one person's photographs, and the photographs: a generator that knows the person."""

    latents: WPlus
    """[n layers width]"""
    photos: Images
    """[n 3 r r], aligned."""
    batch: int = 4

    def __call__(self, step: int) -> tuple[WPlus, Images]:
        rows = torch.arange(step * self.batch, (step + 1) * self.batch) % len(self.photos)
        return self.latents[rows], self.photos[rows]


def draw(generator: Generator, count: int, step: int) -> WPlus:
    """Faces of a step, the same in every run: truncated a little, and mixed in pairs as W+ needs it."""
    z = draw_z(range(step * 2 * count, (step + 1) * 2 * count), generator.z_width).to(generator.device)
    w = generator.map(z)[:, None].repeat(1, generator.layers, 1)
    cut = step % generator.layers
    mixed = torch.cat([w[:count, :cut], w[count:, cut:]], dim=1)
    return generator.truncate(mixed, 0.8)
