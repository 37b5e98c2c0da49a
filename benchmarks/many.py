"""Many pictures: drawn and written one after another, and overlapped as `latentlab generate` does it; side by side.

    python benchmarks/many.py --seeds 200 --runs 3

The two take turns, so that whatever else the machine does meets both; the best of the runs counts. Files are compared byte
by byte, and the growth of the process's memory over a run is printed.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from report import write

import latentlab
from latentlab.studio import Gallery, Generate, Studio


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--network", default="faces")
    parser.add_argument("--save", action="store_true", help="write results/many.json")
    wish = parser.parse_args()
    studio = latentlab.open(wish.network)
    studio.generate([0])
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(wish.runs):
        with tempfile.TemporaryDirectory() as folder:
            for name, way in WAYS.items():
                gallery = studio.gallery(Generate(tuple(range(wish.seeds))), Path(folder) / name)
                rates[name].append(round(wish.seeds / _seconds(way, gallery), 1))
            first, second = (sorted((Path(folder) / name).iterdir()) for name in WAYS)
            assert [a.read_bytes() for a in first] == [b.read_bytes() for b in second], "files differ"
    best = {name: max(found) for name, found in rates.items()}
    one, both = (best[name] for name in WAYS)
    print(", ".join(f"{name} {rate} pictures/s" for name, rate in best.items()), f"- {both / one:.2f} ×")
    print("rates:", rates)
    grown = grows(studio, wish.seeds)
    print(f"peak memory grows by {grown:.1f} MB from {wish.seeds} to {4 * wish.seeds} pictures")
    if wish.save:
        write("many", {"pictures a second": rates, "ratio": both / one, "MB from n to 4 n": grown})


def _one_by_one(gallery: Gallery) -> None:
    for picture in gallery.plan.draw(gallery.missing):
        picture.save(gallery.folder / f"{picture.name}.png")


def _overlapped(gallery: Gallery) -> None:
    for _ in gallery.fill():
        pass


WAYS: dict[str, Callable[[Gallery], None]] = {"one by one": _one_by_one, "overlapped": _overlapped}


def _seconds(way: Callable[[Gallery], None], gallery: Gallery) -> float:
    begun = time.perf_counter()
    way(gallery)
    return time.perf_counter() - begun


def grows(studio: Studio, count: int) -> float:
    """MB of resident memory that four times as many pictures need beyond what `count` need."""
    peaks = []
    for seeds in (range(count), range(4 * count)):
        with tempfile.TemporaryDirectory() as folder:
            _overlapped(studio.gallery(Generate(tuple(seeds)), Path(folder) / "pictures"))
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return peaks[1] - peaks[0]


if __name__ == "__main__":
    main()
