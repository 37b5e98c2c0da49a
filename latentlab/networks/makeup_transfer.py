"""BeautyGAN's dual-input, dual-output generator (Li et al. 2018, Fig. 3; the authors' "branch" form)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import nn

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.networks.beginnings import xavier_start
from latentlab.networks.change import begin_small, changed
from latentlab.networks.resnet import Residual


@dataclass(frozen=True)
class MakeupArguments:
    """How the generator is made."""

    width: int = 64
    blocks: int = 6
    adds: bool = False
    """Each answer is added to the picture that it changes."""

    def __post_init__(self) -> None:
        if min(self.width, self.blocks) < 1:
            raise BadInput(f"a makeup generator needs channels and blocks, not {self}")


class Exchanged(NamedTuple):
    """The source with the reference's makeup, and the reference without."""

    made_up: Images
    bare: Images


class MakeupGenerator(nn.Module):
    """Source and reference [n 3 h w] → `Exchanged`; sides are multiples of 4; no convolution has a bias."""

    kind = "makeup_generator"
    Arguments: ClassVar = MakeupArguments

    def __init__(self, arguments: MakeupArguments) -> None:
        super().__init__()
        width, blocks, self.adds = arguments.width, arguments.blocks, arguments.adds
        self.source, self.reference = _branch(width), _branch(width)
        wide = 4 * width
        body: list[nn.Module] = [*_halved(wide, wide), *_residuals(wide, blocks)]
        for before in (wide, 2 * width):
            body += [
                nn.ConvTranspose2d(before, before // 2, 4, 2, 1, bias=False),
                nn.InstanceNorm2d(before // 2, affine=True),
                nn.ReLU(),
            ]
        self.body = nn.Sequential(*body)
        self.made_up, self.bare = _head(width), _head(width)

    def start(self, source: torch.Generator) -> None:
        xavier_start(self, source)
        if self.adds:
            for head in (self.made_up, self.bare):
                begin_small(head[-2])  # type: ignore[index]

    def forward(self, source: Images, reference: Images) -> Exchanged:
        x = self.body(torch.cat([self.source(source), self.reference(reference)], dim=1))
        made_up, bare = self.made_up(x), self.bare(x)
        return (
            Exchanged(changed(source, made_up), changed(reference, bare))
            if self.adds
            else Exchanged(made_up, bare)
        )


def _branch(width: int) -> nn.Module:
    first = nn.Conv2d(3, width, 7, 1, 3, bias=False)
    return nn.Sequential(first, nn.InstanceNorm2d(width, affine=True), nn.ReLU(), *_halved(width, 2 * width))


def _halved(before: int, after: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.InstanceNorm2d(after, affine=True), nn.ReLU()


def _residuals(width: int, count: int) -> list[nn.Module]:
    return [Residual(width, "zeros", bias=False, affine=True) for _ in range(count)]


def _head(width: int) -> nn.Module:
    layers: list[nn.Module] = []
    for _ in range(2):
        layers += [
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.InstanceNorm2d(width, affine=True),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.Conv2d(width, 3, 7, 1, 3, bias=False), nn.Tanh())
