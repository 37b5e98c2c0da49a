"""The shared encoder and the decoders of deepfakes (faceswap, December 2017; no paper)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.networks.beginnings import glorot_start
from latentlab.networks.same import SameConvolution

SLOPE = 0.1


@dataclass(frozen=True)
class EncoderArguments:
    """How the encoder is made."""

    size: int = 64
    width: int = 128
    """Channels of the first layer; they double."""
    hidden: int = 1024
    """Numbers that everything passes through."""

    def __post_init__(self) -> None:
        if self.size < 16 or self.size % 16 or min(self.width, self.hidden) < 1:
            raise BadInput(f"a shared encoder needs sides that 16 divides, and channels, not {self}")


@dataclass(frozen=True)
class DecoderArguments:
    """How a decoder is made; `width` is the encoder's."""

    width: int = 128

    def __post_init__(self) -> None:
        if self.width < 2:
            raise BadInput(f"a face decoder needs a width of at least 2, not {self.width}")


class Upscale(nn.Sequential):
    """3×3 convolution to four times the channels, leaky ReLU, pixel shuffle: twice the side."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(nn.Conv2d(before, 4 * after, 3, 1, 1), nn.LeakyReLU(SLOPE), nn.PixelShuffle(2))


class SharedEncoder(nn.Module):
    """Images [n 3 size size] in [0, 1] → [n 4·width s s] with s an eighth of the size."""

    kind = "shared_encoder"
    Arguments: ClassVar = EncoderArguments

    def __init__(self, arguments: EncoderArguments) -> None:
        super().__init__()
        width, hidden = arguments.width, arguments.hidden
        side, wide = arguments.size // 16, 8 * width
        before, parts = 3, []
        for index in range(4):
            parts += [SameConvolution(before, width * 2**index), nn.LeakyReLU(SLOPE)]
            before = width * 2**index
        cells = wide * side * side
        parts += [nn.Flatten(), nn.Linear(cells, hidden), nn.Linear(hidden, cells)]
        parts += [nn.Unflatten(1, (wide, side, side)), Upscale(wide, 4 * width)]
        self.layers = nn.Sequential(*parts)

    def start(self, source: torch.Generator) -> None:
        glorot_start(self, source)

    def forward(self, images: Images) -> Tensor:
        return self.layers(images)


class FaceDecoder(nn.Module):
    """What the encoder found → images [n 3 size size] in (0, 1) of one person."""

    kind = "face_decoder"
    Arguments: ClassVar = DecoderArguments

    def __init__(self, arguments: DecoderArguments) -> None:
        super().__init__()
        width = arguments.width
        parts: list[nn.Module] = []
        for index in range(3):
            parts.append(Upscale(4 * width // 2**index, 2 * width // 2**index))
        self.layers = nn.Sequential(*parts, nn.Conv2d(width // 2, 3, 5, 1, 2), nn.Sigmoid())

    def start(self, source: torch.Generator) -> None:
        glorot_start(self, source)

    def forward(self, found: Tensor) -> Images:
        return self.layers(found)
