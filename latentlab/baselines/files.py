"""A trained baseline as one safetensors file: the networks that an edit needs, the method's settings, its story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from latentlab.baselines import BASELINES
from latentlab.baselines.baseline import Baseline
from latentlab.core.errors import BadFile, BadInput, MissingPart, unknown
from latentlab.networks.build import build
from latentlab.networks.files import halved
from latentlab.store.archive import Archive, read_story
from latentlab.store.home import assets_folder
from latentlab.store.table import Table
from latentlab.training.checkpoint import Checkpoint
from latentlab.training.trainable import Networks

KIND = "baseline"


@dataclass(frozen=True, eq=False)
class Trained:
    """A method with its networks, ready to edit."""

    name: str
    method: Baseline
    networks: Networks
    story: Mapping[str, Any]
    hash: str

    @property
    def parameters(self) -> int:
        """Weights that an edit uses."""
        return sum(p.numel() for network in self.networks.values() for p in network.parameters())


def pack(name: str, method: Baseline, checkpoint: Checkpoint, story: Mapping[str, Any]) -> Archive:
    """The acting networks of a training's checkpoint, weights in fp16."""
    tensors: dict[str, Tensor] = {}
    for part in method.acting:
        own = f"network/{part}/"
        tensors |= {
            f"{part}/{k.removeprefix(own)}": v for k, v in checkpoint.tensors.items() if k.startswith(own)
        }
    told = {"method": name, "settings": asdict(method), "title": method.title, **story}
    return Archive(KIND, halved(tensors), told)


def load(path: Path | str, expected: str | None = None) -> Trained:
    """A file that `pack` made; with `expected`, it must hold that baseline.

    Raises:
        BadFile: no file of ours, something else, damaged or changed.
        BadInput: the file of another baseline.
    """
    archive = Archive.load(path, KIND, finite=True)
    name, settings = archive.story.get("method"), archive.story.get("settings")
    if not isinstance(name, str) or name not in BASELINES or not isinstance(settings, dict):
        raise BadFile(f"{path} names no baseline that is known here; train it again")
    if expected is not None and name != expected:
        raise BadInput(
            f"{path} holds a {name}, not a {expected}; give the file of a {expected}, or say {name}"
        )
    if archive.story.get("hash") != archive.hash:
        raise BadFile(
            f"the tensors of {path} are not those of its story: it was changed or damaged; copy it again"
        )
    method: Baseline = Table(name, settings).make(BASELINES[name])
    return Trained(name, method, _networks(method, archive), archive.story, archive.hash)


def _networks(method: Baseline, archive: Archive) -> dict[str, nn.Module]:
    networks = {}
    for part, (kind, arguments) in method.blueprints().items():
        if part in method.acting:
            own = {
                k.removeprefix(f"{part}/"): v for k, v in archive.tensors.items() if k.startswith(f"{part}/")
            }
            networks[part] = build(kind, arguments, own)
    return networks


def shipped() -> dict[str, Path]:
    """The baselines that come with the package, by name."""
    folder = assets_folder() / "baselines"
    return {
        name: folder / f"{name}.safetensors"
        for name in BASELINES
        if (folder / f"{name}.safetensors").is_file()
    }


def find(name: str | Path) -> Path:
    """The file of a shipped baseline, or the path of one that was trained.

    Raises:
        MissingPart: a baseline that is known, but does not ship.
        BadFile: no such file.
    """
    path = Path(name)
    if path.is_dir():
        found = [p for p in sorted(path.glob("*.safetensors")) if _is_baseline(p)]
        if not found:
            raise BadFile(
                f"{path} holds no trained baseline; its training has to be finished or interrupted first"
            )
        return found[0]
    if path.suffix or path.exists():
        return path
    known = shipped()
    if str(name) in known:
        return known[str(name)]
    if str(name) not in BASELINES:
        raise unknown("baseline", str(name), BASELINES)
    raise MissingPart(
        f"no weights of {name} ship ({', '.join(known) or 'none do'}); train it: latentlab train-baseline {name}"
    )


def _is_baseline(path: Path) -> bool:
    try:
        return read_story(path).get("kind") == KIND
    except BadFile:
        return False
