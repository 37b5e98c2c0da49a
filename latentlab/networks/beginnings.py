"""The laws from which published translators draw fresh weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

Law = Callable[[Tensor, torch.Generator], object]
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def normal_start(network: nn.Module, source: torch.Generator) -> None:
    """N(0, 0.02) for convolutions, N(1, 0.02) for the scales of norms (pix2pix, CycleGAN)."""
    _draw(network, lambda weight, draw: weight.normal_(0, 0.02, generator=draw), source, CONVOLUTIONS)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.weight is not None:
            module.weight.normal_(1, 0.02, generator=source)
            module.bias.zero_()


def truncated_start(network: nn.Module, source: torch.Generator) -> None:
    """Convolutions from a truncated, linear layers from a plain normal law of deviation .02 (CAAE)."""

    def truncated(weight: Tensor, draw: torch.Generator) -> None:
        nn.init.trunc_normal_(weight, 0, 0.02, -0.04, 0.04, generator=draw)

    _draw(network, truncated, source, CONVOLUTIONS)
    _draw(network, lambda weight, draw: weight.normal_(0, 0.02, generator=draw), source, (nn.Linear,))


def xavier_start(network: nn.Module, source: torch.Generator) -> None:
    """Normal after Glorot and Bengio 2010 (BeautyGAN)."""

    def law(weight: Tensor, draw: torch.Generator) -> None:
        nn.init.xavier_normal_(weight, generator=draw)

    _draw(network, law, source, CONVOLUTIONS)


def glorot_start(network: nn.Module, source: torch.Generator) -> None:
    """Uniform after Glorot and Bengio 2010, Keras' default (deepfakes)."""

    def law(weight: Tensor, draw: torch.Generator) -> None:
        nn.init.xavier_uniform_(weight, generator=draw)

    _draw(network, law, source, (nn.Conv2d, nn.Linear))


def _draw(network: nn.Module, law: Law, source: torch.Generator, kinds: tuple[type, ...]) -> None:
    for module in _layers(network, kinds):
        parametrised = getattr(module, "parametrizations", None)
        weight = parametrised.weight.original if parametrised is not None else module.weight
        law(weight, source)  # type: ignore[arg-type]
        if module.bias is not None:
            module.bias.zero_()  # type: ignore[operator]


def _layers(network: nn.Module, kinds: tuple[type, ...]) -> Iterator[nn.Module]:
    return (module for module in network.modules() if isinstance(module, kinds))
