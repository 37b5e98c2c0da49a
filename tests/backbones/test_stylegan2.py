"""A StyleGAN2 learns with all its regularisers, and stops, resumes and splits without a trace."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small import SMALL, discs, labelled, teach

from latentlab.backbones.presets import PRESETS, preset
from latentlab.backbones.stylegan1 import StyleGAN1
from latentlab.backbones.stylegan3 import StyleGAN3
from latentlab.backbones.transfer import of_kind
from latentlab.core.errors import BadInput, UnknownName
from latentlab.training.checkpoint import Checkpoint
from latentlab.training.distributed import process_group
from latentlab.training.run import Run
from latentlab.training.trainer import Trainer


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def state(trainer: Trainer, name: str) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in trainer.networks[name].state_dict().items()}


def test_every_phase_runs_as_often_as_it_should(tmp_path: Path) -> None:
    teach(tmp_path, 5)
    seen = [{name for name in line if "/" in name} for line in lines(tmp_path)]
    main = {"generator/fool", "discriminator/fake", "discriminator/real"}
    path, r1 = {"path/penalty"}, {"r1/penalty"}
    assert seen == [main | path | r1, main, main | path, main, main | path | r1]


def test_everything_that_learns_moves(tmp_path: Path) -> None:
    taught = teach(tmp_path, 3)
    first = Checkpoint.load(Run(tmp_path).checkpoints[-1])
    taught.fit(discs, 6 * 16)
    still = [
        name
        for name, value in Checkpoint.load(Run(tmp_path).checkpoints[-1]).tensors.items()
        if name.startswith("network/")
        and "noise_const" not in name
        and torch.equal(value, first.tensors[name])
    ]
    assert not still


def test_stopping_and_resuming_changes_no_bit(tmp_path: Path) -> None:
    changes = {"augment": "ada", "augment_speed": 0.2, "reuse_fakes": True}
    teach(tmp_path / "whole", 6, **changes)
    teach(tmp_path / "legs", 3, **changes)
    teach(tmp_path / "legs", 6, resume=True, **changes)
    one, two = (Checkpoint.load(Run(tmp_path / name).checkpoints[-1]) for name in ("whole", "legs"))
    assert [name for name in one.tensors if not torch.equal(one.tensors[name], two.tensors[name])] == []
    assert one.tensors["network/augment/strength"] != 0


def shared(folder: Path) -> None:
    with process_group() as members:
        # Adam divides by the size of a gradient: one that is nothing but rounding would make a step of its own
        teach(folder, 4, processes=members, augment="ada", augment_speed=0.2, learning_rate=1e-4)


def test_two_gloo_processes_equal_one_within_rounding(tmp_path: Path) -> None:
    shared(tmp_path / "one")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{Path(__file__).parents[2]}",
    }  # fmt: skip
    # Ended as every command ends: an interpreter that takes itself apart while a thread of gloo still drops its last
    # reference aborts in a few of a hundred runs ("terminate called without an active exception").
    code = (
        "import sys; from pathlib import Path; from latentlab.cli.ending import end; "
        "from test_stylegan2 import shared; shared(Path(sys.argv[1])); end(0)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "two")]
    children = [subprocess.Popen(command, env={**environment, "RANK": str(rank)}) for rank in (0, 1)]
    assert [child.wait(timeout=200) for child in children] == [0, 0]
    one, two = (Checkpoint.load(Run(tmp_path / name).checkpoints[-1]) for name in ("one", "two"))
    for name in ("network/path/mean", "network/G/mapping.w_avg", "network/augment/strength"):
        torch.testing.assert_close(one.tensors[name], two.tensors[name], rtol=1e-3, atol=1e-6)
        assert one.tensors[name].abs().max() > 0
    for name, value in one.tensors.items():
        if name.startswith("network/"):
            torch.testing.assert_close(value, two.tensors[name], rtol=1e-2, atol=2e-4)


def test_the_warm_start_comes_first_and_then_the_adversaries(tmp_path: Path) -> None:
    teach(tmp_path, 6, warm_start=3 * 16)
    seen = [{name.split("/")[0] for name in line if "/" in name} for line in lines(tmp_path)]
    assert seen[0] == seen[2] == {"warm"}
    assert "warm" not in seen[3]
    assert {"generator", "discriminator"} <= seen[3]


def test_the_warm_start_learns_the_pictures(tmp_path: Path) -> None:
    teach(tmp_path, 60, warm_start=10**9, learning_rate=0.005)
    told = [line["warm/likeness"] for line in lines(tmp_path)]
    assert sum(told[-5:]) < 0.6 * sum(told[:5])


def test_noise_waits_until_it_is_switched_on(tmp_path: Path) -> None:
    early = teach(tmp_path / "early", 3, noise_from=10**9)
    later = teach(tmp_path / "later", 3, noise_from=16)
    strengths = [name for name in state(early, "G") if name.endswith("noise_strength")]
    assert all(state(early, "G")[name] == 0 for name in strengths)
    assert all(state(later, "G")[name] != 0 for name in strengths)


def test_frozen_parts_do_not_move(tmp_path: Path) -> None:
    trainer = teach(tmp_path, 1, freeze_mapping=True, freeze_discriminator=1, path_length=0.0)
    before, judge = state(trainer, "G"), state(trainer, "D")
    trainer.fit(discs, 4 * 16)
    after, later = state(trainer, "G"), state(trainer, "D")
    assert torch.equal(before["mapping.fc0.weight"], after["mapping.fc0.weight"])
    assert torch.equal(judge["b16.conv0.weight"], later["b16.conv0.weight"])
    assert not torch.equal(judge["b8.conv0.weight"], later["b8.conv0.weight"])


def test_labels_reach_both_networks(tmp_path: Path) -> None:
    trainer = teach(tmp_path, 3, source=labelled, condition_width=3)
    before = state(trainer, "D")["mapping.embed.weight"]
    trainer.fit(labelled, 5 * 16)
    assert not torch.equal(before, state(trainer, "D")["mapping.embed.weight"])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_it_trains_in_this_precision(tmp_path: Path, precision: str) -> None:
    teach(tmp_path, 3, precision=precision, channels_last=True)
    assert all(line["discriminator/real"] < 10 for line in lines(tmp_path))


def test_stylegan3_is_taught(tmp_path: Path) -> None:
    extra = {"channel_base": 128, "channel_max": 8, "num_layers": 4, "num_critical": 1}
    trainer = teach(tmp_path, 2, kind=StyleGAN3, extra=tuple(extra.items()), mixing=0.0, blur_images=100.0)
    assert trainer.networks["G"].kind == "stylegan3"
    assert {name for name in lines(tmp_path)[0] if "/" in name} >= {"generator/fool", "r1/penalty"}
    assert "path" not in trainer.networks


@pytest.mark.parametrize("body", ["stylegan1", "stylegan2"])
def test_stylegan1_is_taught_on_either_body(tmp_path: Path, body: str) -> None:
    changes = {"body": body, "discriminator_architecture": "orig", "freeze_discriminator": 1, "r1_every": 1}
    trainer = teach(tmp_path, 2, kind=StyleGAN1, **changes)
    assert trainer.networks["G"].kind == body
    assert "r1/penalty" in lines(tmp_path)[1]


def test_a_parent_of_another_generation_is_taught_as_its_own() -> None:
    assert of_kind("stylegan2", SMALL) is SMALL
    third, first = of_kind("stylegan3", SMALL), of_kind("stylegan1", SMALL)
    assert isinstance(third, StyleGAN3)
    assert third.resolution == SMALL.resolution
    assert (first.generator_kind, first.discriminator_kind) == ("stylegan1", "stylegan1_discriminator")
    with pytest.raises(BadInput, match="no training teaches a unet"):
        of_kind("unet", SMALL)


@pytest.mark.parametrize("adversary", ["wgan", "lsgan", "hinge"])
def test_other_adversaries_train(tmp_path: Path, adversary: str) -> None:
    teach(tmp_path, 2, adversary=adversary)
    assert all(torch.tensor(list(line.values())).isfinite().all() for line in lines(tmp_path))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_complete(name: str) -> None:
    chosen = preset(name)
    assert chosen.schedule.batch % chosen.model.group == 0
    assert chosen.model.generator_arguments()["resolution"] == chosen.model.resolution


def test_presets_have_the_published_settings() -> None:
    paper = preset("paper256")
    assert (paper.schedule.batch, paper.model.minibatch_group, paper.model.learning_rate, paper.model.r1) == (
        64,
        8,
        0.0025,
        1.0,
    )
    assert paper.model.generator_arguments()["channels"]["256"] == 64
    assert preset("auto", 256).model.r1 == pytest.approx(0.0002 * 256**2 / preset("auto", 256).schedule.batch)
    assert preset("cifar").model.path_length == 0
    assert preset("stylegan1").model.r1_every == 1


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(UnknownName, match="did you mean 'paper256'"):
        preset("paper265")


def test_an_impossible_resolution_is_refused() -> None:
    with pytest.raises(BadInput, match="power of two"):
        replace(SMALL, resolution=48)


def test_the_sheet_shows_two_truncations(tmp_path: Path) -> None:
    trainer = teach(tmp_path, 1)
    sheet = trainer.picture()
    assert sheet is not None
    assert sheet.shape == (3, 4 * 16, 8 * 16)
