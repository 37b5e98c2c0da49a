"""Deepfakes: a shared encoder and a decoder for each of two people (faceswap, December 2017; software, no paper)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from latentlab.baselines.baseline import Baseline, Blueprint, Edited, Grant, Wishes, leave
from latentlab.baselines.drawn import rendered
from latentlab.baselines.warp import Warp
from latentlab.core.shapes import Images
from latentlab.data.batches import TwoDomains
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks
from latentlab.world.factors import Face
from latentlab.world.laws import draw_faces
from latentlab.world.tasks import as_person

if TYPE_CHECKING:
    from latentlab.world.render import Renderer

PEOPLE_SEED = 970_101
"""The two people of the face world are its faces number 0 and 1."""
MIDDLE = 142.0
"""Row of a 256-pixel aligned face that lies in the middle of the square which is swapped. In faceswap's own crops this
is 128; the FFHQ alignment leaves more room above the brows."""


@dataclass(frozen=True)
class Deepfakes(Baseline):
    """Swaps two people that it has learned: person A's face is encoded and decoded as person B.

    `size` is that of the networks' square; pictures are cut out of aligned faces as large as they come. The colours of
    A are shifted to B's batch by batch, where the published code takes the means of the whole folders.
    """

    size: int = 64
    width: int = 128
    hidden: int = 1024
    """Numbers between encoder and decoders."""
    rate: float = 5e-5
    pictures: int = 256
    """Side of the aligned faces that it is given."""
    middle: float = MIDDLE

    title: ClassVar[str] = "deepfakes (faceswap 2017)"
    layout: ClassVar[str] = "faceswap"
    world_batch: ClassVar[int] = 16
    acting: ClassVar[tuple[str, ...]] = ("encoder", "decoder_a", "decoder_b")
    published_batch: ClassVar[int] = 64
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "world": {"width": 16, "hidden": 192, "rate": 4e-4, "pictures": 128},
    }

    @property
    def picture_size(self) -> int:
        return self.pictures

    @property
    def grants(self) -> Mapping[str, Grant]:
        return {"swap": Grant("A becomes B"), "swap-back": Grant("B becomes A")}

    def blueprints(self) -> Mapping[str, Blueprint]:
        decoder = ("face_decoder", {"width": self.width})
        encoder = {"size": self.size, "width": self.width, "hidden": self.hidden}
        return {"encoder": ("shared_encoder", encoder), "decoder_a": decoder, "decoder_b": decoder}

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def phase(side: str) -> Phase:
            def rebuild(batch: TwoDomains, moment: Moment) -> Mapping[str, Tensor]:
                own = match_means(batch.a, batch.b) if side == "a" else batch.b
                warped, target = self._warp((own + 1) / 2, moment)
                again = networks[f"decoder_{side}"](networks["encoder"](warped))
                leave(moment, *(2 * x - 1 for x in (warped, again, target)))
                return self.losses(again, target)

            return Phase(f"person_{side}", ("encoder", f"decoder_{side}"), rebuild)

        return (phase("a"), phase("b"))

    def losses(self, again: Images, target: Images) -> dict[str, Tensor]:
        """Mean absolute error of one person, pictures in [0, 1]."""
        return {"reconstruction": (again - target).abs().mean()}

    def edit(self, networks: Networks, faces: Images, wishes: Wishes) -> Edited:
        """Aligned faces of any size: their middle is swapped along a soft edge, with the colours that were there."""
        decoder = networks["decoder_b" if "swap" in wishes else "decoder_a"]
        side = faces.shape[-1]
        box = self.box(side)
        window = (slice(None), slice(None), slice(box[1], box[3]), slice(box[0], box[2]))
        own = faces[window]
        seen = interpolate(own, (self.size, self.size), mode="bicubic", antialias=True).clamp(-1, 1)
        swapped = 2 * decoder(networks["encoder"]((seen + 1) / 2)) - 1
        large = interpolate(swapped, own.shape[-2:], mode="bicubic", antialias=True).clamp(-1, 1)
        mask = soft_disc(own.shape[-1]).to(faces)
        answer = faces.clone()
        answer[window] = own + mask * (match_colours(large, own, mask) - own)
        return Edited(answer)

    def box(self, side: int) -> tuple[int, int, int, int]:
        """left, top, right, bottom of the square in an aligned face of this side."""
        scale = side / 256
        left, top = round(48 * scale), round((self.middle - 80) * scale)
        length = round(160 * scale)
        return left, top, left + length, top + length

    def draw(self, renderer: Renderer, numbers: Sequence[int], seed: int) -> TwoDomains:
        pictures = []
        for side, person in enumerate(people()):
            scenes = [draw_faces(1, "natural", seed, 2 * number + side)[0] for number in numbers]
            pictures.append(
                rendered(renderer, [in_scene(person, scene) for scene in scenes], self.pictures).images
            )
        return TwoDomains(*pictures)

    def _warp(self, images: Images, moment: Moment) -> tuple[Images, Images]:
        return Warp(centre_y=self.middle)(images, moment.draws, self.size)


def people() -> tuple[Face, Face]:
    """A and B of the face world."""
    a, b = draw_faces(2, "natural", PEOPLE_SEED)
    return replace(a, glasses="none"), replace(b, glasses="none")


def in_scene(person: Face, scene: Face) -> Face:
    """The person with the mood, pose, light and place of a scene; age and hair are the person's own."""
    own = ("age", "greying", "hairline", "hair_style", "hair_colour", "hair_length", "hair_volume", "hair_part",
           "beard_style", "beard_length")  # fmt: skip
    there = replace(scene, glasses="none", yaw=max(-30.0, min(30.0, scene.yaw)))
    return replace(as_person(there, person), **{name: getattr(person, name) for name in own})


def match_means(images: Images, like: Tensor) -> Images:
    """Shifted so that the mean colour of the batch is the other's."""
    return images + like.mean((0, 2, 3), keepdim=True) - images.mean((0, 2, 3), keepdim=True)


def match_colours(images: Images, like: Tensor, mask: Tensor) -> Images:
    """Means and deviations of each channel under the mask [1 1 h w] made those of another picture."""
    weight = mask / mask.sum()

    def moments(x: Images) -> tuple[Tensor, Tensor]:
        mean = (x * weight).sum((2, 3), keepdim=True)
        return mean, ((x - mean).square() * weight).sum((2, 3), keepdim=True).clamp_min(1e-6).sqrt()

    (mean, deviation), (wanted, wide) = moments(images), moments(like)
    return ((images - mean) * (wide / deviation) + wanted).clamp(-1, 1)


def soft_disc(side: int) -> Tensor:
    """1 in the middle, falling smoothly to 0 before the edge of a square, [1 1 side side]."""
    places = (torch.arange(side) + 0.5) / side * 2 - 1
    distance = (places[:, None].square() + places[None].square()).sqrt()
    ramp = ((0.95 - distance) / 0.25).clamp(0, 1)
    return (ramp * ramp * (3 - 2 * ramp))[None, None]
