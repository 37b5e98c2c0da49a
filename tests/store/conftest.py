"""Small networks in every format, made here or taken from the published fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from latentlab.networks import export
from latentlab.networks.tiny import tiny_generator
from tests.store.files import PUBLISHED
from tests.store.pickles import module, pickled


@pytest.fixture(scope="session")
def published():
    def find(name: str) -> Path:
        if name not in PUBLISHED:
            pytest.skip(f"{name} is not at hand; set LATENTLAB_TEST_DATA")
        return PUBLISHED[name]

    return find


@pytest.fixture(scope="session")
def tiny() -> tuple[str, dict, dict[str, torch.Tensor]]:
    """kind, arguments and tensors of the smallest StyleGAN2."""
    return export(tiny_generator("stylegan2", 8, seed=0))


def recorded(arguments: dict) -> dict:
    """The arguments as stylegan2-ada-pytorch records them."""
    widest = max(arguments["channels"].values())
    return {
        "z_dim": arguments["z_width"],
        "c_dim": arguments["condition_width"],
        "w_dim": arguments["w_width"],
        "img_resolution": arguments["resolution"],
        "img_channels": 3,
        "mapping_kwargs": {"num_layers": arguments["mapping_layers"]},
        "synthesis_kwargs": {"channel_base": widest * arguments["resolution"], "channel_max": widest},
    }


@pytest.fixture(scope="session")
def nvidia(tiny):
    """Writes the tiny network as an NVIDIA pickle; arguments and tensors may be changed on the way."""

    def make(arguments: dict | None = None, tensors: dict | None = None, source: str = "") -> bytes:
        told = recorded(tiny[1]) | (arguments or {})
        whole = dict(tiny[2]) | (tensors or {})
        network = module("Generator", {k: v for k, v in whole.items() if v is not None}, told, source)
        return pickled({"G_ema": network, "training_set_kwargs": None})

    return make


@pytest.fixture
def written(tmp_path):
    """Bytes as a file."""

    def write(data: bytes, name: str = "network.pkl") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write
