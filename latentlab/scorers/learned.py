"""Scorers that were trained on renders: a network file with the names and units of what it predicts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadFile, MissingPart
from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images, Scores
from latentlab.networks.build import build
from latentlab.networks.regressor import Regressor
from latentlab.scorers.targets import mirror_signs
from latentlab.store.archive import Archive
from latentlab.store.home import assets_folder

KIND = "scorer"


class Learned(Scorer):
    """Predicts every visible factor of a face; differentiable, so closed loops can follow its gradient."""

    least = float("-inf")
    """Of what it explains on held-out renders (R²): what it reads worse it does not say."""
    role = ""
    """`guide` (discovery and closed loops see it), `judge` (selects and judges) or `witness` (only reports)."""
    names: tuple[str, ...] = ()
    units: Mapping[str, str] = MappingProxyType({})
    hash: str = ""

    def __init__(self, path: Path | str | None = None, device: torch.device | str = "cpu") -> None:
        archive = Archive.load(path or default_file(self.role))
        if archive.kind != KIND:
            raise BadFile(
                f"{path} holds a {archive.kind}, not a scorer; train one with: latentlab train-scorer"
            )
        story: dict[str, Any] = dict(archive.story)
        told = tuple(story["names"])
        self.r2: Mapping[str, float] = dict(story.get("r2", {}))
        """Share of variance explained on held-out renders, by name."""
        self.unread = tuple(name for name in told if self.r2.get(name, 1.0) < self.least)
        """What it learned but reads too badly to say."""
        self.names = tuple(name for name in told if name not in self.unread)
        units = dict(zip(told, story["units"], strict=True))
        self.units = {name: units[name] for name in self.names}
        network = build(KIND, story["arguments"], archive.tensors)
        assert isinstance(network, Regressor), "the kind `scorer` is a regressor"
        self.network = network.to(device)
        self.signs = mirror_signs(told)
        self.said = torch.tensor([told.index(name) for name in self.names])
        self.hash = archive.hash

    def __call__(self, images: Images) -> Scores:
        scores = read_twice(self.network, images, self.signs.to(images.device))
        return scores[:, self.said.to(scores.device)] if self.unread else scores

    def features(self, images: Images) -> Tensor:
        """Its last hidden layer, [n 256]: a feature space, named `scorer features`."""
        return self.network.features(images)


def read_twice(network: nn.Module, images: Images, signs: Tensor) -> Scores:
    """The mean of what a network says of a picture and of its mirror image: nearer to the truth than either."""
    both: Scores = network(torch.cat([images, images.flip(-1)]))
    straight, mirrored = both.chunk(2)
    return (straight + mirrored * signs) / 2


class Guide(Learned):
    """What discovery and closed loops see."""

    role = "guide"


class Judge(Learned):
    """Another architecture, seed and set of identities; discovery never sees it."""

    role = "judge"


class Witness(Learned):
    """Another architecture, loss, renderer setting and law of faces, and photographs: nothing is found or chosen by it."""

    role = "witness"
    least = 0.5


def default_file(role: str) -> Path:
    """The scorer that ships with the default network."""
    path = assets_folder() / "faces" / f"{role}.safetensors"
    if not path.exists():
        raise MissingPart(
            f"no {role} scorer ships with this installation; train one: latentlab train-scorer, with `role` {role}"
        )
    return path
