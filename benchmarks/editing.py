"""Edits measured against the truth: the same face twenty years older as rendered, the same person smiling as photographed.

    python benchmarks/editing.py                       both parts, with the method that `auto` would take
    python benchmarks/editing.py --method pivot --n 40
    python benchmarks/editing.py --part photographs

Every figure stands beside that of doing nothing (the reconstruction left as it is). `target` is the judge's change of
the wished attribute, `others` the mean change of all other attributes in standard deviations of the population,
`identity` dlib's distance, and the distances are to the true picture. Only people that nothing was trained on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from inversion import METHODS, Bench
from report import mean_interval, median, table, write
from subjects import Subjects, chosen_renders, renders, smiling_pairs, young
from torch import Tensor

from latentlab.core.errors import LatentLabError
from latentlab.core.shapes import Images
from latentlab.studio.parts import Face, ms_ssim, mse, resize, strength_for

YEARS = 20.0
MOUTH = slice(48, 68)


def older(face: Face) -> Face:
    """The same record, twenty years later."""
    return replace(face, age=face.age + YEARS)


def compare(
    bench: Bench, image: Images, start: Images, truth: Images, attribute: str, spread: Tensor
) -> dict[str, Tensor]:
    """What became of a picture, beside the picture it came from and the true one; each [n]."""
    from latentlab.studio.parts import distances, embed

    size = image.shape[-1]
    true = resize(truth, size).to(image)
    found = {
        "mse to truth": mse(image, true),
        "ms_ssim to truth": ms_ssim(image, true),
        "identity to truth": distances(embed(image.cpu()), embed(truth.cpu())),
        "identity to start": distances(embed(image.cpu()), embed(start.cpu())),
        "mouth to truth": mouth_distance(image, truth),
    }
    if bench.given.distance is not None:
        found[f"{bench.given.distance_name} to truth"] = bench.given.distance(image, true)
    if bench.judge is not None:
        names = list(bench.judge.names)
        change = bench.judge(image) - bench.judge(start)
        column = names.index(attribute)
        found["target"] = change[:, column]
        rest = [i for i in range(len(names)) if i != column]
        found["others"] = (change[:, rest].abs() / spread[rest].to(change)).mean(dim=1)
    return {name: value.float().cpu() for name, value in found.items()}


def mouth_distance(one: Images, other: Images) -> Tensor:
    """Mean distance of the mouth's landmarks as a share of the distance between the eyes, [n]."""
    from latentlab.studio.parts import aligned_landmarks

    first, second = (
        aligned_landmarks(resize(images.cpu(), 256)).points for images in (one.clamp(-1, 1), other)
    )
    eyes = (second[:, 42:48].mean(1) - second[:, 36:42].mean(1)).norm(dim=1)
    return (first[:, MOUTH] - second[:, MOUTH]).norm(dim=-1).mean(1) / eyes


def population(bench: Bench, count: int = 64) -> Tensor:
    """Deviation of every attribute over held-out renders, as the judge reads them."""
    if bench.judge is None:
        return torch.ones(1)
    with torch.no_grad():
        faces = renders(count, bench.studio.generator.resolution, start=10_000).images
        return torch.cat([bench.judge(part.to(bench.studio.place)) for part in faces.split(16)]).std(dim=0)


@torch.no_grad()
def _against(
    bench: Bench, start: Images, truth: Images, name: str, strengths: Callable[[Images, Images], float], spread: Tensor, method: str
) -> Iterator[tuple[str, dict[str, Tensor]]]:  # fmt: skip
    with torch.enable_grad():
        inversion = bench.invert(METHODS[method], start)
    before = inversion.image.clamp(-1, 1)
    after = bench.edited(inversion, bench.directions[name], strengths(before, truth))
    truth = truth.to(before)
    yield "nothing", compare(bench, before, before, truth, name, spread)
    yield "edit", compare(bench, after, before, truth, name, spread)
    yield (
        "truth",
        compare(
            bench,
            resize(truth, before.shape[-1]),
            resize(start.to(before), before.shape[-1]),
            truth,
            name,
            spread,
        ),
    )


