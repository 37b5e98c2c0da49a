"""Teaching with StyleGAN's losses (Karras et al. 2019): R1 at every step, no path lengths, a plain discriminator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from latentlab.backbones.stylegan import StyleGAN
from latentlab.core.ranges import MoreThan, Rate, Steps, Weight


@dataclass(frozen=True)
class StyleGAN1(StyleGAN):
    """On StyleGAN2's body unless told otherwise: it trains sooner, and knows no droplets."""

    body: Literal["stylegan1", "stylegan2"] = "stylegan2"
    """`stylegan1` is the published generator with its own discriminator."""
    r1: Weight = 10.0
    r1_every: Steps = 1
    discriminator_architecture: str = "orig"
    learning_rate: Rate = 0.001
    ema_ramp: Annotated[float, MoreThan(0, 1000)] | None = None

    @property
    def generator_kind(self) -> str:
        return self.body

    @property
    def discriminator_kind(self) -> str:
        return f"{self.body}_discriminator"

    def body_arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {"channels": self.channel_table(self.channel_base)}
        if self.body == "stylegan2":
            arguments["clamp"] = self.clamp
        return arguments | {"half_resolutions": self.half_resolutions}

    def discriminator_arguments(self) -> dict[str, Any]:
        arguments = super().discriminator_arguments()
        if self.body == "stylegan1":  # it has one architecture, and no half precision
            for name in {"architecture", "clamp", "half_resolutions"} - dict(self.discriminator_extra).keys():
                del arguments[name]
        return arguments
