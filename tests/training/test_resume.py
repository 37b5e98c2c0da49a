"""A training killed at any moment goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from toy_gan import Toy, source

from latentlab.core.errors import BadFile, BadInput
from latentlab.training.checkpoint import Checkpoint
from latentlab.training.errors import OtherArchitecture
from latentlab.training.run import Run
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainable import Networks
from latentlab.training.trainer import Trainer

SCHEDULE = TrainingSchedule(batch=16, save_seconds=0.0, report_steps=5)


def train(
    folder: Path,
    steps: int,
    *,
    resume: bool = False,
    schedule: TrainingSchedule = SCHEDULE,
    model: Toy | None = None,
) -> Trainer:
    trainer = Trainer(model or Toy(), Run(folder, tensorboard=False), schedule)
    trainer.begin(resume=resume).fit(source, steps * schedule.batch)
    return trainer


def newest(folder: Path) -> Checkpoint:
    return Checkpoint.load(Run(folder).checkpoints[-1])


def assert_equal(one: Checkpoint, other: Checkpoint) -> None:
    assert one.tensors.keys() == other.tensors.keys()
    unlike = [name for name in one.tensors if not torch.equal(one.tensors[name], other.tensors[name])]
    assert not unlike
    assert {**one.story, "seconds": 0} == {**other.story, "seconds": 0}


def test_stopping_and_resuming_changes_no_bit(tmp_path: Path) -> None:
    train(tmp_path / "whole", 23)
    train(tmp_path / "legs", 9)
    train(tmp_path / "legs", 10, resume=True)
    train(tmp_path / "legs", 23, resume=True)
    assert_equal(newest(tmp_path / "whole"), newest(tmp_path / "legs"))


def losses_logged(folder: Path) -> dict[int, dict[str, float]]:
    """What was logged at each step, but for seconds and rates."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return {line["step"]: {k: v for k, v in line.items() if "/" in k} for line in lines}


def test_a_resumed_training_logs_the_means_of_an_uninterrupted_one(tmp_path: Path) -> None:
    train(tmp_path / "whole", 20)
    train(tmp_path / "legs", 7)
    train(tmp_path / "legs", 13, resume=True)
    train(tmp_path / "legs", 20, resume=True)
    whole, legs = losses_logged(tmp_path / "whole"), losses_logged(tmp_path / "legs")
    assert list(whole) == [5, 10, 15, 20]
    assert whole[5]
    assert {step: legs[step] for step in whole} == whole


def test_a_checkpoint_without_sums_is_still_resumed(tmp_path: Path) -> None:
    train(tmp_path, 3)
    path = Run(tmp_path).checkpoints[-1]
    saved = Checkpoint.load(path)
    story = {name: value for name, value in saved.story.items() if name != "meter"}
    Checkpoint({k: v for k, v in saved.tensors.items() if not k.startswith("meter/")}, story).save(path)
    train(tmp_path, 6, resume=True)
    assert newest(tmp_path).story["step"] == 6


def test_kill_9_at_any_moment_and_resume_change_no_bit(tmp_path: Path) -> None:
    train(tmp_path / "whole", 300)
    code = (
        "import sys, torch; torch.set_num_threads(1); from pathlib import Path; from test_resume import train\n"
        "train(Path(sys.argv[1]), 300, resume=True)"
    )
    chance, kills = random.Random(5), 0
    environment = {
        **os.environ,
        "PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{Path(__file__).parents[2]}",
    }
    for _ in range(40):
        child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "killed")], env=environment)
        before = (
            len(list((tmp_path / "killed").rglob("step-*"))) and newest(tmp_path / "killed").story["step"]
        )
        while child.poll() is None and kills < 3:
            files = Run(tmp_path / "killed").checkpoints
            if files and int(files[-1].stem.removeprefix("step-")) > before + 20:  # type: ignore[operator]
                time.sleep(chance.random() * 0.05)
                child.send_signal(signal.SIGKILL)
                child.wait()
                kills += child.returncode == -signal.SIGKILL
        if child.wait() == 0:
            break
    assert kills >= 2
    assert_equal(newest(tmp_path / "whole"), newest(tmp_path / "killed"))
    steps = [
        json.loads(line)["step"] for line in (tmp_path / "killed" / "log.jsonl").read_text().splitlines()
    ]
    assert steps == list(range(5, 301, 5))


