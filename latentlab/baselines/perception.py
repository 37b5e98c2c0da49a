"""Frozen networks that losses look through: VGG-19 where its weights are at hand, our own identity embedding elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from latentlab.core.errors import MissingPart
from latentlab.core.shapes import Images
from latentlab.networks.vgg import VGG

WEIGHTS = "vgg19-dcbb9e9d.pth"
Perception = Literal["vgg", "identity"]


class Looking(nn.Module):
    """Images [n 3 h w] in [-1, 1] to features; `network` takes no part in the state that a checkpoint keeps."""

    network: nn.Module

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        object.__setattr__(self, "network", network.eval().requires_grad_(False))

    def forward(self, images: Images) -> Tensor:
        return self.network(images)

    def _apply(self, fn: Any, recurse: bool = True) -> Looking:
        self.network._apply(fn, recurse)
        return super()._apply(fn, recurse)


def perception(kind: Perception) -> Looking:
    """`vgg`: relu4_1 as published; `identity`: the hidden layer of the embedding that ships."""
    return Looking(_vgg() if kind == "vgg" else _Hidden(_embedding()))


def recogniser() -> Looking:
    """Images to unit vectors that say who it is, in the place of Light-CNN or CASIA-Net with their licences."""
    return Looking(_embedding())


class _Hidden(nn.Module):
    def __init__(self, embedding: Any) -> None:
        super().__init__()
        self.embedding = embedding

    def forward(self, images: Images) -> Tensor:
        return self.embedding.inner.features(images)


def _embedding() -> nn.Module:
    from latentlab.scorers.identity import Identity

    return Identity().network


def _vgg() -> nn.Module:
    from latentlab.store.bridge.loose import read_tensors

    path = Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS
    if not path.is_file():
        raise MissingPart(
            f"the weights of VGG-19 are not at hand ({path}); put torchvision's {WEIGHTS} there, "
            "or set perception=identity"
        )
    network = VGG()
    tensors = read_tensors(path)
    network.load_state_dict({name: tensors[name] for name in network.state_dict()})
    return network
