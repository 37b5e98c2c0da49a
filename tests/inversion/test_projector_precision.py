"""The projector in bf16: the same descent within rounding, its result rendered in fp32; fp32 is as it was."""

from __future__ import annotations

import pytest
import torch

import latentlab
from cuda_ops import native
from latentlab.core.errors import BadInput
from latentlab.inversion.projector import Projector
from latentlab.networks import gradient


@pytest.fixture(scope="module")
def generator():
    return latentlab.open("faces").generator


def test_bf16_comes_nearly_to_the_same_face(generator):
    face = latentlab.open("faces").sample(11, psi=0.7).image
    found = {each: Projector(steps=6, precision=each).invert(generator, face) for each in ("fp32", "bf16")}
    exact, half = found["fp32"].image, found["bf16"].image
    assert half.dtype is torch.float32
    assert 0 < float((exact - half).abs().mean()) < 0.05
    before = float((exact - face).square().mean())
    assert float((half - face).square().mean()) == pytest.approx(before, rel=0.1)


def test_fp32_is_what_the_general_path_finds(generator, monkeypatch):
    """The fast path takes the noise maps' gradients too; without it the same steps come to the same face."""
    if not hasattr(native.load("cpu").kernels, "tail_gradient"):
        pytest.skip("the native operators are not built here")
    face = latentlab.open("faces").sample(11, psi=0.7).image
    took: list[bool] = []
    fast = gradient.synthesise

    def noted(*given):
        image = fast(*given)
        took.append(image is not None)
        return image

    monkeypatch.setattr(gradient, "synthesise", noted)
    found = Projector(steps=4).invert(generator, face)
    assert took[:4] == [True] * 4
    monkeypatch.setattr(gradient, "synthesise", lambda *given: None)
    expected = Projector(steps=4).invert(generator, face)
    assert float((found.latent.values - expected.latent.values).abs().max()) < 1e-3
    assert float((found.image - expected.image).abs().mean()) < 1e-3
    for name, drawn in found.noise.maps.items():
        assert float((drawn - expected.noise.maps[name]).abs().mean()) < 0.02, name


def test_what_is_no_precision_is_refused():
    with pytest.raises(BadInput, match="auto, fp32"):
        Projector(precision="fp8")  # type: ignore[arg-type]
