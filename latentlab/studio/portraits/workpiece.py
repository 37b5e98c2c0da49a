"""A face on the bench: what is edited, where, and how strengths become a picture with its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.exposure import exposure_from
from latentlab.core.face import Face
from latentlab.core.image import load_image
from latentlab.core.latent import Latent, layer_range
from latentlab.core.noise import Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images
from latentlab.editing.apply import apply
from latentlab.editing.local import Inside
from latentlab.editing.mix import blend_pivots, interpolate
from latentlab.editing.mix import mix as mix_layers
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.pictures.precision import render, settled
from latentlab.studio.portraits.carry import Carrier, carrier, choose, put_back
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe

if TYPE_CHECKING:
    from PIL.Image import Image

    from latentlab.studio.portraits.edit import Edit


@dataclass(frozen=True, eq=False)
class Workpiece:
    """A face, ready to be moved along directions."""

    studio: Lab
    request: Edit
    """What was asked for; faces and files stand in it by their names."""
    face: Face
    base: Latent
    """What the directions move: the face's latent, mixed or blended with another where that was asked."""
    pivot: Pivot | None
    mask: Tensor | None
    """[1 1 r r], 1 where the edit may show."""
    given: Ingredients
    carrier: Carrier | None = None
    """The photo that the edit is carried to; None for a face that has none, or where the network's picture is wanted."""
    others: Mapping[str, Face] = field(default_factory=dict)
    """The faces that are blended or mixed in."""

    @property
    def noise(self) -> Noise:
        """The face's own."""
        return self.face.noise

    def face_image(self, strengths: Mapping[Direction, float], after: Images | None = None) -> Images:
        """The edited face, not yet in its photo: the photo's own pixels [1 3 s s], or the network's [1 3 r r]."""
        return self.carried(strengths, after)[0]

    @torch.no_grad()
    def carried(
        self, strengths: Mapping[Direction, float], after: Images | None = None
    ) -> tuple[Images, float]:
        """The edited face, and the share of it that is torn; `after` is the network's picture where it is drawn already.

        Moves that different methods carry best are made one after the other.
        """
        after = self.rendered(strengths) if after is None else after
        if self.carrier is None:
            return exposure_from(self.face.origin).restored(after), 0.0
        carrier, so_far, torn = self.carrier, dict[Direction, float](), 0.0
        *earlier, last = self.carrier.groups(strengths)
        for group in earlier:
            so_far |= group
            between = self.rendered(so_far)
            found = carrier.image(between, group, self.mask)
            carrier, torn = carrier.going_on(found.image, between, group), max(torn, found.torn)
        found = carrier.image(after, last, self.mask)
        return found.image, max(torn, found.torn)

    def rendered(self, strengths: Mapping[Direction, float]) -> Images:
        """As the network draws it, [1 3 r r]."""
        generator = self.studio.generator
        after = apply(generator, self.base, strengths, self.request.layers)
        if self.mask is None:
            return self._drawn(after)
        return Inside().render(generator, self.face.latent, after, self.mask, self.noise, self.pivot)

    def _drawn(self, latent: Latent) -> Images:
        return render(self.studio.generator, latent, self.noise, self.pivot, self.request.precision)

    def picture(self, strengths: Mapping[Direction, float], after: Images | None = None) -> Picture:
        """The edited face, or the photo with it, and the recipe to make it again."""
        image, name, story = self.face_image(strengths, after), self.label(strengths), self._story(strengths)
        composite = "compositeWithTrainedAlgorithmicMedia"
        if not self.request.paste_back:
            return Picture(name, image[0], story, *([composite] if self.carrier else []))
        return Picture(f"{name}_photo", self._pasted(image), story, composite)

    @torch.no_grad()
    def moved(self, strengths: Mapping[Direction, float]) -> Face:
        """The edited face as a latent."""
        if self.mask is not None or self.request.paste_back:
            raise BadInput(
                "what a mask confines or a photo takes up is a picture, no face; leave mask and paste_back out"
            )
        generator = self.studio.generator
        latent = apply(generator, self.base, strengths, self.request.layers)
        name = f"{self.face.name}_{self.label(strengths)}"
        return Face(
            name, latent, self._drawn(latent), self.noise, self.pivot, self.face.model, self._story(strengths)
        )  # fmt: skip

    def _story(self, strengths: Mapping[Direction, float]) -> dict[str, object]:
        """The recipe of one picture: goals and sweeps have become strengths."""
        moves = {direction.name: value for direction, value in strengths.items()}
        return self.recipe(
            replace(self.request, directions=moves, goals={}, sweeps=(), min_identity=None, max_change={})
        )

    def recipe(self, request: Edit) -> dict[str, object]:
        """The recipe of a request."""
        return recipe(self.studio, "edit", request, self.given.noted)

    def _pasted(self, image: Images) -> Image:
        from latentlab.editing.paste import restore
        from latentlab.faces.align import cut
        from latentlab.faces.paste import paste_back

        photo = self.face.photo
        picture = None if photo is None else photo.picture()
        if photo is None or picture is None or photo.crop is None:
            raise MissingPart(
                f"the photo of '{self.face.name}' was not kept; invert it again to paste back into it"
            )
        if self.carrier is not None:
            return put_back(photo, picture, image, self.carrier.cut)
        original = cut(picture, photo.crop)
        start = exposure_from(self.face.origin).restored(self.face.image)
        face = restore(image.cpu().float(), start.cpu().float(), original)
        return paste_back(picture, face.clamp(-1, 1), photo.crop)

    def label(self, strengths: Mapping[Direction, float]) -> str:
        """What a file is called: everything that tells one edit from another."""
        request = self.request
        words = [f"{direction.name}{value:+g}" for direction, value in strengths.items()]
        for word, other in (("mix", request.mix), ("blend", request.blend)):
            if other is not None:
                amount = other[1] if isinstance(other[1], int | float) else "-".join(map(str, other[1]))
                words.append(f"{word}_{other[0]}_{amount}")
        if request.mask is not None:
            words.append(f"in_{request.mask.stem if isinstance(request.mask, Path) else request.mask}")
        if request.layers is not None:
            words.append("layers_" + "-".join(map(str, request.layers)))
        if request.keep:
            words.append("keep_" + "+".join(request.keep))
        return "_".join(words) or "unedited"


