"""The record of a face: ranges, JSON, numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.core.errors import BadInput
from latentlab.world.factors import Face, columns, factors, flat_names, flatten, identity_factors, unflatten
from latentlab.world.laws import draw_faces


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["natural", "factorial"]))
def test_a_face_comes_back_from_json_unchanged(seed, law):
    face = draw_faces(1, law, seed)[0]
    assert Face.from_json(face.to_json()) == face


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["natural", "factorial"]))
def test_numbers_come_back_as_the_face_up_to_single_precision(seed, law):
    rows = flatten(draw_faces(3, law, seed))
    assert torch.allclose(flatten(unflatten(rows)), rows, rtol=1e-6, atol=1e-6)


def test_every_column_has_a_name_of_its_own():
    names = flat_names()
    assert len(set(names)) == len(names) == flatten([Face()]).shape[1]
    assert {"age", "shape.99", "lipstick_colour.red", "hair_style=bob", "blendshapes.jawOpen"} <= set(names)


def test_every_factor_states_unit_range_and_law():
    for factor in factors():
        assert factor.unit
        assert factor.low < factor.high
        assert factor.low <= factor.span[0] < factor.span[1] <= factor.high
        assert factor.law in ("uniform", "half", "normal", "sparse", "choice")


def test_identity_is_shape_and_skin_but_not_age_or_smile():
    names = identity_factors()
    assert {"shape", "presentation", "skin_tone", "eye_colour"} <= set(names)
    assert not {"age", "smile", "yaw", "lipstick", "light_azimuth", "hair_style"} & set(names)


@pytest.mark.parametrize(
    ("name", "value"),
    [("age", 14.0), ("yaw", 61.0), ("smile", -0.1), ("pitch", float("nan")), ("hair_style", "mohawk"),
     ("shape", (0.0,) * 99), ("lipstick_colour", (0.0, 0.0, 1.1)), ("age", "old"), ("blink", True)],
)  # fmt: skip
def test_impossible_values_are_refused_with_the_range(name, value):
    with pytest.raises(BadInput, match=name):
        replace(Face(), **{name: value})


@pytest.mark.parametrize("text", ["", "[]", "{", '{"wings": 2}', '{"age": 900}', "null"])
def test_text_that_is_no_face_is_refused(text):
    with pytest.raises(BadInput):
        Face.from_json(text)


def test_json_may_leave_factors_out():
    assert Face.from_json(json.dumps({"age": 50.0})) == Face(age=50.0)


def test_vectors_of_the_wrong_length_are_refused():
    with pytest.raises(BadInput, match="columns"):
        unflatten(torch.zeros(2, 3))


def test_columns_hold_names_as_places():
    table = columns([Face(glasses="round"), Face()])
    assert table["glasses"].tolist() == [1, 0]
    assert table["shape"].shape == (2, 100)
