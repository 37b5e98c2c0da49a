"""Folders, names and assets."""

from __future__ import annotations

import os

import pytest

from latentlab.core import places
from latentlab.core.errors import BadInput, MissingPart, UnknownName
from latentlab.store import home


def test_the_environment_overrides_the_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path / "cache"))
    assert (places.data_folder(), places.cache_folder()) == (tmp_path / "data", tmp_path / "cache")


def test_assets_are_found_and_missing_ones_named():
    assert home.assets_folder().is_dir()
    assert home.find_asset("nothing/here.bin") is None
    with pytest.raises(MissingPart, match="nothing/here"):
        home.asset("nothing/here.bin")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a" * 100, "a b", "-x"])
def test_names_that_leave_the_lab_are_refused(name):
    with pytest.raises(BadInput, match="cannot be a name"):
        home.check_name(name)


def test_free_text_becomes_a_name():
    assert home.check_name(home.safe_name("../My Photo (1).JPG")) == "My_Photo_1"
    assert home.check_name(home.safe_name("日本.png")) == "日本"


def test_the_newest_inversion_is_the_default(tmp_path):
    for age, name in enumerate(["old", "new"]):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "latent.safetensors").touch()
        os.utime(folder / "latent.safetensors", (age, age))
    assert home.entries(tmp_path) == ["old", "new"]
    assert home.entry(tmp_path).name == "new"
    with pytest.raises(UnknownName, match="did you mean 'old'"):
        home.entry(tmp_path, "olt")
    with pytest.raises(BadInput, match="latentlab invert"):
        home.entry(tmp_path / "empty")


def test_networks_are_found_by_path_and_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path / "data"))
    networks = tmp_path / "lab" / "networks"
    networks.mkdir(parents=True)
    (networks / "mine.safetensors").touch()
    assert home.find_network("mine", tmp_path / "lab") == networks / "mine.safetensors"
    assert home.find_network(networks / "mine.safetensors") == networks / "mine.safetensors"
    with pytest.raises(BadInput, match="did you mean 'mine'"):
        home.find_network("mime", tmp_path / "lab")
    with pytest.raises(BadInput, match="no file"):
        home.find_network("mine.pkl", tmp_path / "lab")
    with pytest.raises(BadInput, match="models fetch"):
        home.find_network("ada-ffhq", tmp_path / "lab")
