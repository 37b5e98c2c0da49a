"""Runs of `directions.py --scale`, each in a process of its own, so that its peak memory is its own.

python benchmarks/directions_scale.py RUN OPTIONS        OPTIONS as JSON; prints {"seconds", "peak_mb", ...}
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from latentlab.core.scorer import Scorer
from latentlab.studio import Studio
from latentlab.studio.parts import (
    Bank,
    GanSpace,
    InterFaceGan,
    Joint,
    bank_key,
    filled_bank,
    guide,
    write_block,
)

STAND_IN = 27
"""Attributes of stand-in scores, as many as the guide has."""


class Linear(Scorer):
    """Stand-in scores for timing a fit without rendering: linear functions of w with noise."""

    names = ("age", "smile", *(f"other{i}" for i in range(STAND_IN - 2)))
    units = dict.fromkeys(names, "sd")
    hash = "stand-in"

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        raise AssertionError("stand-in scores are written, never asked for")


def nothing(options: argparse.Namespace) -> dict[str, object]:
    """What the process and the network take by themselves."""
    _ = studio(options).generator
    return {"n": 0}


def ganspace(options: argparse.Namespace) -> dict[str, object]:
    """Ours: one pass, running moments."""
    GanSpace(components=10, samples=options.wide).discover(studio(options).generator)
    return {"n": options.wide}


def ganspace_plain(options: argparse.Namespace) -> dict[str, object]:
    """The plain way: every w in memory, scikit-learn's PCA."""
    from sklearn.decomposition import PCA

    generator, parts = studio(options).generator, []
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for start in range(0, options.wide, 10_000):
            count = min(10_000, options.wide - start)
            parts.append(generator.map(torch.randn(count, generator.z_width, generator=draw)).numpy())
    PCA(10).fit(np.concatenate(parts))
    return {"n": options.wide}


def filling(options: argparse.Namespace) -> dict[str, object]:
    """Sampling, rendering and scoring into a new bank."""
    place = studio(options)
    filled_bank(place, [guide(place)], options.fill or options.deep)
    return {"n": options.fill or options.deep}


def joint(options: argparse.Namespace) -> dict[str, object]:
    """Ours: all attributes in one pass over the bank; the fit alone, without its corrections on rendered faces."""
    bank, place = the_bank(options)
    Joint(attribute="age", samples=options.deep, rounds=0).discover(place.generator, bank)
    return {"n": options.deep, "note": bank.key.scorers[0][:8]}


def interfacegan(options: argparse.Namespace) -> dict[str, object]:
    """Ours: extremes picked from the scores alone, their w read from the blocks they are in."""
    bank, place = the_bank(options)
    InterFaceGan(attribute="age", samples=options.deep).discover(place.generator, bank)
    return {"n": options.deep, "note": bank.key.scorers[0][:8]}


def svc_plain(options: argparse.Namespace) -> dict[str, object]:
    """The plain way: the whole bank in memory, scikit-learn's SVC above and below the median, on as many as it takes."""
    from sklearn.svm import SVC

    bank, _ = the_bank(options)
    found = bank.read(options.deep)
    w, scores = found.w.double().numpy(), found.column("age").numpy()
    SVC(kernel="linear").fit(w[: options.svc], (scores > np.median(scores))[: options.svc])
    return {"n": options.svc, "note": f"{options.deep:,} in memory; its time grows with the square of n"}


RUNS: dict[str, Callable[[argparse.Namespace], dict[str, object]]] = {
    "process and network": nothing,
    "ganspace": ganspace,
    "all w in memory, scikit-learn PCA": ganspace_plain,
    "bank rendered and scored": filling,
    "joint, fit of all attributes": joint,
    "interfacegan": interfacegan,
    "all in memory, scikit-learn SVC": svc_plain,
}


def studio(options: argparse.Namespace) -> Studio:
    """The network, on the CPU; its lab is the scratch folder, so that no bank of an earlier run is there."""
    return Studio(network=options.network, device="cpu", home=options.scratch)


def the_bank(options: argparse.Namespace) -> tuple[Bank, Studio]:
    """The bank just filled where it is large enough, else one of stand-in scores (outside the measured time)."""
    place = studio(options)
    if (options.fill or options.deep) >= options.deep:
        return filled_bank(place, [guide(place)], options.deep), place
    return stand_in(place, Path(options.scratch), options.deep), place


def stand_in(place: Studio, folder: Path, samples: int) -> Bank:
    """A bank of w as the network maps it, with linear scores; made once."""
    bank = Bank.open(folder / "stand-in", bank_key(place.generator, [Linear()]))
    mix = torch.randn(place.generator.w_width, STAND_IN, generator=torch.Generator().manual_seed(1))
    for block in range(-(-samples // bank.key.block)):
        if bank.path(block).exists():
            continue
        draw = torch.Generator().manual_seed(100 + block)
        with torch.no_grad():
            w = place.generator.map(torch.randn(bank.key.block, place.generator.z_width, generator=draw))
        scores = w @ mix + torch.randn(len(w), STAND_IN, generator=draw)
        seeds = range(block * bank.key.block, (block + 1) * bank.key.block)
        write_block(bank.path(block), seeds, w, scores, bank.key.names, bank.key)
    return bank


def measured(name: str, options: argparse.Namespace, scratch: Path) -> dict[str, object]:
    """One run in a process of its own."""
    options = argparse.Namespace(**{**vars(options), "scratch": str(scratch)})
    if (options.fill or options.deep) < options.deep:
        stand_in(studio(options), scratch, options.deep)
    words = json.dumps(vars(options), default=str)
    done = subprocess.run(
        [sys.executable, __file__, name, words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"run": name, "note": (done.stderr.strip().splitlines() or ["it died"])[-1][:160]}
    return {"run": name, **json.loads(done.stdout.strip().splitlines()[-1])}


def main() -> None:
    name, words = sys.argv[1:]
    options = argparse.Namespace(**json.loads(words))
    began = time.perf_counter()
    found = RUNS[name](options)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    note = {"note": found.pop("note", "")}
    print(json.dumps({**found, "seconds": seconds, "peak_mb": peak, **note}))


if __name__ == "__main__":
    main()
