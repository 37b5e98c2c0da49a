"""What every transfer promises, over the registry: no change leaves the photo, a change comes over, the size is the photo's."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.core.warp import warp
from latentlab.editing.transfer import TRANSFERS
from latentlab.editing.transfer.transfer import Scene, Transfer
from latentlab.networks.transfer import TransferNet


def method(name: str) -> Transfer:
    torch.manual_seed(0)
    return TRANSFERS.build(name, network=TransferNet().eval()) if name == "learned" else TRANSFERS.build(name)


def drawn(size: int, shift: float = 0.0) -> Images:
    """A smooth blob with stripes, moved to the right by so many hundredths."""
    along = (torch.arange(size) + 0.5) / size
    x, y = along[None] - 0.5 - shift / 100, along[:, None] - 0.5
    blob = torch.exp(-12 * (x**2 + y**2))
    picture = blob * (0.7 + 0.3 * torch.sin(60 * x) * torch.sin(45 * y)) * 1.6 - 0.8
    return picture.expand(1, 3, size, size).clone()


@pytest.mark.parametrize("name", TRANSFERS)
@pytest.mark.parametrize("size", [128, 200])
def test_without_a_change_the_photo_stays(name, size):
    photo, picture = drawn(size), drawn(64)
    carried = method(name).carry(Scene(photo, picture, picture))
    assert carried.image.shape == photo.shape
    kept = carried.layers.kept.mean()
    assert kept > 0.8
    if name == "flow":
        assert (carried.image - photo).abs().mean() < 0.01
        assert carried.torn < 0.05


def test_flow_carries_a_movement():
    photo, before, after = drawn(128), drawn(64), drawn(64, shift=4)
    carried = method("flow").carry(Scene(photo, before, after))
    true = drawn(128, shift=4)
    assert (carried.image - true).abs().mean() < 0.4 * (photo - true).abs().mean()


def test_flow_carries_a_tint_and_keeps_fine_detail():
    torch.manual_seed(1)
    grain = 0.05 * torch.randn(1, 3, 128, 128)
    photo, before = (drawn(128) + grain).clamp(-1, 1), drawn(64)
    along = torch.linspace(-1, 1, 64)
    spot = torch.exp(-8 * (along[:, None] ** 2 + along[None] ** 2))
    after = before.clone()
    after[:, 0] += 0.3 * spot
    found = method("flow").carry(Scene(photo, before, after)).image - photo
    assert found[0, 0, 56:72, 56:72].mean() > 0.15
    assert found[0, 1].abs().mean() < 0.03


@pytest.mark.parametrize("name", TRANSFERS)
def test_gradients_of_layers_are_not_kept(name):
    carried = method(name).carry(Scene(drawn(128), drawn(64), drawn(64, 1)))
    assert not carried.image.requires_grad
    assert 0 <= carried.torn <= 1
    assert carried.image.abs().max() <= 1


def test_pictures_that_do_not_pair_up_are_refused():
    with pytest.raises(BadInput, match="square"):
        Scene(torch.zeros(1, 3, 8, 9), torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))
    with pytest.raises(BadInput, match="one size"):
        Scene(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 4, 4))
    with pytest.raises(BadInput, match="align it smaller"):
        Scene(torch.zeros(1, 3, 1100, 1100), torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))


def test_a_fresh_network_moves_nothing_and_learns():
    network = TransferNet()
    photo = drawn(128)
    layers = network(photo, photo, drawn(128, 3))
    assert layers.flow.abs().mean() < 2
    (layers.compose(photo) - warp(photo, torch.ones(1, 2, 128, 128))).square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
