"""Measures the face world with dlib, which never saw it: are its faces found, its people told apart, its points right?

    python benchmarks/world.py --renders 1000

writes benchmarks/results/world.json and docs/images/world_identity.png. Needs the face model; about 0.6 s a render on one core.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from latentlab.core.files import atomic
from latentlab.studio.parts import (
    Face,
    Renderer,
    aligned_landmarks,
    best_threshold,
    draw_faces,
    embed,
    floor,
    identity_factors,
    impostor_distance,
    load_renderer,
)

if TYPE_CHECKING:
    from multiprocessing import Queue
    from multiprocessing.synchronize import Barrier

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("hair_style", "hair_colour", "hair_length", "beard_style", "glasses", "greying", "hairline")
"""Kept between two pictures of one person beside the identity factors: what people do not change from day to day."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--renders", type=int, default=1000, help="pictures that dlib looks at")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "world.json")
    parser.add_argument("--plot", type=Path, default=ROOT / "docs" / "images" / "world_identity.png")
    wish = parser.parse_args()

    torch.set_num_threads(1)
    renderer = load_renderer()
    people = max(2, wish.renders * 2 // 5)
    begun = time.perf_counter()
    first, second = pairs(people, wish.seed)
    one, other = look(renderer, first, wish.size), look(renderer, second, wish.size)
    same = (one["embedding"] - other["embedding"]).norm(dim=1)
    different = strangers(one["embedding"])
    results = {
        "renders": 2 * people + people // 2, "size": wish.size, "law": "natural", "seed": wish.seed,
        "detection": detection(one, other, turned(renderer, people // 2, wish.seed, wish.size)),
        "landmarks": landmarks(one, other),
        "identity": identity(same, different, one["embedding"], renderer, first, wish.size),
        "seconds": round(time.perf_counter() - begun), "speed": speed(renderer) | speed_of_two(),
    }  # fmt: skip
    with atomic(wish.out) as draft:
        draft.write_text(json.dumps(results, indent=1) + "\n")
    plot(same, different, results["identity"], wish.plot)
    print(json.dumps(results, indent=1))


def pairs(people: int, seed: int) -> tuple[list[Face], list[Face]]:
    """Each person twice: at most 20 years apart, in another light, expression, makeup and pose with |yaw| <= 30."""
    random = np.random.default_rng(seed)
    first = [_within(face) for face in draw_faces(people, "natural", seed)]
    second = []
    for face, moment in zip(first, draw_faces(people, "natural", seed + 1), strict=True):
        kept = {name: getattr(face, name) for name in (*identity_factors(), *KEPT)}
        age = float(np.clip(face.age + random.uniform(-20, 20), 15, 85))
        second.append(_within(replace(moment, **kept, age=age)))
    return first, second


def _within(face: Face, yaw: float = 30.0) -> Face:
    return replace(face, yaw=max(-yaw, min(yaw, face.yaw)))


def look(renderer: Renderer, faces: list[Face], size: int) -> dict[str, Tensor]:
    """What dlib sees in each picture."""
    rows: dict[str, list[Tensor]] = {"embedding": [], "points": [], "found": [], "truth": []}
    for start in range(0, len(faces), 8):
        rendering = renderer.render(faces[start : start + 8], size)
        seen = aligned_landmarks(rendering.images)
        rows["embedding"].append(embed(rendering.images, strict=True))
        rows["points"].append(seen.points)
        rows["found"].append(seen.found)
        rows["truth"].append(rendering.landmarks)
    return {name: torch.cat(parts) for name, parts in rows.items()}


def strangers(embeddings: Tensor) -> Tensor:
    """Distances between all pairs of different people."""
    i, j = torch.triu_indices(len(embeddings), len(embeddings), offset=1)
    return (embeddings[i] - embeddings[j]).norm(dim=1)


def detection(one: dict[str, Tensor], other: dict[str, Tensor], turned: Tensor) -> dict[str, object]:
    """Share of all pictures (|yaw| <= 40), of the pairs' (<= 30) and of the evenly turned in which dlib sees a face."""
    pairs = torch.cat([one["found"], other["found"]])
    parts = {
        "yaw_up_to_40": torch.cat([pairs, turned]),
        "pairs_up_to_30": pairs,
        "evenly_turned_up_to_40": turned,
    }
    return {
        name: {"found": round(float(found.float().mean()), 4), "of": len(found)} for name, found in parts.items()
    }  # fmt: skip


def turned(renderer: Renderer, count: int, seed: int, size: int) -> Tensor:
    """Whether the detector sees new people turned evenly over +-40 degrees."""
    yaws = np.linspace(-40, 40, count)
    faces = [
        replace(face, yaw=float(yaw))
        for face, yaw in zip(draw_faces(count, "natural", seed + 2), yaws, strict=True)
    ]
    seen = [
        aligned_landmarks(renderer.render(faces[i : i + 8], size).images).found for i in range(0, count, 8)
    ]
    return torch.cat(seen)


def landmarks(one: dict[str, Tensor], other: dict[str, Tensor]) -> dict[str, object]:
    """Mean distance of dlib's points from the true ones in parts of the distance between the eyes."""
    points, truth = torch.cat([one["points"], other["points"]]), torch.cat([one["truth"], other["truth"]])
    found = torch.cat([one["found"], other["found"]])
    apart = (truth[:, 36:42].mean(1) - truth[:, 42:48].mean(1)).norm(dim=1)
    error = (points - truth).norm(dim=2) / apart[:, None]
    parts = {
        "jaw": slice(0, 17),
        "brows": slice(17, 27),
        "nose": slice(27, 36),
        "eyes": slice(36, 48),
        "mouth": slice(48, 68),
    }
    return {name: round(float(error[found][:, part].mean()), 4) for name, part in parts.items()} | {
        "inner_49_median": round(float(error[found][:, 17:].mean(1).median()), 4)
    }


def identity(
    same: Tensor, different: Tensor, embeddings: Tensor, renderer: Renderer, faces: list[Face], size: int
) -> dict[str, object]:
    threshold = best_threshold(same, different)
    seen = embeddings[~embeddings.isnan().any(1)]
    sample = renderer.render(faces[:24], size).images

    def spread(values: Tensor) -> list[float]:
        known = values[~values.isnan()].numpy()
        return [round(float(v), 3) for v in np.quantile(known, [0.05, 0.5, 0.95])]

    return {
        "accuracy": round(threshold.accuracy, 4), "threshold": round(threshold.distance, 3),
        "same_5_50_95": spread(same), "different_5_50_95": spread(different), "pairs_same": int((~same.isnan()).sum()),
        "impostor_1_percent": round(impostor_distance(seen), 3),
        "floor_at_256": 0.0, "floor_at_64": round(float(floor(sample, 64).nanmedian()), 3),
    }  # fmt: skip


def speed(renderer: Renderer) -> dict[str, float]:
    """Pictures a second on one thread, by the processor's own clock (other work does not count)."""
    rates = {}
    for size, count in ((256, 12), (64, 56)):
        faces = draw_faces(count, "natural", 3)
        renderer.render(faces[:4], size)
        times = []
        for _ in range(3):
            start = time.process_time()
            renderer.render(faces, size)
            times.append((time.process_time() - start) / count)
        rates[f"per_second_{size}_one_core"] = round(1 / min(times), 1)
    return rates


def speed_of_two() -> dict[str, object]:
    """Pictures a second of two processes with one thread each that start together, by the wall clock."""
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_race, args=(gate, answers), daemon=True) for _ in range(2)]
    for worker in workers:
        worker.start()
    rates = [answers.get(timeout=900) for _ in workers]
    for worker in workers:
        worker.join()
    sums = {f"per_second_{size}_two_processes": round(sum(rate[size] for rate in rates), 1) for size in RACES}
    return sums | {"threads_of_each": 1, "cores": len(os.sched_getaffinity(0))}


RACES = {256: 32, 64: 112}
"""Pictures that each process draws at a size."""


def _race(gate: Barrier, answers: Queue) -> None:
    torch.set_num_threads(1)
    renderer, rates = load_renderer(), {}
    for size, count in RACES.items():
        faces = draw_faces(count, "natural", 3)
        renderer.render(faces[:4], size)
        gate.wait(timeout=600)
        start = time.perf_counter()
        renderer.render(faces, size)
        rates[size] = count / (time.perf_counter() - start)
    answers.put(rates)


def plot(same: Tensor, different: Tensor, results: dict[str, object], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    bins = np.linspace(0, 1.1, 56)
    for values, name in ((same, "one person, twice"), (different, "two people")):
        axes.hist(values[~values.isnan()].numpy(), bins, density=True, alpha=0.6, label=name)
    axes.axvline(
        float(results["threshold"]),
        color="black",
        linewidth=1,
        label=f"best threshold, accuracy {results['accuracy']:.1%}",
    )
    axes.set_xlabel("dlib distance")
    axes.set_yticks([])
    axes.legend(frameon=False)
    with atomic(path) as draft:
        figure.savefig(draft, dpi=120, format="png")


if __name__ == "__main__":
    main()
