"""One torch thread for each test process, shapes checked as signatures name them, and the data outside the repository."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Ray with one worker on this machine and the CPU beside it, no lower in priority than the tests."""
    os.environ.setdefault("RAY_worker_niceness", "0")  # read when ray is imported
    ray = pytest.importorskip("ray", reason="Ray is not installed: latentlab[cluster]")
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False
    )
    yield
    ray.shutdown()


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