def part(
    bench: Bench, title: str, starts: Subjects, truths: Subjects, attribute: str,
    strengths: Callable[[Images, Images], float], options: argparse.Namespace,
) -> dict[str, object]:  # fmt: skip
    """The rows nothing, edit and truth of one set of pairs."""
    spread = population(bench)
    columns: dict[str, dict[str, list[float]]] = {}
    began, done = time.perf_counter(), 0
    for start, truth in zip(starts.images.split(1), truths.images.split(1), strict=True):
        if done >= options.least and time.perf_counter() - began > options.budget:
            break
        for row, values in _against(bench, start, truth, attribute, strengths, spread, options.method):
            for name, value in values.items():
                columns.setdefault(row, {}).setdefault(name, []).extend(value.tolist())
        done += 1
    rows = [
        {"": row, "n": done} | {name: median(v) for name, v in found.items()}
        for row, found in columns.items()
    ]
    gains = {
        name: mean_interval(torch.tensor(columns["nothing"][name]) - torch.tensor(columns["edit"][name]))
        for name in columns["edit"]
        if name.endswith("to truth")
    }
    print(f"\n{title}, {options.method}, n = {done}, medians:\n{table(rows)}")
    print(
        "nothing minus edit, mean and 95 % interval (the edit helps where a distance falls, ms_ssim rises):"
    )
    for name, (mean, low, high) in gains.items():
        print(f"  {name}: {mean:+.4f} [{low:+.4f}, {high:+.4f}]")
    return {"rows": rows, "gains": gains, "n": done}


def rendered(bench: Bench, options: argparse.Namespace) -> dict[str, object]:
    """Renders made twenty years older, against the render of the older face."""
    numbers = young(options.n, 85 - YEARS)
    direction = bench.directions["age"]
    return part(
        bench, "renders, age + 20", chosen_renders(numbers), chosen_renders(numbers, change=older), "age",
        lambda before, truth: strength_for(direction, YEARS), options,
    )  # fmt: skip


def photographed(bench: Bench, options: argparse.Namespace) -> dict[str, object]:
    """Held-out volunteers made to smile, against their smiling photograph; the guide says how broad that smile is."""
    from latentlab.studio.parts import guide

    neutral, smiling = smiling_pairs(options.pairs)
    direction, reader = bench.directions["smile"], guide(bench.studio)
    column = list(reader.names).index("smile")

    def strength(before: Images, truth: Images) -> float:
        wished = float((reader(resize(truth.to(before), before.shape[-1])) - reader(before))[0, column])
        low, high = direction.span or (-4.0, 4.0)
        return min(max(strength_for(direction, wished), low), high)

    return part(bench, "photographs, smile", neutral, smiling, "smile", strength, options)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="faces")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--method", default="pivot", choices=list(METHODS))
    parser.add_argument("--n", type=int, default=40, help="pairs of renders")
    parser.add_argument("--pairs", type=int, default=None, help="at most so many pairs of photographs")
    parser.add_argument("--budget", type=float, default=300.0, help="seconds for each part")
    parser.add_argument("--least", type=int, default=8, help="pairs that are measured whatever the budget")
    parser.add_argument("--part", choices=["renders", "photographs"])
    options = parser.parse_args()

    bench = Bench.open(options.network, options.device, 1)
    found: dict[str, object] = {
        "network": bench.studio.name,
        "hash": bench.studio.generator.hash,
        "method": options.method,
    }
    parts = {"renders": ("age", rendered), "photographs": ("smile", photographed)}
    for title, (needed, run) in parts.items():
        if options.part not in {None, title}:
            continue
        if needed not in bench.directions:
            print(f"{title}: left out, the network has no direction '{needed}'")
            continue
        try:
            found[title] = run(bench, options)
        except LatentLabError as error:
            print(f"{title}: left out ({error})")
    print(write("editing", found))


if __name__ == "__main__":
    main()
