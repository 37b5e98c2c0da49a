"""The projector in bf16: the same descent within rounding, its result rendered in fp32; fp32 is as it was."""

from __future__ import annotations

import pytest
import torch

import latentlab
from cuda_ops import native
from latentlab.core.errors import BadInput
from latentlab.inversion.objective import Objective
from latentlab.inversion.precision import features_in
from latentlab.inversion.projector import Projector
from latentlab.networks import gradient
from latentlab.networks.build import build
from latentlab.networks.perceptual import DiscriminatorDistance


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


def test_a_distance_with_features_in_bf16_points_the_same_way():
    channels = {4: 32, 8: 32, 16: 16, 32: 16}
    judge = build("stylegan2_discriminator", {"resolution": 32, "channels": channels}, None, 1)
    judge.requires_grad_(False)
    source = torch.Generator().manual_seed(4)
    target, image = (torch.rand(1, 3, 32, 32, generator=source) * 2 - 1 for _ in range(2))
    image.requires_grad_(True)
    found = []
    for half in (False, True):
        objective = Objective(target, torch.ones_like(target[:, :1]), DiscriminatorDistance(judge), pixels=0)
        with features_in(half=half, device=image.device):
            distance = objective(image, [0])
        assert distance.dtype is torch.float32
        found.append((distance.item(), torch.autograd.grad(distance.sum(), image)[0].flatten()))
    (exact, slope), (rounded, other) = found
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.01)
    assert torch.cosine_similarity(slope, other, dim=0) > 0.995


def test_what_is_no_precision_is_refused():
    with pytest.raises(BadInput, match="auto, fp32"):
        Projector(precision="fp8")  # type: ignore[arg-type]
