"""Where the time of one synthesis goes, layer by layer: arithmetic, bytes and calls, beside what the machine could do at best.

    python benchmarks/roofline.py --case 256             # also part of benchmarks/synthesis.py

`floor` is the longer of two times: the convolution's arithmetic at the fastest convolution of the same run, and what the layer
has to read and write (input, weights, output, each once) at the speed of a large copy. `convolutions` and `the rest` (filter,
noise, bias, activation, colours, and Python) were measured, in the quickest of several syntheses.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from report import table

clock: list[Callable[[], float]] = [time.perf_counter]
"""What times are read from."""


@dataclass
class Spent:
    """What one layer of one synthesis took."""

    seconds: float = 0.0
    convolving: float = 0.0
    calls: int = 0


class Watched:
    """Kernels that are counted."""

    def __init__(self, kernels: Any, count: Callable[[], None]) -> None:
        self._kernels, self._count = kernels, count

    def __getattr__(self, name: str) -> Any:
        self._count()
        return getattr(self._kernels, name)


def measure(case: str, dtype: torch.dtype, peak: float, runs: int = 8) -> list[dict[str, object]]:
    """A row for each layer and one for all; `peak` in GFLOP/s."""
    from cases import network

    generator, styles = network(case)
    generator.compute_dtype = dtype
    best: dict[str, Spent] = {}
    with torch.inference_mode():
        generator(styles)
        for _ in range(runs):
            with watched() as spent:
                generator(styles)
            if not best or total(spent) < total(best):
                best = spent
    return rows(generator, len(styles), best, (peak, bandwidth()))


def total(spent: dict[str, Spent]) -> float:
    return sum(each.seconds for each in spent.values())


@contextmanager
def watched() -> Iterator[dict[str, Spent]]:
    """Fills what is yielded with the layers of the synthesis inside."""
    from latentlab.studio.parts import Inference, Packed

    spent: dict[str, Spent] = {}
    here = [Spent()]
    layer, convolve, colours = Inference._layer, Packed.__call__, Inference._add_colours

    def in_place(synthesis: Any, name: str, work: Callable[[], Any]) -> Any:
        outer, here[0] = here[0], spent.setdefault(name, Spent())
        kernels, synthesis.plan.kernels = synthesis.plan.kernels, Watched(synthesis.plan.kernels, counted)
        begun = clock[0]()
        try:
            return work()
        finally:
            here[0].seconds += clock[0]() - begun
            here[0], synthesis.plan.kernels = outer, kernels

    def of_layer(self: Any, which: Any, *rest: Any) -> Any:
        return in_place(self, which.name, lambda: layer(self, which, *rest))

    def of_colours(self: Any, which: Any, *rest: Any, **named: Any) -> Any:
        return in_place(self, "colours", lambda: colours(self, which, *rest, **named))

    def counted() -> None:
        here[0].calls += 1

    def convolved(self: Any, x: Any) -> Any:
        begun = clock[0]()
        y = convolve(self, x)
        here[0].convolving += clock[0]() - begun
        here[0].calls += 1
        return y

    Inference._layer, Packed.__call__, Inference._add_colours = of_layer, convolved, of_colours  # type: ignore[method-assign, assignment]
    try:
        yield spent
    finally:
        Inference._layer, Packed.__call__, Inference._add_colours = layer, convolve, colours  # type: ignore[method-assign]


def rows(
    generator: Any, count: int, spent: dict[str, Spent], speeds: tuple[float, float]
) -> list[dict[str, object]]:
    """The table; speeds are GFLOP/s and GB/s."""
    size = 2 if generator.compute_dtype == torch.bfloat16 else 4
    found: list[dict[str, object]] = []
    sums = [0.0] * 4
    for name, each in spent.items():
        work = traffic = 0.0
        if name != "colours":
            module = generator.synthesis.get_submodule(name)
            out, into = module.weight.shape[:2]
            after = module.resolution**2
            before = after // module.up**2
            work = 2e-9 * count * module.weight.numel() * before
            traffic = 1e-6 * size * (count * (into * before + out * after) + module.weight.numel())
        floor = max(1000 * work / speeds[0], traffic / speeds[1])
        for place, value in enumerate((work, traffic, each.calls, floor)):
            sums[place] += value
        found.append(_row(name, work, traffic, each, floor))
    whole = Spent(total(spent), sum(each.convolving for each in spent.values()), int(sums[2]))
    return [*found, _row("all", sums[0], sums[1], whole, sums[3])]


def _row(name: str, work: float, traffic: float, spent: Spent, floor: float) -> dict[str, object]:
    rest = 1000 * (spent.seconds - spent.convolving)
    return {
        "layer": name, "GFLOP": round(work, 2), "MB": round(traffic, 1), "calls": spent.calls, "floor ms": round(floor, 2),
        "convolutions ms": round(1000 * spent.convolving, 2), "the rest ms": round(rest, 2),
        "over the floor": round(1000 * spent.seconds / floor, 2) if floor else None,
    }  # fmt: skip


def bandwidth() -> float:
    """GB/s, read and written, of the quickest of several copies of 64 MB."""
    source, target = torch.zeros(1 << 24), torch.zeros(1 << 24)
    taken = []
    for _ in range(5):
        begun = clock[0]()
        target.copy_(source)
        taken.append(clock[0]() - begun)
    return 2 * source.numel() * 4 / 1e9 / min(taken)


def shown(case: str, name: str, found: dict[str, Any]) -> str:
    """The table under a line with the machine's speeds."""
    head = f"{case}, {name}: convolutions at {found['peak']:.0f} GFLOP/s, copies at {found['bandwidth']:.0f} GB/s"
    return f"{head}\n{table(found['rows'])}"


def report(case: str, name: str) -> dict[str, Any]:
    """Speeds and rows of a case in fp32 or bf16."""
    from worker import fastest_convolution

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[name]
    peak = fastest_convolution(dtype, clock[0])
    return {"peak": round(peak, 1), "bandwidth": round(bandwidth(), 1), "rows": measure(case, dtype, peak)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", choices=("1024", "256", "64x16"), default="256")
    parser.add_argument(
        "--cpu", action="store_true", help="processor time of one thread, where others use the machine too"
    )
    wish = parser.parse_args()
    if wish.cpu:
        torch.set_num_threads(1)
        clock[0] = time.process_time
    from latentlab.core.allocator import tune_allocator

    tune_allocator()
    for name in ("fp32", "bf16"):
        print(shown(wish.case, name, report(wish.case, name)), end="\n\n")


if __name__ == "__main__":
    main()
