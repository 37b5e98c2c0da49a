"""From a network and its scorers to a card, as a user types it, and everything that can be wrong on the way."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from latentlab.networks import export
from latentlab.networks.build import build
from latentlab.networks.tiny import tiny_generator
from latentlab.scorers.targets import NAMES, UNITS
from latentlab.store.archive import Archive
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.write import write

FEW = ("--samples", "500")


def save_scorer(path: Path, trunk: str, seed: int, **story: object) -> None:
    """A scorer of random weights, whose answers differ from face to face."""
    arguments = {"trunk": trunk, "width": 8, "size": 32, "outputs": len(NAMES)}
    network = build("scorer", arguments, None, seed)
    network.spread.fill_(5.0)
    story |= {"names": list(NAMES), "units": list(UNITS), "arguments": arguments}
    Archive("scorer", {k: v.contiguous() for k, v in network.state_dict().items()}, story).save(path)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network with a guide and a judge beside it, and one that is its child."""
    folder = tmp_path_factory.mktemp("scored")
    save_scorer(folder / "guide.safetensors", "residual", 0)
    save_scorer(folder / "judge.safetensors", "plain", 1)
    save_scorer(folder / "witness.safetensors", "attention", 2, r2={"age": 0.8, "blink": 0.49, "yaw": 0.5})
    generator = tiny_generator("stylegan2", 32)
    path = write(Foreign(*export(generator)), folder / "tiny.safetensors")
    with torch.no_grad():
        generator.get_parameter(next(n for n, _ in generator.named_parameters() if "conv" in n)).mul_(1.2)
    write(Foreign(*export(generator)), folder / "child.safetensors")
    return path


@pytest.fixture
def lab(scored: Path, run, monkeypatch):
    """`lab("discover", …)` on the scored network, judged without dlib."""
    monkeypatch.setattr("latentlab.studio.reports.evaluate.dlib_embedding", lambda: None)

    def call(command: str, *words: object):
        return run(*command.split(), "--network", scored, *words)

    return call


def test_own_scorers_and_the_witness_do_not_judge_together(lab) -> None:
    done = lab("evaluate", "age", "--judge", "witness", "--scorer", "fur=cats:fur")
    assert done.code == 2
    assert "judge instead of the witness" in done.err


