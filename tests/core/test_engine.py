"""Blocks of work come out the same here and on Ray."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from latentlab.core.engine import Ready, run_blocks
from latentlab.core.engine.engine import WorkerDied
from latentlab.core.engine.local import Local
from latentlab.core.engine.on_ray import OnRay
from latentlab.core.errors import BadInput, MissingPart, UnknownName
from tests.directions.toy import ToyGenerator, ToyScorer, toy_bank

with_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: latentlab[cluster]"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One worker on this machine and the CPU beside it, no lower in priority than the tests."""
    os.environ.setdefault("RAY_worker_niceness", "0")  # read when ray is imported
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


def double(item: int) -> int:
    if item < 0:
        raise BadInput(f"{item} is below 0")
    return 2 * item


def test_blocks_run_here_one_after_another() -> None:
    assert list(run_blocks(double, [1, 2, 3])) == [2, 4, 6]
    with pytest.raises(UnknownName, match="engine"):
        run_blocks(double, [1], "spark")


def test_without_ray_the_line_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingPart, match="cluster"):
        list(run_blocks(double, [1], "ray"))


@with_ray
def test_ray_gives_the_same_results_in_any_order(cluster) -> None:
    assert sorted(run_blocks(double, [1, 2, 3], "ray")) == [2, 4, 6]
    assert list(run_blocks(double, [], "ray")) == []


@with_ray
def test_an_error_on_a_worker_is_the_error_here(cluster) -> None:
    with pytest.raises(BadInput, match="-1 is below 0") as caught:
        list(run_blocks(double, [1, -1], "ray"))
    assert "\n" not in str(caught.value)


@with_ray
def test_a_bank_filled_on_ray_is_the_bank_filled_here(cluster, tmp_path: Path) -> None:
    from latentlab.scorers.bank import Bank, bank_key

    generator, scorer = ToyGenerator(), ToyScorer()
    bank = Bank.open(tmp_path / "ray", bank_key(generator, [scorer]))
    told: list[float] = []
    bank.extend(1000, generator, [scorer], batch=250, engine="ray", watch=lambda done, *_: told.append(done))
    here = toy_bank(tmp_path / "here", 1000)[1]
    assert told == [0.5, 1.0]
    assert torch.equal(bank.read(1000).scores, here.read(1000).scores)
    assert torch.equal(bank.read(1000).w, here.read(1000).w)


class Doubler:
    """Opened once in each worker; dies at one item."""

    def __init__(self, folder: Path, deadly: int = -1) -> None:
        self.folder, self.deadly = folder, deadly

    def __call__(self):  # type: ignore[no-untyped-def]
        (self.folder / f"opened-{os.getpid()}").touch()
        return self.double

    def double(self, item: int) -> int:
        if item == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return double(item)


def test_processes_open_once_each_and_bad_input_stops_nobody(tmp_path: Path) -> None:
    done = list(Local(2).run(Doubler(tmp_path), [1, 2, -3, 4, 5]))
    assert {each.number: each.result for each in done} == {0: 2, 1: 4, 2: None, 3: 8, 4: 10}
    assert [str(each.error) for each in done if each.error] == ["-3 is below 0"]
    assert 1 <= len(list(tmp_path.glob("opened-*"))) <= 2


def test_an_item_that_kills_its_process_is_told_and_the_rest_is_done(tmp_path: Path) -> None:
    done = {each.number: each for each in Local(1).run(Doubler(tmp_path, deadly=2), [1, 2, 3])}
    assert isinstance(done[1].error, WorkerDied)
    assert (done[0].result, done[2].result) == (2, 6)
    assert len(list(tmp_path.glob("opened-*"))) == 3


@with_ray
def test_a_cluster_without_a_cpu_to_spare_says_so(cluster) -> None:
    with pytest.raises(BadInput, match="take at most 1"):
        list(OnRay(2).run(Ready(double), [1]))
