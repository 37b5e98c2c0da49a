"""Directions against the truth: how far an edit is from the rendered counterfactual, and where the way is lost.

    python benchmarks/truth.py                                   every direction of the library that a wish defines
    python benchmarks/truth.py --wishes age smile --people 32
    python benchmarks/truth.py --methods library interfacegan steer --samples 20000
    python benchmarks/truth.py --folder trial                    a library that lies elsewhere

People of the held-out seed are rendered before and after a wish. `true` starts from the true picture, onto which the edit's
change is laid (no error of inversion), `carried` from the same, which is moved as `edit` moves a photograph, `inverted` from
the network's own picture of it; `best` is the latent that a descent to the true answer finds. Each is a distance to the true picture after the change, `gain` what the edit is nearer than doing
nothing, with a 95 % bootstrap interval over the people. Every edit goes as many steps as the truth went, by the steps that
the direction itself declares; rivals are first stretched until the guide reads these on fresh faces.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from report import table, write
from subjects import HELD_OUT_SEED

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError
from latentlab.core.shapes import Images
from latentlab.studio import Studio
from latentlab.studio.parts import (
    DISCOVERERS,
    SUFFIX,
    TRANSFERS,
    WISHES,
    Calibrate,
    Carrier,
    Carry,
    Wish,
    filled_bank,
    find_direction,
    fresh_latents,
    guide,
    load_direction,
    nearness,
    wished_pairs,
)

STRETCHING_SEED = 1_500_000_000
METHODS = ("library", "interfacegan", "interfacegan kept", "steer", "steer in W", "joint")


def rivals(studio: Studio, wish: Wish, options: argparse.Namespace) -> Iterator[tuple[str, Direction]]:
    """Each method's direction for a wish."""
    for method in options.methods:
        try:
            if method == "library":
                yield method, _of_library(studio, wish, options.folder)
            else:
                yield method, _learned(studio, wish, method, options.samples)
        except LatentLabError as error:
            print(f"{wish.name}, {method}: left out ({error})")


def _of_library(studio: Studio, wish: Wish, folder: Path | None) -> Direction:
    if folder is None:
        return find_direction(studio, wish.name)
    return load_direction(folder / f"{wish.name}{SUFFIX}")


def _learned(studio: Studio, wish: Wish, method: str, samples: int) -> Direction:
    """Learned from the bank, and stretched until the guide reads the wish's step on fresh faces."""
    reader = guide(studio)
    bank = filled_bank(studio, [reader], samples)
    others = [name for name in reader.names if name != wish.attribute]
    more: dict[str, object] = {
        "interfacegan kept": {"keep": tuple(others)},
        "steer in W": {"same": True},
    }.get(method, {})
    finder = DISCOVERERS.build(method.split()[0], attribute=wish.attribute, samples=samples, **more)
    (found,) = finder.discover(studio.generator, bank)
    with torch.no_grad():
        faces = fresh_latents(studio.generator, STRETCHING_SEED, 64, 0.7, found)
    factor = Calibrate().factor(studio.generator, found, wish.attribute, reader, faces, wish.step)
    if not factor:
        raise LatentLabError(f"no length of it moves '{wish.attribute}' by {wish.step:g}")
    return Direction(
        wish.name, found.space, found.vector * factor, step=wish.step, layers=found.layers, model=found.model
    )


def carrying(direction: Direction) -> Carry:
    """A photograph edited as `edit` does it."""
    method = TRANSFERS.build("learned")

    def carry(first: Images, unmoved: Images, after: Images, strength: float) -> Images:
        return Carrier(method, first, unmoved.clamp(-1, 1)).image(after, {direction: strength}, None).image

    return carry


def rows(studio: Studio, options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """A line for each wish, method, start and measure."""
    for name in options.wishes:
        wish = WISHES[name]
        pairs = wished_pairs(studio, wish, options.people, seed=HELD_OUT_SEED)
        for method, direction in rivals(studio, wish, options):
            for near in nearness(studio.generator, direction, pairs, wish.step, carry=carrying(direction)):
                found = asdict(near)
                mean, low, high = found.pop("gain")
                yield {"wish": name, "method": method, **found, "gain": mean, "low": low, "high": high}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="faces")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--home", default="lab", help="where people and bank are kept")
    parser.add_argument("--people", type=int, default=32, help="held-out people")
    parser.add_argument("--wishes", nargs="+", default=list(WISHES), choices=list(WISHES))
    parser.add_argument("--methods", nargs="+", default=["library"], choices=METHODS)
    parser.add_argument("--folder", type=Path, help="directions to judge instead of the network's own")
    parser.add_argument("--samples", type=int, default=20_000, help="samples of the rivals' bank")
    options = parser.parse_args()

    studio = Studio(network=options.network, device=options.device, home=options.home)
    found = []
    for row in rows(studio, options):
        found.append(row)
        print(table([row]).splitlines()[-1], flush=True)
    print(f"\n{table(found)}")
    print(
        write("truth", {"network": Path(options.network).name, "hash": studio.generator.hash, "rows": found})
    )


if __name__ == "__main__":
    main()
