"""Latents as people have them: of e4e, PTI and the projectors, with other arrays beside, of another number of layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.latent import Space
from latentlab.studio import Interpolate, Studio

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


def pictures_of(studio: Studio, seeds: list[int]) -> list[torch.Tensor]:
    return [studio.sample(seed).image[0] for seed in seeds]


def file_of(studio: Studio, seeds: list[int], path: Path) -> Path:
    lifted = [studio.generator.lift(studio.sample(seed).latent, Space.W_PLUS).values[0] for seed in seeds]
    np.savez(path, w=torch.stack(lifted).numpy(), loss=np.zeros(3))
    return path


def test_a_mix_of_saved_latents_is_that_of_their_seeds(studio: Studio, tmp_path: Path) -> None:
    first, others = (file_of(studio, seeds, tmp_path / f"{seeds[0]}.npz") for seeds in ([3], [4, 5]))
    both = file_of(studio, [3, 4, 5], tmp_path / "both.npz")
    expected = studio.mix([3], [4, 5], "0-3")
    for found in (
        studio.mix(styles="0-3", row_latents=first, col_latents=others),
        studio.mix([3], styles="0-3", col_latents=others),
        studio.mix(styles="0-3", row_latents=both, col_latents=both),
    ):
        assert len(found) == 3
        assert all(
            torch.allclose(a.image, b.image, atol=1e-5) for a, b in zip(found[:2], expected, strict=False)
        )
    with pytest.raises(BadInput, match="no latent 7; the file holds 3"):
        studio.mix([7], [1], "0-3", row_latents=both)
    with pytest.raises(BadInput, match="holds one latent, a mix needs two"):
        studio.mix(row_latents=first, col_latents=first)


def test_a_mix_of_saved_latents_is_made_again(studio: Studio, tmp_path: Path) -> None:
    rows, cols = ((tmp_path / side / "projected_w.npz") for side in ("rows", "cols"))
    for path, seeds in ((rows, [3]), (cols, [4])):
        path.parent.mkdir()
        file_of(studio, seeds, path)
    picture = studio.mix(styles="0-3", row_latents=rows, col_latents=cols)[0]
    picture.save(tmp_path / "mixed.png")
    assert studio.replay(tmp_path / "mixed.png", [cols, rows]).largest == 0


@pytest.mark.parametrize("path", ["spline", "linear", "slerp"])
def test_a_video_passes_saved_latents(path: str, studio: Studio, tmp_path: Path) -> None:
    files = tuple(file_of(studio, seeds, tmp_path / f"{seeds[0]}.npz") for seeds in ([3, 6], [4]))
    walk = studio.open_walk(Interpolate(path=path, frames=1, latents=files))
    assert walk.request.count() == 3
    assert all(
        torch.allclose(a, b, atol=1e-4)
        for a, b in zip(walk.frames(), pictures_of(studio, [3, 6, 4]), strict=True)
    )
    chosen = studio.open_walk(Interpolate((2, 0), frames=1, latents=files))
    assert torch.allclose(next(chosen.frames()), pictures_of(studio, [4])[0], atol=1e-4)


def test_what_no_video_can_pass_is_refused(studio: Studio, tmp_path: Path) -> None:
    file = file_of(studio, [3], tmp_path / "one.npz")
    for wrong in (
        Interpolate(latents=(file,)),
        Interpolate((0, 9), latents=(file,)),
        Interpolate(space="z", latents=(file, file)),
    ):
        with pytest.raises(BadInput):
            studio.open_walk(wrong)


def test_latents_of_a_network_of_another_width_are_called_that(studio: Studio, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", w=np.zeros((1, studio.generator.layers, 32), np.float32))
    with pytest.raises(BadFile, match="has latents of 32 numbers, in this network they have"):
        studio.face(tmp_path / "w.npz")
