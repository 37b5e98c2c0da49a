"""A trained baseline on a photograph, from Python and from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.baselines.baseline import Baseline
from latentlab.baselines.files import pack
from latentlab.baselines.pix2pix import Pix2pix
from latentlab.baselines.ugatit import UGATIT
from latentlab.cli.main import main
from latentlab.studio import Studio
from latentlab.training.checkpoint import Checkpoint


def saved(name: str, method: Baseline, folder: Path) -> Path:
    """The file of a training that has not learned anything."""
    torch.manual_seed(0)
    tensors = {
        f"network/{part}/{key}": value
        for part, network in method.networks().items()
        for key, value in network.state_dict().items()
    }
    return pack(name, method, Checkpoint(tensors), {}).save(folder / f"{name}.safetensors")


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from skimage.data import astronaut

    path = tmp_path_factory.mktemp("photos") / "portrait.png"
    Image.fromarray(astronaut()[:300, 80:380]).save(path)
    return path


def test_the_edited_face_lies_in_its_photo_and_the_rest_is_untouched(portrait: Path, tmp_path: Path):
    file = saved("pix2pix", Pix2pix(size=64, width=4, levels=4), tmp_path)
    picture = Studio(device="cpu").baseline(str(file), portrait, smile=1)
    before, after = np.asarray(Image.open(portrait)), np.asarray(picture.image)
    assert after.shape == before.shape
    assert np.array_equal(after[:10], before[:10]) and not np.array_equal(after, before)
    assert picture.recipe["wishes"] == {"smile": 1} and str(tmp_path) not in json.dumps(picture.recipe)


def test_attention_is_shown_beside_the_edit(
    portrait: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    method = UGATIT(size=64, width=4, blocks=1, light=True, global_layers=4, local_layers=3)
    file = saved("ugatit", method, tmp_path)
    words = [
        "baseline",
        str(file),
        str(portrait),
        "--wish",
        "toon",
        "--aligned",
        "--out",
        str(tmp_path / "out"),
        "--json",
    ]
    assert main(words) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [Path(path).name for path in files] == [
        "portrait_ugatit_toon.png",
        "portrait_ugatit_toon_heat.png",
    ]
    assert Image.open(files[0]).size == (64, 64)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--wish", "age=60"], "pix2pix cannot grant 'age'; it can: smile; try: caae"),
        (["--wish", "smile=3"], "smile=3 is out of range; give 1"),
        (["--wish", "smile=x"], "'x' in 'smile=x' is not a number"),
        (["--wish", "=1"], "no wish"),
        ([], "nothing is wished for; pix2pix can grant: smile"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: list[str], told: str, portrait: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = saved("pix2pix", Pix2pix(size=64, width=4, levels=4), tmp_path)
    assert main(["baseline", str(file), str(portrait), *words, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip()
    assert told in error and "\n" not in error
    assert not (tmp_path / "out").exists()
