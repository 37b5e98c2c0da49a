"""An inversion on disk: lab/NAME/{latent.safetensors, aligned.png, reconstruction.png}, whole or not there."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.errors import BadFile, LatentLabError, WrongGenerator
from latentlab.core.files import draft_folder, may_write
from latentlab.core.generator import Generator
from latentlab.core.image import load_image, save_image
from latentlab.core.inversion import Inversion
from latentlab.core.latent import FeatureCorrection, Latent, Space
from latentlab.core.locks import PATIENCE, held
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images
from latentlab.inversion.low_rank import STORED, conv_weights
from latentlab.store.archive import Archive, read_story

LATENT, ALIGNED, RECONSTRUCTION, PHOTO = "latent.safetensors", "aligned.png", "reconstruction.png", "photo"
KIND = "latent"


@dataclass(frozen=True, eq=False)
class Saved:
    """One inverted face and the folder it lives in."""

    folder: Path
    inversion: Inversion
    """Of one sample."""
    story: Mapping[str, object]
    hash: str = ""
    """Of the tensors: what a recipe calls it by."""

    @property
    def name(self) -> str:
        return self.folder.name

    def aligned(self) -> Images:
        """The aligned photo, [1 3 s s]."""
        return load_image(self.folder / ALIGNED)

    @property
    def photo(self) -> Path | None:
        """The kept copy of the photo, where there is one."""
        return next(iter(sorted(self.folder.glob(f"{PHOTO}.*"))), None)


def save(
    folder: Path | str,
    inversion: Inversion,
    aligned: Images,
    story: Mapping[str, object],
    photo: Path | None = None,
) -> Saved:
    """Write one inverted face; a new folder appears whole, in an old one the latent is replaced last.

    With `photo` a copy of it is kept, so that edits can be pasted back later.
    """
    folder = Path(folder)
    if len(inversion.latent) != 1:
        raise BadFile(f"one folder keeps one face, these are {len(inversion.latent)}; save them one by one")
    told = dict(story) | describe(inversion)
    archive = Archive(KIND, tensors_of(inversion), told)
    try:
        with draft_folder(folder) as building:
            save_photo(aligned, building / ALIGNED)
            save_image(inversion.image[0], building / RECONSTRUCTION, told)
            if photo is not None:
                shutil.copyfile(photo, building / f"{PHOTO}{photo.suffix.lower()}")
            archive.save(building / LATENT)
            with held(folder.parent, f"the lab {folder.parent}", wait=PATIENCE):
                _move(building, folder)
    except OSError as error:
        raise BadFile(f"cannot write {folder}: {error.strerror or error}; choose another --home") from None
    return Saved(folder, inversion, told, archive.hash)


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


def tensors_of(inversion: Inversion) -> dict[str, Tensor]:
    """Flat names for the file: values, noise.LAYER, pivot.…, correction.RESOLUTION."""
    tensors = {"values": inversion.latent.values}
    tensors |= {f"noise.{name}": value for name, value in inversion.noise.maps.items()}
    if inversion.pivot is not None:
        tensors |= {name: value.to(STORED) for name, value in inversion.pivot.tensors().items()}
    if inversion.latent.correction is not None:
        tensors[f"correction.{inversion.latent.correction.resolution}"] = inversion.latent.correction.values
    return tensors


def load(folder: Path | str, generator: Generator) -> Saved:
    """Read one inverted face for this network; every fault of the file is a BadFile or WrongGenerator."""
    folder = Path(folder)
    path = folder / LATENT if folder.is_dir() else folder
    archive = Archive.load(path, KIND, finite=True)
    story = archive.story
    if story.get("model") != generator.hash:
        raise WrongGenerator(
            f"{path} was inverted in network {str(story.get('model'))[:12]}, this is {generator.hash[:12]}; "
            "name that network with --network, or invert the photo again"
        )
    tensors = {name: value.to(generator.device) for name, value in archive.tensors.items()}
    latent = _latent(tensors, story, path)
    generator.check(latent)
    noise, pivot = _noise(tensors, story, path), _pivot(tensors, generator, path)
    with torch.no_grad():
        image = generator.render(latent, noise, pivot)
    errors = story.get("errors")
    measures = {
        str(name): torch.tensor([float(value)])
        for name, value in (errors.items() if isinstance(errors, dict) else ())
        if isinstance(value, int | float)
    }
    inversion = Inversion(
        latent, image, measures.get("mse", torch.tensor([float("nan")])), noise, pivot, measures,
        _number(story, "seconds"), int(_number(story, "steps")), str(story.get("method", "")), generator.hash,
    )  # fmt: skip
    return Saved(path.parent, inversion, story, archive.hash)


def _number(story: Mapping[str, object], name: str) -> float:
    value = story.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


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
    from latentlab.core.noise import NoiseMode

    maps = {
        name.removeprefix("noise."): value for name, value in tensors.items() if name.startswith("noise.")
    }
    mode = story.get("noise", "const")
    if mode not in {m.value for m in NoiseMode}:
        raise BadFile(f"{path} names no known noise ('{mode}'); invert the photo again")
    return Noise(NoiseMode(str(mode)), maps=maps) if maps or mode != "const" else FIXED


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
