"""What a batch costs, whether it stays whole when it is killed, and whether it counts bad photos right.

    python benchmarks/scale.py rates                       photos a second of one core, beside one by one
    python benchmarks/scale.py cost --n 100 1000 10000 --engines local ray
    python benchmarks/scale.py kills --kills 20 --engines local ray
    python benchmarks/scale.py broken --n 2000

Photos are rendered faces (LATENTLAB_FACE_MODEL). Each prints a table; --write puts it into results/scale.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pyarrow.dataset as ds
import report
from photos import broken_photos, manifest, photos

from latentlab.core.engine import Here
from latentlab.studio import (
    AlignPhotos,
    Batch,
    Edit,
    EditPhotos,
    FrontalizePhotos,
    InvertPhotos,
    Look,
    Makeup,
    MakeupPhotos,
    ScorePhotos,
    Studio,
)

FOLDER = Path("/tmp/latentlab-scale")
ENVIRONMENT = {**os.environ, "RAY_worker_niceness": "0"}
"""Ray's workers at the priority of local ones."""
VICTIMS = {"local": ("driver", "worker"), "ray": ("driver", "worker", "agent")}
"""What is killed; the agent is Ray's on this machine, the raylet."""


SOUGHT = ("no face", "several faces")
"""Kinds of trouble that photos have only where a face is sought."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["rates", "cost", "kills", "broken"])
    parser.add_argument("--n", type=int, nargs="+", default=[200])
    parser.add_argument("--engines", nargs="+", default=["local"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--aligned", action="store_true", help="cost: no face is sought, a ninth of the work")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--write", action="store_true")
    wish = parser.parse_args()
    photos(wish.folder / "photos")
    rows = {"rates": rates, "cost": cost, "kills": kills, "broken": broken}[wish.what](wish)
    print(report.table(rows))
    if wish.write:
        place = report.RESULTS / "scale.json"
        before = json.loads(place.read_text()) if place.exists() else {}
        report.write("scale", {**{k: v for k, v in before.items() if k != "machine"}, wish.what: rows})


def rates(wish: argparse.Namespace) -> list[dict[str, Any]]:
    """CPU seconds of this process, one torch thread; one by one is the studio's own call, nothing kept."""
    import torch

    torch.set_num_threads(1)
    studio = Studio(device="cpu", home=wish.folder / "lab")
    n, files = wish.n[0], photos(wish.folder / "photos")
    source = str(manifest(wish.folder / "photos", n))
    aligned = Look(aligned=True)
    edit = Edit({"age": 2.0})
    tasks = {
        "align": AlignPhotos(), "score": ScorePhotos(), "score, aligned photos": ScorePhotos(aligned),
        "invert encode": InvertPhotos(), "invert encode, measured": InvertPhotos(measured=True),
        "invert encode, aligned photos": InvertPhotos(look=aligned), "edit with transfer": EditPhotos(edit),
        "edit, aligned photos": EditPhotos(edit, look=aligned),
        "makeup": MakeupPhotos("", Makeup({"lips": "#a01030"})), "frontalize": FrontalizePhotos(),
    }  # fmt: skip
    alone: dict[str, Callable[[Path], object]] = {
        "invert encode, measured": lambda file: studio.invert(file, method="encode", keep=False),
        "edit with transfer": lambda file: studio.edit(
            studio.invert(file, method="encode", keep=False), {"age": 2.0}
        ),
        "align": lambda file: studio.align(file),
        "makeup": lambda file: studio.makeup(file, colours={"lips": "#a01030"}),
        "frontalize": lambda file: studio.frontalize(file),
    }
    rows = []
    for name, task in tasks.items():
        shutil.rmtree(wish.folder / "rates", ignore_errors=True)
        opened = studio.open_batch(Batch(task, source, wish.folder / "rates", pictures="tar"))
        began = time.process_time()
        summary = opened.run(engine=Here())
        each = (time.process_time() - began) / n
        rows.append(
            {"task": name, "photos": n, "ok": summary.ok, "ms CPU": 1000 * each, "photos/s a core": 1 / each}
        )
        if name in alone:
            began = time.process_time()
            for file in files[:12]:
                alone[name](file)
            rows[-1] |= {"one by one, ms CPU": 1000 * (time.process_time() - began) / 12}
    return rows


def command(wish: argparse.Namespace, source: Path, out: Path, *more: str) -> list[str]:
    words = [sys.executable, "-m", "latentlab", "batch", "score", str(source), "--out", str(out), "--json"]
    return [*words, "--workers", str(wish.workers), "--home", str(wish.folder / "lab"), *more]


def cost(wish: argparse.Namespace) -> list[dict[str, Any]]:
    """Time and memory in n; one photo in a hundred is broken, and the counts have to be right."""
    rows = []
    for n in wish.n:
        kinds = broken_photos(wish.folder / "broken")
        source = manifest(wish.folder / "photos", n, kinds)
        for engine in wish.engines:
            out = wish.folder / f"cost-{engine}-{n}"
            shutil.rmtree(out, ignore_errors=True)
            words = command(wish, source, out, "--engine", engine, *(["--aligned"] if wish.aligned else []))
            began = time.monotonic()
            process = subprocess.Popen(words, stdout=subprocess.PIPE, env=ENVIRONMENT)
            used = watched(process)
            seconds, told = time.monotonic() - began, json.loads(process.stdout.read())
            row = {
                "engine": engine,
                "photos": n,
                "workers": wish.workers,
                "seconds": seconds,
                **used,
                "ok": told["ok"],
            }
            wanted = sent(n, kinds, SOUGHT if wish.aligned else ())
            rows.append({**row, "broken, counted right": told["failed"] == wanted})
            print(rows[-1], flush=True)
    return rows


