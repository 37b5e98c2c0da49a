"""Directions in the formats people publish: InterFaceGAN `.npy`, encoder4editing `.pt`, GANSpace PCA, SeFa factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput, WrongGenerator
from latentlab.core.files import atomic
from latentlab.core.generator import Generator
from latentlab.core.latent import Space
from latentlab.directions.flow import FlowDirection
from latentlab.store.bridge import read_tensors
from latentlab.store.home import safe_name

MEASURED = (
    "judge_step",
    "works",
    "monotony",
    "total_leakage",
    "per_face",
    "identity_at_one_sd",
    "judged_on",
    "reached",
)
"""In a direction's story: what was measured in its own network and is not true of a child."""
MOST = 1000
"""Directions of one file."""


@dataclass(frozen=True)
class Fits:
    """The network that imported directions should fit, as far as it is known."""

    width: int | None = None
    layers: int | None = None


def import_directions(
    path: Path | str, name: str = "", width: int | None = None, layers: int | None = None
) -> list[Direction]:
    """What a published file holds; `width` and `layers` are those of the network it should fit, if one is at hand.

    A bare tensor [1 width] or [width] is a direction in W, [1 layers width], [layers width] or, flattened,
    [1 layers·width] one in W+; `comp`, `mean`, `std` are a GANSpace PCA, `lat_comp`, `lat_mean`, `lat_stdev` the one
    that GANSpace itself writes; `eigvec` [width k] are SeFa factors; of a dictionary of directions each keeps its name.
    """
    path, fits = Path(path), Fits(width, layers)
    tensors = read_tensors(path)
    title = name or path.stem
    if {"lat_comp", "lat_stdev"} <= tensors.keys():  # beside what GANSpace found in the activations
        names = {"comp": "lat_comp", "std": "lat_stdev", "mean": "lat_mean"}
        found = _from_pca({new: tensors[old] for new, old in names.items() if old in tensors}, title, path)
    elif {"comp", "std"} <= tensors.keys():
        found = _from_pca(tensors, title, path)
    elif "eigvec" in tensors:
        found = _from_factors(tensors["eigvec"], title, path)
    else:
        found = _from_vectors(tensors, title, path, fits)
    for direction in found:
        _check(direction, width, path)
    return found


def _from_vectors(tensors: Mapping[str, Tensor], title: str, path: Path, fits: Fits) -> list[Direction]:
    """One for each tensor; the names in the file are theirs."""
    if not 0 < len(tensors) <= MOST:
        raise BadFile(f"{path} holds {len(tensors) or 'no'} tensors; a file of directions has 1 to {MOST}")
    names = {key: title if len(tensors) == 1 else safe_name(key, whole=True) for key in tensors}
    if len(set(names.values())) != len(names):
        names = {key: f"{known}_{index}" for index, (key, known) in enumerate(names.items())}
    return [_from_vector(value, names[key], path, fits) for key, value in tensors.items()]


def _from_vector(values: Tensor, name: str, path: Path, fits: Fits) -> Direction:
    vector = values.float()
    while vector.ndim > 1 and vector.shape[0] == 1:
        vector = vector[0]
    if fits.width and fits.layers and tuple(vector.shape) == (fits.width * fits.layers,) and fits.layers > 1:
        vector = vector.reshape(fits.layers, fits.width)
    if vector.ndim not in (1, 2) or vector.numel() < 2:
        raise BadFile(
            f"{path} holds a tensor of shape {tuple(values.shape)}; a direction is [1, width] or [1, layers, width]"
        )
    space = Space.W if vector.ndim == 1 else Space.W_PLUS
    cast = {} if values.is_floating_point() else {"cast": f"from {str(values.dtype).removeprefix('torch.')}"}
    return Direction(
        name,
        space,
        vector,
        unit="unit length",
        found_by="imported",
        story={"file": path.name, "attribute": name} | cast,
    )


def _from_pca(tensors: Mapping[str, Tensor], name: str, path: Path) -> list[Direction]:
    components, spread = tensors["comp"].float().flatten(1), tensors["std"].float().flatten()
    if len(components) != len(spread):
        raise BadFile(f"{path} holds {len(components)} components but {len(spread)} standard deviations")
    story: dict[str, object] = {"file": path.name}
    if "mean" in tensors:
        story["mean"] = tensors["mean"].float().flatten().tolist()
    return [
        Direction(f"{name}{i:02d}", Space.W, axis * length, unit="sd", found_by="imported", story=story)
        for i, (axis, length) in enumerate(zip(components, spread, strict=True))
    ]


def _from_factors(factors: Tensor, name: str, path: Path) -> list[Direction]:
    if factors.ndim != 2:
        raise BadFile(
            f"{path} holds factors of shape {tuple(factors.shape)}; they should be [width, components]"
        )
    return [
        Direction(f"{name}{i:02d}", Space.W, column.float().contiguous(), unit="unit length", found_by="imported",
                  story={"file": path.name})
        for i, column in enumerate(factors.T)
    ]  # fmt: skip


def _check(direction: Direction, width: int | None, path: Path) -> None:
    if not torch.isfinite(direction.vector).all():
        raise BadFile(f"{path} holds values that are not numbers; it is damaged")
    if not direction.vector.any():
        raise BadFile(f"{path} holds a vector of zeros ('{direction.name}'), which is no direction")
    if width is not None and direction.vector.shape[-1] != width:
        raise BadFile(
            f"{path} is for a network with w of {direction.vector.shape[-1]} numbers, this one has {width}"
        )


def export_direction(direction: Direction, path: Path | str, *, lossy: bool = False) -> Path:
    """Write a direction as `.npy` (float64 [1 width], InterFaceGAN) or `.pt` (float32 [1 …], encoder4editing).

    What these cannot hold (a range of layers, a flow) is refused, or left out if `lossy`.
    """
    path = Path(path)
    lost = "a flow, which turns on its way" if isinstance(direction, FlowDirection) else ""
    if direction.layers is not None:
        lost = f"kept to the layers {direction.layers[0]} to {direction.layers[1]}"
    if lost and not lossy:
        raise BadInput(
            f"'{direction.name}' is {lost}; no published format can hold that: `lossy` writes the vector alone"
        )
    if direction.space not in (Space.W, Space.W_PLUS):
        raise BadInput(
            f"published formats hold directions in W and W+, '{direction.name}' lives in {direction.space.name}"
        )
    vector = direction.vector[None].float().contiguous()
    if path.suffix == ".npy":
        if direction.space is Space.W_PLUS:
            raise BadInput(
                f"an InterFaceGAN .npy holds a direction in W, '{direction.name}' lives in W+; write a .pt"
            )
        with atomic(path) as temporary, open(temporary, "wb") as file:
            np.save(file, vector.double().numpy())
    elif path.suffix == ".pt":
        with atomic(path) as temporary:
            torch.save(vector.clone(), temporary)
    else:
        raise BadInput(f"cannot export to '{path.suffix or path.name}'; write a .npy or a .pt")
    return path


def port(direction: Direction, parent: str, child: Generator) -> Direction:
    """The same vector for a fine-tuned child, which shares its parent's latent space; measure the loss afterwards."""
    if direction.model and direction.model != parent:
        raise WrongGenerator(
            f"the direction '{direction.name}' was found in network {direction.model[:12]}, which is not the parent "
            f"({parent[:12]}) of this one; only a fine-tuned child shares its latent space"
        )
    there = {name: value for name, value in direction.story.items() if name not in MEASURED}
    story = {**there, "ported_from": direction.model or parent}
    return replace(direction, model=child.hash, leakage={}, span=None, photo_span=None, story=story)
