"""Teaching StyleGAN3 (Karras et al. 2021): no noise, no mixing, no path lengths; what the discriminator sees is blurred at first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from latentlab.backbones.sampler import Sampler
from latentlab.backbones.stylegan import StyleGAN
from latentlab.core.ranges import Between, Share
from latentlab.core.shapes import Images
from latentlab.training.phase import Moment

BLUR = 10.0
"""Deviation of the blur at first, in pixels."""
NEVER = 2**62


@dataclass(frozen=True)
class StyleGAN3(StyleGAN):
    """What StyleGAN3 adds."""

    blur_images: Annotated[float, Between(0, 1e12)] = 200_000.0
    """Images over which the blur of the discriminator's input fades away; 0 leaves it out."""
    mapping_layers: Annotated[int, Between(1, 64)] = 2
    discriminator_rate: Annotated[float, Between(0, 10)] = 0.002
    mixing: Share = 0.0
    augment: Literal["none", "ada", "fixed"] = "ada"

    @property
    def generator_kind(self) -> str:
        return "stylegan3"

    def body_arguments(self) -> dict[str, Any]:
        return {}

    @property
    def sampler(self) -> Sampler:
        return Sampler(self.mixing, noise_from=NEVER)

    def before_verdict(self, images: Images, moment: Moment) -> Images:
        if not self.blur_images:
            return images
        return Sampler.blur(images, BLUR * (1 - moment.images / self.blur_images))
