"""A steered direction does on pictures what was asked, where a linear fit of the scores cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentlab.core.errors import BadInput, MissingPart, UnknownName
from latentlab.core.latent import Latent, Space
from latentlab.directions.joint import Joint
from latentlab.directions.steer import Steer
from latentlab.scorers.bank import Bank, bank_key
from tests.directions.toy import ToyGenerator, ToyScorer


class Hooded(ToyScorer):
    """Glasses follow age where faces are old, and show only beyond a threshold: no plane tells either."""

    hash = "hooded"

    def __call__(self, images):
        rows = images[:, 0, :2, :12].mean(1)
        glasses = torch.sigmoid(4 * (rows[:, 1] + rows[:, 4] - 1))
        return torch.stack([rows[:, 0], glasses, rows[:, 2] + 0.5 * glasses], 1)


@pytest.fixture(scope="module")
def hooded(tmp_path_factory):
    generator, scorer = ToyGenerator(), Hooded()
    bank = Bank.open(tmp_path_factory.mktemp("bank"), bank_key(generator, [scorer]), [scorer])
    bank.extend(2000, generator, [scorer], batch=250)
    return generator, bank


METHOD = Steer(
    attribute="glasses", samples=2000, steps=100, batch=32, pixels=0.0, around=1.0, learning_rate=0.05
)


@torch.no_grad()
def changes(generator, direction, strength: float = 1.0):
    """Mean change of the three scores on faces that lack glasses."""
    w = torch.randn(400, 12, generator=torch.Generator().manual_seed(5)) @ generator.mix
    latent = Latent(Space.W_PLUS, w[:, None].repeat(1, 2, 1))
    score = Hooded()
    before = score(generator.render(latent))
    lacking = before[:, 1] <= before[:, 1].median()
    after = score(generator.render(direction.apply(latent, strength)))
    return (after - before)[lacking].mean(0)


def test_what_a_face_lacks_comes_and_the_rest_stays(hooded) -> None:
    generator, bank = hooded
    (steered,) = replace(METHOD, side="up", held=2.0, steps=300).discover(generator, bank)
    (linear,) = Joint(attribute="glasses", samples=2000, rounds=0).discover(generator, bank)
    linear = replace(linear, space=Space.W_PLUS, vector=linear.vector.repeat(2, 1))
    ours, theirs = (changes(generator, direction, 2.0) for direction in (steered, linear))
    assert ours[1] > 0.3  # the fit is a plane: it asks of faces far below the threshold what those near it do
    assert abs(ours[2] / ours[1]) < 0.3 * abs(theirs[2] / theirs[1])


def test_it_moves_the_layers_it_is_given_and_no_other(hooded) -> None:
    generator, bank = hooded
    (found,) = replace(METHOD, layers=(1, 1), steps=5).discover(generator, bank)
    assert found.space is Space.W_PLUS and found.layers == (1, 1)
    assert not found.vector[0].any() and found.vector[1].any()
    with pytest.raises(BadInput, match="layers 0 to 1"):
        replace(METHOD, layers=(1, 5)).discover(generator, bank)


def test_a_heavier_picture_weight_changes_pictures_less(hooded) -> None:
    generator, bank = hooded
    near, far = (
        replace(METHOD, attribute="smile", steps=60, pixels=weight).discover(generator, bank)[0]
        for weight in (1000.0, 0.0)
    )
    assert near.vector.norm() < 0.8 * far.vector.norm()


def test_the_same_seed_finds_the_same_walk(hooded) -> None:
    generator, bank = hooded
    one, two, other = (
        replace(METHOD, steps=5, seed=seed).discover(generator, bank)[0].vector for seed in (1, 1, 2)
    )
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_settings_that_make_no_sense_are_one_line(hooded) -> None:
    generator, bank = hooded
    for wrong, said in (
        ({"side": "left"}, "both or up"),
        ({"steps": 0}, "out of range"),
        ({"reach": 0.0}, "out of range"),
        ({"learning_rate": float("nan")}, "out of range"),
        ({"held": -1.0}, "out of range"),
    ):
        with pytest.raises(BadInput, match=said):
            replace(METHOD, **wrong)
    with pytest.raises(MissingPart, match="scorers"):
        METHOD.discover(generator, Bank.open(bank.folder, bank.key))
    with pytest.raises(MissingPart, match="bank"):
        METHOD.discover(generator)
    with pytest.raises(UnknownName, match="did you mean 'smile'"):
        replace(METHOD, attribute="smiles").discover(generator, bank)


def test_one_vector_for_all_layers_is_a_move_in_w(hooded) -> None:
    generator, bank = hooded
    (found,) = replace(METHOD, steps=5, same=True).discover(generator, bank)
    assert torch.equal(found.vector[0], found.vector[1])
    assert found.vector.any()
