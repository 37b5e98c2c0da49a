"""What a benchmark ran on, and whether the machine was its own while it ran."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

BUSY_LIMIT = 0.08
"""A sample counts when other processes used less than this share of the machine meanwhile."""


def describe(device: str = "cpu") -> dict[str, object]:
    """Processor, cores, threads, torch and system, for the results file."""
    model = platform.processor()
    flags: list[str] = []
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            if key.strip() == "flags":
                flags = [
                    flag
                    for flag in value.split()
                    if flag.startswith(("avx512_bf16", "avx512f", "amx", "avx2"))
                ]
                break
    except OSError:
        pass
    story: dict[str, object] = {
        "processor": model,
        "features": sorted(flags),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()),
    }
    if device == "cuda":
        story |= {"gpu": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    return story


def busy_seconds() -> float:
    """Processor time that all processes have used since the machine started."""
    try:
        fields = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return 0.0
    user, nice, system, _, _, interrupts, soft, stolen = fields
    return (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")
