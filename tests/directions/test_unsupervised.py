"""SeFa and GANSpace against their definitions; pairs against the change that was put in."""

from __future__ import annotations

import pytest
import torch
from sklearn.decomposition import PCA

from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.latent import Latent, Space
from latentlab.core.pairs import LatentPairs
from latentlab.directions.ganspace import GanSpace
from latentlab.directions.pairs import Pairs
from latentlab.directions.sefa import SeFa
from latentlab.networks.tiny import tiny_generator
from tests.directions.toy import ToyGenerator


def test_ganspace_equals_a_pca_of_all_samples_in_memory() -> None:
    generator = tiny_generator()
    found = GanSpace(components=3, samples=600, batch=100).discover(generator)
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        w = torch.cat([generator.map(torch.randn(100, generator.z_width, generator=draw)) for _ in range(6)])
    plain = PCA(3).fit(w.double().numpy())
    for direction, axis, variance in zip(found, plain.components_, plain.explained_variance_, strict=True):
        unit = direction.vector / direction.vector.norm()
        assert abs(float(unit.double() @ torch.from_numpy(axis))) == pytest.approx(1, abs=1e-4)
        assert float(direction.vector.norm()) == pytest.approx((variance * 599 / 600) ** 0.5, rel=1e-4)


def test_ganspace_does_not_depend_on_the_batch_size_beyond_its_draws() -> None:
    generator = ToyGenerator()
    whole, parts = (
        GanSpace(components=1, samples=400, batch=size).discover(generator)[0] for size in (400, 400)
    )
    assert torch.equal(whole.vector, parts.vector)


def test_sefa_finds_the_axis_the_layers_amplify_most() -> None:
    generator = tiny_generator()
    first = SeFa(components=2).discover(generator)
    rows = torch.cat(
        [generator.style_weight(i) for i, layer in enumerate(generator.style_layers) if layer.kind != "rgb"]
    )
    rows = (rows / rows.norm(dim=1, keepdim=True)).detach()
    gains = [(rows @ d.vector).square().sum() for d in first]
    random = torch.nn.functional.normalize(
        torch.randn(50, rows.shape[1], generator=torch.Generator().manual_seed(0)), dim=1
    )
    assert gains[0] >= gains[1] >= (rows @ random.T).square().sum(0).mean()
    assert gains[0] >= (rows @ random.T).square().sum(0).max()


@pytest.mark.parametrize("method", [SeFa, GanSpace])
def test_components_out_of_range_are_refused(method) -> None:
    with pytest.raises(BadInput, match="components"):
        method(components=99).discover(ToyGenerator())


def test_layers_out_of_range_are_refused() -> None:
    with pytest.raises(BadInput, match="layers 0 to 1"):
        SeFa(layers=(0, 7)).discover(ToyGenerator())


def test_pairs_find_the_mean_change() -> None:
    generator, change = ToyGenerator(), torch.eye(12)[2]
    before = torch.randn(20, 2, 12, generator=torch.Generator().manual_seed(0))
    pairs = LatentPairs(Latent(Space.W_PLUS, before), Latent(Space.W_PLUS, before + change))
    assert torch.allclose(Pairs().discover(generator, pairs)[0].vector, change, atol=1e-5)


def test_groups_find_the_change_although_they_are_other_people() -> None:
    generator, change = ToyGenerator(), 2 * torch.eye(12)[2]
    draw = torch.Generator().manual_seed(0)
    before, after = (torch.randn(60, 1, 12, generator=draw).repeat(1, 2, 1) for _ in range(2))
    pairs = LatentPairs(Latent(Space.W_PLUS, before), Latent(Space.W_PLUS, after + change))
    vector = Pairs(paired=False).discover(generator, pairs)[0].vector
    assert torch.cosine_similarity(vector, change, dim=0) > 0.8
    with pytest.raises(BadInput, match="two groups need"):
        Pairs().discover(generator, LatentPairs(pairs.before[0], pairs.after))


def test_pairs_without_pictures_say_what_to_give() -> None:
    with pytest.raises(MissingPart, match="`before`"):
        Pairs().discover(ToyGenerator())
