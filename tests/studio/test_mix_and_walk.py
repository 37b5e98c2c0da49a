"""Style mixing, paths through latent space, and the videos made of them."""

from __future__ import annotations

import json
import math
import subprocess

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.cli.words import parse_grid
from latentlab.core.errors import BadFile, BadInput
from latentlab.studio.pictures.interpolate import Interpolate, draw
from latentlab.studio.pictures.sheet import check_grid
from latentlab.studio.pictures.video import Video
from latentlab.studio.pictures.walk import walker

KEYS = torch.randn(4, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_mix_takes_the_column_s_layers(studio) -> None:
    whole = studio.mix(rows=[1], cols=[2], styles="0-7")[0]
    none = studio.mix(rows=[1], cols=[1], styles="0-7")[0]
    assert torch.allclose(whole.image, studio.generate(seeds=[2])[0].image, atol=1e-5)
    assert torch.allclose(none.image, studio.generate(seeds=[1])[0].image, atol=1e-5)


def test_a_mix_of_some_layers_is_neither_of_the_two(studio) -> None:
    mixed = studio.mix(rows=[1], cols=[2], styles="0-3")[0]
    assert mixed.name == "1-2"
    for seed in (1, 2):
        assert not torch.allclose(mixed.image, studio.generate(seeds=[seed])[0].image, atol=1e-2)


def test_the_sheet_of_a_mix_has_its_sources_along_the_edges(studio) -> None:
    *cells, sheet = studio.mix(rows=[1, 2], cols=[3], styles="0-3")
    pixels = np.asarray(sheet.picture if hasattr(sheet, "picture") else sheet.show())
    assert len(cells) == 2
    assert (pixels[:32, :32] == 255).all()
    assert np.array_equal(pixels[:32, 32:], np.asarray(studio.generate(seeds=[3])[0].show()))
    assert np.array_equal(pixels[64:, :32], np.asarray(studio.generate(seeds=[2])[0].show()))
    assert np.array_equal(pixels[64:, 32:], np.asarray(cells[1].show()))


@pytest.mark.parametrize("layers", ["0-8", "9", "x", "3-1", "", "-1"])
def test_layers_that_the_network_does_not_have_are_refused(layers: str, studio) -> None:
    with pytest.raises(BadInput):
        studio.mix(styles=layers)


@pytest.mark.parametrize("path", ["linear", "spline", "slerp"])
@pytest.mark.parametrize("loop", [False, True])
def test_a_path_passes_every_key(path: str, loop: bool) -> None:
    walk = walker(path, KEYS, KEYS.mean(0), loop=loop)
    assert torch.allclose(walk(torch.arange(4.0, dtype=torch.float64)), KEYS, atol=1e-9)


@pytest.mark.parametrize("path", ["linear", "spline", "slerp"])
def test_a_loop_ends_where_it_began(path: str) -> None:
    walk = walker(path, KEYS, loop=True)
    assert torch.allclose(walk(torch.tensor([4.0], dtype=torch.float64)), KEYS[:1], atol=1e-9)


def test_a_looped_spline_has_no_kink_at_the_seam() -> None:
    walk, step = walker("spline", KEYS, loop=True), 1e-4
    times = torch.tensor([0.0, step, 4.0 - step, 4.0], dtype=torch.float64)
    start, after, before, end = walk(times)
    assert torch.allclose((after - start) / step, (end - before) / step, atol=1e-2)


@given(share=st.floats(0, 1), seed=st.integers(0, 99))
@settings(deadline=None)
def test_a_turn_on_the_sphere_keeps_the_radius_between_the_two(share: float, seed: int) -> None:
    keys = torch.randn(2, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    value = walker("slerp", keys)(torch.tensor([share], dtype=torch.float64))[0]
    lengths = keys.norm(dim=1)
    assert math.isclose(float(value.norm()), float(lengths[0].lerp(lengths[1], share)), rel_tol=1e-6)


def test_a_turn_between_equal_or_opposite_points_stays_finite() -> None:
    point = torch.ones(1, 8, dtype=torch.float64)
    for keys in (
        torch.cat([point, point]),
        torch.cat([point, -point]),
        torch.zeros(2, 8, dtype=torch.float64),
    ):
        assert walker("slerp", keys)(torch.tensor([0.3], dtype=torch.float64)).isfinite().all()


def test_the_first_frame_is_the_first_sample(studio) -> None:
    frames = list(draw(studio, Interpolate((4, 7), frames=3)))
    assert len(frames) == Interpolate((4, 7), frames=3).count() == 4
    assert torch.allclose(frames[0], studio.generate(seeds=[4])[0].image, atol=1e-4)
    assert torch.allclose(frames[-1], studio.generate(seeds=[7])[0].image, atol=1e-4)


def test_random_noise_does_not_flicker(studio) -> None:
    from latentlab.studio.pictures.rendering import Rendering

    look = Rendering(psi=0.0, noise="random", noise_seed=3)
    frames = list(draw(studio, Interpolate((4, 7), frames=3, rendering=look)))
    assert all(torch.allclose(frame, frames[0], atol=1e-5) for frame in frames)


def test_a_video_plays_seeks_and_tells_its_recipe(studio, tmp_path) -> None:
    import imageio.v2 as imageio
    import imageio_ffmpeg

    path = studio.interpolate([0, 1], tmp_path / "a.mp4", frames=6, loop=True, fps=6)
    with imageio.get_reader(path) as video:
        assert video.count_frames() == 12
        assert video.get_data(11).shape == (32, 32, 3)
    assert path.read_bytes().find(b"moov") < path.read_bytes().find(b"mdat")
    told = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", path], capture_output=True, text=True, check=False
    ).stderr
    assert '"command": "interpolate"' in told


def test_a_gif_has_its_frames_and_its_recipe(studio, tmp_path) -> None:
    from PIL import Image

    path = studio.interpolate([0, 1], tmp_path / "a.gif", frames=5, fps=10)
    with Image.open(path) as gif:
        assert gif.n_frames == 6
        assert json.loads(gif.info["comment"])["asked"]["seeds"] == [0, 1]


def test_an_interrupted_video_leaves_no_file(tmp_path) -> None:
    def frames():
        yield torch.zeros(3, 32, 32)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Video(tmp_path / "a.mp4").save(frames())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["a.avi", "a", "a.png"])
def test_other_endings_are_no_videos(path: str, tmp_path) -> None:
    with pytest.raises(BadFile, match=r"\.mp4 or \.gif"):
        Video(tmp_path / path)


@pytest.mark.parametrize(
    "wrong", [{"frames": 0}, {"frames": 10**9}, {"seeds": (3,)}, {"seeds": tuple(range(10000))}]
)
def test_impossible_journeys_are_refused(wrong: dict) -> None:
    with pytest.raises(BadInput):
        Interpolate(**wrong)


@pytest.mark.parametrize(
    ("text", "count"), [("2x2", 5), ("2x3", 2), ("0x4", 1), ("4", 4), ("axb", 1), ("2x2x2", 4)]
)
def test_grids_that_do_not_fit_are_refused(text: str, count: int) -> None:
    with pytest.raises(BadInput):
        check_grid(parse_grid(text), count)


@given(columns=st.integers(1, 30), count=st.integers(1, 200))
def test_the_grid_that_is_suggested_fits(columns: int, count: int) -> None:
    try:
        check_grid((columns, 9999), count)
    except BadInput as error:
        suggested = str(error).rpartition(" ")[2]
        assert check_grid(parse_grid(suggested), count)[0] == columns
