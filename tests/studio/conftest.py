"""A studio on a tiny network in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentlab.networks import export
from latentlab.networks.tiny import tiny_generator
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.write import write
from latentlab.studio import Studio


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A StyleGAN2 of 32×32 pixels and 8 layers."""
    folder = tmp_path_factory.mktemp("networks")
    return write(Foreign(*export(tiny_generator("stylegan2", 32))), folder / "tiny.safetensors")


@pytest.fixture
def studio(tiny_file: Path, tmp_path: Path) -> Studio:
    return Studio(tiny_file, device="cpu", home=tmp_path / "lab")
