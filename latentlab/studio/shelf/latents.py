"""Saved latents as input: our own files, the projected_w.npz of the published projector, plain arrays; untrusted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from latentlab.core.errors import BadFile, BadInput, LatentLabError, WrongGenerator
from latentlab.core.fingerprint import fingerprint
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.store.bridge.loose import read_tensors

NAMES = {
    "z": Space.Z,
    "w": None,
    "values": None,
    "ws": Space.W_PLUS,
    "w_plus": Space.W_PLUS,
    "s": Space.S,
    "styles": Space.S,
    "latent": None,
    "latents": None,
    "pivot": None,
    "projected_w": None,
}
"""What an array's name says of its space; None is told from its shape."""
MOST_BYTES = 4 << 30
LOOSE = (".npz", ".npy", ".pt", ".pth")
"""Files of other programs."""


def read_latents(path: Path, generator: Generator) -> Latent:
    """The latents in a file, checked against the network; no file can make anything run."""
    arrays, story = _arrays(path)
    name, values = _chosen(path, arrays)
    if not values.is_floating_point():
        raise BadFile(f"{path}: '{name}' holds {values.dtype} values; latents are floating-point numbers")
    if not bool(torch.isfinite(values).all()):
        raise BadFile(f"{path}: '{name}' holds NaN or infinite values; make the file again")
    model = story.get("model")
    if isinstance(model, str) and model and model != generator.hash:
        raise WrongGenerator(
            f"{path} belongs to network {model[:12]}, this is {generator.hash[:12]}; name that network with `network`"
        )
    return _as_latent(path, name, values.float(), story, generator)


def _chosen(path: Path, arrays: dict[str, Tensor]) -> tuple[str, Tensor]:
    """The array that holds latents: by its name, or by its last name in dictionaries of dictionaries (one for each picture)."""
    if len(arrays) == 1:
        ((name, values),) = arrays.items()
        return name.rpartition(".")[2] or "values", values
    for known in NAMES:
        members = [values for name, values in arrays.items() if name.rpartition(".")[2] == known]
        if members and all(one.shape == members[0].shape for one in members):
            return known, members[0] if len(members) == 1 else torch.stack(members).flatten(0, -3)
    seen = ", ".join(sorted(arrays)[:8]) or "nothing"
    raise BadFile(f"{path} holds {seen}, but latents are called w, z, s or values; rename the array")


def _as_latent(
    path: Path, name: str, values: Tensor, story: dict[str, object], generator: Generator
) -> Latent:
    told = story.get("space")
    space = Space.parse(told) if isinstance(told, str) else NAMES.get(name)
    if space is None:
        space = Space.W_PLUS if values.shape[-2:] == (generator.layers, generator.w_width) else Space.W
    rank = 3 if space is Space.W_PLUS else 2
    width = generator.w_width
    if space in (Space.W, Space.W_PLUS) and values.ndim and values.shape[-1] != width:
        raise BadFile(
            f"{path} has latents of {values.shape[-1]} numbers, in this network they have {width}; name its own with `network`"
        )
    if values.ndim >= 3 and values.shape[-1] == width and values.shape[-2] not in (1, generator.layers):
        raise BadFile(
            f"{path} has {values.shape[-2]} layers, this network has {generator.layers}; name its own with `network`"
        )
    values = values[None] if values.ndim == rank - 1 else values
    if space is Space.W_PLUS and values.ndim == 2 and values.shape[1:] == (generator.w_width,):
        space = Space.W
    try:
        latent = Latent(space, values)
        generator.check(latent)
    except LatentLabError as error:
        raise BadFile(f"{path}: {error}") from None
    if not len(latent):
        raise BadFile(f"{path}: '{name}' holds no latents")
    return latent


def _arrays(path: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Tensors by name, and the story where it is one of our files."""
    if path.is_dir():
        raise BadFile(f"{path} is a folder; name the file of latents in it")
    readers = dict.fromkeys(LOOSE, _loose) | {".safetensors": _safetensors}
    if path.suffix.lower() not in readers:
        raise BadFile(f"cannot read latents from {path}: they come as .safetensors, .npz, .npy or .pt")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadFile(f"{path} is larger than {MOST_BYTES >> 30} GiB; split it")
        return readers[path.suffix.lower()](path)
    except FileNotFoundError:
        raise BadFile(f"there is no file {path}") from None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, MemoryError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:160]
        raise BadFile(f"cannot read latents from {path}: {reason or type(error).__name__}") from None


def _loose(path: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Arrays of numpy, and what e4e, PTI and the projectors save with torch; nothing in them is executed."""
    return read_tensors(path), {}


def _safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    try:
        with safe_open(path, framework="pt") as file:
            story = json.loads((file.metadata() or {}).get("story", "{}"))
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    return tensors, story if isinstance(story, dict) else {}


def identity(latent: Latent) -> str:
    """The hash by which a recipe names its latents."""
    return fingerprint({latent.space.name: latent.values})


def find_latents(origin: dict[str, object], inputs: Sequence[Path], generator: Generator) -> Latent:
    """The latents that a recipe names, among the files that the user gives; found by hash alone."""
    for path in inputs:
        latent = read_latents(path, generator)
        if identity(latent) == origin.get("hash"):
            return latent
    wanted = str(origin.get("name", ""))[:80]
    raise BadInput(
        f"the picture was made from saved latents ('{wanted}', {str(origin.get('hash'))[:12]}); add its file to `inputs`"
    )
