"""Pairs with their truth: the photo before and after a change, and what a generator makes of both.

Of each change the generator gives two accounts: its inversion of the true picture after the change, and its own edit of the
inversion before it. Errors of the first are those of inversions, errors of the second also those of directions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent
from latentlab.core.shapes import Images
from latentlab.core.warp import flow_at, warp
from latentlab.networks.transfer import SIZE
from latentlab.scorers.targets import NAMES, targets_of
from latentlab.world.changes import draw_change
from latentlab.world.correspondence import correspond
from latentlab.world.factors import Face
from latentlab.world.laws import draw_faces
from latentlab.world.render import Renderer

PHOTO = 256
"""Side of the photos that are learnt from."""
EACH = 3
"""Changes of one person; they also change into one another, in twice as many pairs for little more."""
FAR = 1.3
"""A change by more than so many times what a direction's span allows is none that the generator could show."""

Encode = Callable[[Images], Latent]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pictures as bytes; n pairs."""

    photo: Tensor
    """uint8 [n, 3, 256, 256]."""
    truth: Tensor
    """What the photo should become, uint8 [n, 3, 256, 256]."""
    before: Tensor
    """The generator's picture of the photo, uint8 [n, 3, 128, 128]."""
    inverted: Tensor
    """Its picture of the truth."""
    moved: Tensor
    """Its own edit of its picture of the photo; where it has no direction for the change, `inverted` again."""
    flow: Tensor
    """From each pixel of the truth to its place in the photo, at 128², float16 [n, 2, 128, 128]."""
    seen: Tensor
    """255 where that place shows the same thing, 0 where not, uint8 [n, 1, 128, 128]."""
    known: Tensor
    """Whether flow and `seen` are known, bool [n]."""

    def to_dict(self) -> dict[str, Tensor]:
        """Tensors by name."""
        return {field.name: getattr(self, field.name).contiguous() for field in fields(self)}


def joined(parts: Sequence[Pairs]) -> Pairs:
    """One after the other."""
    return Pairs(*(torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Pairs)))


@dataclass(frozen=True, eq=False)
class Teller:
    """The generator's account of pictures."""

    generator: Generator
    encode: Encode
    directions: Mapping[str, Direction]
    """By the attribute (`scorers.targets`) that each of them moves."""

    @torch.no_grad()
    def pictures(self, latent: Latent) -> Images:
        return self.generator.render(latent).clamp(-1, 1)

    def strengths(self, before: Face, after: Face) -> dict[Direction, float]:
        """The steps that this change is, by every direction that has a share in it; none where one has not the reach."""
        change = dict(zip(NAMES, (targets_of([after]) - targets_of([before]))[0].tolist(), strict=True))
        found = {}
        for name, direction in self.directions.items():
            wished = change[name] / direction.step
            low, high = direction.span or (-4.0, 4.0)
            if not FAR * low <= wished <= FAR * high:
                return {}
            if abs(wished) > 0.1:
                found[direction] = wished
        return found


def rendered_pairs(renderer: Renderer, teller: Teller, count: int, seed: int, start: int = 0) -> Pairs:
    """Pairs of rendered people number start to start + count of a seed: every two of their states."""
    return joined([_of_person(renderer, teller, seed, start + i) for i in range(count)])


@torch.no_grad()
def _of_person(renderer: Renderer, teller: Teller, seed: int, number: int) -> Pairs:
    face = draw_faces(1, "natural", seed, number)[0]
    random = np.random.Generator(np.random.PCG64([seed, number, 17]))
    people = [face, *(draw_change(face, random)[1] for _ in range(EACH))]
    images = renderer.render(people, PHOTO).images
    latent = teller.encode(images)
    pictures = teller.pictures(latent)

    pairs = []
    for pair in combinations(range(EACH + 1), 2):
        first, last = pair if random.uniform() < 0.5 else pair[::-1]  # what was put on is also taken off
        truth = correspond(renderer, [people[first]], [people[last]], SIZE)
        moved = _moved(teller, latent[first], people[first], people[last])
        told = pictures[last] if moved is None else moved
        pictured = (images[first], images[last], pictures[first], pictures[last], told)
        seen = (truth.seen * 255).to(torch.uint8)
        shown = [_bytes(picture) for picture in pictured]
        pairs.append(Pairs(*shown, flow=truth.flow.half(), seen=seen, known=torch.ones(1, dtype=torch.bool)))  # type: ignore[misc]
    return joined(pairs)


def _moved(teller: Teller, latent: Latent, before: Face, after: Face) -> Images | None:
    strengths = teller.strengths(before, after)
    if not strengths:
        return None
    for direction, strength in strengths.items():
        latent = direction.apply(latent, strength)
    return teller.pictures(latent)


@torch.no_grad()
def bent_pairs(photos: Images, teller: Teller, random: np.random.Generator) -> Pairs:
    """Photographs [n 3 256 256] and themselves bent and tinted smoothly: the flow is known, hair and skin are real."""
    count = len(photos)
    flow = _random_flow(count, random)
    truth = warp(photos, flow_at(flow, PHOTO), "bicubic").clamp(-1, 1)
    truth = (truth + 1) * (1 + _smooth(count, 3, 4, random) * 0.25 * float(random.uniform(0, 1))) - 1
    truth = truth.clamp(-1, 1)
    pictures = teller.pictures(teller.encode(torch.cat([photos, truth])))
    return Pairs(
        _bytes(photos), _bytes(truth), _bytes(pictures[:count]), _bytes(pictures[count:]), _bytes(pictures[count:]),
        flow.half(), torch.full((count, 1, SIZE, SIZE), 255, dtype=torch.uint8), torch.ones(count, dtype=torch.bool),
    )  # fmt: skip


@torch.no_grad()
def photographed_pairs(before: Images, after: Images, teller: Teller) -> Pairs:
    """Two photographs of each person; where pixels went is not known."""
    count = len(before)
    pictures = teller.pictures(teller.encode(torch.cat([before, after])))
    return Pairs(
        _bytes(before), _bytes(after), _bytes(pictures[:count]), _bytes(pictures[count:]), _bytes(pictures[count:]),
        torch.zeros(count, 2, SIZE, SIZE).half(), torch.zeros(count, 1, SIZE, SIZE, dtype=torch.uint8),
        torch.zeros(count, dtype=torch.bool),
    )  # fmt: skip


def _random_flow(count: int, random: np.random.Generator) -> Tensor:
    """Smooth, of a few pixels, nothing at the border, [n 2 128 128]."""
    along = torch.linspace(-1, 1, SIZE)
    inside = (1 - along**4)[:, None] * (1 - along**4)[None]
    most = float(random.uniform(0.5, 4.0))
    return (
        (_smooth(count, 2, 4, random) + 0.4 * _smooth(count, 2, 8, random))[..., :SIZE, :SIZE] * most * inside
    )


def _smooth(count: int, channels: int, knots: int, random: np.random.Generator) -> Tensor:
    """Smooth noise of about unit size: [n c 128 128] for two channels, [n c 256 256] for three."""
    size = SIZE if channels == 2 else PHOTO
    noise = torch.from_numpy(random.normal(size=(count, channels, knots, knots))).float()
    return torch.nn.functional.interpolate(noise, (size, size), mode="bicubic", align_corners=False)


def _bytes(images: Tensor) -> Tensor:
    images = images if images.ndim == 4 else images[None]
    return (images * 127.5 + 128).clamp(0, 255).to(torch.uint8)
