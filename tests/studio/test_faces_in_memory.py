"""Faces without a folder: sampled, averaged, blended and edited ones are edited, swept, made again and kept like photos."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, WrongGenerator
from latentlab.core.latent import Space
from latentlab.directions.library import save_direction
from latentlab.studio import Edit, Generate, Mix, Studio, Sweep, as_data, from_data


@pytest.fixture
def place(studio) -> Studio:
    vector = 0.3 * torch.randn(32, generator=torch.Generator().manual_seed(1))
    direction = Direction("age", Space.W, vector, model=studio.generator.hash)
    save_direction(direction, studio.home / "directions")
    return studio


def test_a_sampled_face_is_the_picture_of_its_seed(place) -> None:
    assert torch.allclose(place.sample(7, psi=0.7).image[0], place.generate([7], psi=0.7)[0].image, atol=1e-6)
    assert torch.allclose(place.average().image, place.sample(3, psi=0.0).image, atol=1e-5)


@pytest.mark.parametrize("kind", ["sampled", "average", "blended", "edited", "kept"])
def test_an_edit_of_any_face_is_made_again_from_its_picture(kind: str, place, tmp_path) -> None:
    seven = place.sample(7, psi=0.7)
    face = {
        "sampled": lambda: seven,
        "average": place.average,
        "blended": lambda: place.blend(seven, place.sample(8), 0.3),
        "edited": lambda: place.edited(seven, Edit({"age": 1.0})),
        "kept": lambda: place.save(seven, "seven"),
    }[kind]()
    path = place.edit(face, {"age": 1.5}).save(tmp_path / "a.png")
    assert place.replay(path).verdict == "equal pixels"


def test_a_face_on_the_shelf_is_the_face_that_was_put_there(place) -> None:
    kept = place.save(place.sample(7, noise="random", noise_seed=3), "seven")
    found = place.face("seven")
    assert found.hash == kept.hash
    assert torch.equal(found.image, kept.image)
    assert place.faces() == ["seven"]
    with pytest.raises(BadInput, match="something called 'seven'"):
        place.save(place.sample(8), "seven")


def test_a_sweep_of_a_sampled_face_ends_with_its_sheet(place) -> None:
    pictures = place.sweep(place.sample(7), "age", [-1, 0, 1])
    assert [picture.name for picture in pictures] == ["age-1", "age+0", "age+1", "age"]


def test_a_face_of_another_network_is_refused(place) -> None:
    with pytest.raises(WrongGenerator, match="this is"):
        place.edit(replace(place.sample(7), model="0" * 64), {"age": 1.0})


def test_two_sessions_share_one_network(place) -> None:
    other = Studio(place.network, device="cpu", home=place.home, seed=3)
    assert other.generator is place.generator
    before = place.generator.hash
    place.edit(place.sample(7), {"age": 1.0})
    assert other.generator.hash == before


def test_an_error_speaks_to_python_in_python_s_words(place) -> None:
    with pytest.raises(BadInput, match="min_identity") as caught:
        place.edit(place.sample(7), {"age": 2}, min_identity=0.5)
    assert "min_identity" in caught.value.fields
    assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    "request_",
    [
        Generate((3, 1), grid=(2, 1)),
        Mix((1,), (2,), (0, 1)),
        Edit({"age": 2.0, "smile": -1.0}, keep=("pose",), layers=(1, 3), mix=("anna", (2, 4)), mask="mouth"),
        Edit(sweeps=(Sweep("smile", (0.0, 1.0)), Sweep("age", (0.0, 1.0)))),
    ],
    ids=lambda request: type(request).__name__,
)
def test_a_request_survives_json(request_) -> None:
    data = json.loads(json.dumps(as_data(request_), sort_keys=True))
    assert from_data(type(request_), data) == request_
    assert list(getattr(from_data(type(request_), data), "directions", {})) == list(
        getattr(request_, "directions", {})
    )


@pytest.mark.parametrize(
    "data",
    [
        {"directions": {"../age": 1.0}},
        {"directions": [["age", "2"]]},
        {"directions": [["age", 1.0], ["age", 2.0]]},
        {"directions": {"age": float("nan")}},
        {"directions": {"age": 1.0}, "mask": "/etc/passwd"},
        {"directions": {"age": 1.0}, "mask": {"file": "../mask.png"}},
        {"directions": {"age": 1.0}, "mix": ["a/b", [0, 1]]},
        {"directions": {"age": 1.0}, "unheard_of": 1},
        {"directions": {"age": 1.0}, "layers": [1]},
        {"sweeps": [{"direction": "age", "strengths": [1.0]}]},
    ],
    ids=str,
)
def test_untrusted_data_that_are_no_request_are_one_line(data) -> None:
    with pytest.raises(BadInput) as caught:
        from_data(Edit, data)
    assert "\n" not in str(caught.value)
