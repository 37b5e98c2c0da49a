"""A generator whose attributes are known functions of w, and scorers that read them off its pictures."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.generator import Generator, StyleLayer
from latentlab.core.noise import FIXED
from latentlab.core.scorer import Scorer
from latentlab.scorers.bank import Bank, bank_key

WIDTH = 12
NAMES = ("age", "glasses", "smile")


class ToyGenerator(Generator):
    """w = z·mix, so that coordinates are correlated; the picture's first row holds w, layer by layer."""

    def __init__(self, correlation: float = 0.7) -> None:
        super().__init__()
        self.resolution, self.z_width, self.w_width, self.layers = 16, WIDTH, WIDTH, 2
        self.style_layers = (
            StyleLayer("b4.conv1", "conv", 0, 0, WIDTH, 4),
            StyleLayer("b8.conv0", "conv", 1, WIDTH, WIDTH, 8),
        )
        mix = torch.eye(WIDTH)
        mix[0, 1] = correlation  # glasses come with age
        self.register_buffer("mix", mix)
        self.register_buffer("center", torch.zeros(WIDTH))

    @property
    def w_average(self) -> Tensor:
        return self.center

    def map(self, z, condition=None):
        return z @ self.mix

    def styles(self, w_plus):
        return w_plus.flatten(1)

    def forward(self, styles, noise=FIXED, pivot=None, correction=None):
        image = styles.new_zeros(len(styles), 3, 16, 16)
        image[:, 0, 0, :WIDTH] = styles[:, :WIDTH]
        image[:, 0, 1, :WIDTH] = styles[:, WIDTH:]
        return image

    def style_weight(self, layer: int) -> Tensor:
        return torch.eye(WIDTH) * (layer + 1)


class ToyScorer(Scorer):
    """Reads the mean of the first three coordinates of both layers, plus a little of everything as noise."""

    names = NAMES
    units = {"age": "years", "glasses": "0..1", "smile": "sd"}  # noqa: RUF012
    hash = "toy"

    def __call__(self, images):
        rows = images[:, 0, :2, :WIDTH].mean(1)
        return rows[:, :3] + 0.1 * torch.sin(5 * rows[:, 3:6])


def toy_bank(folder: Path, samples: int = 2000, correlation: float = 0.7) -> tuple[ToyGenerator, Bank]:
    """A generator and a filled bank of it."""
    generator, scorer = ToyGenerator(correlation), ToyScorer()
    bank = Bank.open(folder, bank_key(generator, [scorer]))
    bank.extend(samples, generator, [scorer], batch=250)
    return generator, bank
