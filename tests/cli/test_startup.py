"""What a command imports: never torch's compiler, and no torch where files alone are looked at."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image

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


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["models", "list"], ["directions", "list"], ["directions", "list", "--all"]],
)
def test_help_and_lists_need_no_torch(words, tmp_path):
    assert run("torch", words, tmp_path).returncode == 0


def test_a_foreign_file_is_refused_without_torch(tmp_path):
    (tmp_path / "foreign.txt").write_text("no picture\n")
    Image.new("RGB", (8, 8)).save(tmp_path / "foreign.png")
    for name in ("foreign.txt", "foreign.png"):
        done = run("torch", ["replay", name], tmp_path)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_drawing_a_picture_imports_no_compiler_and_nothing_of_training(tmp_path):
    forbidden = "torch._dynamo,torch._inductor,sklearn,matplotlib,pandas,tensorboard,dlib,scipy.signal"
    words = ["generate", "--seeds", "1", "--out", "pictures"]
    assert run(forbidden, words, tmp_path).returncode == 0
    assert (tmp_path / "pictures" / "seed0001.png").is_file()


def test_no_command_reads_the_metadata_of_all_that_is_installed(tmp_path):
    code = (
        "import importlib.metadata as metadata, sys\n"
        "def scan(**group): raise SystemExit(f'looked through all packages for {group}')\n"
        "metadata.entry_points = scan\n"
        "from latentlab.cli.main import main\n"
        "sys.exit(main(['directions', 'list']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_directions_told_are_those_that_load_with_the_same_words():
    import latentlab

    studio = latentlab.open("faces")
    for told in studio.directions_told():
        loaded = studio.direction(told.name)
        assert (told.space, told.unit, told.step) == (loaded.space.name, loaded.unit, loaded.step)
        assert (told.model, told.span, told.layers) == (loaded.model, loaded.span, loaded.layers)


def test_the_hash_that_the_card_tells_is_the_hash_of_the_network_and_of_no_other_file(tmp_path):
    import latentlab
    from latentlab.studio.shelf.finding import find, hash_told

    path = find("faces")
    assert hash_told(path) == latentlab.open("faces").generator.hash
    other = tmp_path / "generator.safetensors"
    other.write_bytes((path.parent / "discriminator.safetensors").read_bytes())
    assert hash_told(other) == ""  # no card
    (tmp_path / "card.json").write_bytes((path.parent / "card.json").read_bytes())
    assert hash_told(other) == ""  # the card of another file
