"""Edits through the studio: which face is meant, what words mean, pictures that can be made again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from latentlab.cli.words import (
    Wish,
    parse_blend,
    parse_goals,
    parse_layers,
    parse_mix,
    parse_strengths,
    parse_sweep,
)
from latentlab.core.crop import Crop
from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput, LatentLabError, MissingPart, UnknownName, WrongGenerator
from latentlab.core.face import Face, Photo
from latentlab.core.image import from_pixels, read_story
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.directions.library import save_direction
from latentlab.inversion.inverter import Given, finish
from latentlab.inversion.saved import as_face, save
from latentlab.networks.build import export
from latentlab.networks.tiny import tiny_generator
from latentlab.store.archive import Archive
from latentlab.studio import OpenEdit, Picture, Sweep
from latentlab.studio.portraits.faces import find_face
from latentlab.studio.recipes.replay import replay
from latentlab.studio.studio import Studio


def vector(seed: int, *shape: int) -> Tensor:
    return 0.3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kind, arguments, tensors = export(tiny_generator())
    folder = tmp_path_factory.mktemp("network")
    return Archive(kind, tensors, {"arguments": arguments, "part": "G_ema"}).save(folder / "tiny.safetensors")


@pytest.fixture
def studio(network: Path, tmp_path: Path) -> Studio:
    studio = Studio(network=network, device="cpu", home=tmp_path / "lab")
    generator = studio.generator
    for number, name in enumerate(["anna", "bert"]):
        keep_face(studio, name, number, tmp_path)
    folder = Path(studio.home) / "directions"
    for direction in (
        Direction("age", Space.W, vector(1, 32), "years", 10.0, (-2.0, 2.0), model=generator.hash),
        Direction("smile", Space.W_PLUS, vector(2, generator.layers, 32), model=generator.hash),
        Direction("foreign", Space.W, vector(3, 32), model="0" * 64),
    ):
        save_direction(direction, folder)
    return studio


def keep_face(studio: Studio, name: str, number: int, tmp_path: Path) -> Face:
    """An inversion of a drawn face, with a photo of 96² pixels around it."""
    generator = studio.generator
    latent = generator.lift(Latent(Space.Z, draw_z([number], generator.z_width)), Space.W_PLUS)
    with torch.no_grad():
        face = generator.render(latent).clamp(-1, 1)
    inversion = finish(generator, (face, torch.ones(1, 1, 32, 32)), latent, Given())
    pixels = np.full((96, 96, 3), 40 + 20 * number, np.uint8)
    photo = tmp_path / f"{name}.png"
    Image.fromarray(pixels).save(photo)
    crop = Crop((96, 96), 64, (47.5, 47.5), (24.0, 0.0))
    story = {"crop": crop.to_json(), "asked": {"photo": {"hash": str(number)}}}
    seen = Photo(from_pixels(pixels[None, 16:80, 16:80]), photo, crop)
    return save(Path(studio.home) / name, as_face(inversion, name, story, seen))


def edit(studio: Studio, source: object, directions: dict | None = None, **words: object) -> Picture:
    """As the command line says it; the network's own picture unless a transfer is named."""
    words.setdefault("transfer", "none")
    moves = tuple(f"{name}={value}" for name, value in (directions or {}).items())
    return studio.edit(source, Wish(direction=moves, **words).edit())


def opened(studio: Studio, **words: object) -> OpenEdit:
    words.setdefault("transfer", "none")
    return studio.open_edit("anna", Wish(**words).edit())


def test_an_edit_is_what_directions_do_to_the_latent(studio: Studio) -> None:
    face = find_face(studio, "anna")
    picture = edit(studio, "anna", {"age": 1.5, "smile": -0.5})
    values = face.latent.values + 1.5 * vector(1, 32) - 0.5 * vector(2, studio.generator.layers, 32)
    expected = studio.generator.render(Latent(Space.W_PLUS, values))
    assert torch.allclose(picture.image, expected[0], atol=1e-4)
    assert picture.name == "age+1.5_smile-0.5"


def test_an_edit_of_a_photo_keeps_to_the_span_of_photographs(studio: Studio) -> None:
    age = studio.direction("age")
    save_direction(replace(age, photo_span=(-1.0, 1.0)), Path(studio.home) / "directions")
    on_photo, drawn = (opened(studio, direction=("age=1.5",), transfer=way) for way in ("flow", "none"))
    assert [line for line in on_photo.notes() if "outside the span -1..1" in line]
    assert not drawn.notes(), "the network's own picture has the span of samples"


