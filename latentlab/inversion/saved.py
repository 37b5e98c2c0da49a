"""An inversion on disk: lab/NAME/{latent.safetensors, aligned.png, reconstruction.png}, whole or not there."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.crop import Crop
from latentlab.core.errors import BadFile, LatentLabError, WrongGenerator
from latentlab.core.exposure import exposure_from
from latentlab.core.face import Face
from latentlab.core.face import Photo as SeenIn
from latentlab.core.files import draft_folder, may_write
from latentlab.core.generator import Generator
from latentlab.core.image import save_image
from latentlab.core.inversion import Inversion
from latentlab.core.latent import FeatureCorrection, Latent, Space
from latentlab.core.locks import PATIENCE, held
from latentlab.core.noise import FIXED, Noise, NoiseMode
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images
from latentlab.inversion.low_rank import conv_weights
from latentlab.store.archive import Archive, read_story

LATENT, ALIGNED, RECONSTRUCTION, PHOTO = "latent.safetensors", "aligned.png", "reconstruction.png", "photo"
KIND = "latent"


def as_face(
    inversion: Inversion, name: str, story: Mapping[str, object], photo: SeenIn | None = None
) -> Face:
    """An inversion of one sample as a face; its origin is the story, completed by what the inversion measured."""
    if len(inversion.latent) != 1:
        raise BadFile(f"a face is one sample, these are {len(inversion.latent)}; take them one by one")
    return Face(
        name, inversion.latent, inversion.image, inversion.noise, inversion.pivot, inversion.model,
        dict(story) | describe(inversion), photo,
    )  # fmt: skip


def as_inversion(face: Face) -> Inversion:
    """A face as an inverter's start."""
    measures = {name: torch.tensor([value]) for name, value in face.measures.items()}
    error = measures.get("mse", torch.tensor([float("nan")]))
    return Inversion(face.latent, face.image, error, face.noise, face.pivot, measures, model=face.model)


@torch.no_grad()
def latents_as_inversion(latent: Latent, generator: Generator) -> Inversion:
    """Latents of any origin as an inverter's start; how near they are to a photo nobody knows."""
    latent = Latent(latent.space, latent.values.to(generator.device))
    image = generator.render(latent)
    unknown = torch.full((len(latent),), float("nan"), device=generator.device)
    return Inversion(latent, image, unknown, model=generator.hash)


def save(folder: Path | str, face: Face) -> Face:
    """Write one face; a new folder appears whole, in an old one the latent is replaced last.

    Of an inverted face the photo is kept as well, so that edits can be pasted back later.
    """
    folder = Path(folder)
    story = {
        **face.origin,
        "space": face.latent.space.name,
        "model": face.model,
        "noise": face.noise.mode.value,
    }
    if face.noise.seed is not None:
        story["noise_seed"] = face.noise.seed
    archive = Archive(KIND, face.tensors(), story)
    try:
        with draft_folder(folder) as building:
            if face.photo is not None:
                _save_seen(face.photo, building)
            save_image(exposure_from(face.origin).restored(face.image)[0], building / RECONSTRUCTION, story)
            archive.save(building / LATENT)
            with held(folder.parent, f"the lab {folder.parent}", wait=PATIENCE):
                _move(building, folder)
    except OSError as error:
        raise BadFile(f"cannot write {folder}: {error.strerror or error}; choose another `home`") from None
    return replace(face, name=folder.name, origin=story, photo=_seen_in(folder, story), folder=folder)


def _save_seen(photo: SeenIn, building: Path) -> None:
    """The aligned face and the whole photo: its file as it is, a picture in memory as PNG."""
    save_photo(photo.face(), building / ALIGNED)
    if isinstance(photo.source, Path):
        shutil.copyfile(photo.source, building / f"{PHOTO}{photo.source.suffix.lower()}")
    elif photo.source is not None:
        photo.source.save(building / f"{PHOTO}.png", format="PNG")


def _seen_in(folder: Path, story: Mapping[str, object]) -> SeenIn | None:
    """What the folder keeps of the photo."""
    if not (folder / ALIGNED).is_file():
        return None
    source = next(iter(sorted(folder.glob(f"{PHOTO}.*"))), None)
    told, crop = story.get("crop"), None
    if isinstance(told, Mapping):
        with suppress(LatentLabError):  # without it the face can be edited, though not pasted back
            crop = Crop.from_json(told)
    return SeenIn(folder / ALIGNED, source, crop)


