"""Styles: how much of a child's drawing, in whose colours; filters; a style learned from one picture."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.backbones.difference import whole
from latentlab.backbones.style.learn import LearnStyle, Unlike
from latentlab.backbones.style.pairs import Filtered, recoloured
from latentlab.backbones.style.strength import blended, block_of
from latentlab.core.errors import BadInput, LatentLabError, MissingPart, UnknownName
from latentlab.editing.style.filters import FILTERS, gaussian
from latentlab.editing.style.finish import coloured, enlarged
from latentlab.networks import export
from latentlab.networks.tiny import tiny_discriminator, tiny_generator
from latentlab.store.bridge import read
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.write import write
from latentlab.studio import Studio


@pytest.fixture
def inked(tiny_file: Path, tmp_path: Path) -> Studio:
    """A lab with a network, its discriminator and a darker child."""
    folder = tmp_path / "lab" / "networks"
    folder.mkdir(parents=True)
    shutil.copy(tiny_file, folder / "mother.safetensors")
    write(Foreign(*export(tiny_discriminator(resolution=32))), folder / "discriminator.safetensors")
    mother = read(tiny_file)["G_ema"]
    change = {name: -0.3 for name in mother.tensors if name.endswith("torgb.bias")}
    whole(mother.tensors, {n: v + change.get(n, 0.0) for n, v in mother.tensors.items()}).save(
        folder / "ink.safetensors"
    )
    return Studio("mother", device="cpu", home=tmp_path / "lab", assume_faces=True)


def faces(count: int = 2, size: int = 64) -> torch.Tensor:
    return (
        gaussian(torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(3)) * 2 - 1, 2.0)
        * 3
    )


def test_a_strength_takes_fine_layers_first(tiny_file: Path):
    parent = read(tiny_file)["G_ema"]
    child = {name: value + 1 for name, value in parent.tensors.items()}
    sizes = sorted({block_of(name) for name in parent.tensors} - {0})
    half = blended(parent, child, 0.5)
    moved = {
        size: [float((half[n] - v).mean()) for n, v in parent.tensors.items() if block_of(n) == size]
        for size in sizes
    }
    assert np.allclose(moved[sizes[-1]], 1) and np.allclose(moved[sizes[0]], 0)
    for strength, wanted in ((0.0, parent.tensors), (1.0, child)):
        mixed = blended(parent, child, strength)
        assert all(torch.allclose(mixed[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_give_pictures_of_the_same_size_and_are_the_same_for_each_face_of_a_batch(name: str):
    images = faces()
    drawn = FILTERS[name](images)
    assert drawn.shape == images.shape and drawn.abs().max() <= 1
    assert torch.allclose(FILTERS[name](images[1:]), drawn[1:], atol=1e-5)
    assert (drawn - images).abs().mean() > 0.01


def test_kept_colours_are_the_photos_and_kept_lines_the_styles():
    drawn, photo = FILTERS["pencil"](faces(1)), torch.full((1, 3, 128, 128), -0.2)
    photo[:, 0] = 0.6
    kept = coloured(drawn, photo)
    assert kept.shape == drawn.shape
    assert float(kept[:, 0].mean() - kept[:, 2].mean()) > 0.3
    lines = [x.mean(1) - gaussian(x.mean(1, keepdim=True), 3)[:, 0] for x in (drawn, kept)]
    assert np.corrcoef(*(x.flatten().numpy() for x in lines))[0, 1] > 0.8


def test_enlarging_keeps_flat_pictures_flat():
    flat = torch.full((1, 3, 32, 32), 0.3)
    assert torch.allclose(enlarged(flat, 128), torch.full((1, 3, 128, 128), 0.3), atol=1e-3)


def test_no_strength_is_the_networks_own_picture_and_full_strength_the_childs(inked: Studio):
    seven = inked.sample(7)
    none, full = (
        inked.open_stylize(seven, style="ink", strength=strength, colours="take") for strength in (0.0, 1.0)
    )
    none.face = full.face = sitter_of(seven)
    assert torch.allclose(none._drawn(), seven.image.clamp(-1, 1), atol=1e-5)
    assert float((none._drawn() - full._drawn()).mean()) > 0.05


def sitter_of(face):
    from latentlab.studio.applications.sitter import Sitter

    return Sitter(face.name, face.image, torch.zeros(68, 2), None, face)


@pytest.fixture(autouse=True)
def faces_everywhere(monkeypatch: pytest.MonkeyPatch):
    """Samples of a network that learned nothing show no face: landmarks are not what is tried here."""
    monkeypatch.setattr(
        "latentlab.studio.applications.sitter.landmarks_of", lambda image, name: torch.zeros(68, 2)
    )


def test_a_filtered_photo_is_made_again_from_its_recipe(studio: Studio, portrait: Path, tmp_path: Path):
    path = studio.stylize(portrait, "pencil", colours="take").save(tmp_path / "drawn.png")
    assert b"compositeWithTrainedAlgorithmicMedia" in path.read_bytes()
    assert studio.replay(path, [portrait]).largest == 0


def test_a_drawn_sample_is_made_again_and_another_style_of_the_name_is_refused(inked: Studio, tmp_path: Path):
    path = inked.stylize(inked.sample(7), "ink").save(tmp_path / "drawn.png")
    assert inked.replay(path).largest == 0
    (inked.home / "networks" / "ink.safetensors").unlink()
    with pytest.raises(BadInput, match="drawn in the style 'ink'"):
        inked.replay(path)


def test_colours_of_another_picture_are_taken_in_mean_and_covariance():
    grey = FILTERS["pencil"](faces(1))
    taken = recoloured(faces(2) * 0.5, grey)
    assert float((taken[:, 0] - taken[:, 2]).abs().mean()) < 0.05
    assert abs(float(taken.mean() - grey.mean())) < 0.1


def test_a_style_is_learned_in_few_steps_and_only_the_synthesis_changes():
    torch.manual_seed(0)
    parent, critic = tiny_generator("stylegan2", 32), tiny_discriminator(resolution=32)
    pairs = Filtered(parent, lambda images: -images, batch=2)
    heard: list[str] = []
    child = LearnStyle(steps=12, learning_rate=0.02).learn(
        parent, Unlike(critic, pairs), lambda done, text, *_: heard.append(text)
    )
    first, last = (float(text.split()[1]) for text in (heard[0], heard[-1]))
    assert last < first
    own = parent.state_dict()
    changed = {name for name in own if not torch.equal(own[name], child[name])}
    assert changed and not any("mapping" in name or "w_avg" in name or "noise" in name for name in changed)


def test_a_style_is_added_listed_used_and_not_replaced_unasked(inked: Studio):
    path = inked.add_style("sketch", filter="pencil", steps=2)
    assert path.stat().st_size < 2_100_000 and "sketch" in inked.styles()
    assert inked.stylize(inked.sample(3), "sketch").recipe["asked"]["style"] == "sketch"
    before = path.read_bytes()
    with pytest.raises(BadInput, match="already"):
        inked.add_style("sketch", filter="paint", steps=2)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"style": "inc"}, "did you mean 'ink'"),
        ({"style": "pencil", "directions": {"age": 1.0}}, "is a filter"),
        ({"style": "ink", "strength": 1.5}, "strength"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(inked: Studio, fields: dict, told: str):
    with pytest.raises(LatentLabError, match=told):
        inked.stylize(inked.sample(1), **fields)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": "x"}, BadInput),
        ({"name": "pencil", "filter": "paint"}, BadInput),
        ({"name": "x", "filter": "charcoal"}, UnknownName),
        ({"name": "a/b", "filter": "pencil"}, BadInput),
    ],
)
def test_styles_that_cannot_be_learned_leave_nothing(inked: Studio, fields: dict, error: type):
    before = sorted(inked.home.rglob("*"))
    with pytest.raises(error):
        inked.add_style(**fields)
    assert sorted(inked.home.rglob("*")) == before


def test_a_person_is_taught_once_by_a_folder_of_photos(
    inked: Studio, portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(portrait, folder / "a.png")
    Image.new("RGB", (200, 200), "white").save(folder / "wall.png")
    monkeypatch.setattr("latentlab.studio.applications.style_add.LearnStyle", lambda steps: LearnStyle(2))
    with pytest.warns(UserWarning, match="left out: found no face"):
        name = inked.add_person(folder)
    assert name.startswith("person-") and name in inked.styles()
    assert inked.add_person(folder) == name


def test_without_a_discriminator_no_style_is_learned(studio: Studio):
    with pytest.raises(MissingPart, match="no discriminator"):
        studio.add_style("sketch", filter="pencil", steps=1)
