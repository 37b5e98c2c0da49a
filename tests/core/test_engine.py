"""Blocks of work come out the same here and on Ray."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from latentlab.core.engine import run_blocks
from latentlab.core.errors import BadInput, MissingPart, UnknownName
from tests.directions.toy import ToyGenerator, ToyScorer, toy_bank

with_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: latentlab[cluster]"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One worker on this machine, no lower in priority than the tests."""
    os.environ.setdefault("RAY_worker_niceness", "0")  # read when ray is imported
    import ray

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, configure_logging=False)
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
