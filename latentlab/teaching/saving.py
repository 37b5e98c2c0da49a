"""From a training to files that anyone can load: one safetensors file for each part, with the story of its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from latentlab.networks.files import save
from latentlab.store.archive import Archive


def save_parts(
    networks: Mapping[str, nn.Module],
    parts: Mapping[str, str],
    folder: Path,
    story: Mapping[str, Any],
    *,
    half: bool = False,
) -> dict[str, Path]:
    """Write each network that `parts` names into `FOLDER/NAME.safetensors`; returns the files by part."""
    return {
        part: save(networks[part], path, {**story, "part": part}, half=half)
        for part, path in files_of(networks, parts, folder).items()
    }


def files_of(networks: Mapping[str, nn.Module], parts: Mapping[str, str], folder: Path) -> dict[str, Path]:
    """Where each part goes, for those who did not write it."""
    return {part: folder / f"{name}.safetensors" for part, name in parts.items() if part in networks}


def add_to_story(path: Path, **facts: Any) -> Path:
    """Write figures into the story of a part, such as what it reaches on data that it never saw."""
    file = Archive.load(path)
    return Archive(file.kind, file.tensors, {**file.story, **facts}).save(path)
