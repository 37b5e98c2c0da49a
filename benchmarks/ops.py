"""Times the operators beside plain PyTorch, alternating in one run: ratios as a table and as JSON with the machine in it."""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from machine import describe
from torch import Tensor
from torch.nn import functional

from cuda_ops import bias_act, filtered_lrelu, native, setup_filter, upfirdn2d
from cuda_ops.tail import fir_tail, modulated_tail

HERE = Path(__file__).parent
ROOT2 = 2**0.5
Work = Callable[[], object]
COPY = "copy"


def plain_bias_act(x: Tensor, b: Tensor) -> Tensor:
    """One kernel per operation."""
    return functional.leaky_relu(x + b[:, None, None], 0.2).mul(ROOT2).clamp(-256, 256)


def plain_upfirdn2d(x: Tensor, f: Tensor, up: int, down: int, sides: tuple[int, ...], gain: float) -> Tensor:
    """Zeros inserted, then a convolution for each channel."""
    n, c, h, w = x.shape
    if up > 1:
        x = functional.pad(x.reshape(n, c, h, 1, w, 1), [0, up - 1, 0, 0, 0, up - 1]).reshape(
            n, c, h * up, w * up
        )
    x = functional.pad(x, sides)
    f = (f * gain).to(x.dtype)
    if f.ndim == 2:
        return functional.conv2d(x, f[None, None].expand(c, 1, -1, -1), stride=down, groups=c)
    x = functional.conv2d(x, f[None, None, None].expand(c, 1, 1, -1), stride=(1, down), groups=c)
    return functional.conv2d(x, f[None, None, :, None].expand(c, 1, -1, 1) / gain, stride=(down, 1), groups=c)


def plain_filtered_lrelu(x: Tensor, f: Tensor, b: Tensor) -> Tensor:
    y = plain_upfirdn2d(x + b[:, None, None], f, 2, 1, (11, 10, 11, 10), 4.0)
    return plain_upfirdn2d(plain_bias_act(y, b * 0), f, 1, 2, (0, 0, 0, 0), 1.0)


def plain_tail(y: Tensor, scale: Tensor, noise: Tensor, b: Tensor) -> Tensor:
    y = y * scale[:, :, None, None].to(y.dtype)
    return plain_bias_act(y.add(noise.to(y.dtype) * 0.1), b.to(y.dtype))


