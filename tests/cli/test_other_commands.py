"""Every other command that needs no trained network, as a new user types it, right and wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image


def test_a_mix_writes_its_cells_and_a_sheet(network, run, tmp_path) -> None:
    done = run("mix", "--network", network, "--rows", "1,2", "--cols", "3", "--styles", "0-2")
    assert done.code == 0
    assert sorted(p.name for p in (tmp_path / "mixed").iterdir()) == ["1-3.png", "2-3.png", "grid.png"]


def test_a_video_tells_its_length(network, run, tmp_path) -> None:
    done = run(
        "interpolate",
        "--network",
        network,
        "--seeds",
        "0,1",
        "--frames",
        4,
        "--fps",
        5,
        "--out",
        "a.gif",
        "--json",
    )
    assert json.loads(done.out) == {"video": "a.gif", "frames": 5, "fps": 5}
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 5


def test_a_conversion_tells_the_difference_and_refuses_to_overwrite(network, run, tmp_path) -> None:
    told = json.loads(run("convert", network, "a.pt", "--json").out)
    assert told["difference"] <= 1e-5
    failed = run("convert", network, "a.pt")
    assert failed.code == 2
    assert "--force" in failed.line
    assert run("convert", network, "a.pt", "--force").code == 0


def test_a_replay_compares_and_goes_on_after_a_file_it_cannot_read(network, run, tmp_path) -> None:
    run("generate", "--network", network, "--seeds", "0")
    (tmp_path / "text.png").write_text("no picture")
    done = run("replay", "--network", network, "text.png", "pictures/seed0000.png", "--json")
    assert done.code == 2
    assert "text.png" in done.line
    assert json.loads(done.out)["largest"] == 0
    assert np.array_equal(
        np.asarray(Image.open(tmp_path / "replayed/seed0000.png")),
        np.asarray(Image.open(tmp_path / "pictures/seed0000.png")),
    )


def test_a_replay_that_comes_out_otherwise_is_exit_code_one(network, run, tmp_path) -> None:
    from latentlab.core.image import read_story, save_image

    run("generate", "--network", network, "--seeds", "0-1")
    story = read_story(tmp_path / "pictures/seed0000.png")
    save_image(Image.open(tmp_path / "pictures/seed0001.png").convert("RGB"), tmp_path / "forged.png", story)
    assert run("replay", "--network", network, "forged.png").code == 1


def test_a_model_of_one_s_own_has_a_name(network, run, tmp_path) -> None:
    assert run("models", "add", "mine", network).code == 0
    assert "mine" in run("models", "list", "--here").out
    assert run("models", "verify").code == 0
    assert run("generate", "--network", "mine", "--seeds", "0").code == 0
    assert "stylegan2" in run("models", "card", "mine").out
    damaged = next((tmp_path / ".data/models").glob("mine.*"))
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    assert run("models", "verify").code == 2


def test_the_public_models_are_listed_with_their_licences(run) -> None:
    entries = [json.loads(line) for line in run("models", "list", "--json").out.splitlines()]
    assert all(entry.get("licence") for entry in entries if not entry.get("ships"))


def test_the_doctor_tests_the_operators(run) -> None:
    examined = run("doctor", "--json")
    told = json.loads(examined.out)
    assert (examined.code == 0) == told["good"]
    assert {test["operator"] for test in told["operators"]["tests"]} >= {
        "bias_act",
        "upfirdn2d",
        "filtered_lrelu",
    }


def test_the_doctor_s_exit_code_tells_of_a_wrong_operator(run, monkeypatch) -> None:
    from dataclasses import replace

    from cuda_ops import doctor

    sick = doctor.Report({}, {}, [doctor.SelfTest("native cpu", "bias_act", 1.0, 0.0, 0.0, "disagrees")])
    monkeypatch.setattr(doctor, "report", lambda: sick)
    assert run("doctor").code == 1
    monkeypatch.setattr(doctor, "report", lambda: replace(sick, tests=[]))
    assert run("doctor").code == 0


def test_a_portrait_is_aligned_and_a_wrong_file_does_not_stop_it(run, tmp_path) -> None:
    pytest.importorskip("dlib")
    from skimage import data

    Image.fromarray(data.astronaut()).save(tmp_path / "a.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "empty.png")
    done = run("align", "empty.png", "gone.png", "a.png", "--size", 64)
    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 2
    assert Image.open(tmp_path / "aligned/a.png").size == (64, 64)
    assert json.loads((tmp_path / "aligned/a.crop.json").read_text())


WRONG = [
    ("mix", ["--styles", "0-99"], "0 to 7"),
    ("mix", ["--rows", ""], "seeds"),
    ("mix", ["--cols", "-3"], "seeds"),
    ("interpolate", ["--seeds", "1"], "two samples"),
    ("interpolate", ["--out", "a.avi"], ".mp4 or .gif"),
    ("interpolate", ["--fps", "0"], "--fps"),
    ("interpolate", ["--frames", "0"], "--frames"),
    ("interpolate", ["--out", "/proc/x/a.gif"], "/proc/x"),
    ("interpolate", ["--path", "zigzag"], "zigzag"),
    ("metrics", ["--data", "gone"], "gone"),
    ("metrics", ["--n", "2"], "out of range"),
    ("replay", [], "which pictures"),
    ("edit", [], "--direction"),
    ("edit", ["--direction", "age=x"], "'x'"),
    ("invert", [], "no photo"),
    ("invert", ["gone.jpg"], "gone.jpg"),
    ("invert", ["--method", "magic", "a.jpg"], "magic"),
    ("discover", ["--method", "magic"], "magic"),
    ("evaluate", [], "which directions"),
    ("directions show", ["nothing"], "nothing"),
    ("directions import", ["gone.npy"], "gone.npy"),
    ("directions build", [], "--out"),
    ("directions build", ["--out", "d", "--recipe", "gone.toml"], "gone.toml"),
    ("directions build", ["--out", "d", "--only", "nose"], "nose"),
    ("align", [], "which photos"),
    ("align", ["--size", "1", "a.jpg"], "--size"),
    ("models fetch", [], "which models"),
    ("models fetch", ["nothing"], "nothing"),
    ("models add", ["../x", "a.pkl"], "../x"),
    ("models verify", ["nothing"], "nothing"),
    ("models card", ["nothing", "--measure"], "nothing"),
    ("models card", ["nothing", "--measure", "--compared", "3"], "--compared 3"),
    ("train", [], "--out"),
    ("train", ["--out", "r", "--data", "gone"], "gone"),
    ("train", ["--out", "r", "--preset", "magic"], "magic"),
    ("train", ["--out", "r", "--set", "nonsense=1"], "nonsense"),
    ("train", ["--out", "r", "--set", "learning_rate=fast"], "learning_rate"),
    ("train", ["--out", "r", "--images", "0"], "--images"),
    ("train", ["--out", "r", "--where", "age > 3"], "--where and --weights choose photographs"),
    ("train", ["--out", "r", "--render-share", "0.5"], "--render-share"),
    ("train", ["--out", "r", "--render-share", "2"], "--render-share"),
    ("train", ["--out", "r", "--data", ".", "--weight", "faker"], "'faker' is no weight"),
    ("finetune", ["--out", "r", "--data", "gone"], "gone"),
    ("finetune", ["--out", "r"], "--data"),
    ("train-scorer", ["--out", "r", "--role", "king"], "king"),
    ("world sheet", ["--face-model", "gone.npz"], "gone.npz"),
    ("world render", ["--out", "w", "--face-model", "gone.npz"], "gone.npz"),
    ("world import", ["gone"], "gone"),
    ("demo", ["--photo", "gone.jpg"], "gone.jpg"),
]


@pytest.mark.parametrize(
    ("command", "words", "told"), WRONG, ids=lambda value: value if isinstance(value, str) else ""
)
def test_bad_input_is_one_line_and_leaves_nothing(command, words, told, network, run, tmp_path) -> None:
    failed = run(*command.split(), "--network", network, *words)
    assert failed.code == 2
    assert told in failed.line
    assert not [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and ".data" not in path.parts and "lab" not in path.parts
    ]


def test_a_list_of_directions_says_where_those_of_photographs_are(run) -> None:
    usual, named = run("directions", "list"), run("directions", "list", "--network", "portraits")
    assert (usual.code, named.code) == (0, 0)
    assert "directions list --network portraits" in usual.err
    assert "photographs get" not in named.err
    assert "smile" in usual.out
    assert "smile" in named.out
    assert usual.out != named.out
