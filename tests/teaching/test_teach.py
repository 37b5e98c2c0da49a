"""Any model is taught, saved with its story, stopped and gone on with; what does not fit is one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput, MissingPart, UnknownName
from latentlab.core.settings import parse_settings
from latentlab.networks import build
from latentlab.networks.files import load
from latentlab.store.archive import read_story
from latentlab.teaching import TrainingPlan, teach
from latentlab.teaching.presets import Preset, choose
from latentlab.training.errors import OtherArchitecture
from latentlab.training.phase import Moment, Phase
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainable import Networks, Trainable
from latentlab.training.trainer import Trainer

QUICK = TrainingSchedule(batch=4, report_steps=2, picture_steps=0)


@dataclass(frozen=True)
class Shades(Trainable):
    """A tiny residual network that learns to darken, beside a module that no file is made of."""

    width: int = 4
    late: int = 8

    def networks(self) -> Networks:
        seed = int(torch.randint(2**31, ()))
        return {
            "darken": build("resnet", {"width": self.width, "blocks": 1}, None, seed, trainable=True),
            "seen": nn.BatchNorm1d(1),
        }

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def first(batch: Tensor, moment: Moment) -> Mapping[str, Tensor]:
            moment.handed["made"] = networks["darken"](batch)
            return {"error": (moment.handed["made"] - batch / 2).square().mean()}

        def second(batch: Tensor, moment: Moment) -> Mapping[str, Tensor]:
            error = (networks["darken"](batch) - moment.handed["made"].detach() / 2).abs().mean()
            return {"late": error}

        return [
            Phase("first", ("darken",), first),
            Phase("second", ("darken",), second, when=lambda moment: moment.images >= self.late),
        ]


def pictures(numbers: Sequence[int]) -> Tensor:
    return torch.stack([torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(k)) for k in numbers])


def plan(out: Path, images: int = 16, **more: Any) -> TrainingPlan:
    return TrainingPlan(out, images, **({"schedule": QUICK, "device": "cpu"} | more))


def test_parts_are_files_with_their_story(tmp_path: Path) -> None:
    files = teach(Shades(), pictures, plan(tmp_path, story={"settings": {"width": 4}}))
    assert files == {"darken": tmp_path / "darken.safetensors"}
    told = read_story(files["darken"])
    assert told["kind"] == "resnet"
    assert told["part"] == "darken"
    assert {"images": 16, "steps": 4, "settings": {"width": 4}}.items() <= told["training"].items()  # type: ignore[attr-defined]
    assert load(files["darken"])(pictures([0])).shape == (1, 3, 8, 8)


def test_legs_end_where_one_training_does_and_later_phases_join(tmp_path: Path) -> None:
    whole = teach(Shades(), pictures, plan(tmp_path / "whole", 24))
    teach(Shades(), pictures, plan(tmp_path / "legs", 8))
    assert '"second/late"' not in (tmp_path / "legs" / "log.jsonl").read_text()
    legs = teach(Shades(), pictures, plan(tmp_path / "legs", 24, resume=True))
    assert read_story(legs["darken"])["hash"] == read_story(whole["darken"])["hash"]
    assert '"second/late"' in (tmp_path / "legs" / "log.jsonl").read_text()


class Witness(Shades):
    """Notes whether what is handed on belongs to the batch of the later phase."""

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def first(batch: Tensor, moment: Moment) -> Mapping[str, Tensor]:
            assert not moment.handed  # the last step's are gone
            moment.handed["batch"] = batch
            return {"error": networks["darken"](batch).square().mean()}

        def second(batch: Tensor, moment: Moment) -> Mapping[str, Tensor]:
            assert torch.equal(moment.handed["batch"], batch)
            return {}

        return [Phase("first", ("darken",), first), Phase("second", ("darken",), second)]


@pytest.mark.parametrize("rounds", [1, 2])
def test_what_a_phase_hands_on_is_of_the_same_samples(rounds: int, tmp_path: Path) -> None:
    schedule = TrainingSchedule(batch=4, rounds=rounds, picture_steps=0)
    assert teach(Witness(), pictures, plan(tmp_path, schedule=schedule))


def test_weights_can_be_begun_with_once(tmp_path: Path) -> None:
    calls = []

    def begin(trainer: Trainer) -> dict[str, Any]:
        calls.append(trainer.step)
        return {"parent": "abc"}

    teach(Shades(), pictures, plan(tmp_path, 8, begin=begin))
    files = teach(Shades(), pictures, plan(tmp_path, 16, begin=begin, resume=True))
    assert calls == [0]
    assert read_story(files["darken"])["parent"] == "abc"


def test_half_precision_files_are_half_the_size(tmp_path: Path) -> None:
    whole, half = (
        teach(Shades(), pictures, plan(tmp_path / str(half), half=half))["darken"] for half in (False, True)
    )
    assert half.stat().st_size < 0.75 * whole.stat().st_size
    assert load(half)(pictures([0])).dtype == torch.float32


def test_a_plan_that_teaches_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="`images` is 0, which teaches nothing"):
        plan(tmp_path, 0)
    with pytest.raises(BadInput, match="nan seconds"):
        plan(tmp_path, seconds=float("nan"))
    with pytest.raises(BadInput, match="'gpu' is no device"):
        teach(Shades(), pictures, plan(tmp_path, device="gpu"))
    if not torch.cuda.is_available():
        with pytest.raises(MissingPart, match="no CUDA device"):
            teach(Shades(), pictures, plan(tmp_path, device="cuda"))
    assert not list(tmp_path.iterdir())


def test_a_folder_of_another_model_is_refused_in_one_line(tmp_path: Path) -> None:
    teach(Shades(), pictures, plan(tmp_path))
    with pytest.raises(OtherArchitecture) as refused:
        teach(Shades(width=8), pictures, plan(tmp_path, 32, resume=True))
    assert "\n" not in str(refused.value)
    with pytest.raises(BadInput, match="holds a training already"):
        teach(Shades(), pictures, plan(tmp_path, 32))


def test_settings_by_name_go_to_the_model_or_the_schedule() -> None:
    chosen = Preset(Shades(), QUICK).changed(parse_settings(["width=8", "batch=2", "late = 0"]))
    assert (chosen.model, chosen.schedule.batch) == (Shades(8, 0), 2)
    with pytest.raises(UnknownName, match="did you mean 'width'"):
        chosen.changed({"widht": 3})
    with pytest.raises(BadInput, match="width = 'wide' does not fit"):
        chosen.changed({"width": "wide"})
    with pytest.raises(BadInput, match="'width' is no setting"):
        parse_settings(["width"])
    with pytest.raises(UnknownName, match="no shade preset is called 'drak'; did you mean 'dark'"):
        choose({"dark": chosen}, "drak", "shade")


def test_a_setting_never_means_two_things() -> None:
    @dataclass(frozen=True)
    class Clash:
        batch: int = 4

    with pytest.raises(TypeError, match="both have a setting called batch"):
        Preset(Clash(), QUICK)
