"""`torchrun … -m latentlab train` is one training of two processes: one of them writes and talks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from latentlab.core.image import save_image
from latentlab.store.archive import read_story

ROOT = Path(__file__).parents[2]


def test_two_processes_train_one_network(tmp_path: Path) -> None:
    for number in range(8):
        picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(number)) * 2 - 1
        save_image(picture, tmp_path / "photos" / f"{number}.png")
    words = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "latentlab", "train",
        "--data", "photos", "--preset", "stylegan2", "--resolution", "16", "--out", "run", "--images", "32", "--device", "cpu",
        "--set", "batch=8", "--set", "channel_base=256", "--set", "mapping_layers=2", "--set", "precision=fp32", "--json",
    ]  # fmt: skip
    shared = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=tmp_path, env=shared, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    assert read_story(tmp_path / "run" / "generator.safetensors")["kind"] == "stylegan2"
    steps = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert steps[-1]["images"] == 32
    assert len({line["images"] for line in steps}) == len(steps)  # nothing is written by both
