"""Wishes: one person before and after, changed in what was wished and in what comes with it."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from latentlab.core.errors import BadInput, UnknownName
from latentlab.scorers.targets import NAMES, targets_of
from latentlab.world.counterfactuals import WISHES, counterfactuals, find_wish
from latentlab.world.factors import Face, columns, identity_factors
from latentlab.world.laws import draw_faces
from latentlab.world.scalp import recession
from latentlab.world.strand_light import grey_share

FACES = draw_faces(60, "natural", 31)
OWN_IDENTITY = {"brows": {"brow_thickness"}, "skin_tone": {"skin_tone"}}


@pytest.mark.parametrize("name", WISHES)
def test_a_wish_changes_its_attribute_and_keeps_the_person(name):
    wish = WISHES[name]
    pairs = counterfactuals(wish, FACES)
    assert pairs.before == [FACES[number] for number in pairs.numbers]
    assert len(pairs.after) == len(pairs.before) >= 5
    for before, after in zip(pairs.before, pairs.after, strict=True):
        changed = {key for key, value in asdict(after).items() if value != asdict(before)[key]}
        assert changed
        assert changed & set(identity_factors()) <= OWN_IDENTITY.get(name, set())
    if wish.attribute:
        moved = targets_of(pairs.after) - targets_of(pairs.before)
        assert (moved[:, NAMES.index(wish.attribute)].abs() > 1e-4).float().mean() > 0.9


@pytest.mark.parametrize("name", WISHES)
def test_pairs_repeat_by_seed_and_do_not_depend_on_their_neighbours(name):
    wish = WISHES[name]
    whole, part = counterfactuals(wish, FACES), counterfactuals(wish, FACES[:30])
    assert whole.after == counterfactuals(wish, FACES).after
    assert whole.after[: len(part.after)] == part.after


def test_age_brings_grey_hair_and_age_alone_keeps_it():
    faces = [Face(age=50.0, hair_style="short", presentation=0.6)] * 8
    for name, same in (("age", False), ("age_alone", True)):
        pairs = counterfactuals(WISHES[name], faces)
        before, after = columns(pairs.before), columns(pairs.after)
        assert ((before["age"] - after["age"]).abs() > 10).all()
        for measure in (grey_share, recession):
            assert ((measure(before) - measure(after)).abs() < 1e-5).all() == same


def test_what_nobody_can_have_and_what_nobody_knows_is_one_line():
    with pytest.raises(BadInput, match="none of 2 faces can have the wish 'beard'"):
        counterfactuals(WISHES["beard"], [Face(presentation=-1.0)] * 2)
    with pytest.raises(UnknownName, match="did you mean 'smile'"):
        find_wish("smiel")
