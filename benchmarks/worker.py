"""A process of benchmarks/synthesis.py: makes one image whenever a line asks for it, and says how long it took."""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]


def timed(run: Callable[[], object]) -> dict[str, float]:
    """Milliseconds, page faults, and the share of the machine that other processes used meanwhile."""
    from machine import busy_seconds

    faults, busy, own, begin = _faults(), busy_seconds(), time.process_time(), time.perf_counter()
    run()
    seconds = time.perf_counter() - begin
    own, busy = time.process_time() - own, busy_seconds() - busy
    tick = 2 / os.sysconf("SC_CLK_TCK")  # the system's clock is coarse
    others = max(0.0, busy - own - tick) / (seconds * (os.cpu_count() or 1))
    return {"ms": seconds * 1000, "faults": _faults() - faults, "others": others}


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def variants(case: str) -> dict[str, Callable]:
    import plain
    import torch
    from cases import network

    generator, styles = network(case)
    baseline = getattr(plain, generator.kind)

    def ours(dtype: torch.dtype | None) -> Callable:
        def run():
            generator.compute_dtype = dtype
            return generator(styles)

        return run

    return {
        "plain": lambda: baseline(generator, styles, fused=False),
        "plain-fused": lambda: baseline(generator, styles, fused=True),
        "fp32": ours(None),
        "bf16": ours(torch.bfloat16),
        "peak-fp32": lambda: fastest_convolution(torch.float32),
        "peak-bf16": lambda: fastest_convolution(torch.bfloat16),
        "roofline": lambda: rooflines(case),
        "check": lambda: check(case, generator, styles, baseline, ours),
    }


def fastest_convolution(dtype, now: Callable[[], float] = time.perf_counter) -> float:
    """GFLOP/s of the quickest of three 3×3 convolutions of 512 channels at 64²."""
    packed, x, work = _convolution(dtype)
    times = []
    for _ in range(3):
        begin = now()
        packed(x)
        times.append(now() - begin)
    return work / min(times)


@cache
def _convolution(dtype):
    import torch

    from latentlab.studio.parts import Packed

    x = torch.randn(1, 512, 64, 64).contiguous(memory_format=torch.channels_last).to(dtype)
    weight = torch.randn(512, 512, 3, 3).to(dtype)
    return Packed(weight, (1, 1), x.shape), x, 2 * weight.numel() * 64 * 64 / 1e9


def rooflines(case: str) -> dict[str, dict]:
    """Of the cases that the fast path computes."""
    from cases import CASES
    from roofline import report

    return {name: report(case, name) for name in ("fp32", "bf16")} if CASES[case].kind == "stylegan2" else {}


def check(case: str, generator, styles, baseline, ours) -> dict[str, float]:
    """How far ours are from the plain network in fp32: relative error, and PSNR over the range of its image."""
    from cases import gflop

    expected = baseline(generator, styles, fused=False)
    spread = float(expected.max() - expected.min())
    error = float((ours(None)() - expected).abs().max() / expected.abs().max())
    deviation = float((ours(_bf16())() - expected).square().mean().sqrt())
    return {
        "error": error,
        "psnr": 20 * math.log10(spread / deviation),
        "gflop": gflop(generator, len(styles)),
    }


def _bf16():
    import torch

    return torch.bfloat16


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", required=True)
    parser.add_argument("--allocator", choices=("default", "tuned"), required=True)
    wish = parser.parse_args()
    if wish.allocator == "tuned":
        from latentlab.core.allocator import tune_allocator

        tune_allocator()
    import torch

    known = variants(wish.case)
    with torch.inference_mode():
        for line in sys.stdin:
            order = line.strip()
            if order in ("check", "roofline"):
                answer = known[order]()
            elif order.startswith("peak"):
                rate: list[float] = []
                answer = timed(lambda order=order, rate=rate: rate.append(known[order]())) | {
                    "gflops": rate[-1]
                }
            else:
                answer = timed(known[order])
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
