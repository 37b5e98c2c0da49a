"""Blocks of work come out the same here and on Ray."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch

from latentlab.core.engine import Ready, run_blocks
from latentlab.core.engine import cluster as cluster_module
from latentlab.core.engine.cluster import actors, connect
from latentlab.core.engine.engine import Engine, WorkerDied
from latentlab.core.engine.local import Local
from latentlab.core.engine.on_ray import OnRay
from latentlab.core.errors import BadInput, MissingPart, UnknownName
from tests.directions.toy import ToyGenerator, ToyScorer, toy_bank


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


def test_ray_gives_the_same_results_in_any_order(cluster) -> None:
    assert sorted(run_blocks(double, [1, 2, 3], "ray")) == [2, 4, 6]
    assert list(run_blocks(double, [], "ray")) == []


def test_an_error_on_a_worker_is_the_error_here(cluster) -> None:
    with pytest.raises(BadInput, match="-1 is below 0") as caught:
        list(run_blocks(double, [1, -1], "ray"))
    assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize("engine", [Local(1), OnRay(1)], ids=["local", "ray"])
def test_an_item_that_kills_its_process_is_told_and_the_rest_is_done(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if isinstance(engine, OnRay):
        request.getfixturevalue("cluster")
    done = {each.number: each for each in engine.run(Doubler(tmp_path, deadly=2), [1, 2, 3])}
    assert isinstance(done[1].error, WorkerDied)
    assert (done[0].result, done[2].result) == (2, 6)
    assert len(list(tmp_path.glob("opened-*"))) == 3


def test_a_cluster_without_a_cpu_to_spare_says_so(cluster) -> None:
    with pytest.raises(BadInput, match="take at most 1"):
        list(OnRay(2).run(Ready(double), [1]))


class FakeRay:
    """A cluster of so many CPUs, of which so many are free after a while."""

    def __init__(self, have: int, *free: int) -> None:
        self.have, self.free = have, list(free)

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": self.have}

    def available_resources(self) -> dict[str, float]:
        return {"CPU": self.free.pop(0) if len(self.free) > 1 else self.free[0]}

    def is_initialized(self) -> bool:
        return False

    def init(self, **given: object) -> None:
        raise ConnectionError("wrong\ntoken")


def test_one_cpu_is_left_for_ray_itself_and_those_that_others_hold_are_not_counted(monkeypatch) -> None:
    monkeypatch.setattr(cluster_module.time, "sleep", lambda seconds: None)
    assert actors(FakeRay(8, 8), None) == 7
    assert actors(FakeRay(8, 8), 2) == 2
    assert actors(FakeRay(8, 3), None) == 2
    assert actors(FakeRay(2, 0, 0, 2), None) == 1  # the actor of a driver that was killed is ended
    monkeypatch.setattr(cluster_module, "PATIENCE", 0.0)
    for ray, told in ((FakeRay(1, 1), "Ray has 1 CPU"), (FakeRay(4, 1), "of Ray's 4 CPUs 1 are free")):
        with pytest.raises(BadInput, match=told):
            actors(ray, None)


def test_a_cluster_that_is_not_there_or_wants_a_token_is_one_line(monkeypatch) -> None:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(BadInput, match="nothing answers"):
            connect(FakeRay(2, 2), None)
        listening.listen()
        with pytest.raises(BadInput, match="wrong token; is it a Ray cluster"):
            connect(FakeRay(2, 2), None)
    monkeypatch.setenv("RAY_ADDRESS", "")
    with pytest.raises(BadInput, match="does not start on this machine: wrong token"):
        connect(FakeRay(2, 2), None)
