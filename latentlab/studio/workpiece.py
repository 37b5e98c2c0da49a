"""A face on the bench: what is edited, where, and how strengths become a picture with its recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.latent import Latent
from latentlab.core.noise import Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images
from latentlab.studio import library
from latentlab.studio.photo_story import file_hash
from latentlab.studio.picture import Picture
from latentlab.studio.recipe import recipe

if TYPE_CHECKING:
    from PIL.Image import Image

    from latentlab.inversion.saved import Saved
    from latentlab.studio.studio import Studio

Layers = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Workpiece:
    """A face, ready to be moved along directions."""

    studio: Studio
    face: Saved
    base: Latent
    """What the directions move: the inverted latent, mixed or blended with another where that was asked."""
    noise: Noise
    pivot: Pivot | None
    layers: Layers | None
    kept: Sequence[Direction]
    mask: Tensor | None
    """[1 1 r r], 1 where the edit may show."""
    asked: Mapping[str, object]
    """Its part of the recipe."""
    paste: bool

    @torch.no_grad()
    def face_image(self, strengths: Mapping[Direction, float]) -> Images:
        """The edited face [1 3 r r], not yet in its photo."""
        from latentlab.editing.apply import apply
        from latentlab.editing.local import Inside

        generator = self.studio.generator
        after = apply(generator, self.base, strengths, self.layers)
        if self.mask is None:
            return generator.render(after, self.noise, self.pivot)
        before = self.face.inversion.latent
        return Inside().render(generator, before, after, self.mask, self.noise, self.pivot)

    def picture(self, strengths: Mapping[Direction, float], name: str) -> Picture:
        """The edited face, or the photo with it, and the recipe to make it again."""
        moves = [_identity(direction) | {"strength": value} for direction, value in strengths.items()]
        story = recipe(self.studio, "edit", dict(self.asked) | {"directions": moves})
        image = self.face_image(strengths)
        if not self.paste:
            return Picture(name, image[0], story)
        return Picture(f"{name}_photo", self._pasted(image), story, "compositeWithTrainedAlgorithmicMedia")

    def _pasted(self, image: Images) -> Image:
        from latentlab.core.image import load_picture
        from latentlab.editing.paste import restore
        from latentlab.faces.align import cut
        from latentlab.faces.crop import Crop
        from latentlab.faces.paste import paste_back

        photo = self.face.photo
        crop = self.face.story.get("crop")
        if photo is None or not isinstance(crop, Mapping):
            raise MissingPart(
                f"the photo of '{self.face.name}' was not kept; invert it again to paste back into it"
            )
        picture, square = load_picture(photo), Crop.from_json(crop)
        original = cut(picture, square)
        face = restore(image.cpu().float(), self.face.inversion.image.cpu().float(), original)
        return paste_back(picture, face.clamp(-1, 1), square)


def workpiece(
    studio: Studio,
    face: Saved,
    *,
    layers: Layers | None = None,
    kept: Sequence[Direction] = (),
    mask: str | None = None,
    mix: tuple[Saved, Layers] | None = None,
    blend: tuple[Saved, float] | None = None,
    paste: bool = False,
) -> Workpiece:
    """Check the parts against the network and put them together."""
    generator, inversion = studio.generator, face.inversion
    base, noise, pivot = inversion.latent, inversion.noise, inversion.pivot
    asked: dict[str, object] = {"inversion": {"name": face.name, "hash": face.hash}}
    if layers is not None:
        if layers[1] >= generator.layers:
            raise BadInput(
                f"the layers {layers[0]}-{layers[1]} are out of range; this network has 0 to {generator.layers - 1}"
            )
        asked["layers"] = list(layers)
    if kept:
        asked["keep"] = [library.identity(direction) for direction in kept]
    if blend is not None:
        base, pivot = _blended(studio, face, *blend)
        asked["blend"] = {"name": blend[0].name, "hash": blend[0].hash, "share": blend[1]}
    if mix is not None:
        from latentlab.editing.mix import mix as mix_layers

        base = mix_layers(generator, base, mix[0].inversion.latent, mix[1])
        asked["mix"] = {"name": mix[0].name, "hash": mix[0].hash, "layers": list(mix[1])}
    area = None
    if mask is not None:
        area, asked["mask"] = _mask(mask, inversion.image)
    if paste:
        asked["paste_back"] = True
    return Workpiece(studio, face, base, noise, pivot, layers, kept, area, asked, paste)


def _identity(direction: Direction) -> dict[str, object]:
    """A projected direction is named by the one it came from; what was kept stands beside it."""
    origin = direction.story.get("origin")
    return dict(origin) if isinstance(origin, Mapping) else library.identity(direction)


def _blended(studio: Studio, face: Saved, other: Saved, share: float) -> tuple[Latent, Pivot | None]:
    from latentlab.editing.mix import blend_pivots, interpolate

    latent = interpolate(studio.generator, face.inversion.latent, other.inversion.latent, share)
    return latent, blend_pivots(face.inversion.pivot, other.inversion.pivot, share)


def _mask(word: str, image: Images) -> tuple[Tensor, dict[str, object]]:
    """A picture by its file, else a region by its name, found on the reconstruction."""
    from latentlab.core.image import load_image
    from latentlab.editing.regions import region_mask
    from latentlab.faces.landmarks import aligned_landmarks

    path = Path(word)
    if path.suffix or len(path.parts) > 1:
        area = (load_image(path).mean(dim=1, keepdim=True) + 1) / 2
        if area.shape[-1] != area.shape[-2]:
            raise BadInput(f"the mask {path} is not square; it covers the aligned face (aligned.png)")
        return area, {"hash": file_hash(path)}
    points = aligned_landmarks(image.detach().clamp(-1, 1).cpu()).points
    return region_mask(word, points, image.shape[-1]), {"region": word}
