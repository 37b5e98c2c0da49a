"""Files that belong to a network and lie beside it."""

from __future__ import annotations

from pathlib import Path

OLDER = {"discriminator": "critic"}
"""What version 0.1 called them."""


def beside(network: Path, stem: str) -> Path:
    """`STEM.safetensors` beside a network's file; under its older name where only that is there."""
    file = Path(network).with_name(f"{stem}.safetensors")
    older = file.with_stem(OLDER.get(stem, stem))
    return older if older.is_file() and not file.is_file() else file