def test_only_the_last_checkpoints_are_kept(tmp_path: Path) -> None:
    train(tmp_path, 8, schedule=TrainingSchedule(batch=16, save_seconds=0.0, keep=2))
    assert [path.stem for path in Run(tmp_path).checkpoints] == [
        "step-000000006",
        "step-000000007",
        "step-000000008",
    ][-3:]


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    train(tmp_path / "whole", 10)
    train(tmp_path / "damaged", 6)
    path = Run(tmp_path / "damaged").checkpoints[-1]
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.warns(UserWarning, match="the one before it is used"):
        train(tmp_path / "damaged", 10, resume=True)
    assert_equal(newest(tmp_path / "whole"), newest(tmp_path / "damaged"))


def test_when_every_checkpoint_is_damaged_the_error_says_so(tmp_path: Path) -> None:
    train(tmp_path, 3)
    for path in Run(tmp_path).checkpoints:
        path.write_bytes(b"not a checkpoint")
    with pytest.warns(UserWarning, match="is used"), pytest.raises(BadFile, match="is the file whole"):
        train(tmp_path, 5, resume=True)


def test_other_threads_than_before_are_said(tmp_path: Path) -> None:
    train(tmp_path, 3)
    path = Run(tmp_path).checkpoints[-1]
    saved = Checkpoint.load(path)
    Checkpoint(saved.tensors, {**saved.story, "threads": 7}).save(path)
    with pytest.warns(UserWarning, match="saved with 7 threads and goes on with 1"):
        train(tmp_path, 4, resume=True)


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    train(tmp_path, 3)
    with pytest.raises(OtherArchitecture, match=r"another architecture: 'G.0.weight' has the shape \(8, 2\)"):
        train(tmp_path, 5, resume=True, model=Toy(width=9))
    assert newest(tmp_path).story["step"] == 3


def test_another_batch_is_refused(tmp_path: Path) -> None:
    train(tmp_path, 3)
    with pytest.raises(BadInput, match="trained with a batch of 16, not 32"):
        train(tmp_path, 5, resume=True, schedule=TrainingSchedule(batch=32))


def test_a_folder_in_use_is_not_overwritten(tmp_path: Path) -> None:
    train(tmp_path, 3)
    with pytest.raises(BadInput, match="`resume`"):
        train(tmp_path, 5)


def test_a_terminated_training_saves_its_last_whole_step(tmp_path: Path) -> None:
    def watch(done: float, text: str = "", image: torch.Tensor | None = None) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    trainer = Trainer(Toy(), Run(tmp_path, tensorboard=False), TrainingSchedule(batch=16, report_steps=5))
    with pytest.raises(KeyboardInterrupt):
        trainer.begin().fit(source, 16 * 100, watch=watch)
    assert newest(tmp_path).story["step"] == 5


SLOW = 0.001


class Slower(Toy):
    def optimizers(self, networks: Networks) -> Mapping[str, torch.optim.Optimizer]:
        return {name: torch.optim.Adam(networks[name].parameters(), lr=SLOW) for name in "GD"}


def test_a_training_goes_on_with_a_lower_rate(tmp_path: Path) -> None:
    train(tmp_path, 3)
    trainer = Trainer(Slower(), Run(tmp_path, tensorboard=False), SCHEDULE).begin(resume=True)
    assert trainer.step == 3
    rates = {group["lr"] for optimizer in trainer.optimizers.values() for group in optimizer.param_groups}
    assert rates == {SLOW}
    before = newest(tmp_path)
    trainer.fit(source, 5 * SCHEDULE.batch)
    moved = newest(tmp_path).tensors
    weights = {name: value for name, value in before.tensors.items() if name.startswith("network/")}
    assert any(not torch.equal(value, moved[name]) for name, value in weights.items())
