"""Our identity embedding, trained on rendered people: differentiable, for losses; dlib stays the judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentlab.core.errors import BadFile
from latentlab.core.shapes import Images
from latentlab.networks.build import build
from latentlab.scorers.learned import default_file
from latentlab.store.archive import Archive

KIND = "embedding"


class Identity:
    """Images to unit vectors [n 128]; `distance` is 1 − cosine, in 0..2."""

    def __init__(self, path: Path | str | None = None, device: torch.device | str = "cpu") -> None:
        archive = Archive.load(path or default_file("identity"))
        if archive.kind != KIND:
            raise BadFile(f"{path} holds a {archive.kind}, not an identity embedding")
        story: dict[str, Any] = dict(archive.story)
        self.network = build(KIND, story["arguments"], archive.tensors).to(device)
        self.hash = archive.hash

    def embed(self, images: Images) -> Tensor:
        """Unit vectors, [n 128]."""
        return self.network(images)

    def distance(self, one: Images, other: Images) -> Tensor:
        """1 − cosine of the embeddings, [n]."""
        return 1 - (self.embed(one) * self.embed(other)).sum(1)
