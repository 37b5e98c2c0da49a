"""No command writes over what it reads, what others made, a device, or what a link leads to; --force replaces strangers."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from PIL import Image

WRITERS: dict[str, tuple[tuple[str, ...], str]] = {
    "generate": (("--seeds", "0", "--out", "."), "seed0000.png"),
    "generate grid": (("--seeds", "0-1", "--grid", "2x1", "--out", "."), "grid.png"),
    "mix": (("--rows", "0", "--cols", "1", "--out", "."), "grid.png"),
    "interpolate": (("--seeds", "0,1", "--frames", "2", "--out", "a.gif"), "a.gif"),
    "models card": (("tiny", "--out", "card.md"), "card.md"),
    "convert": (("tiny", "copy.safetensors"), "copy.safetensors"),
    "train": (("--data", "photos", "--resolution", "16", "--images", "8", "--out", "."), "run.json"),
    "train log": (("--data", "photos", "--resolution", "16", "--images", "8", "--out", "."), "log.jsonl"),
}
"""Words of each command, and a file that it writes."""


@pytest.fixture
def write(run, network):
    """Runs a command of the table on the tiny network; returns the outcome and the target's path."""

    def call(name: str, *more: str):
        words, target = WRITERS[name]
        words = tuple(str(network) if word == "tiny" else word for word in words)
        plain = [word for word in name.split() if word not in ("grid", "log")]
        if plain[0] == "train":
            Path("photos").mkdir(exist_ok=True)
            for number in range(8):
                Image.new("RGB", (16, 16), (number * 30, 90, 120)).save(f"photos/{number}.png")
        return run(*plain, *words, "--network", network, *more), Path(target)

    return call


@pytest.mark.parametrize("name", WRITERS)
def test_a_stranger_s_file_stays(write, tmp_path, name) -> None:
    target = tmp_path / WRITERS[name][1]
    target.write_bytes(b"mine, and nobody else's")
    outcome, _ = write(name)
    assert outcome.code == 2
    assert target.name in outcome.err
    assert target.read_bytes() == b"mine, and nobody else's"
    assert not [path for path in tmp_path.iterdir() if ".latentlab-" in path.name]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", ["device", "pipe", "link to a stranger"])
def test_devices_pipes_and_what_links_lead_to_stay(write, tmp_path, name, kind) -> None:
    target, stranger = tmp_path / WRITERS[name][1], tmp_path / "stranger"
    stranger.write_bytes(b"mine")
    if kind == "pipe":
        os.mkfifo(target)
    else:
        target.symlink_to("/dev/null" if kind == "device" else stranger)
    outcome, _ = write(
        name, *(("--force",) if kind != "link to a stranger" and not name.startswith("train") else ())
    )
    assert outcome.code == 2
    assert stranger.read_bytes() == b"mine"
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert target.is_symlink() or stat.S_ISFIFO(target.stat().st_mode)


@pytest.mark.parametrize(
    "name", ["generate", "generate grid", "mix", "interpolate", "models card", "convert"]
)
def test_with_force_a_stranger_s_file_is_replaced(write, tmp_path, name) -> None:
    target = tmp_path / WRITERS[name][1]
    target.write_bytes(b"mine")
    outcome, _ = write(name, "--force")
    assert outcome.code == 0, outcome.err
    assert target.read_bytes() != b"mine"


def test_an_input_is_never_written_over_not_even_with_force(run, network, tmp_path) -> None:
    assert run("generate", "--seeds", "0", "--out", "made", "--network", network).code == 0
    before = (tmp_path / "made/seed0000.png").read_bytes()
    outcome = run("replay", "made/seed0000.png", "--out", "made", "--force", "--network", network)
    assert outcome.code == 2
    assert "what this command reads" in outcome.line
    assert (tmp_path / "made/seed0000.png").read_bytes() == before

    shutil.copy(network, tmp_path / "own.safetensors")
    outcome = run("convert", "own.safetensors", "own.safetensors", "--force")
    assert outcome.code == 2
    assert "what this command reads" in outcome.line
