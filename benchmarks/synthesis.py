"""How fast images are made: our networks beside the same networks in plain PyTorch, as ratios from one run.

    python benchmarks/synthesis.py                       # CPU: as shipped, and tuned for both
    python benchmarks/synthesis.py --case 256 --seconds 20
    python benchmarks/synthesis.py --device cuda         # fp16, with and without graph capture

"As shipped" alternates two processes, each with its own memory settings (ours those of the command line, plain PyTorch
those it comes with). "Tuned for both" runs all variants in one process with ours, and shows where their time goes, layer by layer (`roofline.py`). Writes benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import roofline  # noqa: E402
from cases import CASES, FLOORED  # noqa: E402

PLAIN = ("plain", "plain-fused")
OURS = ("fp32", "bf16")


class Worker:
    """A process that times one image at a time when told to."""

    def __init__(self, case: str, allocator: str) -> None:
        command = [sys.executable, str(HERE / "worker.py"), "--case", case, "--allocator", allocator]
        environment = {key: value for key, value in os.environ.items() if key != "GLIBC_TUNABLES"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, order: str) -> dict:
        assert self.process.stdin, "a worker reads orders"
        assert self.process.stdout, "a worker answers"
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended while asked for '{order}'")
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin, "a worker reads orders"
        self.process.stdin.close()
        self.process.wait()


def collect(askers: dict[str, Worker], wanted: int, seconds: float) -> dict[str, dict]:
    """Alternate the variants until each has `wanted` undisturbed samples, or the time is over."""
    from machine import BUSY_LIMIT

    samples: dict[str, list[dict]] = {name: [] for name in askers}
    end = time.monotonic() + seconds
    for name, worker in askers.items():  # warm
        worker.ask(name)
        worker.ask(name)

    def clean(name: str) -> list[dict]:
        return [sample for sample in samples[name] if sample["others"] < BUSY_LIMIT]

    while any(len(clean(name)) < wanted for name in askers):
        for name, worker in askers.items():
            samples[name].append(worker.ask(name))
        if time.monotonic() > end and all(samples.values()):
            break
    results = {}
    for name in askers:
        chosen = clean(name) or samples[name]
        times = [sample["ms"] for sample in chosen]
        results[name] = {
            "median_ms": round(statistics.median(times), 2),
            "best_ms": round(min(times), 2),
            "samples": len(times),
            "discarded": len(samples[name]) - len(clean(name)),
            "disturbed": not clean(name),
            "page_faults": min(sample["faults"] for sample in chosen),
        }
        if "gflops" in chosen[0]:
            results[name]["gflops"] = round(max(sample["gflops"] for sample in chosen), 1)
    return results


def ratios(results: dict[str, dict]) -> dict[str, float]:
    """Time of the faster plain variant over each of ours."""
    plain = min(results[name]["median_ms"] for name in PLAIN if name in results)
    return {name: round(plain / results[name]["median_ms"], 2) for name in OURS if name in results}


def shipped(case: str, wanted: int, seconds: float) -> dict:
    plain, ours = Worker(case, "default"), Worker(case, "tuned")
    names = {name: plain for name in PLAIN if name in CASES[case].plain} | dict.fromkeys(OURS, ours)
    results = collect(names, wanted, seconds)
    plain.close(), ours.close()
    return {"variants": results, "ratios": ratios(results)}


def tuned(case: str, wanted: int, seconds: float) -> dict:
    worker = Worker(case, "tuned")
    names = dict.fromkeys([name for name in PLAIN if name in CASES[case].plain] + list(OURS), worker)
    if case in FLOORED:
        names |= dict.fromkeys(["peak-fp32", "peak-bf16"], worker)
    results = collect(names, wanted, seconds)
    story = worker.ask("check")
    layers = worker.ask("roofline")
    worker.close()
    report = {"variants": results, "ratios": ratios(results), **story, "roofline": layers}
    if case in FLOORED:
        report["over_floor"] = {
            name: round(
                results[name]["median_ms"] * results[f"peak-{name}"]["gflops"] / story["gflop"] / 1000, 2
            )
            for name in OURS
        }
    return report


def _floors(found: dict) -> str:
    """The machine's convolution peak in this run, the least time that the arithmetic takes at it, and ours over that."""
    told = []
    for name in OURS:
        peak = found["variants"][f"peak-{name}"]["gflops"]
        floor = 1000 * found["gflop"] / peak
        told.append(f"{name}: peak {peak:.0f} GFLOP/s, floor {floor:.1f} ms, {found['over_floor'][name]} ×")
    return "; ".join(told)


def table(report: dict) -> str:
    lines = [f"{'case':<14}{'setting':<10}{'plain':>9}{'fp32':>9}{'bf16':>9}{'×fp32':>8}{'×bf16':>8}  notes"]
    for case, settings in report["cases"].items():
        for setting, found in settings.items():
            variants = found["variants"]
            plain = min(variants[name]["median_ms"] for name in PLAIN if name in variants)
            notes = [f"faults {variants['fp32']['page_faults']}"]
            if "over_floor" in found:
                notes.append(_floors(found))
            if "error" in found:
                notes.append(f"error {found['error']:.1e}, bf16 {found['psnr']:.1f} dB")
            if any(variant["disturbed"] for variant in variants.values()):
                notes.append("DISTURBED by other processes")
            lines.append(
                f"{case:<14}{setting:<10}{plain:>9.1f}{variants['fp32']['median_ms']:>9.1f}"
                f"{variants['bf16']['median_ms']:>9.1f}{found['ratios']['fp32']:>8.2f}{found['ratios']['bf16']:>8.2f}"
                f"  {'; '.join(notes)}"
            )
    for case, settings in report["cases"].items():
        for name, found in settings.get("tuned", {}).get("roofline", {}).items():
            lines += ["", roofline.shown(case, name, found)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--case", action="append", choices=tuple(CASES), help="may be given several times; all if absent"
    )
    parser.add_argument("--setting", action="append", choices=("shipped", "tuned"))
    parser.add_argument("--samples", type=int, default=7, help="undisturbed samples wanted of each variant")
    parser.add_argument("--seconds", type=float, default=60, help="longest time for one setting of one case")
    parser.add_argument("--out", type=Path, default=None, help="results file; '-' writes none")
    parser.add_argument("--json", action="store_true", help="print the results as JSON instead of a table")
    wish = parser.parse_args()

    if wish.device == "cuda":
        from synthesis_cuda import measure, table_of

        report = measure(wish.seconds)
        text = table_of(report)
    else:
        from machine import describe

        report = {"machine": describe(), "cases": {}}
        for case in wish.case or CASES:
            report["cases"][case] = {
                setting: (shipped if setting == "shipped" else tuned)(case, wish.samples, wish.seconds)
                for setting in wish.setting or ("shipped", "tuned")
            }
        text = table(report)
    print(json.dumps(report, indent=1) if wish.json else text)
    out = wish.out or HERE / "results" / f"synthesis-{wish.device}.json"
    if str(out) != "-":
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
