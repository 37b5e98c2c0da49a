"""A small network that reads what changed between two pictures of a generator and draws it into the photo.

It sees the photo, the generator's picture before and after the edit, and answers with layers: where each pixel came from,
what became of its colour, and what is new and covers it. The coarse flow warps its inputs before the fine layers are drawn
(as in PWC-Net, Sun et al. 2018); the composition with an occlusion map follows Siarohin et al. 2019 (first order motion).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from latentlab.core.errors import BadFile, MissingPart
from latentlab.core.shapes import Images
from latentlab.core.warp import flow_at, warp
from latentlab.store.archive import Archive
from latentlab.store.home import assets_folder

KIND = "transfer"
SIZE = 128
"""The network reads and answers at this size, whatever the photo's."""
LEVELS = (32, 64, 96, 128)
"""Channels at a half, a quarter, an eighth and a sixteenth of it."""
FINE = 16
SLOPE = 0.1


@dataclass(frozen=True, eq=False)
class Layers:
    """What turns a photo into the edited photo; all at one size."""

    flow: Tensor
    """Pixels from each pixel to where it came from, [n, 2, s, s]."""
    colour: Tensor
    """What is added to what came from there, [n, 3, s, s]."""
    kept: Tensor
    """1 where the photo's own pixels show, 0 where something new does, [n, 1, s, s]."""
    new: Images
    """The new picture, [n, 3, s, s]."""

    def compose(self, photo: Images) -> Images:
        """The edited photo at the photo's own size."""
        size = photo.shape[-1]
        kept, colour, new = (_at(layer, size) for layer in (self.kept, self.colour, self.new))
        moved = warp(photo, flow_at(self.flow, size)) + colour
        return torch.lerp(new, moved, kept)

    def stronger(self, gain: float, tint: float) -> Layers:
        """The same change, movement and colour so many times as large; what is kept and what is new stay."""
        return Layers(gain * self.flow, tint * self.colour, self.kept, self.new)


def _at(layer: Tensor, size: int) -> Tensor:
    if layer.shape[-1] == size:
        return layer
    return interpolate(
        layer, (size, size), mode="bilinear", antialias=size < layer.shape[-1], align_corners=False
    )


class _Unit(nn.Module):
    """Two convolutions around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(channels, channels, 3, 1, 1)
        self.conv1 = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv1(leaky_relu(self.conv0(leaky_relu(x, SLOPE)), SLOPE))


class TransferNet(nn.Module):
    """Photo, picture before and after [n, 3, 128, 128] to the layers at that size."""

    def __init__(self, levels: tuple[int, ...] = LEVELS, fine: int = FINE) -> None:
        super().__init__()
        self.arguments = {"levels": list(levels), "fine": fine}
        self.enter = nn.Conv2d(4 * 9, levels[0], 3, 1, 1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(levels))
        self.going = nn.ModuleList(_Unit(width) for width in levels)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(levels))
        self.coming = nn.ModuleList(_Unit(width) for width in levels[:-1])
        self.coarse = nn.Conv2d(levels[0], 2, 3, 1, 1)
        self.widen = nn.Conv2d(levels[0], 4 * fine, 1)
        self.look = nn.Conv2d(fine + 15, 2 * fine, 3, 1, 1)
        self.draw = nn.Conv2d(2 * fine, 9, 3, 1, 1)
        self._begin()

    def _begin(self) -> None:
        """At first nothing moves, nothing is added and the photo is kept."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, SLOPE)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            for unit in (*self.going, *self.coming):
                unit.conv1.weight.mul_(0.3)
            for last in (self.coarse, self.draw):
                last.weight.mul_(0.02)
            self.draw.bias[5] = 2.0  # type: ignore[index]

    def forward(self, photo: Images, before: Images, after: Images) -> Layers:
        seen = torch.cat([photo, before, after], 1)
        x = self._trunk(seen)
        coarse = 16 * interpolate(
            self.coarse(x).float(), scale_factor=2, mode="bilinear", align_corners=False
        )

        moved = warp(seen[:, :6], coarse)
        fine = nn.functional.pixel_shuffle(self.widen(leaky_relu(x, SLOPE)), 2)
        drawn = self.draw(
            leaky_relu(self.look(torch.cat([fine, moved, after, after - moved[:, 3:], photo], 1)), SLOPE)
        )
        flow, colour, kept, new = drawn.float().split([2, 3, 1, 3], 1)
        return Layers(coarse + 4 * flow, colour, kept.sigmoid(), after + new)

    def _trunk(self, seen: Tensor) -> Tensor:
        x = self.enter(nn.functional.pixel_unshuffle(seen, 2))
        kept = []
        for level, unit in enumerate(self.going):
            x = unit(x if level == 0 else self.down[level - 1](leaky_relu(x, SLOPE)))
            kept.append(x)
        for level in reversed(range(len(self.coming))):
            grown = interpolate(self.up[level](x), scale_factor=2, mode="bilinear", align_corners=False)
            x = self.coming[level](kept[level] + grown)
        return x


def has_transfer() -> bool:
    """Whether a network ships with this installation."""
    return _shipped().is_file()


def _shipped() -> Path:
    return assets_folder() / "faces" / "transfer.safetensors"


@lru_cache(maxsize=2)
def load_transfer(path: Path | None = None, device: torch.device | str = "cpu") -> TransferNet:
    """The network of a file, or the one that ships; MissingPart where there is none, BadFile where it is another."""
    place = path or _shipped()
    if not place.exists():
        raise MissingPart(f"there is no transfer network {place}; use `transfer` flow")
    archive = Archive.load(place)
    if archive.kind != KIND:
        raise BadFile(f"{place} holds a {archive.kind}, not a transfer network")
    network = TransferNet(**archive.story["arguments"])  # type: ignore[arg-type]
    network.load_state_dict({name: value.float() for name, value in archive.tensors.items()})
    return network.eval().requires_grad_(False).to(device)
