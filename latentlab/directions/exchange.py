"""Directions in the formats people publish: InterFaceGAN `.npy`, encoder4editing `.pt`, GANSpace PCA, SeFa factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput, WrongGenerator
from latentlab.core.files import atomic
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.store.bridge import read_tensors

FORMATS = ("npy", "pt", "ganspace")


def import_directions(path: Path | str, name: str = "", width: int | None = None) -> list[Direction]:
    """What a published file holds; `width` is that of the network it should fit, if one is at hand.

    A bare tensor [1 width] or [width] is a direction in W, [1 layers width] or [layers width] one in W+; `comp`,
    `mean`, `std` are a GANSpace PCA; `eigvec` [width k] are SeFa factors.
    """
    path = Path(path)
    tensors = read_tensors(path)
    title = name or path.stem
    if {"comp", "std"} <= tensors.keys():
        found = _from_pca(tensors, title, path)
    elif "eigvec" in tensors:
        found = _from_factors(tensors["eigvec"], title, path)
    elif len(tensors) == 1:
        found = [_from_vector(next(iter(tensors.values())), title, path)]
    else:
        raise BadFile(
            f"{path} holds {', '.join(sorted(tensors)) or 'nothing'}; no published direction looks like that"
        )
    for direction in found:
        _check(direction, width, path)
    return found


def _from_vector(values: Tensor, name: str, path: Path) -> Direction:
    vector = values.float()
    while vector.ndim > 1 and vector.shape[0] == 1:
        vector = vector[0]
    if vector.ndim not in (1, 2) or vector.numel() < 2:
        raise BadFile(
            f"{path} holds a tensor of shape {tuple(values.shape)}; a direction is [1, width] or [1, layers, width]"
        )
    space = Space.W if vector.ndim == 1 else Space.W_PLUS
    return Direction(
        name,
        space,
        vector,
        unit="unit length",
        found_by="imported",
        story={"file": path.name, "attribute": name},
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
    if width is not None and direction.vector.shape[-1] != width:
        raise BadFile(
            f"{path} is for a network with w of {direction.vector.shape[-1]} numbers, this one has {width}"
        )


def export_direction(direction: Direction, path: Path | str) -> Path:
    """Write a direction as `.npy` (float64 [1 width], InterFaceGAN) or `.pt` (float32 [1 …], encoder4editing)."""
    path = Path(path)
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


def at_distance(latent: Latent, direction: Direction, distance: float) -> Latent:
    """InterFaceGAN's edit: move until the signed distance to the boundary is `distance` (own projection taken out).

    In W+ the published tools add `distance` times the normal and leave the projection; so does this.
    """
    normal = direction.vector.to(latent.values)
    normal = normal / normal.norm()
    if latent.space is Space.W_PLUS:
        return latent.with_values(latent.values + distance * normal)
    own = latent.values @ normal
    return latent.with_values(latent.values + (distance - own)[:, None] * normal)


def at_coordinate(
    latent: Latent, component: Direction, mean: Tensor, coordinate: float, layers: tuple[int, int]
) -> Latent:
    """GANSpace's edit in W+: the component's coordinate, measured in layer 0 in standard deviations, becomes this;
    layers `layers[0]` to `layers[1]`, both included, are moved."""
    values = latent.values
    vector = component.vector.to(values)
    spread = vector.norm()
    now = (values[:, 0] - mean.to(values)) @ (vector / spread) / spread
    moved = values.clone()
    moved[:, layers[0] : layers[1] + 1] += ((coordinate - now)[:, None] * vector)[:, None]
    return latent.with_values(moved)


def port(direction: Direction, parent: str, child: Generator) -> Direction:
    """The same vector for a fine-tuned child, which shares its parent's latent space; measure the loss afterwards."""
    if direction.model and direction.model != parent:
        raise WrongGenerator(
            f"the direction '{direction.name}' was found in network {direction.model[:12]}, which is not the parent "
            f"({parent[:12]}) of this one; only a fine-tuned child shares its latent space"
        )
    story = {**direction.story, "ported_from": direction.model or parent}
    return replace(direction, model=child.hash, leakage={}, span=None, story=story)
