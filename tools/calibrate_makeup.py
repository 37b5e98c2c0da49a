"""How makeup's colours go from face to face, fitted to rendered truths: `python tools/calibrate_makeup.py --n 300`.

Every person is rendered bare, with makeup, and the makeup's wearer beside; each kind of makeup is worn by two thirds of
the wearers, at any strength, so that a bare reference means bare. Writes latentlab/editing/makeup/calibration.json.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latentlab.editing.makeup.colour import Complexion, complexion, to_lab
from latentlab.editing.makeup.masks import MASKS, makeup_mask
from latentlab.faces.landmarks import aligned_landmarks
from latentlab.world.factors import Face
from latentlab.world.render import load_renderer
from latentlab.world.tasks import MAKEUP, STRENGTHS, TaskPair, task_pairs

SEED = 404_404
"""Faces that neither a network nor a benchmark sees."""
SIZE = 128
RIDGE = 3.0
PLACE = Path(__file__).parents[1] / "latentlab" / "editing" / "makeup" / "calibration.json"


def worn(pair: TaskPair, draw: np.random.Generator) -> tuple[Face, Face, Face]:
    """Bare, made up, and the wearer, each kind at a strength of its own or not at all."""
    assert pair.reference is not None, "the task has one"
    strengths: dict[str, Any] = {
        name: float(draw.uniform(0.2, 1)) if draw.random() < 0.67 else 0.0 for name in STRENGTHS
    }
    reference = replace(pair.reference, **strengths)
    makeup: dict[str, Any] = {name: getattr(reference, name) for name in MAKEUP}
    return pair.before, replace(pair.before, **makeup), reference


def triples(n: int, first: int) -> list[torch.Tensor]:
    """Pictures [3 3 s s] of each person bare, made up, and of the wearer."""
    renderer = load_renderer()
    found = []
    for number, pair in enumerate(task_pairs("makeup", n, SEED, first), first):
        draw = np.random.Generator(np.random.PCG64([SEED, number, 5]))
        found.append(renderer.render(list(worn(pair, draw)), SIZE).images)
    return found


def seen(images: torch.Tensor) -> tuple[list[Complexion], list[torch.Tensor]] | None:
    """The complexion of each of the three, read as a user's photo is, and the landmarks; None where a face is missed."""
    marks = aligned_landmarks(images)
    if not bool(marks.found.all()):
        return None
    return [complexion(i[None], p) for i, p in zip(images, marks.points, strict=True)], list(marks.points)


def wanted(images: torch.Tensor, points: torch.Tensor, region: str) -> np.ndarray:
    """The change of colour [3], spread as the region's mask, that comes nearest to the true one."""
    mask = makeup_mask(region, points, SIZE)[0, 0].numpy()
    change = to_lab(images[1:2]) - to_lab(images[:1])
    return (change * mask[..., None]).sum((0, 1)) / np.square(mask).sum()


def solve(rows: list[np.ndarray], goals: list[np.ndarray]) -> dict[str, Any]:
    """Ridge regression on features as they come, a constant last; with what is left over."""
    x, y = np.array(rows), np.array(goals)
    keep = np.diag([RIDGE] * (x.shape[1] - 1) + [1e-6])
    matrix = np.linalg.solve(x.T @ x + keep, x.T @ y)
    left = np.sqrt(np.square(x @ matrix - y).mean(0))
    return {"matrix": matrix.round(4).tolist(), "wanted": _rms(y), "left": left.round(2).tolist()}


def _rms(y: np.ndarray) -> list[float]:
    return np.sqrt(np.square(y).mean(0)).round(2).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=300)
    given = parser.parse_args()
    torch.set_num_threads(1)
    put: dict[str, tuple[list, list]] = {name: ([], []) for name in MASKS}
    taken: dict[str, tuple[list, list]] = {name: ([], []) for name in MASKS}
    for images in triples(given.n, 0):
        found = seen(images)
        if found is None:
            continue
        (bare, made_up, wearer), points = found
        for name in MASKS:
            goal = wanted(images, points[0], name)
            put[name][0].append(bare.features(name, wearer))
            put[name][1].append(goal)
            taken[name][0].append(made_up.features(name))
            taken[name][1].append(-goal)
    told = {name: {"put": solve(*put[name]), "taken": solve(*taken[name])} for name in MASKS}
    PLACE.write_text(json.dumps(told, indent=1) + "\n")
    for name, both in told.items():
        print(name, {kind: (one["wanted"], one["left"]) for kind, one in both.items()})


if __name__ == "__main__":
    main()
