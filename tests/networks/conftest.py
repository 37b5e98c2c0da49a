"""Every exact test runs on the plain PyTorch operators and on the native ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cuda_ops import native


@pytest.fixture(params=["reference", "native"])
def backend(request) -> Iterator[str]:
    if request.param == "native" and native.load("cpu").kernels is None:
        pytest.skip("the native operators are not built here")
    with native.backend(request.param):
        yield request.param