def workpiece(
    studio: Lab, request: Edit, face: Face, directions: Mapping[str, Direction], given: Ingredients
) -> Workpiece:
    """Check the parts against the network and put them together; `directions` by the names of the request."""
    layer_range(request.layers, studio.generator.layers)
    named, others = _named(request, directions), {}
    if request.blend is not None:
        others["blend"] = given.face("blend", request.blend[0])
        named = replace(named, blend=(others["blend"].name, request.blend[1]))
    if request.mix is not None:
        others["mix"] = given.face("mix", request.mix[0])
        named = replace(named, mix=(others["mix"].name, request.mix[1]))
    precision = None if request.mask is not None else settled(request.precision, studio.generator)
    named = replace(named, transfer=choose(request.transfer, face), precision=precision)
    return on(
        Workpiece(studio, named, face, face.latent, None, None, given, others=others), face, request.mask
    )


def on(piece: Workpiece, face: Face, mask: str | Path | Tensor | None) -> Workpiece:
    """The same work on a face; the mask is a picture, a region, or one that was found before."""
    request, generator = piece.request, piece.studio.generator
    base, pivot = face.latent, face.pivot
    if request.blend is not None:
        other, share = piece.others["blend"], request.blend[1]
        base = interpolate(generator, face.latent, other.latent, share)
        pivot = blend_pivots(face.pivot, other.pivot, share)
    if request.mix is not None:
        base = mix_layers(generator, base, piece.others["mix"].latent, request.mix[1])
    area = mask if mask is None or isinstance(mask, Tensor) else _mask(mask, face.image, piece.given)
    return replace(
        piece, face=face, base=base, pivot=pivot, mask=area, carrier=carrier(request.transfer, face)
    )


def _named(request: Edit, directions: Mapping[str, Direction]) -> Edit:
    """The request with every direction by its own name, whether a name or a file was given."""
    return replace(
        request,
        directions={directions[name].name: value for name, value in request.directions.items()},
        goals={directions[name].name: value for name, value in request.goals.items()},
        sweeps=tuple(replace(sweep, direction=directions[sweep.direction].name) for sweep in request.sweeps),
        keep=tuple(directions[name].name for name in request.keep),
    )


def _mask(wanted: str | Path, image: Images, given: Ingredients) -> Tensor:
    """A picture by its file, else a region by its name, found on the face."""
    from latentlab.editing.regions import region_mask
    from latentlab.faces.landmarks import aligned_landmarks

    if isinstance(wanted, Path):
        area = (load_image(given.file(wanted, "mask")).mean(dim=1, keepdim=True) + 1) / 2
        if area.shape[-1] != area.shape[-2]:
            raise BadInput(f"the mask {wanted} is not square; it covers the aligned face (aligned.png)")
        return area
    points = aligned_landmarks(image.detach().clamp(-1, 1).cpu()).points
    return region_mask(wanted, points, image.shape[-1])
