"""`latentlab batch` at the terminal: what it says, and how it ends."""

from __future__ import annotations

import json

from skimage.data import astronaut


def test_rows_that_failed_are_exit_code_three(run, tmp_path, network) -> None:
    from PIL import Image

    (tmp_path / "photos").mkdir()
    Image.fromarray(astronaut()).save(tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "b.png").write_text("no picture")
    words = ("batch", "align", "photos", "--out", "out", "--workers", 1, "--network", network)
    done = run(*words, "--json")
    assert done.code == 3
    told = json.loads(done.out)
    assert (told["items"], told["ok"], told["failed"]) == (2, 1, {"no picture": 1})
    assert "out holds this batch already; go on with it: --resume" in run(*words).line
    again = run(*words, "--resume")
    assert (again.code, again.out) == (
        3, "1 of 2 items in out, 2 were there already; 1 failed (1 no picture)\n",
    )  # fmt: skip


def test_a_batch_of_the_folder_it_stands_in_goes_on_without_its_own_pictures(run, tmp_path, network) -> None:
    from PIL import Image

    Image.fromarray(astronaut()).save(tmp_path / "a.png")
    words = (
        "batch",
        "align",
        ".",
        "--out",
        "out",
        "--workers",
        1,
        "--pictures",
        "files",
        "--network",
        network,
    )
    assert run(*words).code == 0
    again = run(*words, "--resume")
    assert again.code == 0
    assert "1 picture left out, in out (1)" in again.err
    assert again.out == "1 of 1 item in out, 1 were there already\n"


def test_without_a_manifest_an_example_is_shown(run) -> None:
    failed = run("batch", "score")
    assert (failed.code, failed.line) == (
        2, "latentlab batch score: which photos? for example: latentlab batch score photos/ --out scores --workers 4",
    )  # fmt: skip