def test_found_evaluated_carded_exported_and_ported(lab, scored, tmp_path) -> None:
    found = lab("discover", "--method", "joint", "--attribute", "age", *FEW, "--rounds", 1, "--faces", 10)
    assert found.code == 0
    assert "age: one step is 10 years" in found.out

    done = lab("evaluate", "age", "--samples", 100, "--reach", 1, "--dci", 60, "--json")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert rows[0]["direction"] == "age"
    assert set(rows[0]["leakage"]) | set(rows[0]["left_out"]) == set(NAMES) - {"age"}
    assert [row["space"] for row in rows[1:]] == ["z", "w", "w+", "s"]
    page = (tmp_path / "evaluation.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert not re.search(r'(src|href)="(?!data:)', page)

    done = lab("evaluate", "age", "--samples", 100, "--reach", 1, "--judge", "witness", "--json")
    row = json.loads(done.out.splitlines()[0])
    assert row["judges"].startswith("witness (")
    assert set(row["leakage"]) | set(row["left_out"]) == set(NAMES) - {"age", "blink"}

    assert lab("directions card", "age", "--samples", 100).code == 0
    card = (tmp_path / "cards/age.md").read_text()
    assert "years" in card
    assert "leaks into" in card
    assert (tmp_path / "cards/age.png").is_file()

    assert lab("directions export", "age", "age.npy").code == 0
    assert lab("directions import", "age.npy", "--name", "again").code == 0

    ported = lab(
        "directions port", "age", "--child", scored.parent / "child.safetensors", "--samples", 100, "--json"
    )
    told = json.loads(ported.out)
    assert told["name"] == "age"
    assert {"kept", "parent", "child"} == set(told["loss"])
    assert "kept_of_step" in told["story"]


def test_components_say_what_they_change(lab) -> None:
    done = lab("discover", "--method", "sefa", "--components", 3)
    assert done.code == 0
    assert re.search(r"sefa00: changes [a-z_]+[+-]", done.out)
    told = [
        json.loads(line)
        for line in lab("discover", "--method", "sefa", "--components", 2, "--json").out.splitlines()
    ]
    assert all(entry["label"] and entry["effects"] for entry in told)


def test_all_methods_of_a_bank_run_from_the_same_samples(lab, tmp_path) -> None:
    for method, more in (
        ("regression", ()),
        ("interfacegan", ("--share", 0.1)),
        ("stylespace", ("--channels", 2)),
        ("flow", ("--epochs", 1)),
    ):
        done = lab("discover", "--method", method, "--attribute", "smile", "--name", method, *FEW, *more)
        assert done.code == 0, done.err
    assert len(list((tmp_path / "lab/banks").glob("*/block-*.parquet"))) == 1


def constant(folder: Path) -> None:
    """Every sample of the bank scores the same in smile."""
    rewrite(folder, lambda name, column: np.full_like(column, 0.5) if name == "score.smile" else column)


def not_numbers(folder: Path) -> None:
    rewrite(folder, lambda name, column: column * np.nan if name == "score.smile" else column)


def rewrite(folder: Path, change) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (block,) = folder.glob("block-*.parquet")
    table = pq.read_table(block)
    for place, name in enumerate(table.column_names):
        if name.startswith("score."):
            table = table.set_column(place, name, pa.array(change(name, table[name].to_numpy())))
    pq.write_table(table, block)


def cut(folder: Path) -> None:
    (block,) = folder.glob("block-*.parquet")
    block.write_bytes(block.read_bytes()[:1000])


def other_model(folder: Path) -> None:
    key = json.loads((folder / "bank.json").read_text())
    (folder / "bank.json").write_text(json.dumps(key | {"model": "f" * 64}))


def no_key(folder: Path) -> None:
    (folder / "bank.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (constant, "score the same in 'smile'"),
        (not_numbers, "not numbers"),
        (cut, "is damaged"),
        (other_model, "another model"),
        (no_key, "bank.json is damaged"),
    ],
)
def test_a_bank_that_cannot_teach_is_one_line(damage, told, lab, tmp_path) -> None:
    words = ("discover", "--method", "regression", "--attribute", "smile", *FEW)
    assert lab(*words).code == 0
    (folder,) = (tmp_path / "lab/banks").iterdir()
    damage(folder)
    failed = lab(*words)
    assert failed.code == 2
    assert told in failed.line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--attribute", "smlie"), "did you mean 'smile'"),
        (("--attribute", "age", "--hold", "nose"), "nose"),
        (("--samples", "5"), "5 samples cannot fix 32 dimensions; at least 10"),
        (("--method", "interfacegan", "--share", "0.001", "--samples", "500"), "at least 10"),
        (("--method", "stylespace", "--channels", "0", "--samples", "500"), "out of range"),
        (("--method", "ganspace", "--components", "99"), "components"),
        (("--method", "ganspace", "--samples", "8"), "cannot fix"),
        (("--method", "sefa", "--layers", "3", "99"), "layers"),
        (("--method", "pairs"), "--before"),
        (("--method", "pairs", "--before", "gone.jpg", "--after", "gone.jpg"), "gone.jpg"),
        (("--method", "pairs", "--renders", "nose=2"), "nose"),
        (("--method", "pairs", "--renders", "age=x"), "age=20"),
        (("--method", "text"), "open_clip"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_discovery_cannot_do_is_one_line_and_leaves_no_direction(words, told, lab, tmp_path) -> None:
    failed = lab("discover", *words)
    assert failed.code == 2
    assert told in failed.line or ("text" in words and "--weights" in failed.line)
    assert not list((tmp_path / "lab").glob("directions/*"))


def test_a_published_file_of_the_wrong_width_is_one_line(lab, tmp_path) -> None:
    np.save(tmp_path / "wide.npy", np.ones((1, 512)))
    failed = lab("directions import", "wide.npy")
    assert failed.code == 2
    assert "512" in failed.line
    assert "32" in failed.line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody",), "nobody"),
        (("age", "--samples", "3"), "out of range"),
        (("age", "--reach", "0"), "--reach"),
        (("age", "--samples", "100", "--dci", "5"), "DCI needs"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_evaluation_cannot_do_is_one_line(words, told, lab, tmp_path) -> None:
    lab("discover", "--method", "regression", "--attribute", "age", *FEW)
    failed = lab("evaluate", *words)
    assert failed.code == 2
    assert told in failed.line
    assert not (tmp_path / "evaluation.html").exists()
