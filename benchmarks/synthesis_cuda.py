"""The GPU half of benchmarks/synthesis.py: config-f 1024² in fp16, eager and captured, beside plain PyTorch."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

BATCHES = (1, 8)


def milliseconds(run: Callable[[], object], seconds: float) -> float:
    """Median time of a run on the device, measured by its own clock."""
    for _ in range(3):
        run()
    torch.cuda.synchronize()
    times = []
    end = time.monotonic() + seconds
    while len(times) < 5 or (len(times) < 50 and time.monotonic() < end):
        first, last = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        first.record()
        run()
        last.record()
        torch.cuda.synchronize()
        times.append(first.elapsed_time(last))
    return statistics.median(times)


def captured(run: Callable[[], object]) -> Callable[[], None]:
    """The same work as one CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def measure(seconds: float) -> dict:
    """Milliseconds for each image, the ratios to plain PyTorch, and the largest differences."""
    import plain
    from cases import gflop, network
    from machine import describe

    report: dict = {
        "machine": describe("cuda"),
        "case": "config-f 1024×1024, fp16 in the 4 largest resolutions",
    }
    generator, one = network("1024")
    generator = generator.cuda()
    torch.backends.cudnn.benchmark = True
    for batch in BATCHES:
        styles = one.cuda().repeat(batch, 1)
        with torch.inference_mode():
            kinds: dict[str, Callable[[], object]] = {
                "plain": lambda: plain.stylegan2(generator, styles, fused=False, dtype=torch.float16),  # noqa: B023
                "plain-fused": lambda: plain.stylegan2(generator, styles, fused=True, dtype=torch.float16),  # noqa: B023
                "eager": lambda: generator(styles),  # noqa: B023
            }
            kinds["graph"] = captured(kinds["eager"])
            found = {name: milliseconds(run, seconds / 10) / batch for name, run in kinds.items()}
            expected = plain.stylegan2(generator, styles, fused=False)
            error = float((generator(styles) - expected).abs().max() / expected.abs().max())
        fastest = min(found["plain"], found["plain-fused"])
        report[f"batch {batch}"] = {
            "ms_per_image": {name: round(value, 3) for name, value in found.items()},
            "ratios": {name: round(fastest / found[name], 2) for name in ("eager", "graph")},
            "error": error,
            "tflops": round(gflop(generator, 1) / found["graph"], 1),
        }
    return report


def table_of(report: dict) -> str:
    lines = [f"{report['machine']['gpu']}: {report['case']}, ms for each image"]
    for batch in BATCHES:
        found = report[f"batch {batch}"]
        times = "  ".join(f"{name} {value:.2f}" for name, value in found["ms_per_image"].items())
        lines.append(f"batch {batch}: {times}  graph ×{found['ratios']['graph']}  error {found['error']:.1e}")
    return "\n".join(lines)
