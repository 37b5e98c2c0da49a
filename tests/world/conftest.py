"""The stand-in head, painted once."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentlab.world.factors import Face
from latentlab.world.render import Renderer, build_renderer
from latentlab.world.standin import save_stand_in, stand_in


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return build_renderer(stand_in())


@pytest.fixture(scope="session")
def stand_in_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_stand_in(tmp_path_factory.mktemp("model") / "ict_facekit.npz")


@pytest.fixture
def face() -> Face:
    return Face(hair_style="short", light_azimuth=0.0, age=25.0)
