"""Light of a face picture: a key light, a sky over a floor, a rim; colours are linear light."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Light:
    """In the camera's frame (x right, y up, z to the camera)."""

    direction: Tensor
    """Towards the key light, unit, [n, 3]."""
    key: Tensor
    """Key light, linear RGB, [n, 3]."""
    sky: Tensor
    """Ambient light from above, [n, 3]."""
    floor: Tensor
    """Ambient light from below, [n, 3]."""
    back: Tensor
    """Towards the rim light, unit, [n, 3]."""
    rim: Tensor
    """Rim light, [n, 3]."""

    def of(self, rows: slice) -> Light:
        """The light of some faces."""
        return Light(*(getattr(self, field.name)[rows] for field in fields(self)))


def pick(values: Tensor, image: Tensor) -> Tensor:
    """Each pixel's column of a table of faces, [n, ...] by [p] -> [..., p]; a batch of one broadcasts instead ([..., 1])."""
    columns = values.movedim(0, -1)
    return columns if len(values) == 1 else columns.index_select(-1, image)


def to_linear(colour: Tensor) -> Tensor:
    """sRGB to linear light (the plain 2.2 power)."""
    return colour.clamp_min(0) ** 2.2


def to_display(linear: Tensor) -> Tensor:
    """Linear light to sRGB with a soft shoulder, so that highlights do not clip."""
    over = ((linear - 0.6) * (-2 / 0.55)).clamp_max_(0).exp_()
    over = (1 - over).div_(over.add_(1))  # tanh of half of it
    return linear.clamp(1e-5, 0.6).add_(over, alpha=0.4).pow_(1 / 2.2)


def kelvin_colour(kelvin: Tensor) -> Tensor:
    """Colour of a black body against a camera balanced for 5500 K, linear RGB of mean 1 (fit of the Planckian locus)."""
    warm = (5500.0 / kelvin).log()
    colour = torch.stack([(0.32 * warm).exp(), torch.ones_like(warm), (-0.58 * warm).exp()], -1)
    return colour / colour.mean(-1, keepdim=True)


def set_light(table: dict[str, Tensor]) -> Light:
    """The light of each face."""
    azimuth, elevation = torch.deg2rad(table["light_azimuth"]), torch.deg2rad(table["light_elevation"])
    direction = torch.stack(
        [azimuth.sin() * elevation.cos(), elevation.sin(), azimuth.cos() * elevation.cos()], 1
    )
    share = table["ambient"][:, None]
    total = 1.20 * table["light_strength"][:, None] / (0.70 + 0.55 * share)
    colour = kelvin_colour(table["light_temperature"])
    key = colour * total
    # the room takes on some of the key's colour, and of what stands behind
    around = to_linear(table["background_top"])
    tint = around / around.mean(1, keepdim=True).clamp_min(0.02)
    room = to_linear(table["ambient_colour"]) * (0.55 + 0.45 * colour) * (0.92 + 0.08 * tint)
    back = torch.nn.functional.normalize(
        torch.stack(
            [
                -azimuth.sin() - 0.25 * azimuth.sin().sign(),
                torch.full_like(azimuth, 0.35),
                torch.full_like(azimuth, -0.75),
            ],
            1,
        ),
        dim=1,
    )
    return Light(
        direction=direction, key=key, sky=room * share * total, floor=room * share * total * key.new_tensor([0.52, 0.46, 0.42]),
        back=back, rim=table["rim"][:, None] * total * (0.7 + 0.3 * tint),
    )  # fmt: skip
