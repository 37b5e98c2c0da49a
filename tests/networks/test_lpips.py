"""LPIPS by the real package, on a backbone of drawn weights: the same number as the package, nothing executed, named for what it is."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from latentlab.core.errors import BadFile, BadInput, MissingPart
from latentlab.networks import lpips as ours
from latentlab.networks.lpips import Lpips, published_weights
from latentlab.networks.perceptual import best_distance
from latentlab.networks.tiny import tiny_discriminator
from latentlab.store.known_models import KNOWN

CHANNELS = (3, 64, 192, 384, 256, 256)
SIZES = (11, 5, 3, 3, 3)
PLACES = (0, 3, 6, 8, 10)
"""Where torchvision's AlexNet has its convolutions."""


def backbone(path: Path, seed: int = 0) -> Path:
    """AlexNet as torchvision saves it, with drawn weights and a small classifier that nobody looks at."""
    random = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {"classifier.1.weight": torch.zeros(4, 4)}
    for place, size, wide, out in zip(PLACES, SIZES, CHANNELS[:-1], CHANNELS[1:], strict=True):
        scale = (2 / (wide * size * size)) ** 0.5
        state[f"features.{place}.weight"] = torch.randn(out, wide, size, size, generator=random) * scale
        state[f"features.{place}.bias"] = torch.zeros(out)
    torch.save(state, path)
    return path


def pictures(seed: int) -> Tensor:
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture(autouse=True)
def nothing_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))


def published(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let a file be the one that was published."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    told = replace(KNOWN["lpips-alex"], size=path.stat().st_size, sha256=digest)
    monkeypatch.setitem(KNOWN, "lpips-alex", told)


def in_hub(tmp_path: Path) -> Path:
    path = tmp_path / "hub" / "checkpoints" / KNOWN["lpips-alex"].filename
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_it_is_the_number_of_the_package(tmp_path: Path) -> None:
    distance = Lpips("alex", weights=backbone(tmp_path / "drawn.pth"))
    one, other = pictures(1), pictures(2)
    theirs = distance.network(one, other).flatten()
    assert torch.allclose(distance(one, other), theirs, rtol=1e-4)
    assert (theirs > 0.01).all()
    assert torch.allclose(distance(one, one), torch.zeros(2), atol=1e-6)
    heads = torch.load(
        Path(ours._package().__file__).parent / "weights/v0.1/alex.pth", map_location="cpu", weights_only=True
    )
    assert torch.equal(distance.network.lin3.model[-1].weight, heads["lin3.model.1.weight"])
    drawn = torch.load(tmp_path / "drawn.pth", weights_only=True)
    assert torch.equal(distance.network.net.slice3[-2].weight, drawn["features.6.weight"])


def test_losses_may_follow_its_gradient(tmp_path: Path) -> None:
    distance, one = Lpips("alex", weights=backbone(tmp_path / "drawn.pth")), pictures(1).requires_grad_(True)
    (gradient,) = torch.autograd.grad(distance(one, pictures(2)).sum(), [one])
    assert gradient.abs().sum() > 0


def test_other_weights_are_named(tmp_path: Path) -> None:
    assert (
        Lpips("alex", weights=backbone(tmp_path / "drawn.pth")).name == "LPIPS (alex, weights of drawn.pth)"
    )


def test_published_weights_are_taken_everywhere_and_named(tmp_path: Path, monkeypatch) -> None:
    published(monkeypatch, backbone(in_hub(tmp_path)))
    assert best_distance(tiny_discriminator()).name == "LPIPS (alex)"


def test_a_file_of_that_name_with_other_bytes_is_not_taken(tmp_path: Path, monkeypatch) -> None:
    path = backbone(in_hub(tmp_path), 1)
    published(monkeypatch, path)
    backbone(path, 2)
    with pytest.raises(MissingPart, match="not the file that was published"):
        published_weights("alex")
    assert best_distance(tiny_discriminator()).name == "discriminator features"


def test_without_weights_it_says_what_to_fetch() -> None:
    with pytest.raises(MissingPart, match="latentlab models fetch lpips-vgg"):
        Lpips("vgg")
    with pytest.raises(BadInput, match="backbone"):
        Lpips("resnet")
    assert best_distance(None) is None


def test_weights_that_do_something_are_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return (Path(tmp_path / "ran").touch, ())

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps({"features.0.weight": Evil()}))
    with pytest.raises(BadFile):
        Lpips("alex", weights=path)
    assert not (tmp_path / "ran").exists()
    torch.save({"features.0.weight": torch.zeros(64, 3, 11, 11)}, path)
    with pytest.raises(BadFile, match="not the backbone"):
        Lpips("alex", weights=path)
