"""What a command imports: never torch's compiler, and no torch where files alone are looked at."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
from latentlab.cli.main import main
code = main(sys.argv[2:])
heavy = sorted(set(sys.argv[1].split(',')) & set(sys.modules))
sys.exit(f'imported {heavy}' if heavy else code)
"""


def run(forbidden, words, folder):
    done = subprocess.run(
        [sys.executable, "-c", CODE, forbidden, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "imported" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["models", "list"]])
def test_help_and_the_list_of_models_need_no_torch(words, tmp_path):
    assert run("torch", words, tmp_path).returncode == 0


@pytest.mark.slow
def test_drawing_a_picture_imports_no_compiler_and_nothing_of_training(tmp_path):
    forbidden = "torch._dynamo,torch._inductor,sklearn,matplotlib,pandas,tensorboard,dlib,scipy.signal"
    words = ["generate", "--seeds", "1", "--out", "pictures"]
    assert run(forbidden, words, tmp_path).returncode == 0
    assert (tmp_path / "pictures" / "seed0001.png").is_file()
