"""The sampling laws."""

from __future__ import annotations

import numpy as np
import pytest

from latentlab.core.errors import BadInput, UnknownName
from latentlab.world.factors import columns, factors, flat_names, flatten
from latentlab.world.laws import draw_faces
from latentlab.world.strand_light import grey_share


@pytest.mark.parametrize("law", ["natural", "factorial", "loose"])
def test_face_seventeen_does_not_depend_on_the_batch(law):
    assert draw_faces(20, law, seed=3)[17] == draw_faces(1, law, seed=3, start=17)[0]


@pytest.mark.parametrize("law", ["natural", "factorial", "loose"])
def test_seeds_give_different_faces(law):
    assert draw_faces(1, law, seed=3) != draw_faces(1, law, seed=4)


def test_the_factorial_law_leaves_no_correlation():
    rows = flatten(draw_faces(1500, "factorial", seed=1)).numpy()
    names = list(flat_names())
    chosen = [
        names.index(n)
        for n in (
            "age",
            "presentation",
            "yaw",
            "smile",
            "lipstick",
            "greying",
            "beard_style=full",
            "glasses=round",
        )
    ]
    matrix = np.corrcoef(rows[:, chosen].T) - np.eye(len(chosen))
    assert np.abs(matrix).max() < 0.1


def test_the_natural_law_is_correlated_as_in_life():
    faces = draw_faces(1500, "natural", seed=1)
    grey = grey_share(columns(faces)).numpy()
    age = np.array([face.age for face in faces])
    presentation = np.array([face.presentation for face in faces])

    def correlation(a, b) -> float:
        return float(np.corrcoef(a, b)[0, 1])

    assert correlation(age, grey) > 0.7
    assert correlation(age, [face.glasses != "none" for face in faces]) > 0.15
    assert correlation(presentation, [face.beard_style != "none" for face in faces]) > 0.4
    assert correlation(presentation, [face.lipstick for face in faces]) < -0.4
    assert correlation([face.skin_tone for face in faces], [sum(face.hair_colour) for face in faces]) < -0.4


@pytest.mark.parametrize("law", ["natural", "factorial", "loose"])
def test_every_factor_varies(law):
    rows = flatten(draw_faces(600, law, seed=2))
    still = [name for name, spread in zip(flat_names(), rows.std(0), strict=True) if spread == 0]
    assert [
        n
        for n in still
        if not n.startswith(("blendshapes.eyeBlink", "blendshapes.eyeLook", "blendshapes.mouthClose"))
    ] == []


def test_ages_span_the_whole_range():
    ages = [face.age for face in draw_faces(400, "factorial")]
    low, high = next((f.low, f.high) for f in factors() if f.name == "age")
    assert min(ages) < low + 3
    assert max(ages) > high - 3


def test_unknown_laws_suggest_the_known_ones():
    with pytest.raises(UnknownName, match="natural"):
        draw_faces(1, "naturel")
    with pytest.raises(BadInput):
        draw_faces(-1)


def test_loose_faces_are_natural_people_whose_looks_know_nothing_of_them():
    faces, people = draw_faces(1500, "loose", seed=1), draw_faces(1500, "natural", seed=1)
    assert [face.age for face in faces] == [face.age for face in people]
    assert [face.shape for face in faces] == [face.shape for face in people]

    def correlation(one: str, other: str) -> float:
        columns = [[value != "none" if isinstance(value, str) else value for value in (getattr(f, n) for f in faces)]
                   for n in (one, other)]  # fmt: skip
        return abs(float(np.corrcoef(columns)[0, 1]))

    for one, other in (
        ("age", "glasses"), ("age", "greying"), ("presentation", "lipstick"), ("presentation", "beard_style"),
        ("smile", "anger"),
    ):  # fmt: skip
        assert correlation(one, other) < 0.1
