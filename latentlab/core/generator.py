"""The one face of every StyleGAN: map, lift, synthesise, whatever file or version the weights came from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput, SpaceMismatch
from latentlab.core.fingerprint import fingerprint
from latentlab.core.latent import FeatureCorrection, Latent, Space
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Conditions, Images, Styles, W, WPlus, Z


@dataclass(frozen=True)
class StyleLayer:
    """One modulated layer: which w it reads and where its styles stand in S."""

    name: str
    """Also the name of the layer in pivots and noise maps, e.g. `b64.conv0`, `b64.torgb`, `L3_52_512`."""
    kind: str
    """`conv`, `rgb`, or `input` (StyleGAN3's Fourier features)."""
    w_index: int
    start: int
    width: int
    resolution: int

    @property
    def channels(self) -> slice:
        """Its columns in S."""
        return slice(self.start, self.start + self.width)


class Generator(nn.Module, ABC):
    """Latent in, image out; `forward` is the synthesis, so hooks and torch.compile work on it."""

    resolution: int
    """Side of its pictures; of one that is not square, the side that it would have with a constant of 4×4."""
    z_width: int
    w_width: int
    layers: int
    """How many w a synthesis reads (num_ws)."""
    colours: int = 3
    """Channels of its pictures: 1 is grey, 3 RGB, 4 RGBA, others what the network was trained on."""
    constant: tuple[int, int] = (4, 4)
    """Height and width of what its first block makes; another shape than 4×4 makes pictures that are not square."""
    condition_width: int = 0
    """Length of the class label; 0 for an unconditional network."""
    standing_class: int | None = None
    """The class that `map` takes where it is given no label; see `of_class`."""
    style_layers: tuple[StyleLayer, ...]

    @property
    @abstractmethod
    def w_average(self) -> Tensor:
        """The centre of truncation, [width] (or [layers width] where the file has one for each layer)."""

    @abstractmethod
    def map(self, z: Z, condition: Conditions | None = None) -> W:
        """The mapping network, without truncation; a conditional one needs labels [n classes], or a standing class."""

    @abstractmethod
    def styles(self, w_plus: WPlus) -> Styles:
        """Every layer's affine map of its w, side by side in the order of `style_layers`."""

    @abstractmethod
    def forward(
        self,
        styles: Styles,
        noise: Noise = FIXED,
        pivot: Pivot | None = None,
        correction: FeatureCorrection | None = None,
    ) -> Images:
        """The synthesis from S to images in about [-1, 1], not clamped."""

    @abstractmethod
    def style_weight(self, layer: int) -> Tensor:
        """The affine matrix of style layer number `layer`, scaled as it acts: [channels width] (SeFa reads it)."""

    def standing_labels(self, count: int) -> Conditions | None:
        """So many labels of the standing class, [count classes]; None where there is none."""
        if self.standing_class is None or not self.condition_width:
            return None
        labels = torch.zeros(count, self.condition_width, device=self.device)
        labels[:, self.standing_class] = 1
        return labels

    @property
    def device(self) -> torch.device:
        return self.w_average.device

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of its pictures."""
        height, width = self.constant
        return self.colours, self.resolution // 4 * height, self.resolution // 4 * width

    @property
    def style_width(self) -> int:
        """Number of channels of S."""
        last = self.style_layers[-1]
        return last.start + last.width

    @property
    def hash(self) -> str:
        """Identity of the network: the fingerprint of its tensors (computed once for each state of them)."""
        state = self.state_dict()
        key = tuple((value.data_ptr(), value._version) for value in state.values())
        known: tuple[object, str] = self.__dict__.get("_hash", (None, ""))
        if known[0] != key:
            known = self.__dict__["_hash"] = (key, fingerprint(state))
        return known[1]

    def truncate(self, w_plus: WPlus, psi: float = 1.0, cutoff: int | None = None) -> WPlus:
        """Pull the first `cutoff` layers (all, if None) towards the average: ψ of Karras et al. 2019."""
        if cutoff is not None and not 0 <= cutoff <= self.layers:
            raise BadInput(
                f"the truncation cutoff {cutoff} is out of range; this network has {self.layers} layers"
            )
        if psi == 1:
            return w_plus
        pulled = self.w_average + psi * (w_plus - self.w_average)
        return pulled if cutoff is None else torch.cat([pulled[:, :cutoff], w_plus[:, cutoff:]], dim=1)

    def lift(self, latent: Latent, to: Space, condition: Conditions | None = None) -> Latent:
        """Climb from the latent's space to a space nearer to the image; the way down is an inverter's work."""
        if to < latent.space:
            raise SpaceMismatch(
                f"cannot descend from {latent.space.name} to {to.name}: nothing but an inverter leads down; "
                f"see: latentlab invert"
            )
        self.check(latent)
        space, values = latent.space, latent.values
        if space < Space.W <= to:
            space, values = Space.W, self.map(values, condition)
        if space < Space.W_PLUS <= to:
            space, values = Space.W_PLUS, values[:, None].repeat(1, self.layers, 1)
        if space < Space.S <= to:
            space, values = Space.S, self.styles(values)
        return Latent(space, values, latent.correction)

    def render(self, latent: Latent, noise: Noise = FIXED, pivot: Pivot | None = None) -> Images:
        """The image of a latent of any space."""
        styles = self.lift(latent, Space.S).values
        return self(styles, noise, pivot, latent.correction)

    def check(self, latent: Latent) -> None:
        """Raise SpaceMismatch unless the latent has this network's widths."""
        expected = {
            Space.Z: (self.z_width,),
            Space.W: (self.w_width,),
            Space.W_PLUS: (self.layers, self.w_width),
            Space.S: (self.style_width,),
        }[latent.space]
        if tuple(latent.values.shape[1:]) != expected:
            raise SpaceMismatch(
                f"this network's {latent.space.name} has the shape {expected} for each sample, the latent has "
                f"{tuple(latent.values.shape[1:])}; it belongs to another network"
            )
