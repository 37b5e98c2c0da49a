"""What goes wrong in a training is said, and nothing good is lost."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
import torch
from toy_gan import Toy, source

from latentlab.core.errors import BadInput
from latentlab.training.errors import DiskFull, Diverged, OutOfMemory
from latentlab.training.run import Run
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainer import Trainer

SCHEDULE = TrainingSchedule(batch=16, save_seconds=0.0, report_steps=5)


def trainer(folder: Path, model: Toy, schedule: TrainingSchedule = SCHEDULE) -> Trainer:
    return Trainer(model, Run(folder, tensorboard=False), schedule).begin()


def steps(folder: Path) -> list[int]:
    return [int(path.stem.removeprefix("step-")) for path in Run(folder).checkpoints]


def test_a_nan_loss_stops_says_the_step_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=r"'generator/fool' became NaN or infinite at step 7 \(112 images\)"):
        trainer(tmp_path, Toy(break_at=7)).fit(source, 16 * 20)
    assert steps(tmp_path)[-1] == 7


def test_a_nan_that_is_found_late_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="at step 7"):
        trainer(
            tmp_path, Toy(break_at=7), TrainingSchedule(batch=16, save_seconds=1e9, report_steps=100)
        ).fit(source, 16 * 20)
    assert steps(tmp_path) == []


def test_out_of_memory_names_the_setting_to_lower(tmp_path: Path) -> None:
    with pytest.raises(OutOfMemory, match=r"lower `batch` \(now 16\) or raise `rounds` \(now 1\)"):
        trainer(tmp_path, Toy(starve_at=4)).fit(source, 16 * 20)
    assert steps(tmp_path)[-1] == 4


def test_a_full_disk_keeps_the_earlier_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = trainer(tmp_path, Toy())
    first.fit(source, 16 * 4)
    settle = os.fsync

    def full(handle: int) -> None:
        if len(steps(tmp_path)) and "step-" in os.readlink(f"/proc/self/fd/{handle}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        settle(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull, match=r"disk is full.*earlier checkpoints are kept"):
        first.fit(source, 16 * 8)
    assert steps(tmp_path) == [2, 3, 4]
    assert not list((tmp_path / "checkpoints").glob(".*"))


def test_a_batch_that_cannot_be_dealt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="choose a multiple of 8"):
        trainer(tmp_path, Toy(), TrainingSchedule(batch=12, rounds=2))


def test_more_rounds_give_the_same_weights_within_rounding(tmp_path: Path) -> None:
    one, two = (
        trainer(tmp_path / "one", Toy(loud=False)),
        trainer(tmp_path / "two", Toy(loud=False), TrainingSchedule(batch=16, rounds=2)),
    )
    for each in (one, two):
        each.fit(source, 16 * 6)
    for name, value in one.networks["G"].state_dict().items():
        torch.testing.assert_close(value, two.networks["G"].state_dict()[name], rtol=1e-4, atol=1e-5)


def test_it_learns(tmp_path: Path) -> None:
    taught = trainer(tmp_path, Toy(), TrainingSchedule(batch=32, save_seconds=1e9))
    taught.fit(source, 32 * 400)
    made = taught.networks["G_ema"](torch.randn(500, 2, generator=torch.Generator().manual_seed(1)))
    assert (made.mean(0) - 1).abs().max() < 0.25


def test_the_log_has_losses_and_speed(tmp_path: Path) -> None:
    trainer(tmp_path, Toy()).fit(source, 16 * 10)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["images"] for line in lines] == [80, 160]
    assert {
        "generator/fool",
        "discriminator/real",
        "penalty/r1",
        "images_per_second",
        "seconds_left",
    } <= lines[-1].keys()


def test_a_time_limit_ends_it_with_a_checkpoint(tmp_path: Path) -> None:
    trainer(tmp_path, Toy(), TrainingSchedule(batch=16, save_seconds=1e9)).fit(
        source, 16 * 10**6, seconds=0.2
    )
    assert len(steps(tmp_path)) == 1


def test_tensorboard_gets_the_numbers(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    Trainer(Toy(), Run(tmp_path), SCHEDULE).begin().fit(source, 16 * 10)
    assert list((tmp_path / "events").iterdir())


def test_figures_of_the_networks_are_logged_while_it_learns(tmp_path: Path) -> None:
    taught = trainer(tmp_path, Toy(), TrainingSchedule(batch=16, report_steps=5, measure_steps=10))
    taught.measure = lambda networks: {"Fréchet distance (toy)": float(len(networks))}
    taught.fit(source, 16 * 20)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line.get("Fréchet distance (toy)") == 3.0] == [10, 20]


def test_bfloat16_computes_layers_in_bfloat16_and_keeps_weights_whole(tmp_path: Path) -> None:
    exact, coarse = (
        trainer(tmp_path / str(coarse), Toy(loud=False, coarse=coarse), TrainingSchedule(batch=16))
        for coarse in (False, True)
    )
    for each in (exact, coarse):
        each.fit(source, 16 * 6)
    pairs = zip(exact.networks["G"].parameters(), coarse.networks["G"].parameters(), strict=True)
    gaps = [float((one - other).abs().max()) for one, other in pairs]
    assert 0 < max(gaps) < 0.05
    assert {value.dtype for value in coarse.networks["G"].parameters()} == {torch.float32}
