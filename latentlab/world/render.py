"""From faces to pictures with their true landmarks, masks, depth and normals: z-buffer, then shading of visible pixels."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from cuda_ops.rasterize import rasterize
from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images, Landmarks
from latentlab.world.atlas import SIZES, kept_atlas
from latentlab.world.background import paint_background
from latentlab.world.expressions import blend_weights
from latentlab.world.factors import Face, columns
from latentlab.world.head import Head, prepare_head
from latentlab.world.lenses import lay_lenses
from latentlab.world.light import set_light, to_display
from latentlab.world.model import FaceModel, load_face_model
from latentlab.world.scene import join, pose_head
from latentlab.world.shade import shade
from latentlab.world.strips import Wardrobe, dress, prepare_wardrobe
from latentlab.world.toon import draw_outlines
from latentlab.world.visible import Outlook, Visible, look

LARGEST = 2048
PIXELS_AT_ONCE = {"cpu": 512 * 512, "cuda": 64 * 512 * 512}
"""Sub-pixels drawn together; a CPU likes what fits its caches."""


@dataclass(frozen=True, eq=False)
class Rendering:
    """Pictures and everything that is known about them."""

    images: Images
    """[n, 3, size, size] in [-1, 1]."""
    landmarks: Landmarks
    """Pixels (x right, y down; pixel centres at .5), [n, 68, 2]."""
    visible: Tensor
    """Whether a landmark is hidden behind nothing, bool [n, 68]."""
    masks: Tensor
    """Class of each pixel (place in `MASK_CLASSES`), uint8 [n, size, size]."""
    depth: Tensor
    """Centimetres from the camera, 0 where there is only background, [n, size, size]."""
    normals: Tensor
    """Camera frame (x right, y up, z to the camera), zero on background, [n, 3, size, size]."""
    shape: Tensor
    """Identity coefficients of the morphable model, [n, 100]."""
    expression: Tensor
    """Blendshape weights of the morphable model, [n, e]."""
    pose: Tensor
    """Yaw, pitch and roll in degrees, [n, 3]."""


@dataclass(frozen=True, eq=False)
class Renderer:
    """Draws faces with one face model on one device."""

    head: Head
    wardrobe: Wardrobe

    def render(
        self, faces: list[Face], size: int = 256, *, style: str = "photo", samples: int = 0
    ) -> Rendering:
        """Pictures of faces.

        Args:
            faces: any number of them.
            size: side of the square pictures, 16 to 2048 pixels.
            style: "photo" or "toon".
            samples: sub-pixels per side and pixel; 0 takes 2, or 3 below 128 pixels.

        Raises:
            BadInput: no faces, or a size or style that cannot be drawn.
        """
        if not faces:
            raise BadInput("there are no faces to render; give at least one")
        if not 16 <= size <= LARGEST:
            raise BadInput(f"the picture size {size} is out of range; give 16 to {LARGEST}")
        if style not in ("photo", "toon"):
            raise BadInput(f"no style is called '{style}'; choose photo or toon")
        factor = samples or (2 if size >= 128 else 3)
        together = max(1, PIXELS_AT_ONCE.get(self.head.rest.device.type, 512 * 512) // (size * factor) ** 2)
        parts = [
            self._draw(faces[i : i + together], size, factor, style) for i in range(0, len(faces), together)
        ]
        return Rendering(*(torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Rendering)))

    def _draw(self, faces: list[Face], size: int, factor: int, style: str) -> Rendering:
        head, side = self.head, size * factor
        toon = style == "toon"
        table = columns(faces, head.rest.device)
        camera, own, body = pose_head(head, table, toon=toon)
        scene = join(head, camera, own, body, dress(self.wardrobe, head, table, camera, own, size))
        canvas = camera.project(scene.points, side).contiguous()
        index, inverse = rasterize(canvas, scene.triangles, side, side)

        light = set_light(table)
        depth = torch.where(inverse > 0, 1 / inverse.clamp_min(1e-6), torch.zeros_like(inverse))
        outlook = look(scene, table, canvas, index, depth, light.direction)

        def read(face: Visible) -> dict[str, Tensor]:
            return self._maps(outlook, face, size)

        painting = shade(outlook, head, table, light, read, toon=toon)
        backdrop = paint_background(table, side)
        colour = torch.where(index >= 0, painting.colour.view(backdrop.shape), backdrop)
        colour = lay_lenses(colour, inverse, table, light, camera, own[:, head.landmarks])
        if toon:
            colour = draw_outlines(colour, painting.label.view(index.shape), depth)
        colour = colour * (2.0 ** table["exposure"])[:, None, None]
        images = _shrink(to_display(colour), factor).transpose(0, 1) * 2 - 1

        marks = camera.project(scene.landmarks, side)
        middle = (..., slice(factor // 2, None, factor), slice(factor // 2, None, factor))
        return Rendering(
            images=images.clamp(-1, 1).contiguous(), landmarks=marks[..., :2] / factor, visible=_unhidden(marks, depth),
            masks=painting.label.view(index.shape)[middle], depth=depth[middle],
            normals=painting.normal.view(backdrop.shape)[middle].transpose(0, 1).contiguous(), shape=table["shape"],
            expression=blend_weights(table, head.expression_names),
            pose=torch.stack([table[name] for name in ("yaw", "pitch", "roll")], 1),
        )  # fmt: skip

    def _maps(self, outlook: Outlook, face: Visible, size: int) -> dict[str, Tensor]:
        """The painted maps at pixels of the face, [p] by name; small pictures read small maps."""
        atlas = self.head.atlas
        uv = outlook.read(self.head.texcoords[None], outlook.scene.corners, face.pixels)
        values = atlas.read(uv, 4 * size if size > 96 else 256)
        return {name: values[place] for name, place in atlas.channels.items()}


def build_renderer(model: FaceModel, device: torch.device | str = "cpu", *, atlas_side: int = 0) -> Renderer:
    """Paints the maps and scatters the roots of a face model (seconds), then moves everything to the device."""
    head = prepare_head(
        model, kept_atlas(model, atlas_side or (SIZES[0] if len(model.vertices) > 10_000 else SIZES[2]))
    )
    return Renderer(to_device(head, device), to_device(prepare_wardrobe(head), device))


@lru_cache(maxsize=2)
def _known_renderer(place: Path, device: str) -> Renderer:
    return build_renderer(load_face_model(place), device)


def load_renderer(face_model: str | Path | None = None, device: torch.device | str = "cpu") -> Renderer:
    """The renderer of the face model on this machine (see `find_face_model`); kept for the next call."""
    from latentlab.world.model import find_face_model

    return _known_renderer(find_face_model(face_model), str(device))


def to_device(record, device: torch.device | str):
    """A frozen record of tensors (and of such records) on a device."""
    values = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Tensor):
            value = value.to(device)
        elif isinstance(value, tuple) and value and isinstance(value[0], Tensor):
            value = tuple(v.to(device) for v in value)
        elif hasattr(value, "__dataclass_fields__"):
            value = to_device(value, device)
        values[field.name] = value
    return type(record)(**values)


def _shrink(pictures: Tensor, factor: int) -> Tensor:
    """Means of factor x factor pixels, [..., h, w]."""
    rows = pictures[..., ::factor, :].clone()
    for i in range(1, factor):
        rows += pictures[..., i::factor, :]
    out = rows[..., ::factor].clone()
    for i in range(1, factor):
        out += rows[..., i::factor]
    return out / factor**2


def _unhidden(marks: Tensor, depth: Tensor) -> Tensor:
    side = depth.shape[-1]
    column, row = (marks[..., i].floor().long() for i in (0, 1))
    inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    place = (row.clamp(0, side - 1) * side + column.clamp(0, side - 1)).flatten(1)
    nearest = depth.flatten(1).gather(1, place)
    return inside & ((nearest == 0) | (marks[..., 2] < nearest + 0.6))
