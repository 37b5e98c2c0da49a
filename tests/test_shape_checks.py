"""The shapes that signatures name are checked while the tests run, unless LATENTLAB_CHECK_SHAPES is 0."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import shape_checks
shape_checks.switch_on()
import torch
from jaxtyping import TypeCheckError
from latentlab.networks.perceptual import mse
from latentlab.networks.tiny import tiny_generator

images, generator = torch.zeros(2, 3, 8, 8), tiny_generator(resolution=16)
assert mse(images, images).shape == (2,)
refused = 0
for call in (
    lambda: mse(images, images[:, :1]),
    lambda: mse(images, torch.zeros(3, 3, 8, 8)),
    lambda: generator.styles(torch.zeros(2, generator.w_width)),
):
    try:
        call()
    except TypeCheckError:
        refused += 1
assert refused == 3, refused
"""


def test_tensors_of_other_shapes_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, cwd=Path(__file__).parent, check=False
    )
    assert done.returncode == 0, done.stderr