def save_photo(image: Images, path: Path) -> Path:
    """A photograph as PNG: no claim that a network made it, only that this program cut it out."""
    return save_image(image[0], path, {"kind": "aligned photo"}, source=None)


def _move(building: Path, folder: Path) -> None:
    if not folder.exists():
        os.rename(building, folder)
        return
    ours = story_of(folder) is not None
    for path in building.iterdir():
        may_write(folder / path.name, own=ours)
    for path in sorted(building.iterdir(), key=lambda path: path.name == LATENT):
        os.replace(path, folder / path.name)


def describe(inversion: Inversion) -> dict[str, object]:
    """What the story says of the inversion itself; the numbers are rounded for readers, the tensors are not."""
    measures = {name: float(value[0]) for name, value in inversion.measures.items()}
    return {
        "space": inversion.latent.space.name,
        "model": inversion.model,
        "method": inversion.method,
        "errors": {name: _round(value) for name, value in measures.items()},
        "seconds": _round(inversion.seconds),
        "steps": inversion.steps,
        "noise": inversion.noise.mode.value,
    }


def _round(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def load(folder: Path | str, generator: Generator) -> Face:
    """Read one inverted face for this network; every fault of the file is a BadFile or WrongGenerator."""
    folder = Path(folder)
    path = folder / LATENT if folder.is_dir() else folder
    archive = Archive.load(path, KIND, finite=True)
    story = archive.story
    if story.get("model") != generator.hash:
        raise WrongGenerator(
            f"{path} was inverted in network {str(story.get('model'))[:12]}, this is {generator.hash[:12]}; "
            "name that network with `network`, or invert the photo again"
        )
    tensors = {name: value.to(generator.device) for name, value in archive.tensors.items()}
    latent = _latent(tensors, story, path)
    generator.check(latent)
    noise, pivot = _noise(tensors, story, path), _pivot(tensors, generator, path)
    with torch.no_grad():
        image = generator.render(latent, noise, pivot)
    kept = path.parent
    return Face(
        kept.name, latent, image, noise, pivot, generator.hash, story, _seen_in(kept, story), kept,
    )  # fmt: skip


def _latent(tensors: Mapping[str, Tensor], story: Mapping[str, object], path: Path) -> Latent:
    values, space = tensors.get("values"), story.get("space")
    if values is None or space not in Space.__members__:
        raise BadFile(f"{path} holds no latent of a known space; invert the photo again")
    corrections = [name for name in tensors if name.startswith("correction.")]
    correction = None
    if corrections:
        size = corrections[0].removeprefix("correction.")
        if not size.isdecimal():
            raise BadFile(f"{path} holds a correction of no resolution ('{size}'); invert the photo again")
        correction = FeatureCorrection(int(size), tensors[corrections[0]].float())
    try:
        return Latent(Space[str(space)], values.float(), correction)
    except LatentLabError as error:
        raise BadFile(f"{path}: {error}") from None


def _noise(tensors: Mapping[str, Tensor], story: Mapping[str, object], path: Path) -> Noise:
    maps = {
        name.removeprefix("noise."): value for name, value in tensors.items() if name.startswith("noise.")
    }
    mode = story.get("noise", "const")
    if mode not in {m.value for m in NoiseMode}:
        raise BadFile(f"{path} names no known noise ('{mode}'); invert the photo again")
    seed = story.get("noise_seed")
    seed = seed if type(seed) is int else None
    return Noise(NoiseMode(str(mode)), seed, maps) if maps or mode != "const" else FIXED


def _pivot(tensors: Mapping[str, Tensor], generator: Generator, path: Path) -> Pivot | None:
    stored = {name: value.float() for name, value in tensors.items() if name.startswith("pivot.")}
    pivot = Pivot.from_tensors(stored, generator.hash)
    if pivot is None:
        return None
    weights = conv_weights(generator)
    for name, (up, down) in pivot.factors.items():
        weight = weights.get(name)
        fits = weight is not None and up.ndim == down.ndim == 2 and up.shape[1] == down.shape[0]
        if not fits or up.shape[0] != weight.shape[0] or down.shape[1] != weight[0].numel():  # type: ignore[union-attr, index]
            raise BadFile(
                f"{path}: the pivot of layer '{name}' does not fit this network; invert the photo again"
            )
    return pivot


def story_of(folder: Path) -> dict[str, object] | None:
    """The story of a finished inversion, or None where there is none that can be read."""
    try:
        return read_story(folder / LATENT)
    except LatentLabError:
        return None
