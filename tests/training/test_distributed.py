"""Two processes that share a batch learn what one learns."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toy_gan import Toy, source

from latentlab.training.checkpoint import Checkpoint
from latentlab.training.distributed import process_group
from latentlab.training.draws import Draws, deal
from latentlab.training.run import Run
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainer import Trainer


def train(folder: Path) -> None:
    with process_group() as members:
        trainer = Trainer(
            Toy(loud=False), Run(folder, tensorboard=False), TrainingSchedule(batch=16), processes=members
        )
        trainer.begin().fit(source, 16 * 12)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_two_gloo_processes_equal_one_within_rounding(tmp_path: Path) -> None:
    train(tmp_path / "one")
    code = (
        "import sys; from pathlib import Path; from test_distributed import train; train(Path(sys.argv[1]))"
    )
    shared = {
        **os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{Path(__file__).parents[2]}",
    }  # fmt: skip
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "two")], env={**shared, "RANK": str(rank)}
        )
        for rank in (0, 1)
    ]
    assert [child.wait(timeout=120) for child in children] == [0, 0]
    one, two = (Checkpoint.load(Run(tmp_path / name).checkpoints[-1]) for name in ("one", "two"))
    assert one.story["step"] == two.story["step"] == 12
    for name, value in one.tensors.items():
        torch.testing.assert_close(value, two.tensors[name], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_dealing_keeps_minibatch_groups_whole(parts: int) -> None:
    batch, group = 16, 4
    groups = {tuple(range(first, batch, batch // group)) for first in range(batch // group)}
    seen = []
    for part in range(parts):
        mine = torch.tensor(deal(batch, parts, part, group)).reshape(
            group, -1
        )  # as the discriminator groups them
        seen += [tuple(column.tolist()) for column in mine.T]
    assert set(seen) == groups
    assert len(seen) == len(groups)


def test_a_sample_gets_the_same_draws_in_any_batch() -> None:
    whole, part = Draws(range(8), 3, "G"), Draws([5, 2], 3, "G")
    normal, uniform = whole.normal(4), whole.uniform(2)
    assert torch.equal(part.normal(4), normal[[5, 2]])
    assert torch.equal(part.uniform(2), uniform[[5, 2]])
    assert not torch.equal(Draws([5], 3, "D").normal(4)[0], normal[5])


def test_a_group_that_is_there_already_is_taken_and_stays(tmp_path: Path) -> None:
    """As Ray Train has it: it joins before the training begins, and leaves after."""
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'group'}", rank=0, world_size=1
    )
    try:
        with process_group() as members:
            assert (members.rank, members.size) == (0, 1)
        assert torch.distributed.is_initialized()
    finally:
        torch.distributed.destroy_process_group()
