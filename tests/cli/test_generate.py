"""`latentlab generate`: known seeds, known pictures; nothing half-done on bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.core.image import read_story

ROOT = Path(__file__).parent.parent.parent
G = "generate"


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_files_are_called_by_their_seeds(network, run, tmp_path) -> None:
    done = run(G, "--network", network, "--seeds", "0-2,85", "--out", "a")
    assert done.code == 0
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "seed0000.png",
        "seed0001.png",
        "seed0002.png",
        "seed0085.png",
    ]


def test_a_seed_s_picture_does_not_depend_on_the_others(network, run, tmp_path) -> None:
    run(G, "--network", network, "--seeds", "0-9", "--noise", "random", "--noise-seed", 5, "--out", "many")
    run(G, "--network", network, "--seeds", "7", "--noise", "random", "--noise-seed", 5, "--out", "one")
    many, one = pixels(tmp_path / "many/seed0007.png"), pixels(tmp_path / "one/seed0007.png")
    assert np.abs(many.astype(int) - one).max() <= 1


def test_what_is_there_is_not_drawn_again(network, run, tmp_path) -> None:
    run(G, "--network", network, "--seeds", "0-1", "--out", "a")
    before = (tmp_path / "a/seed0000.png").stat().st_mtime_ns
    lines = [
        json.loads(line)
        for line in run(G, "--network", network, "--seeds", "0-2", "--out", "a", "--json").out.splitlines()
    ]
    assert [line["drawn"] for line in lines] == [False, False, True]
    assert (tmp_path / "a/seed0000.png").stat().st_mtime_ns == before


def test_another_truncation_draws_anew(network, run, tmp_path) -> None:
    run(G, "--network", network, "--seeds", "0", "--out", "a")
    first = pixels(tmp_path / "a/seed0000.png")
    assert run(G, "--network", network, "--seeds", "0", "--psi", ".5", "--out", "a").code == 0
    assert np.any(first != pixels(tmp_path / "a/seed0000.png"))


@pytest.mark.parametrize(("alias", "flag"), [("--trunc", "--psi"), ("--noise-mode", "--noise")])
def test_flags_of_the_published_tools_are_understood(alias, flag, network, run, tmp_path) -> None:
    value = ".5" if flag == "--psi" else "none"
    run(G, "--network", network, "--seeds", "0", alias, value, "--out", "a")
    run(G, "--network", network, "--seeds", "0", f"{flag}={value}", "--out", "b")
    assert np.array_equal(pixels(tmp_path / "a/seed0000.png"), pixels(tmp_path / "b/seed0000.png"))


def test_the_grid_holds_the_pictures_in_order(network, run, tmp_path) -> None:
    run(G, "--network", network, "--seeds", "0-2", "--grid", "2x2", "--out", "a")
    sheet = pixels(tmp_path / "a/grid.png")
    assert np.array_equal(sheet[32:, :32], pixels(tmp_path / "a/seed0002.png"))
    assert (sheet[32:, 32:] == 255).all()


def test_a_picture_tells_its_recipe_without_paths(network, run, tmp_path) -> None:
    run(G, "--network", network, "--seeds", "3", "--psi", ".7", "--out", "a")
    path = tmp_path / "a/seed0003.png"
    story = read_story(path)
    assert story["asked"] == {"seeds": [3], "psi": 0.7, "noise": "const"}
    assert story["network"]["name"] == "tiny.safetensors"
    assert len(story["network"]["hash"]) == 64
    assert str(tmp_path).encode() not in path.read_bytes()
    assert str(network.parent).encode() not in path.read_bytes()
    assert b"trainedAlgorithmicMedia" in path.read_bytes()


def test_a_class_is_chosen(conditional, run, tmp_path) -> None:
    run(G, "--network", conditional, "--seeds", "0", "--class", 0, "--out", "a")
    run(G, "--network", conditional, "--seeds", "0", "--class", 2, "--out", "b")
    assert np.any(pixels(tmp_path / "a/seed0000.png") != pixels(tmp_path / "b/seed0000.png"))


def test_saved_latents_are_drawn(network, run, tmp_path) -> None:
    np.savez(tmp_path / "projected_w.npz", w=np.random.RandomState(0).randn(1, 8, 32).astype(np.float32))
    np.save(tmp_path / "many.npy", np.random.RandomState(0).randn(3, 32))
    assert run(G, "--network", network, "--latents", "projected_w.npz", "--out", "a").code == 0
    assert run(G, "--network", network, "--latents", "many.npy", "--out", "b").code == 0
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == [f"latent000{k}.png" for k in range(3)]


BAD = {
    "a seed below zero": (["--seeds", "-1"], "'-1'"),
    "a seed too large": (["--seeds", "4294967296"], "4294967295"),
    "words for seeds": (["--seeds", "all"], "'all'"),
    "a range backwards": (["--seeds", "9-3"], "3-9"),
    "far too many seeds": (["--seeds", "0-4294967295"], "1000000"),
    "a cutoff beyond the layers": (["--cutoff", "99"], "8 layers"),
    "a negative cutoff": (["--cutoff", "-1"], "out of range"),
    "psi nan": (["--psi", "nan"], "nan"),
    "psi infinite": (["--psi", "inf"], "inf"),
    "a class where there is none": (["--class", "1"], "no classes"),
    "a noise seed without noise": (["--noise-seed", "1"], "--noise random"),
    "a grid too small": (["--seeds", "0-8", "--grid", "2x2"], "2x5"),
    "a grid with empty rows": (["--seeds", "0-1", "--grid", "2x4"], "2x1"),
    "no grid at all": (["--grid", "four"], "'four'"),
    "a missing network": (["--network", "gone.pkl"], "gone.pkl"),
    "an unknown name": (["--network", "facse"], "facse"),
    "a folder for a network": (["--network", "."], "folder"),
    "no such device": (["--device", "tpu"], "'tpu'"),
    "a missing latent file": (["--latents", "gone.npz"], "gone.npz"),
    "a latent file that is none": (["--latents", "text.npz"], "text.npz"),
    "latents of another width": (["--latents", "wide.npy"], "wide.npy"),
    "latents with a nan": (["--latents", "nan.npy"], "NaN"),
    "latents that are a pickle": (["--latents", "pickled.npy"], "pickled.npy"),
    "latents that are text": (["--latents", "words.npy"], "words.npy"),
    "a text file named pkl": (["--network", "text.pkl"], "text.pkl"),
    "a folder that is a file": (["--out", "text.pkl"], "text.pkl"),
    "a folder that cannot be": (["--out", "/proc/nothing"], "/proc/nothing"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(case, network, run, tmp_path) -> None:
    (tmp_path / "text.pkl").write_text("this is no pickle")
    (tmp_path / "text.npz").write_text("this is no archive")
    np.save(tmp_path / "wide.npy", np.zeros((1, 77), np.float32))
    np.save(tmp_path / "nan.npy", np.full((1, 32), np.nan))
    np.save(tmp_path / "pickled.npy", np.array([print], dtype=object), allow_pickle=True)
    np.save(tmp_path / "words.npy", np.array(["a", "b"]))
    before = sorted(tmp_path.rglob("*"))
    words, told = BAD[case]
    failed = run(G, *([] if "--network" in words else ["--network", network]), *words)
    assert failed.code == 2
    assert told in failed.line
    assert failed.out == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [[], ["--class", "3"], ["--class", "-1"]])
def test_a_conditional_network_wants_one_of_its_classes(words, conditional, run) -> None:
    failed = run(G, "--network", conditional, *words)
    assert failed.code == 2
    assert ("out of range" if "-1" in words else "0 to 2") in failed.line


def test_a_truncated_pickle_is_one_line(test_data, run, tmp_path) -> None:
    whole = (test_data / "fixtures/public/sg2ada_uncond64.pkl").read_bytes()
    (tmp_path / "half.pkl").write_bytes(whole[: len(whole) // 2])
    failed = run(G, "--network", "half.pkl")
    assert failed.code == 2
    assert "half.pkl" in failed.line
    assert not (tmp_path / "pictures").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_line(network, run, tmp_path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "locked" in run(G, "--network", network, "--out", "locked").line


def test_files_that_others_made_are_not_replaced(network, run, tmp_path) -> None:
    (tmp_path / "a").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "a/seed0001.png")
    failed = run(G, "--network", network, "--seeds", "0-1", "--out", "a")
    assert failed.code == 2
    assert "--force" in failed.line
    assert not (tmp_path / "a/seed0000.png").exists()
    assert run(G, "--network", network, "--seeds", "0-1", "--out", "a", "--force").code == 0


def test_latents_of_another_network_are_refused(network, run, tmp_path) -> None:
    import torch

    from latentlab.store.archive import Archive

    story = {"space": "W", "model": "0" * 64}
    Archive("latent", {"values": torch.zeros(1, 32)}, story).save(tmp_path / "l.safetensors")
    failed = run(G, "--network", network, "--latents", "l.safetensors")
    assert failed.code == 2
    assert "000000000000" in failed.line


def test_ctrl_c_keeps_what_is_finished(network, tmp_path) -> None:
    words = [G, "--network", str(network), "--seeds", "0-99999", "--out", "a"]
    # a shell's background jobs, and all they start, ignore SIGINT
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += f"from latentlab.cli.main import main; sys.exit(main({words}))"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    program = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 240
    while len(list((tmp_path / "a").glob("seed*.png"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (tmp_path / "a").exists(), "no picture within four minutes"
    program.send_signal(signal.SIGINT)
    complaint = program.communicate(timeout=60)[1]
    assert program.returncode == 130
    assert "interrupted" in complaint
    finished = sorted((tmp_path / "a").iterdir())
    assert len(finished) >= 3
    assert all(path.name.startswith("seed") for path in finished)
    for path in finished:
        pixels(path)
