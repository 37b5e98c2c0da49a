"""Small data sets in the exact layouts of the published ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def paint(tmp_path: Path) -> Callable[..., Path]:
    """Writes a picture of one colour below tmp_path; the red value tells which one it is."""

    def write(name: str, red: int = 0, size: tuple[int, int] = (8, 8)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((size[1], size[0], 3), (red, 100, 200), dtype=np.uint8)).save(path)
        return path

    return write
