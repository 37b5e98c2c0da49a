"""Latents as people have them: of e4e, PTI and the projectors, with other arrays beside, of another number of layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from latentlab.core.errors import BadFile
from latentlab.core.latent import Space
from latentlab.studio import Studio

REPORTED = Path(__file__).parents[1] / "fixtures" / "reported"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(home=tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def w_plus(studio: Studio) -> torch.Tensor:
    return studio.generator.lift(studio.sample(3).latent, Space.W_PLUS).values


def saved(folder: Path, kind: str, w: torch.Tensor) -> Path:
    """The ways the published tools write a latent."""
    path = folder / f"{kind}.{'npz' if kind == 'projector' else 'pt'}"
    if kind == "projector":
        np.savez(path, w=w.numpy(), loss=np.zeros(5), images=np.zeros((2, 3), np.uint8))
    else:
        written = {
            "e4e": w,
            "bare": w[0],
            "rosinality": {"a.png": {"img": torch.zeros(1, 3, 4, 4), "latent": w[0]}},
        }
        torch.save(written[kind], path)
    return path


@pytest.mark.parametrize("kind", ["projector", "e4e", "bare", "rosinality"])
def test_a_saved_latent_is_drawn_and_edited_like_a_sample(
    kind: str, studio: Studio, w_plus: torch.Tensor, tmp_path: Path
) -> None:
    path = saved(tmp_path, kind, w_plus)
    face = studio.face(path)
    assert torch.allclose(face.image, studio.sample(3).image, atol=1e-5)
    edited, direct = (studio.edit(source, {"age": 1.0}).image for source in (path, studio.sample(3)))
    assert torch.allclose(edited, direct, atol=1e-5)


def test_a_wrong_number_of_layers_is_called_that() -> None:
    network = Studio(network=REPORTED / "clamp256.pkl")
    with pytest.raises(BadFile, match="has 18 layers, this network has 8"):
        network.generate(latents=REPORTED / "latents_18_layers.npy")
    assert len(network.generate(latents=REPORTED / "latents_e4e_style.pt")) == 2
