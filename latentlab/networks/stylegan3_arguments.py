"""The arguments of StyleGAN3 under their published names (Karras et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass

from latentlab.core.errors import BadInput
from latentlab.networks.mapping import MappingArguments


@dataclass(frozen=True)
class StyleGAN3Arguments:
    """How the generator is made; docs/networks.md says what each means."""

    resolution: int
    z_width: int = 512
    w_width: int = 512
    condition_width: int = 0
    mapping_layers: int = 2
    mapping_width: int | None = None
    embed_width: int | None = None
    mapping_activation: str = "lrelu"
    mapping_lr: float = 0.01
    channel_base: int = 32768
    channel_max: int = 512
    num_layers: int = 14
    num_critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin_size: int = 10
    output_scale: float = 0.25
    conv_kernel: int = 3
    filter_size: int = 6
    lrelu_upsampling: int = 2
    use_radial_filters: bool = False
    conv_clamp: float | None = 256
    magnitude_ema_beta: float = 0.999
    num_fp16_res: int = 4
    colours: int = 3
    """Channels of the pictures."""

    def __post_init__(self) -> None:
        if self.num_critical >= self.num_layers:
            raise BadInput(
                f"{self.num_critical} of {self.num_layers} layers cannot be critically sampled; fewer must be"
            )

    @property
    def mapping(self) -> MappingArguments:
        """Those of its mapping network."""
        return MappingArguments(
            self.z_width,
            self.condition_width,
            self.w_width,
            self.mapping_layers,
            self.mapping_width,
            self.embed_width,
            self.mapping_activation,
            self.mapping_lr,
        )
