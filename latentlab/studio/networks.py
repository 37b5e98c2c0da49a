"""A name or a weight file of any kind to a generator: the bridge reads it, `networks` builds it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadFile, BadInput, unknown
from latentlab.core.generator import Generator
from latentlab.store.bridge.foreign import Foreign

DEFAULT = "faces"
GENERATORS = ("G_ema", "G")
"""The parts of a file that make pictures, the better one first."""


def load_generator(name: str | Path, device: torch.device | str = "cpu") -> Generator:
    """The generator of a registered name or a weight file (the averaged one, G_ema, where there is one)."""
    path = find(name)
    if path is None:
        warnings.warn(
            "the network 'faces' does not ship yet: these pictures come from a tiny network with random weights; "
            "name a weight file with --network",
            stacklevel=2,
        )
        return _tiny().to(device)
    parts = read(path)
    part = next((part for part in GENERATORS if part in parts), None)
    if part is None:
        raise BadFile(f"{path} holds no generator, only: {', '.join(parts) or 'nothing'}; name another file")
    module = make(parts[part])
    if not isinstance(module, Generator):
        raise BadFile(
            f"{path} holds a '{parts[part].kind}', which makes no pictures; name a generator's file"
        )
    return module.to(device)


def load_parts(name: str | Path, device: torch.device | str = "cpu") -> Mapping[str, nn.Module]:
    """Every network in a file, by part: `G_ema`, `G`, `D`, `encoder`."""
    path = find(name)
    if path is None:
        raise BadFile("the network 'faces' does not ship yet; name a weight file")
    return {part: make(foreign).to(device) for part, foreign in read(path).items()}


def find(name: str | Path) -> Path | None:
    """Where a network lies: a path as it stands, else a name; None is the default that has not shipped."""
    path = Path(name).expanduser()
    looks_like_path = len(path.parts) > 1 or path.suffix or path.exists()
    known = shipped()
    if str(name) in known:
        return known[str(name)]
    if str(name) == DEFAULT:
        return None
    if not looks_like_path:
        raise unknown("network", str(name), {DEFAULT, *known})
    if path.is_dir():
        raise BadFile(f"{path} is a folder, not a weight file; name the file in it")
    if not path.exists():
        raise BadFile(f"there is no file {path}; name a weight file, or see: latentlab models list")
    return path


def shipped() -> dict[str, Path]:
    """The networks that travel with the program, by name: `assets/NAME/generator.safetensors`."""
    found: dict[str, Path] = {}
    for root in (Path(str(files("latentlab"))) / "assets", Path(str(files("latentlab"))).parent / "assets"):
        for file in sorted(root.glob("*/generator.safetensors")):
            found.setdefault(file.parent.name, file)
    return found


def read(path: Path) -> dict[str, Foreign]:
    """The parts of a weight file of any format, nothing executed."""
    from latentlab.store import bridge

    return bridge.read(path)


def make(foreign: Foreign) -> nn.Module:
    """The module of one part."""
    from latentlab.networks import build

    return build(foreign.kind, foreign.arguments, foreign.tensors)


def _tiny() -> Generator:
    from latentlab.networks.tiny import tiny_generator

    return tiny_generator("stylegan2", 64, seed=0)


def one_hot(generator: Generator, number: int | None, count: int = 1) -> Tensor | None:
    """The class label as the network wants it, [count classes]; None for an unconditional network."""
    classes = generator.condition_width
    if number is None:
        if classes:
            raise BadInput(
                f"this network is conditional: choose one of its {classes} classes with --class 0 to {classes - 1}"
            )
        return None
    if not classes:
        raise BadInput(f"this network has no classes, but --class {number} was given; leave --class out")
    if not 0 <= number < classes:
        raise BadInput(f"the class {number} is out of range; this network has the classes 0 to {classes - 1}")
    label = torch.zeros(count, classes, device=generator.device)
    label[:, number] = 1
    return label
