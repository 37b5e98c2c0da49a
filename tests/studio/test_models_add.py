"""A file is opened before it gets a name: what it holds is told, what is not read is refused and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latentlab.core.errors import LatentLabError
from latentlab.studio import Studio, add_model, models

REPORTED = Path(__file__).parents[1] / "fixtures" / "reported"


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path / "data"))


@pytest.mark.parametrize(
    ("name", "about"),
    [("gray.pkl", "StyleGAN2, 32×32, 1 channel, G_ema"), ("eps696_nonsquare.pkl", "StyleGAN2, 40×24, G_ema")],
)
def test_what_a_file_holds_is_told(name: str, about: str) -> None:
    added = add_model("mine", str(REPORTED / name))
    assert added.about == about
    assert models().files() == {"mine": added.path}


@pytest.mark.parametrize(
    "name", ["p03_tf_version_bomb.pkl", "s11_mapping_layers_1e9.safetensors", "directions_dict.pt"]
)
def test_what_is_no_network_is_not_taken(name: str) -> None:
    with pytest.raises(LatentLabError):
        add_model("mine", str(REPORTED / name))
    assert not models().files()


def test_a_family_that_is_not_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "xl.pkl"
    path.write_bytes(b"\x80\x02csome.module\nSuperresGenerator\n)R.")
    with pytest.raises(LatentLabError, match="StyleGAN-XL network, a family that latentlab does not read"):
        add_model("xl", str(path))


@pytest.mark.parametrize("name", ["gray.pkl", "rgba.pkl", "eps696_nonsquare.pkl"])
def test_a_sheet_shows_whole_pictures_and_a_picture_is_made_again(name: str, tmp_path: Path) -> None:
    studio = Studio(network=REPORTED / name)
    *pictures, sheet = studio.generate([0, 1], grid=(2, 1))
    _, height, width = studio.generator.picture_shape
    pixels = np.asarray(sheet.picture if hasattr(sheet, "picture") else sheet.show())
    assert pixels.shape[:2] == (height, 2 * width)
    shown = np.asarray(pictures[1].show().convert("RGB"))
    assert np.array_equal(pixels[:, width:, :3], shown)
    file = pictures[0].save(tmp_path / "a.png")
    assert studio.replay(file).largest == 0
