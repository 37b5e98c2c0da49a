"""torchvision beside a CPU build of torch: it fails on import for want of two operators that nobody here calls."""

from __future__ import annotations

import torch

_KEPT: list[torch.library.Library] = []


def declare_vision_operators() -> None:
    """Register the schemas it looks for, unless they are there; to be called before packages that import torchvision."""
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library = torch.library.Library("torchvision", "FRAGMENT")
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _KEPT.append(library)
