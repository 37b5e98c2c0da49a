"""Legs of a training that travels in small files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from small import discs, teach

from latentlab.core.errors import BadFile, BadInput
from latentlab.data.live_renders import LiveRenders
from latentlab.networks import build
from latentlab.store.bridge import read
from latentlab.training.errors import OtherArchitecture
from tools.compact import load_compact, save_compact
from tools.leg import Leg, Recent

RECIPE = """
[generator]
preset = "faces-256"
images = 96
[generator.settings]
resolution = 16
channel_base = 128
channel_max = 8
z_width = 8
w_width = 8
batch = 16
minibatch_group = 4
warm_start = 32
noise_from = 48
precision = "fp32"
[encoder]
preset = "small64"
images = 48
[encoder.settings]
input_size = 32
base_width = 4
batch = 16
[data]
law = "natural"
[leg]
seconds = 100.0
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "tiny.toml").write_text(RECIPE)
    return tmp_path / "tiny.toml"


def test_legs_go_on_from_what_the_last_one_left(recipe: Path, tmp_path: Path) -> None:
    first = Leg(recipe, tmp_path / "one", seconds=1e-6).run(discs)
    assert (first["images"], first["done"]) == (16, False)
    second = Leg(recipe, tmp_path / "two", tmp_path / "one", seconds=1e-6).run(discs)
    assert second["images"] == 32
    last = Leg(recipe, tmp_path / "three", tmp_path / "two").run(discs)
    assert last["done"]
    generator = read(tmp_path / "three" / "generator.safetensors")["G_ema"]
    assert build(generator.kind, generator.arguments, generator.tensors).resolution == 16
    assert generator.story["training"]["images"] == 96  # type: ignore[index]
    assert not list((tmp_path / "three").glob("state-*"))
    assert json.loads((tmp_path / "three" / "leg.json").read_text())["done"]


def test_what_a_leg_leaves_fits_what_may_travel(recipe: Path, tmp_path: Path) -> None:
    Leg(recipe, tmp_path / "one", seconds=1e-6).run(discs)
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) <= 8
    assert all(path.stat().st_size <= 16 * 2**20 for path in files)


def test_the_encoder_has_its_own_legs(recipe: Path, tmp_path: Path) -> None:
    Leg(recipe, tmp_path / "G").run(discs)
    parts = {
        "generator": tmp_path / "G" / "generator.safetensors",
        "discriminator": tmp_path / "G" / "discriminator.safetensors",
    }
    Leg(recipe, tmp_path / "E1", stage="encoder", seconds=1e-6, **parts).run(discs)
    told = Leg(recipe, tmp_path / "E2", tmp_path / "E1", stage="encoder", **parts).run(discs)
    assert told["done"]
    assert read(tmp_path / "E2" / "encoder.safetensors")["encoder"].kind == "encoder_e4e"


def test_a_compact_state_is_close_to_the_whole_one(tmp_path: Path) -> None:
    left = teach(tmp_path / "left", 6)
    save_compact(left, tmp_path / "state", {"G": "G_ema"})
    taken = teach(tmp_path / "taken", 1)
    assert load_compact(taken, tmp_path / "state")
    assert taken.step == 6
    for name, network in left.networks.items():
        for key, value in network.state_dict().items():
            torch.testing.assert_close(taken.networks[name].state_dict()[key], value, rtol=1e-2, atol=2e-3)
    whole, small = (t.optimizers["D"].state_dict()["state"][4]["exp_avg_sq"] for t in (left, taken))
    assert torch.corrcoef(torch.stack([whole.flatten(), small.flatten()]))[0, 1] > 0.7
    taken.fit(discs, 8 * 16)


def test_a_large_state_is_dealt_into_files_of_sixteen_mebibytes(tmp_path: Path) -> None:
    left = teach(tmp_path / "left", 1, z_width=1024, w_width=1024, mapping_layers=8)
    files = save_compact(left, tmp_path / "state", {"G": "G_ema"})
    assert len(files) == 2
    assert all(path.stat().st_size <= 16 * 2**20 for path in files)
    with pytest.raises(BadInput, match="does not fit into 1 files"):
        save_compact(left, tmp_path / "other", {"G": "G_ema"}, most=1)


def test_missing_and_mixed_files_are_noticed(tmp_path: Path) -> None:
    left = teach(tmp_path / "left", 1, z_width=1024, w_width=1024, mapping_layers=8)
    files = save_compact(left, tmp_path / "state", {"G": "G_ema"})
    files[1].unlink()
    with pytest.raises(BadFile, match="holds 1 files of a state of 2"):
        load_compact(left, tmp_path / "state")
    files[0].write_bytes(files[0].read_bytes()[:5000])
    with pytest.raises(BadFile, match="carry all files"):
        load_compact(left, tmp_path / "state")


def test_a_state_of_other_networks_is_refused(tmp_path: Path) -> None:
    save_compact(teach(tmp_path / "left", 1), tmp_path / "state", {"G": "G_ema"})
    other = teach(tmp_path / "other", 1, channel_max=4)
    with pytest.raises(OtherArchitecture, match="use its own recipe"):
        load_compact(other, tmp_path / "state")


def test_an_unknown_stage_and_a_missing_recipe_are_said(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no stage 'scorer'"):
        Leg(recipe, tmp_path / "out", stage="scorer").run(discs)
    with pytest.raises(BadFile, match="there is no recipe"):
        Leg(tmp_path / "none.toml", tmp_path / "out").run(discs)
    with pytest.raises(BadInput, match="--generator"):
        Leg(recipe, tmp_path / "out", stage="encoder").run(discs)


def test_recent_renders_are_shown_again_while_new_ones_come(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def draw(self: LiveRenders, numbers: Any) -> dict[str, torch.Tensor]:
        asked.extend(numbers)
        return {
            "images": torch.tensor([k / 127.5 - 1 for k in numbers])[:, None, None, None].expand(-1, 3, 4, 4)
        }

    monkeypatch.setattr(LiveRenders, "__call__", draw)
    recent = Recent(LiveRenders(4), hold=100, fill=2)
    batches = [recent(range(start, start + 8))["images"][:, 0, 0, 0].tolist() for start in range(0, 80, 8)]
    assert asked == list(range(32 + 6 * 2))
    assert all(len(set(batch)) == 8 for batch in batches)


def test_the_shipped_recipe_builds_its_networks() -> None:
    path = Path(__file__).parents[2] / "assets" / "recipes" / "faces-256.toml"
    import tomllib

    from tools.leg import _read

    leg, recipe = Leg(path, Path("unused")), _read(path)
    model, schedule, size = leg._model(recipe["generator"], torch.device("cpu"))
    assert (size, schedule.batch, model.generator_arguments()["channels"]["256"]) == (256, 64, 32)
    assert tomllib.loads(path.read_text())["leg"]["seconds"] <= 480