def sent(n: int, kinds: dict[str, Path], unseen: Collection[str] = ()) -> dict[str, int]:
    """How many broken photos of each kind a manifest of n holds; without those that nobody notices."""
    turns = len(range(50, n, 100))
    wanted = {kind: turns // len(kinds) + (place < turns % len(kinds)) for place, kind in enumerate(kinds)}
    return {kind: count for kind, count in wanted.items() if count and kind not in unseen}


def watched(process: subprocess.Popen) -> dict[str, float]:
    """CPU time of a process and all below it, and their largest resident memory, until it ends."""
    cpu: dict[int, float] = {}
    tree = driver = worker = 0.0
    while process.poll() is None:
        try:
            own = psutil.Process(process.pid)
            sizes = []
            for one in [own, *own.children(recursive=True)]:
                with suppress(psutil.Error), one.oneshot():
                    times = one.cpu_times()
                    cpu[one.pid] = times.user + times.system
                    sizes.append(one.memory_info().rss / 2**20)
            tree, driver, worker = max(tree, sum(sizes)), max(driver, sizes[0]), max(worker, *sizes[1:], 0)
        except (psutil.Error, IndexError):
            pass
        time.sleep(0.5)
    return {"CPU s": sum(cpu.values()), "all MB": tree, "driver MB": driver, "largest worker MB": worker}


def kills(wish: argparse.Namespace) -> list[dict[str, Any]]:
    """kill -9 of each kind of process at random moments; then the union is complete and nothing is there twice."""
    rows, dice = [], random.Random(0)
    n, source = wish.n[0], manifest(wish.folder / "photos", wish.n[0])
    for engine in wish.engines:
        out, done = wish.folder / f"kills-{engine}", dict.fromkeys(VICTIMS[engine], 0)
        words = command(wish, source, out, "--engine", engine, "--shard", "4", "--resume")
        shutil.rmtree(out, ignore_errors=True)
        wholes = 0
        while sum(done.values()) < wish.kills:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
            victim = min(done, key=lambda kind: (done[kind], dice.random()))
            done[victim] += strike(process, victim, dice, out)
            _, told = process.communicate(timeout=600)
            print(engine, done, f"exit {process.returncode}", told.decode().strip()[-200:], flush=True)
            if shards(out) == -(-n // 4):
                assert whole(out, n), "rows were lost, or are there twice"
                shutil.rmtree(out)  # all done: begin anew, kills are still owed
                wholes += 1
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
        rows.append(
            {
                "engine": engine,
                "kills": done,
                "rows": n,
                "batches completed": wholes + 1,
                "complete": whole(out, n),
            }
        )
    return rows


def strike(process: subprocess.Popen, victim: str, dice: random.Random, out: Path) -> int:
    """Kill one process somewhere in the next few shards, or while workers begin; 0 where it was over before."""
    wanted, wait = shards(out) + dice.randint(0, 3), dice.uniform(0, 1)
    while process.poll() is None:
        below = alive(process)
        if found(below, "worker") and shards(out) >= wanted:
            time.sleep(wait)
            targets = [process.pid] if victim == "driver" else found(alive(process), victim)
            if process.poll() is not None or not targets:
                return 0
            os.kill(dice.choice(targets), signal.SIGKILL)
            if victim != "worker":  # nothing that it had begun may go on without it
                process.wait(timeout=180)
                _, left = psutil.wait_procs(below, timeout=180)  # Ray's own agents look now and then
                assert not left, f"processes are left behind: {left}"
            return 1
        time.sleep(0.02)
    return 0


def shards(out: Path) -> int:
    """How many are finished."""
    return len(list(out.rglob("shard-*.parquet")))


def alive(process: subprocess.Popen) -> list[psutil.Process]:
    """All processes below one."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        return []


def found(below: list[psutil.Process], victim: str) -> list[int]:
    """Those that do the work (spawned ones, or Ray's), or Ray's agent on this machine."""
    pids = []
    for one in below:
        with suppress(psutil.Error):
            name, words = one.name(), " ".join(one.cmdline())
            worker = "spawn_main" in words or (name.startswith("ray::") and "_Actor" in words)
            if worker if victim == "worker" else name == "raylet":
                pids.append(one.pid)
    return pids


def read(out: Path) -> Any:
    """All rows of a batch."""
    return ds.dataset(sorted(map(str, (out / "rows").rglob("*.parquet"))), format="parquet").to_table()


def whole(out: Path, n: int) -> bool:
    """Whether all is there, in order, and nothing twice."""
    return read(out).column("id").to_pylist() == [f"p{number:08d}" for number in range(n)]


def broken(wish: argparse.Namespace) -> list[dict[str, Any]]:
    """One photo in a hundred is broken, in eight kinds by turns; the counts have to be right."""
    kinds = broken_photos(wish.folder / "broken")
    n, out = wish.n[0], wish.folder / "out-broken"
    shutil.rmtree(out, ignore_errors=True)
    source = manifest(wish.folder / "photos", n, kinds)
    process = subprocess.run(command(wish, source, out), stdout=subprocess.PIPE, check=False)
    told = json.loads(process.stdout)["failed"]
    assert process.returncode == 3
    return [
        {"kind": kind, "sent": count, "counted": told.get(kind, 0)} for kind, count in sent(n, kinds).items()
    ]


if __name__ == "__main__":
    main()
