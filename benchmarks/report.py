"""Figures as a table for people, and as JSON with the machine in it for everybody else."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import torch

from latentlab.core.files import atomic

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    found: dict[str, object] = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "date": date.today().isoformat(),
    }
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def write(name: str, values: Mapping[str, object]) -> Path:
    """`results/NAME.json`, with the machine."""
    path = RESULTS / f"{name}.json"
    with atomic(path, own=True) as temporary:
        temporary.write_text(
            json.dumps({"machine": machine(), **values}, indent=1, ensure_ascii=False, default=str) + "\n"
        )
    return path


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows with the same keys as Markdown."""
    if not rows:
        return "(no rows)"
    heads = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[shown(row.get(head)) for head in heads] for row in rows]
    widths = [max(len(head), *(len(row[i]) for row in cells)) for i, head in enumerate(heads)]
    line = "| " + " | ".join(head.ljust(width) for head, width in zip(heads, widths, strict=True)) + " |"
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    body = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([line, rule, *body])


def shown(value: object) -> str:
    """Three significant digits; a dash for what was not measured."""
    if value is None or (isinstance(value, float) and value != value):
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def median(values: Sequence[float] | torch.Tensor) -> float:
    """Of what could be measured; NaN where nothing could."""
    found = torch.as_tensor(values, dtype=torch.float64)
    found = found[torch.isfinite(found)]
    return float(found.median()) if len(found) else float("nan")


def mean_interval(values: Sequence[float] | torch.Tensor, draws: int = 1000) -> tuple[float, float, float]:
    """Mean and its 95 % bootstrap interval."""
    found = torch.as_tensor(values, dtype=torch.float64)
    found = found[torch.isfinite(found)]
    if not len(found):
        return float("nan"), float("nan"), float("nan")
    picks = torch.randint(len(found), (draws, len(found)), generator=torch.Generator().manual_seed(0))
    means = found[picks].mean(dim=1)
    return float(found.mean()), float(means.quantile(0.025)), float(means.quantile(0.975))