def cases(
    shape: tuple[int, ...], dtype: torch.dtype, device: str, format: torch.memory_format
) -> Iterator[tuple]:
    """(name, ours, plain, bytes that must move once)."""
    n, c = shape[:2]
    x = torch.randn(shape, device=device).to(dtype).contiguous(memory_format=format)
    b = torch.randn(c, device=device).to(dtype)
    f = setup_filter([1, 3, 3, 1], device=device)
    size = x.numel() * x.element_size()
    target = torch.empty_like(x)
    yield COPY, lambda: target.copy_(x), None, 2 * size
    yield "bias_act", lambda: bias_act(x, b, act="lrelu", clamp=256), lambda: plain_bias_act(x, b), 2 * size
    for name, up, down, pads, moved in (
        ("filter 4×4", 1, 1, (2, 1, 2, 1), 2 * size),
        ("up 2", 2, 1, (2, 1, 2, 1), 5 * size),
        ("down 2", 1, 2, (1, 1, 1, 1), size + size // 4),
    ):
        gain = float(up * up)
        yield (
            name,
            lambda up=up, down=down, pads=pads, gain=gain: upfirdn2d(x, f, up, down, pads, gain=gain),
            lambda up=up, down=down, pads=pads, gain=gain: plain_upfirdn2d(x, f, up, down, pads, gain),
            moved,
        )
    if device == "cpu":
        yield from tails(x, b, f, size)
    else:
        x, b = x[:1].contiguous(memory_format=format), b
        size //= n
    long = torch.hann_window(14, periodic=False)[1:-1].to(device)
    long = long / long.sum()
    yield (
        "filtered_lrelu",
        lambda: filtered_lrelu(x, long, long, b, 2, 2, (11, 10, 11, 10), clamp=256),
        lambda: plain_filtered_lrelu(x, long, b),
        2 * size,
    )


def tails(x: Tensor, b: Tensor, f: Tensor, size: int) -> Iterator[tuple]:
    """What only inference on a CPU uses."""
    n, c, h, w = x.shape
    scale, noise, bias = torch.rand(n, c) + 0.5, torch.randn(h, w), b.float()
    wide = functional.pad(x, [0, 1, 0, 1]).contiguous(memory_format=torch.channels_last if x.stride(1) == 1 else torch.contiguous_format)  # fmt: skip
    out = torch.empty_like(x)
    yield (
        "tail",
        lambda: modulated_tail(x, scale, noise, 0.1, bias, clamp=256, out=out),
        lambda: plain_tail(x, scale, noise, b),
        2 * size,
    )
    yield (
        "filter + tail",
        lambda: fir_tail(wide, f, (1, 1), 4.0, scale, noise, 0.1, bias, clamp=256, out=out),
        lambda: plain_tail(plain_upfirdn2d(wide, f, 1, 1, (1, 1, 1, 1), 4.0), scale, noise, b),
        2 * size,
    )


def seconds_on_cpu(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def seconds_on_cuda(work: Work) -> float:
    """By the device's clock, over enough runs that the launch does not show."""
    first, last, runs = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True), 10
    first.record()
    for _ in range(runs):
        work()
    last.record()
    torch.cuda.synchronize()
    return first.elapsed_time(last) / 1000 / runs


def alternate(works: dict[str, Work], rounds: int, device: str) -> dict[str, float]:
    """Median seconds of each, taking turns."""
    clock = seconds_on_cuda if device == "cuda" else seconds_on_cpu
    times: dict[str, list[float]] = {name: [] for name in works}
    for name in works:
        for _ in range(2):
            works[name]()
    if device == "cuda":
        torch.cuda.synchronize()
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(clock(work))
    return {name: statistics.median(values) for name, values in times.items()}


def measure(device: str, rounds: int, wish: str | None) -> list[dict]:
    """Every case in every type and layout; "of_copy" is the bandwidth over that of a copy in the same turn."""
    shapes = (
        [(8, 128, 512, 512)]
        if device == "cuda"
        else [(1, 32, 1024, 1024), (1, 128, 256, 256), (16, 256, 32, 32)]
    )
    types = [torch.float16, torch.float32] if device == "cuda" else [torch.float32, torch.bfloat16]
    rows = []
    for shape in shapes:
        for dtype in types:
            for format in (torch.contiguous_format, torch.channels_last):
                copied = None
                for name, ours, plain, moved in cases(shape, dtype, device, format):
                    if name == COPY:
                        copied = (ours, moved)
                        continue
                    if wish and wish not in name:
                        continue
                    works = {"ours": ours, "plain": plain, COPY: copied[0]}
                    with torch.inference_mode():
                        found = alternate(works, rounds, device)
                    rate = moved / found["ours"]
                    rows.append(
                        {
                            "case": name,
                            "shape": list(shape),
                            "dtype": str(dtype).removeprefix("torch."),
                            "layout": "channels_last" if format is torch.channels_last else "contiguous",
                            "ours_ms": found["ours"] * 1e3,
                            "plain_ms": found["plain"] * 1e3,
                            "ratio": found["plain"] / found["ours"],
                            "GB_per_s": rate / 1e9,
                            "of_copy": rate / (copied[1] / found[COPY]),
                        }
                    )
                    if device == "cuda":
                        torch.cuda.empty_cache()
    return rows


def table(rows: list[dict]) -> str:
    lines = [f"{'case':<16}{'shape':<20}{'type':<10}{'layout':<15}{'ours ms':>9}{'plain ms':>10}{'ratio':>7}{'GB/s':>8}{'of copy':>9}"]  # fmt: skip
    for row in rows:
        shape = "×".join(map(str, row["shape"]))
        lines.append(
            f"{row['case']:<16}{shape:<20}{row['dtype']:<10}{row['layout']:<15}{row['ours_ms']:>9.3f}{row['plain_ms']:>10.3f}"
            f"{row['ratio']:>7.2f}{row['GB_per_s']:>8.1f}{row['of_copy']:>9.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each variant")
    parser.add_argument("--case", default=None, help="only the cases with this in their name")
    parser.add_argument("--out", default=None, help="results file; '-' writes none")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    wish = parser.parse_args()

    state = native.load(wish.device)
    rows = measure(wish.device, wish.rounds, wish.case)
    report = {"machine": describe(wish.device), "backend": state.reason or "native", "rows": rows}
    print(json.dumps(report, indent=1) if wish.json else table(rows))
    if wish.out == "-":
        return
    name = "cpu" if wish.device == "cpu" else re.sub(r"\W+", "-", torch.cuda.get_device_name().lower())
    out = Path(wish.out) if wish.out else HERE / "results" / f"ops-{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