def test_without_a_name_the_newest_inversion_is_meant(studio: Studio, tmp_path: Path) -> None:
    keep_face(studio, "carl", 2, tmp_path)
    assert find_face(studio).name == "carl"
    assert find_face(studio, Path(studio.home) / "bert").name == "bert"
    assert find_face(studio, find_face(studio, "anna")).name == "anna"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"layers": "1-3"},
        {"keep": ("smile",)},
        {"mix": "bert:4-7"},
        {"blend": "bert=.3"},
        {"sweep": ("smile=-1:1:3",)},
        {"paste_back": True},
    ],
    ids=lambda options: next(iter(options), "plain"),
)
def test_every_edit_is_made_again_from_its_picture(
    studio: Studio, tmp_path: Path, options: dict, monkeypatch
) -> None:
    monkeypatch.setattr(
        "latentlab.faces.paste.default_mask", lambda face, original, crop: torch.ones(1, 1, 64, 64)
    )
    path = edit(studio, "anna", {"age": 1.0}, **options).save(tmp_path / "edited.png")
    replayed = replay(studio, path)
    assert replayed.verdict == "equal pixels"
    story = json.dumps(read_story(path))
    assert str(tmp_path) not in story


def test_a_mask_from_a_picture_confines_the_edit(studio: Studio, tmp_path: Path) -> None:
    mask = np.zeros((32, 32, 3), np.uint8)
    mask[20:, 20:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    before = find_face(studio, "anna").image[0]
    picture = edit(studio, "anna", {"age": 2.0}, mask=str(tmp_path / "mask.png"))
    change = (picture.image - before).abs().mean(dim=0)
    assert change[24:, 24:].mean() > 10 * change[:8, :8].mean()
    path = picture.save(tmp_path / "edited.png")
    assert replay(studio, path, [tmp_path / "mask.png"]).verdict == "equal pixels"
    with pytest.raises(BadInput, match="`inputs`"):
        replay(studio, path)


def test_an_unedited_face_pasted_back_leaves_the_photo_as_it_is(studio: Studio, monkeypatch) -> None:
    monkeypatch.setattr(
        "latentlab.faces.paste.default_mask", lambda face, original, crop: torch.ones(1, 1, 64, 64)
    )
    picture = edit(studio, "anna", {"age": 0.0}, paste_back=True)
    assert picture.source == "compositeWithTrainedAlgorithmicMedia"
    pixels = np.asarray(picture.show()).astype(int)
    assert pixels.shape == (96, 96, 3)
    assert np.abs(pixels - 40).max() <= 2
    moved = np.asarray(edit(studio, "anna", {"age": 2.0}, paste_back=True).show()).astype(int)
    assert np.abs(moved - 40).max() > 20
    assert np.abs(moved[:8] - 40).max() == 0


class Bright:
    """Reads the mean of the picture, in hundredths, as `age`."""

    names = ("age", "smile")

    def __call__(self, images: Tensor) -> Tensor:
        return torch.stack([100 * images.mean(dim=(1, 2, 3)), images[:, 0].mean(dim=(1, 2))], dim=1)


def test_a_goal_is_reached_and_told(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentlab.studio.shelf.companions.guide", lambda studio: Bright())
    monkeypatch.setattr("latentlab.studio.shelf.companions.likeness", lambda studio: None)
    start = 100 * float(find_face(studio, "anna").image.mean())
    there = 100 * float(edit(studio, "anna", {"age": 1.0}).image.mean())
    goal = start + 0.7 * (there - start)

    edit_open = opened(studio, to=(f"age={goal}",))
    (picture,) = edit_open.draw()

    assert 100 * float(picture.image.mean()) == pytest.approx(goal, abs=0.3)
    assert abs(goal - start) > 1
    assert any("reached at strength" in line for line in edit_open.notes())
    with pytest.raises(MissingPart, match="min_identity"):
        list(opened(studio, to=("age=0",), min_identity=0.5).draw())


def test_a_sweep_gives_every_picture_and_then_the_sheet(studio: Studio) -> None:
    pictures = list(opened(studio, sweep=("age=-2:2:5", "smile=0:1:2")).draw())
    assert len(pictures) == 11
    assert pictures[-1].show().size == (2 * 32, 5 * 32)
    assert pictures[0].name == "age-2_smile+0"


def test_a_strength_outside_the_span_warns_and_works(studio: Studio) -> None:
    strong = opened(studio, direction=("age=5",))
    assert len(list(strong.draw())) == 1
    assert "outside the span -2..2" in strong.notes()[0]
    swept = opened(studio, sweep=("age=-4:4:3",))
    assert len(swept.notes()) == 2


def test_blended_pivots_are_exactly_between(studio: Studio) -> None:
    from latentlab.core.pivot import Pivot
    from latentlab.editing.mix import blend_pivots

    one = Pivot({"b8.conv1": (vector(1, 16, 2), vector(2, 2, 144))})
    two = Pivot(
        {"b8.conv1": (vector(3, 16, 3), vector(4, 3, 144)), "b4.conv1": (vector(5, 16, 1), vector(6, 1, 144))}
    )
    between = blend_pivots(one, two, 0.25)
    weight = torch.zeros(16, 16, 3, 3)
    expected = 0.75 * one.weight("b8.conv1", weight) + 0.25 * two.weight("b8.conv1", weight)
    assert torch.allclose(between.weight("b8.conv1", weight), expected, atol=1e-5)
    assert torch.allclose(
        between.weight("b4.conv1", weight), 0.25 * two.weight("b4.conv1", weight), atol=1e-6
    )
    assert blend_pivots(None, None, 0.5) is None


@pytest.mark.parametrize(
    ("source", "options", "error", "words"),
    [
        ("anna", {"direction": ("agee=1",)}, UnknownName, "did you mean 'age'"),
        ("anna", {"direction": ("foreign=1",)}, WrongGenerator, "was found in network 000000000000"),
        ("ana", {"direction": ("age",)}, UnknownName, "did you mean 'anna'"),
        ("none.jpg", {"direction": ("age",)}, BadFile, "there is no file"),
        ("anna", {}, BadInput, "nothing to do"),
        ("anna", {"direction": ("age=old",)}, BadInput, "not a number"),
        ("anna", {"direction": ("age=nan",)}, BadInput, "not a finite number"),
        ("anna", {"direction": ("age=1", "age=2")}, BadInput, "twice"),
        ("anna", {"direction": ("age=1",), "to": ("age=60",)}, BadInput, "two ways"),
        ("anna", {"direction": ("age=1",), "layers": "0-99"}, BadInput, "out of range"),
        ("anna", {"direction": ("age=1",), "min_identity": 0.5}, BadInput, "add one to `goals`"),
        ("anna", {"sweep": ("age=1:2",)}, BadInput, "NAME=FROM:TO:COUNT"),
        ("anna", {"direction": ("age",), "mask": "mouht"}, UnknownName, "did you mean 'mouth'"),
        ("anna", {"mix": "bert"}, BadInput, "anna:8-13"),
        ("anna", {"mix": "bert:4-2"}, BadInput, "backwards"),
    ],
)
def test_bad_wishes_get_one_line(studio: Studio, source: str, options: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        studio.open_edit(source, Wish(**options).edit())
    assert isinstance(caught.value, LatentLabError)
    assert "\n" not in str(caught.value)


def test_an_empty_lab_says_how_to_begin(network: Path, tmp_path: Path) -> None:
    empty = Studio(network=network, device="cpu", home=tmp_path / "empty")
    with pytest.raises(LatentLabError, match="latentlab invert"):
        find_face(empty)


def test_words_become_values() -> None:
    assert parse_strengths(["age=2,smile", "yaw=-.5"]) == {"age": 2.0, "smile": 1.0, "yaw": -0.5}
    assert parse_goals(["age=60"]) == {"age": 60.0}
    assert parse_sweep("age=-3:3:7") == Sweep("age", (-3, -2, -1, 0, 1, 2, 3))
    assert parse_layers("4") == (4, 4)
    assert parse_mix("my:name:8-13") == ("my:name", (8, 13))
    assert parse_blend("anna=.5") == ("anna", 0.5)


def test_an_edit_of_a_photo_has_the_photos_own_size_and_pixels(studio: Studio) -> None:
    still = edit(studio, "anna", {"age": 0.0}, transfer="flow")
    photo = find_face(studio, "anna").photo
    assert photo is not None
    assert (still.image - photo.face()[0]).abs().max() < 0.02
    assert still.image.shape[-1] == 64  # of the photo, not of the network
    assert still.source == "compositeWithTrainedAlgorithmicMedia"


def test_a_recipe_names_the_transfer_that_was_taken(studio: Studio) -> None:
    from latentlab.studio.portraits.carry import choose

    picture = edit(studio, "anna", {"age": 1.0}, transfer="auto")
    taken = json.dumps(dict(picture.recipe))
    assert f'"{choose("auto", find_face(studio, "anna"))}"' in taken
    assert '"auto"' not in taken


def test_a_face_without_a_photo_needs_no_transfer(studio: Studio) -> None:
    face = find_face(studio, "anna")
    drawn = Face("drawn", face.latent, face.image, model=face.model)
    assert edit(studio, drawn, {"age": 1.0}, transfer="flow").image.shape[-1] == 32


def test_an_unknown_transfer_is_one_line(studio: Studio) -> None:
    from latentlab.studio import Edit

    with pytest.raises(UnknownName, match="flow"):
        studio.open_edit("anna", Edit({"age": 1.0}, transfer="flaw"))


def test_files_tell_edits_apart(studio: Studio, tmp_path: Path) -> None:
    mask = tmp_path / "left.png"
    Image.new("L", (32, 32), 255).save(mask)
    words = ({}, {"mask": str(mask)}, {"layers": "0-2"}, {"mix": "bert:0-1"}, {"blend": "bert=.5"})
    names = [next(iter(opened(studio, direction=("age=1",), **one).draw())).name for one in words]
    assert len(set(names)) == len(names)
    assert all(name.startswith("age+1") for name in names)
