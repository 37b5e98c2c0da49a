"""Spans measured on what is shown are kept in the directions' files, and an edit of a photo keeps to those of photographs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput, MissingPart
from latentlab.core.latent import Space
from latentlab.directions.library import load_direction, save_direction
from latentlab.metrics.spans import Look, Spans
from latentlab.networks.build import export
from latentlab.networks.tiny import tiny_generator
from latentlab.store.archive import Archive
from latentlab.studio.discovery import sitters
from latentlab.studio.discovery.spans import MeasureSpans, measure_spans
from latentlab.studio.shelf.companions import judge
from latentlab.studio.studio import Studio
from tests.directions.toy import ToyGenerator, ToyScorer

SAMPLES, PEOPLE = ["sample"], ["person"]


def looking(studio, direction, strength, faces, judge) -> Look:
    """Samples tear beyond 2; on photographs nobody is found beyond 1."""
    far = abs(strength) > (2 if faces == SAMPLES else 1)
    read = torch.ones(4)
    torn = read * (0.5 if far and faces == SAMPLES else 0.0)
    found = read.bool() if faces == SAMPLES or not far else ~read.bool()
    return Look(torn, found, 0 * read, 0 * read, read * strength * direction.step)


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    kind, arguments, tensors = export(tiny_generator())
    file = Archive(kind, tensors, {"arguments": arguments, "part": "G_ema"}).save(tmp_path / "a.safetensors")
    place = Studio(file, home=tmp_path / "lab", assume_faces=True)
    place.__dict__["generator"] = ToyGenerator()
    folder = tmp_path / "lab" / "directions"
    for direction in (
        Direction("age", Space.W, torch.ones(12), "years", 10.0, (-4.0, 4.0)),
        Direction("smile", Space.Z, torch.ones(12), "sd", 1.0),
    ):
        save_direction(direction, folder)
    monkeypatch.setattr("latentlab.studio.discovery.spans.sampled", lambda *_: SAMPLES)
    monkeypatch.setattr("latentlab.studio.discovery.spans.people_in", lambda *_: PEOPLE)
    monkeypatch.setattr("latentlab.studio.discovery.spans.looks", looking)
    return place


def test_both_spans_and_what_ended_them_are_kept(studio: Studio, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (found,) = measure_spans(studio, ["age"], MeasureSpans(out=out), judge=ToyScorer())
    assert (found.direction.span, found.direction.photo_span) == ((-2.0, 2.0), (-1.0, 1.0))
    kept = load_direction(out / "age.direction.safetensors")
    assert (kept.span, kept.photo_span) == ((-2.0, 2.0), (-1.0, 1.0))
    assert kept.story["spans"]["own"]["ends"] == ["the picture tears"] * 2
    assert kept.story["spans"]["photo"]["ends"] == ["no face is found"] * 2
    assert kept.story["spans"]["photo"]["seen"]["1"]["target"] == pytest.approx(10.0)
    assert found.as_json()["photo_span"] == [-1.0, 1.0]


def test_all_directions_are_meant_where_none_is_named_and_photos_take_none_in_z(studio: Studio) -> None:
    age, smile = measure_spans(studio, judge=ToyScorer())
    assert age.photo is not None and smile.photo is None
    assert studio.direction("age").span == (-2.0, 2.0), "kept in the lab"
    assert studio.direction("smile").photo_span is None


def test_on_photos_a_direction_has_the_span_that_was_measured_there() -> None:
    direction = Direction("age", Space.W, torch.ones(12), span=(-4.0, 4.0))
    assert direction.on_photos.span == (-4.0, 4.0)
    assert replace(direction, photo_span=(-1.0, 2.0)).on_photos.span == (-1.0, 2.0)


def test_photos_for_a_network_without_an_encoder_are_one_line(studio: Studio, monkeypatch) -> None:
    monkeypatch.setattr("latentlab.studio.shelf.companions.find_encoder", lambda studio: None)
    with pytest.raises(MissingPart, match="no encoder"):
        sitters.people_in(studio, [Path("a.jpg")], 4)
    with pytest.warns(UserWarning, match="only samples"):
        assert sitters.people_in(studio, [], 4) == []
    with pytest.raises(BadFile, match="there is no photo"):
        next(measure_spans(studio, ["age"], MeasureSpans(photos=(Path("nowhere"),)), judge=ToyScorer()))
    with pytest.raises(BadInput, match="faces"):
        MeasureSpans(faces=1)


@pytest.mark.filterwarnings("ignore")
def test_an_unmoved_face_is_whole_and_a_torn_one_is_not(tmp_path: Path) -> None:
    pytest.importorskip("dlib")
    studio = Studio("faces", device="cpu", home=tmp_path)
    smile = studio.direction("smile")
    faces = sitters.sampled(studio, smile, 1)
    faces.append(replace(faces[0], photographed=True))
    still, torn = (sitters.looks(studio, smile, strength, faces, judge(studio)) for strength in (0.0, 6.0))
    assert still.torn.max() < 0.02 and bool(still.found.all()) and still.astray.max() < 0.05
    assert still.apart.max() < 0.2
    assert torn.torn.min() > Spans().torn
    assert torn.astray[0] == 0, "a sample is drawn anew: nothing was meant to go elsewhere"
    assert torn.astray[1] > still.astray[1]
