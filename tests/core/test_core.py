"""The contracts everyone builds on: seeds, latents, directions, pivots, pictures, atomic files, registries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from latentlab.core.direction import Direction
from latentlab.core.errors import (
    BadFile,
    BadInput,
    LatentLabError,
    SpaceMismatch,
    UnknownName,
    WrongGenerator,
)
from latentlab.core.files import atomic
from latentlab.core.fingerprint import fingerprint
from latentlab.core.image import (
    from_pixels,
    grid,
    load_image,
    load_picture,
    read_story,
    save_image,
    to_pixels,
)
from latentlab.core.latent import Latent, Space
from latentlab.core.pivot import Pivot
from latentlab.core.registry import Registry
from latentlab.core.seeds import draw_z, parse_seeds


def test_a_seed_draws_what_the_published_tools_draw() -> None:
    assert torch.equal(draw_z([85], 8)[0], torch.from_numpy(np.random.RandomState(85).randn(1, 8)).float()[0])


def test_seed_lists_hold_ranges_and_numbers() -> None:
    assert parse_seeds("0-3,85") == [0, 1, 2, 3, 85]


@pytest.mark.parametrize("text", ["", "a", "3-", "-3", "5-1", "1,,2", "4294967296", "0-5000000", "1.5"])
def test_malformed_seed_lists_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_seeds(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["w+", "W_PLUS", "wplus", "W+"])
def test_spaces_have_several_spellings(text: str) -> None:
    assert Space.parse(text) is Space.W_PLUS


def test_a_latent_of_the_wrong_rank_is_refused() -> None:
    with pytest.raises(BadInput, match="3 axes"):
        Latent(Space.W_PLUS, torch.zeros(2, 4))


def test_a_sample_of_a_batch_keeps_the_batch_axis() -> None:
    latent = Latent(Space.W, torch.arange(6.0).reshape(3, 2))
    assert torch.equal(latent[-1].values, latent.values[2:])
    assert len(latent[1]) == 1


def direction(**fields: object) -> Direction:
    return Direction("age", Space.W, torch.ones(4), **fields)  # type: ignore[arg-type]


def test_a_direction_of_strength_zero_changes_nothing() -> None:
    latent = Latent(Space.W, torch.randn(2, 4))
    assert torch.equal(direction().apply(latent, 0.0).values, latent.values)


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_two_moves_add_up(first: float, second: float) -> None:
    latent = Latent(Space.W, torch.zeros(1, 4, dtype=torch.float64))
    twice = direction().apply(direction().apply(latent, first), second)
    assert torch.allclose(twice.values, direction().apply(latent, first + second).values, atol=1e-12)


def test_each_sample_can_have_its_own_strength() -> None:
    moved = direction().apply(Latent(Space.W, torch.zeros(2, 4)), torch.tensor([1.0, -2.0]))
    assert moved.values[:, 0].tolist() == [1.0, -2.0]


def test_a_layer_range_moves_those_layers_only() -> None:
    moved = direction(layers=(1, 2)).apply(Latent(Space.W_PLUS, torch.zeros(1, 5, 4)), 3.0)
    assert moved.values[0, :, 0].tolist() == [0, 3, 3, 0, 0]


def test_a_direction_does_not_act_in_another_space() -> None:
    with pytest.raises(SpaceMismatch, match="lives in W"):
        direction().apply(Latent(Space.Z, torch.zeros(1, 4)), 1.0)
    with pytest.raises(SpaceMismatch, match="another network"):
        direction().apply(Latent(Space.W, torch.zeros(1, 5)), 1.0)
    with pytest.raises(BadInput, match="out of range"):
        direction(layers=(0, 9)).apply(Latent(Space.W_PLUS, torch.zeros(1, 5, 4)), 1.0)


def test_a_direction_knows_its_network() -> None:
    direction(model="abc").check("abc")
    with pytest.raises(WrongGenerator, match="directions port"):
        direction(model="abc").check("abd")


def test_a_pivot_adds_its_low_rank_difference_and_survives_a_file() -> None:
    up, down = torch.randn(4, 2), torch.randn(2, 27)
    pivot = Pivot({"b8.conv0": (up, down)}, {"b8.conv0": torch.randn(8, 8)}, "abc")
    again = Pivot.from_tensors(pivot.tensors(), "abc")
    weight = torch.zeros(4, 3, 3, 3)
    assert again is not None
    assert torch.equal(again.weight("b8.conv0", weight).reshape(4, 27), up @ down)
    assert again.weight("b4.conv1", weight) is weight


def test_half_a_pivot_is_refused() -> None:
    with pytest.raises(BadFile, match="no V"):
        Pivot.from_tensors({"pivot.up.b8.conv0": torch.zeros(1, 1)})


def test_the_fingerprint_sees_names_shapes_types_and_values() -> None:
    base = {"a": torch.zeros(2, 3), "b": torch.ones(1)}
    others = [
        {"a": torch.zeros(3, 2), "b": torch.ones(1)},
        {"a": torch.zeros(2, 3), "c": torch.ones(1)},
        {"a": torch.zeros(2, 3), "b": torch.ones(1).double()},
        {"a": torch.zeros(2, 3), "b": torch.ones(1) + 1e-6},
    ]
    assert fingerprint(base) == fingerprint(dict(reversed(base.items())))
    assert len({fingerprint(x) for x in [base, *others]}) == 5


def test_pixels_come_home() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1).repeat(1, 1, 1, 3)
    assert torch.equal(to_pixels(from_pixels(pixels)), pixels)


def test_a_picture_carries_its_story_and_source_type(tmp_path) -> None:
    path = save_image(torch.zeros(3, 8, 8), tmp_path / "a.png", {"seed": 3})
    assert read_story(path) == {"seed": 3}
    assert b"trainedAlgorithmicMedia" in path.read_bytes()


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "RGBA", "LA", "I;16", "1", "F", "I"])
def test_every_colour_mode_simply_works(mode: str, tmp_path) -> None:
    ramp = np.linspace(0, 255, 64).reshape(8, 8)
    grey = Image.fromarray(ramp.astype(np.uint8))
    if mode == "I;16":
        picture = Image.fromarray((ramp * 257).astype(np.uint16))
    elif mode == "I":
        picture = Image.fromarray((ramp * 257).astype(np.int32), mode="I")
    else:
        coloured = grey.convert("RGB")
        picture = coloured.quantize(64) if mode == "P" else coloured.convert(mode)
    path = tmp_path / ("a.tiff" if mode in {"CMYK", "F", "I"} else "a.png")
    picture.save(path)
    loaded = load_picture(path)
    assert loaded.mode == "RGB"
    if mode not in {"1", "F"}:
        assert np.abs(np.asarray(loaded)[..., 0].astype(int) - ramp).max() <= 26


def test_exif_turned_photos_stand_upright(tmp_path) -> None:
    picture = Image.fromarray(np.zeros((4, 6, 3), np.uint8))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert load_picture(tmp_path / "a.jpg").size == (4, 6)


def test_what_is_no_picture_is_one_line(tmp_path) -> None:
    (tmp_path / "text.png").write_text("hello")
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:60])
    for path in [tmp_path / "text.png", tmp_path / "cut.png", tmp_path / "none.png", tmp_path]:
        with pytest.raises(BadFile) as caught:
            load_image(path)
        assert "\n" not in str(caught.value)


def test_a_heic_picture_is_read_or_called_what_it_is(tmp_path) -> None:
    path = tmp_path / "phone.heic"
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
        with pytest.raises(LatentLabError, match=r"HEIC picture.*pip install pillow-heif"):
            load_picture(path)
        return
    register_heif_opener()
    Image.fromarray(np.full((64, 64, 3), 200, np.uint8)).save(path)
    assert load_picture(path).size == (64, 64)


def test_a_grid_fills_missing_places_with_white() -> None:
    sheet = grid(torch.zeros(3, 3, 2, 2), columns=2)
    assert sheet.shape == (3, 4, 4)
    assert sheet[:, 2:, 2:].min() == 1


def test_an_interrupted_write_leaves_the_old_file(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_and_fail() -> None:
        with atomic(path, own=True) as temporary:
            temporary.write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_fail()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_unwritable_folder_is_one_line(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFile, match="cannot make the folder"), atomic(tmp_path / "file" / "a.png"):
        pass


def test_a_registry_imports_on_demand_and_suggests() -> None:
    family = Registry("space", {"latent": "latentlab.core.latent:Latent", "lost": "no.such:Thing"})
    assert family["latent"] is Latent
    with pytest.raises(UnknownName, match="did you mean 'latent'"):
        family["latnet"]
