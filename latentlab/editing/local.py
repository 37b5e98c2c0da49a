"""Edits inside a mask: two renders are blended where they are feature maps, so that the seam is drawn by the network.

The blend of Suzuki et al. 2018 (spatially conditional image synthesis) and Collins et al. 2020 (editing in style):
at one resolution the maps of both renders are mixed by the mask; later layers draw both sides from the same maps.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from torch import Tensor, nn
from torch.nn.functional import interpolate

from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.generator import Generator
from latentlab.core.latent import FeatureCorrection, Latent, Space
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images


@dataclass(frozen=True)
class Inside:
    """How an edit is confined to a mask."""

    resolution: int | None = None
    """Resolution at which feature maps are blended; None: an eighth of the picture, at least 16."""

    def render(
        self,
        generator: Generator,
        before: Latent,
        after: Latent,
        mask: Tensor,
        noise: Noise = FIXED,
        pivot: Pivot | None = None,
    ) -> Images:
        """The picture of `after` where the mask [n 1 h w] is 1, of `before` where it is 0."""
        if mask.ndim != 4 or mask.shape[1] != 1:
            raise BadInput(f"a mask has the shape [n 1 h w], this one has {tuple(mask.shape)}")
        size = self._resolution(generator, before)
        mask = mask.to(generator.w_average).clamp(0, 1)
        fine = _fit(mask, generator.resolution)
        coarse = _fit(mask, size)

        one, two = (generator.lift(latent, Space.S) for latent in (before, after))
        old, new = (features(generator, latent, size, noise, pivot) for latent in (one, two))
        blended = old + coarse * (new - old)
        outer = generator.render(self._corrected(one, size, blended - old), noise, pivot)
        inner = generator.render(self._corrected(two, size, blended - new), noise, pivot)
        return outer + fine * (inner - outer)

    def _resolution(self, generator: Generator, latent: Latent) -> int:
        if latent.correction is not None:
            return latent.correction.resolution
        size = self.resolution or min(max(16, generator.resolution // 8), generator.resolution // 2)
        known = {layer.resolution for layer in generator.style_layers}
        if size not in known:
            raise BadInput(
                f"this network has no feature maps of {size}²; its resolutions are {sorted(known)}"
            )
        return size

    @staticmethod
    def _corrected(latent: Latent, size: int, values: Tensor) -> Latent:
        if latent.correction is not None:
            values = values + latent.correction.values
        return replace(latent, correction=FeatureCorrection(size, values))


def _fit(mask: Tensor, size: int) -> Tensor:
    return interpolate(mask, (size, size), mode="bilinear", antialias=True, align_corners=False)


def features(
    generator: Generator, latent: Latent, resolution: int, noise: Noise = FIXED, pivot: Pivot | None = None
) -> Tensor:
    """The feature map [n c r r] that leaves the block of a resolution, without a correction of that block."""
    if latent.correction is not None and latent.correction.resolution == resolution:
        latent = replace(latent, correction=None)
    with _listening(_block(generator, resolution)) as heard:
        generator.render(latent, noise, pivot)
    return heard[-1]


def _block(generator: Generator, resolution: int) -> nn.Module:
    block = getattr(getattr(generator, "synthesis", None), f"b{resolution}", None)
    if block is None:
        raise MissingPart(
            "masks act inside the features of StyleGAN1 and StyleGAN2 only; leave `mask` out, or use `paste_back`"
        )
    residual = getattr(block, "architecture", "") == "resnet"
    return block if residual else block.conv1


@contextmanager
def _listening(module: nn.Module) -> Iterator[list[Tensor]]:
    """What the module puts out in this thread; other threads may use it at the same time and are not heard."""
    me, heard = threading.get_ident(), []

    def hear(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
        if threading.get_ident() == me:
            heard.append(output if isinstance(output, Tensor) else output[0])

    handle = module.register_forward_hook(hear)
    try:
        yield heard
    finally:
        handle.remove()
    assert heard, "the block was never called"
