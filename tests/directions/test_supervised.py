"""Supervised methods find the direction that was put in; `joint` leaves the correlated attribute alone."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.errors import BadInput, MissingPart, UnknownName
from latentlab.core.latent import Latent, Space
from latentlab.directions.flow import Flow
from latentlab.directions.interfacegan import InterFaceGan, project_off
from latentlab.directions.joint import Joint
from latentlab.directions.regression import Regression
from latentlab.directions.stylespace import StyleSpace
from tests.directions.toy import toy_bank


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return toy_bank(tmp_path_factory.mktemp("bank"))


def leak(direction) -> float:
    """How much glasses come along with a unit of age."""
    return abs(float(direction.vector[1] / direction.vector[0]))


@pytest.mark.parametrize("method", [Regression, InterFaceGan, Joint, Flow])
def test_strength_one_moves_the_attribute_by_its_step(method, toy) -> None:
    generator, bank = toy
    direction = method(
        attribute="smile", samples=2000, **({"share": 0.1} if method is InterFaceGan else {})
    ).discover(generator, bank)[0]
    assert torch.cosine_similarity(direction.vector, torch.eye(12)[2], dim=0) > 0.8
    assert float(direction.vector[2]) == pytest.approx(direction.step, rel=0.25)


def test_joint_leaks_less_than_half_of_interfacegan(toy) -> None:
    generator, bank = toy
    joint = Joint(attribute="age", samples=2000).discover(generator, bank)[0]
    boundary = InterFaceGan(attribute="age", samples=2000, share=0.1).discover(generator, bank)[0]
    assert leak(joint) < 0.02
    assert leak(joint) < 0.5 * leak(boundary)


def test_joint_finds_all_attributes_at_once_with_bootstrap_angles(toy) -> None:
    generator, bank = toy
    found = Joint(attribute="all", samples=1000, bootstraps=5).discover(generator, bank)
    assert [d.name for d in found] == ["age", "glasses", "smile"]
    assert all(0 < d.story["angle_95"] < 45 for d in found)


def test_flow_moves_along_its_line_where_the_truth_is_a_line(toy) -> None:
    generator, bank = toy
    flow = Flow(attribute="age", samples=2000).discover(generator, bank)[0]
    moved = flow.apply(Latent(Space.W, torch.zeros(2, 12)), 0.05).values
    assert torch.cosine_similarity(moved[0], torch.eye(12)[0], dim=0) > 0.9
    assert torch.equal(flow.apply(Latent(Space.W, torch.zeros(2, 12)), 0.0).values, torch.zeros(2, 12))


def test_stylespace_finds_a_channel_of_the_attribute(toy) -> None:
    generator, bank = toy
    direction = StyleSpace(attribute="smile", samples=2000).discover(generator, bank)[0]
    assert direction.space is Space.S
    assert int((direction.vector != 0).sum()) == 1
    assert int(direction.vector.abs().argmax()) % 12 == 2
    assert direction.story["channels"][0].endswith(":2")


def test_keeping_an_attribute_takes_it_out_of_the_normal(toy) -> None:
    generator, bank = toy
    kept = InterFaceGan(attribute="age", keep=("glasses",), samples=2000, share=0.1).discover(
        generator, bank
    )[0]
    plain = InterFaceGan(attribute="glasses", samples=2000, share=0.1).discover(generator, bank)[0]
    assert abs(float(torch.cosine_similarity(kept.vector, plain.vector, dim=0))) < 1e-4


def test_projection_leaves_nothing_of_the_others() -> None:
    torch.manual_seed(0)
    vector, others = torch.randn(8), [torch.randn(8), torch.randn(8)]
    left = project_off(vector, others)
    assert all(abs(float(left @ other)) < 1e-5 for other in others)
    with pytest.raises(BadInput, match="nothing is left"):
        project_off(vector, [vector])


def test_the_same_seed_finds_the_same_direction(toy) -> None:
    generator, bank = toy
    for method in (Flow(samples=500, epochs=2), InterFaceGan(samples=500, share=0.1)):
        one, two = (method.discover(generator, bank)[0].vector for _ in range(2))
        assert torch.equal(one, two)


@pytest.mark.parametrize("method", [Regression, InterFaceGan, Joint, StyleSpace, Flow])
def test_what_cannot_be_learned_is_one_line(method, toy) -> None:
    generator, bank = toy
    with pytest.raises(UnknownName, match="did you mean 'smile'"):
        method(attribute="smiles", samples=500).discover(generator, bank)
    with pytest.raises(BadInput, match="`samples`"):
        method(attribute="smile", samples=5).discover(generator, bank)
    with pytest.raises(MissingPart, match="bank"):
        method(attribute="smile").discover(generator)


def test_too_small_a_share_says_how_many_samples_it_needs(toy) -> None:
    generator, bank = toy
    with pytest.raises(BadInput, match="`samples` 1000"):
        InterFaceGan(attribute="age", samples=500, share=0.01).discover(generator, bank)
