"""A portrait, a picture of two people, and a studio on a tiny network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.networks import export
from latentlab.networks.tiny import tiny_generator
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.write import write
from latentlab.studio import Studio


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from skimage.data import astronaut

    path = tmp_path_factory.mktemp("photos") / "portrait.png"
    Image.fromarray(astronaut()[:300, 80:380]).save(path)
    return path


@pytest.fixture(scope="session")
def two(portrait: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same face twice, the right one darker."""
    one = np.asarray(Image.open(portrait))
    path = tmp_path_factory.mktemp("photos") / "two.png"
    Image.fromarray(np.concatenate([one, (one * 0.6).astype(np.uint8)], axis=1)).save(path)
    return path


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("networks")
    return write(Foreign(*export(tiny_generator("stylegan2", 32))), folder / "tiny.safetensors")


@pytest.fixture
def studio(tiny_file: Path, tmp_path: Path) -> Studio:
    return Studio(tiny_file, device="cpu", home=tmp_path / "lab")
