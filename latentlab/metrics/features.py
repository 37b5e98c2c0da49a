"""Feature spaces in which distributions of images are compared; a figure is named after its space, whatever it is.

Only figures in the Inception space of torch-fidelity, with its weights, may be called FID and KID.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.shapes import Images
from latentlab.core.vision_operators import declare_vision_operators

INCEPTION = "inception"


@dataclass(frozen=True, eq=False)
class Space:
    """A named map from images to features."""

    name: str
    """As it is printed: `judge features`, `dlib identity`, `inception`."""
    features: Callable[[Images], Tensor]
    """[n 3 h w] in [-1, 1] to [n width]."""

    def of(self, batches: Iterable[Images]) -> Tensor:
        """The features of all images, [n width], float64."""
        with torch.no_grad():
            parts = [self.features(images).double().cpu() for images in batches]
        if not parts:
            raise BadInput("there are no images to measure")
        return torch.cat(parts)

    def called(self, figure: str) -> str:
        """The name of a figure: `FID` and `KID` in the Inception space only."""
        if self.name == INCEPTION and figure in {"Fréchet distance", "kernel distance"}:
            return {"Fréchet distance": "FID", "kernel distance": "KID"}[figure]
        return f"{figure} ({self.name})"


def scorer_space(scorer: Any, name: str) -> Space:
    """The last hidden layer of a trained scorer."""
    return Space(f"{name} features", scorer.features)


def dlib_space() -> Space:
    """dlib's identity embedding of images enlarged to 256; about 0.1 s a face. Images without a face get none."""
    from latentlab.faces.identity import embed

    def features(images: Images) -> Tensor:
        found: Any = embed(images, strict=True)
        return found[found.isfinite().all(1)]

    return Space("dlib identity", features)


def discriminator_space(discriminator: Any) -> Space:
    """The pooled features of a discriminator, all its blocks side by side."""

    def features(images: Images) -> Tensor:
        return torch.cat(
            [value.float().mean((2, 3)) for value in discriminator.features(images).values()], dim=1
        )

    return Space("discriminator features", features)


def inception_space(weights: Path | None = None, device: torch.device | str = "cpu") -> Space:
    """Inception-v3 as FID is defined on it, through torch-fidelity, from a weight file that is at hand.

    Raises:
        MissingPart: no torch-fidelity, or no weights; nothing is downloaded.
    """
    declare_vision_operators()
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError:
        raise MissingPart("FID needs torch-fidelity; install it: pip install torch-fidelity") from None
    path = weights or Path(torch.hub.get_dir()) / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"
    if not path.exists():
        raise MissingPart(
            f"FID needs the Inception weights of torch-fidelity at {path}; other spaces need nothing"
        )
    network = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(path)).to(
        device
    )

    def features(images: Images) -> Tensor:
        pixels = (images * 127.5 + 128).clamp(0, 255).to(torch.uint8)
        return network(pixels.to(device))[0]

    return Space(INCEPTION, features)
