"""One torch thread for each test process, shapes checked as signatures name them, and the data outside the repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from shape_checks import switch_on

torch.set_num_threads(1)
if os.environ.get("LATENTLAB_CHECK_SHAPES") != "0":  # 2.5 % of the tests' time
    switch_on()


def _outside(variable: str, part: str = "") -> Path:
    root = os.environ.get(variable)
    if not root:
        pytest.skip(f"{variable} is not set")
    path = Path(root) / part if part else Path(root)
    if not path.exists():
        pytest.skip(f"{path} does not exist")
    return path


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder with fixtures/, photos/ and portraits/ (LATENTLAB_TEST_DATA)."""
    return _outside("LATENTLAB_TEST_DATA")


@pytest.fixture(scope="session")
def photos() -> Path:
    """Real, unaligned photographs of people held out from all training."""
    return _outside("LATENTLAB_TEST_DATA", "photos")


@pytest.fixture(scope="session")
def face_model_path() -> Path:
    """The morphable face (LATENTLAB_FACE_MODEL)."""
    return _outside("LATENTLAB_FACE_MODEL")
