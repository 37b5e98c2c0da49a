"""Baselines so small that a step takes milliseconds, and seeded batches for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from latentlab.baselines import BASELINES
from latentlab.baselines.baseline import Baseline
from latentlab.baselines.ffgan import Turned
from latentlab.baselines.g2gan import Expressions
from latentlab.data.batches import Aged, Batch, MakeupPairs, TwoDomains

SETTINGS: dict[str, dict[str, Any]] = {
    "caae": {"size": 32, "width": 4, "discriminator_width": 4, "hidden": 8, "code": 20},
    "g2gan": {"size": 32, "width": 4, "blocks": 1, "patch_layers": 1},
    "ffgan": {"size": 32, "width": 4, "code": 16, "groups": (8, 3, 2), "alone": 0, "joint": 10**9},
    "beautygan": {"size": 32, "width": 4, "blocks": 1, "patch_layers": 1, "perception": "identity"},
    "deepfakes": {"size": 32, "width": 4, "hidden": 16, "pictures": 64},
    "pix2pix": {"size": 32, "width": 4, "levels": 4, "patch_layers": 1, "enlarged": 0},
    "cyclegan": {"size": 32, "width": 4, "blocks": 1, "patch_layers": 1, "enlarged": 0, "pool": 3},
    "ugatit": {"size": 32, "width": 4, "blocks": 1, "global_layers": 4, "local_layers": 3, "enlarged": 0},
}


def tiny(name: str, **changes: Any) -> Baseline:
    return BASELINES[name](**{**SETTINGS[name], **changes})


def pictures(n: int, size: int, seed: int) -> Tensor:
    """Smooth coloured blobs in [-1, 1]."""
    noise = torch.randn(n, 3, 5, 5, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(noise, (size, size), mode="bicubic").tanh()


def masks(n: int, size: int, shift: int = 0) -> Tensor:
    """Skin with lips, two eyes, each a rectangle."""
    mask = torch.ones(n, size, size, dtype=torch.int64)
    mask[:, 20 + shift : 25, 8:20] = 7
    mask[:, 8 : 11 + shift, 6:10] = 4
    mask[:, 8:11, 20 : 25 + shift] = 5
    return mask


def points(n: int, size: int) -> Tensor:
    return torch.rand(n, 68, 2, generator=torch.Generator().manual_seed(9)) * (size - 1)


def batch_for(method: Baseline, n: int = 2) -> Batch:
    side = method.picture_size
    a, b = pictures(n, side, 1), pictures(n, side, 2)
    makers: dict[str, Callable[[], Batch]] = {
        "CAAE": lambda: Aged(a, torch.tensor([23.0, 64.0])[:n], torch.tensor([0.0, 1.0])[:n], torch.zeros(n)),
        "G2GAN": lambda: Expressions(a, b, points(n, side)),
        "FFGAN": lambda: Turned(a, b, torch.randn(n, 13, generator=torch.Generator().manual_seed(3)), (b[:, :1] > 0).float()),
        "BeautyGAN": lambda: MakeupPairs(a, masks(n, side), b, masks(n, side, 1)),
    }  # fmt: skip
    return makers.get(type(method).__name__, lambda: TwoDomains(a, b))()
