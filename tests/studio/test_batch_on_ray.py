"""A batch on Ray gives what a batch here gives, also where an actor is killed."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from latentlab.core.engine import Here
from latentlab.core.engine.on_ray import OnRay
from latentlab.studio import Batch, RenderSamples, Studio


def content(out: Path) -> tuple[list[dict[str, Any]], list[bytes]]:
    rows = ds.dataset(sorted(map(str, out.rglob("shard-*.parquet"))), format="parquet").to_table()
    return rows.drop_columns("seconds").to_pylist(), [
        path.read_bytes() for path in sorted(out.rglob("*.tar"))
    ]


def kill_an_actor(killed: list[int]) -> None:
    """The first process that is one of ours, as soon as there is one."""
    import psutil

    until = time.monotonic() + 60
    while time.monotonic() < until:
        for child in psutil.Process().children(recursive=True):
            if "ray::" in child.name() and "_Actor" in " ".join(child.cmdline()):
                child.kill()
                killed.append(child.pid)
                return
        time.sleep(0.02)


def test_ray_writes_the_same_bytes(cluster, studio: Studio, tmp_path: Path) -> None:
    here = Batch(RenderSamples(), "0-59", tmp_path / "here", shard=2)
    studio.open_batch(here).run(engine=Here())
    killed: list[int] = []
    killer = threading.Thread(target=kill_an_actor, args=(killed,))
    killer.start()
    there = Batch(RenderSamples(), "0-59", tmp_path / "ray", shard=2, engine="ray")
    assert studio.open_batch(there).run(engine=OnRay(1)).ok == 60
    killer.join()
    assert killed
    assert content(tmp_path / "here") == content(tmp_path / "ray")
