"""Growing a StyleGAN2 by a block: its pictures, and what its discriminator sees, stay what they were (Karras et al. 2018)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.networks.build import build, export

LEAK = 0.2
"""Slope of leaky ReLU below zero."""


def grow_generator(
    arguments: Mapping[str, Any], tensors: Mapping[str, Tensor], channels: int, seed: int = 0
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A generator of twice the resolution whose new block has `channels` channels and adds nothing to the image yet."""
    if arguments.get("architecture", "skip") != "skip":
        raise BadInput(
            f"only skip generators grow, this one is '{arguments['architecture']}'; train it at its resolution"
        )
    grown, fresh = _enlarged("stylegan2", arguments, channels, seed)
    new = f"synthesis.b{grown['resolution']}.torgb."
    for name, value in fresh.items():
        fresh[name] = tensors.get(name, value)
    fresh[f"{new}weight"] = torch.zeros_like(fresh[f"{new}weight"])
    fresh[f"{new}bias"] = torch.zeros_like(fresh[f"{new}bias"])
    return grown, fresh


def grow_discriminator(
    arguments: Mapping[str, Any], tensors: Mapping[str, Tensor], channels: int, seed: int = 0
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A discriminator of twice the resolution that hands the old blocks nearly the features they knew.

    The new block's shortcut is fitted to what the old colour layer made; its residual branch begins at zero. The fit is
    close but not exact, since the features are compared at points of colour, before the image is halved.
    """
    if arguments.get("architecture", "resnet") != "resnet":
        raise BadInput(
            f"only residual discriminators grow, this one is '{arguments['architecture']}'; begin it anew"
        )
    grown, fresh = _enlarged("stylegan2_discriminator", arguments, channels, seed)
    old, new = int(arguments["resolution"]), int(grown["resolution"])
    weight, bias = tensors[f"b{old}.fromrgb.weight"].flatten(1), tensors[f"b{old}.fromrgb.bias"]
    for name, value in fresh.items():
        fresh[name] = tensors.get(name, value)
    rows, shortcut = _fit(weight, bias, channels, seed)
    fresh[f"b{new}.fromrgb.weight"] = weight[rows][..., None, None].clone()
    fresh[f"b{new}.fromrgb.bias"] = bias[rows].clone()
    scale = math.sqrt(0.5) / math.sqrt(len(rows))  # the gain of the shortcut, and its run-time He scale
    fresh[f"b{new}.skip.weight"] = (shortcut / scale)[..., None, None].contiguous()
    fresh[f"b{new}.conv1.weight"] = torch.zeros_like(fresh[f"b{new}.conv1.weight"])
    return grown, fresh


def _enlarged(
    kind: str, arguments: Mapping[str, Any], channels: int, seed: int
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    resolution = 2 * int(arguments["resolution"])
    table = {**{str(size): count for size, count in arguments["channels"].items()}, str(resolution): channels}
    grown = {**arguments, "resolution": resolution, "channels": table}
    return grown, export(build(kind, grown, None, seed))[2]


def _fit(weight: Tensor, bias: Tensor, channels: int, seed: int) -> tuple[Tensor, Tensor]:
    """Which of the old colour filters to keep, and the [old kept] matrix that makes all of them out of those."""
    from scipy.linalg import qr

    count = weight.shape[1]
    colours = torch.rand(4096, count, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    before = colours @ weight.T / math.sqrt(count) + bias
    features = torch.where(before > 0, before, before * LEAK) * math.sqrt(2)  # [points old]
    _, _, order = qr(features.double().numpy(), mode="economic", pivoting=True)
    rows = torch.arange(channels) % len(order)
    rows = torch.from_numpy(order.copy()).long()[rows]
    kept = features[:, rows].double()
    ridge = 1e-6 * torch.eye(channels, dtype=torch.float64) * len(kept)
    matrix = torch.linalg.solve(kept.T @ kept + ridge, kept.T @ features.double())  # [kept old]
    return rows, matrix.T.float()
