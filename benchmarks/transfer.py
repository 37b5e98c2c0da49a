"""Edits carried to the photo, against the true counterfactual: doing nothing, the network's own picture, flow, as shipped.

    python benchmarks/transfer.py --n 40                 every task of `counterfactuals.py`, one pass of the encoder
    python benchmarks/transfer.py --tasks age+20,yaw15 --size 512

`identity` is dlib's distance (to the truth, to the start), `target` the judge's change as a share of the wish, `others` the
mean change of all other attributes in standard deviations. `shipped` is what `edit` does: the learned transfer at the gains of
its kind, the flow for tints and the ratio for glasses and beards, inside the direction's region. `nothing` is the untouched photo. Means, with the
95 % interval of the difference from doing nothing in the JSON file.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from counterfactuals import SIZE, TASKS, Case, Task, cases
from report import mean_interval, table, write
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError
from latentlab.core.shapes import Images
from latentlab.studio import Studio
from latentlab.studio.parts import (
    TRANSFERS,
    Carrier,
    apply,
    companions,
    distances,
    embed,
    encode,
    find_direction,
    judge,
    ms_ssim,
    mse,
    resize,
)


@torch.no_grad()
def pictures(studio: Studio, case: Case, task: Task, direction: Direction) -> dict[str, tuple[Images, float]]:
    """What each column shows, and the seconds from latent to picture."""
    generator, encoder = studio.generator, companions(studio, distance="none").encoder
    assert encoder is not None, "the shipped network has one"
    latent = encode(encoder, generator, case.start)
    low, high = direction.on_photos.span or (-4.0, 4.0)
    strength = min(max(case.wished(task.attribute) / direction.step, low), high)
    before = generator.render(latent).clamp(-1, 1)

    began = time.perf_counter()
    after = generator.render(apply(generator, latent, {direction: strength})).clamp(-1, 1)
    plain = time.perf_counter() - began
    found = {"nothing": (case.start, 0.0), "network": (resize(after, case.start.shape[-1]), plain)}
    for name, method in (("flow", "flow"), ("shipped", "learned")):
        began = time.perf_counter()
        carrier = Carrier(TRANSFERS.build(method), case.start, before)
        image = carrier.image(after, {direction: strength}, None).image
        found[name] = (image, plain + time.perf_counter() - began)
    return found


@dataclass(frozen=True, eq=False)
class Beside:
    """What every column is measured against, looked at once."""

    who: Tensor
    """dlib's numbers of the start and of the truth, [2 128]."""
    scores: Tensor
    """The judge's of the start, [1 attributes]."""


@torch.no_grad()
def measure(reader, image: Images, case: Case, task: Task, beside: Beside) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """One picture beside the truth and the start."""
    vector, (start, truth) = embed(image), beside.who.split(1)
    names = list(reader.names)
    change: Tensor = (reader(image) - beside.scores)[0]
    column = names.index(task.attribute)
    rest = [i for i in range(len(names)) if i != column]
    return {
        "identity to truth": float(distances(vector, truth)), "identity to start": float(distances(vector, start)),
        "ms_ssim": float(ms_ssim(image, case.truth)), "mse": float(mse(image, case.truth)),
        "target": float(change[column]) / case.wished(task.attribute),
        "others": float((change.abs() / reader.network.spread)[rest].mean()),
    }  # fmt: skip


def run(studio: Studio, task: Task, n: int, size: int) -> tuple[list[Mapping[str, object]], dict]:
    """The rows of one task, and what each column gains over doing nothing."""
    reader, direction = judge(studio), find_direction(studio, task.direction or task.attribute)
    columns: dict[str, dict[str, list[float]]] = {}
    for case in cases(task, n, size):
        beside = Beside(embed(torch.cat([case.start, case.truth])), reader(case.start))
        for name, (image, seconds) in pictures(studio, case, task, direction).items():
            found = measure(reader, image, case, task, beside) | {"seconds": seconds}
            for key, value in found.items():
                columns.setdefault(name, {}).setdefault(key, []).append(value)
    rows: list[Mapping[str, object]] = [
        {"task": task.name, "": name} | {key: sum(v) / len(v) for key, v in found.items()}
        for name, found in columns.items()
    ]
    gains = {
        name: {
            key: mean_interval(torch.tensor(found[key]) - torch.tensor(columns["nothing"][key]))
            for key in ("identity to truth", "ms_ssim", "mse")
        }
        for name, found in columns.items()
    }
    return rows, gains


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="faces")
    parser.add_argument("--n", type=int, default=40)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--tasks", default=",".join(TASKS))
    options = parser.parse_args()

    torch.set_num_threads(1)
    studio = Studio(network=options.network, device="cpu")
    rows: list[Mapping[str, object]] = []
    gains = {}
    for name in options.tasks.split(","):
        try:
            found, gains[name] = run(studio, TASKS[name], options.n, options.size)
        except LatentLabError as error:  # what no direction of the library does
            print(f"{name}: left out ({error})", flush=True)
            continue
        rows += found
        print(table(found), flush=True)
    name = "transfer" if options.size == SIZE else f"transfer-{options.size}"
    print(write(name, {"n": options.n, "size": options.size, "rows": rows, "gains": gains}))


if __name__ == "__main__":
    main()
