"""Renders for scorers: the same faces whoever draws them, people who stay themselves, damage that is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import latentlab.backbones.labelled as module
from latentlab.backbones.labelled import FaceSet, labelled, path_of
from latentlab.core.errors import BadFile, BadInput
from latentlab.scorers.targets import NAMES
from latentlab.world.factors import identity_factors
from latentlab.world.standin import save_stand_in


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 10)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(save_stand_in(tmp_path_factory.mktemp("model") / "ict_facekit.npz"))


def test_blocks_are_rendered_once_and_read_with_their_truth(tmp_path, model: str) -> None:
    faces = FaceSet(15, seed=5, size=24)
    data = labelled(faces, tmp_path, model)
    stamp = path_of(tmp_path, 0).stat().st_mtime_ns
    again = labelled(faces, tmp_path, model)
    assert data.pixels.shape == (15, 24, 24, 3)
    assert data.values.shape == (15, len(NAMES))
    assert float(data.values[7, 0]) == pytest.approx(faces.faces(0)[7].age, abs=1e-4)
    assert torch.equal(data.pixels, again.pixels)
    assert path_of(tmp_path, 0).stat().st_mtime_ns == stamp


def test_a_person_keeps_identity_factors_and_changes_the_rest() -> None:
    pictures = FaceSet(10, seed=5, law="natural", views=5).faces(0)
    one, other = pictures[:5], pictures[5:]
    for name in identity_factors():
        assert len({getattr(face, name) for face in one}) == 1
    assert one[0].shape != other[0].shape
    assert len({face.light_azimuth for face in one}) == 5
    assert max(face.age for face in one) - min(face.age for face in one) <= 20


def test_what_cannot_be_dealt_or_read_is_one_line(tmp_path, model: str) -> None:
    with pytest.raises(BadInput, match="cannot be dealt"):
        FaceSet(10, seed=0, views=3)
    labelled(FaceSet(10, seed=5, size=24), tmp_path, model)
    with pytest.raises(BadInput, match="24 pixels"):
        labelled(FaceSet(10, seed=5, size=32), tmp_path, model)
    path_of(tmp_path, 0).write_bytes(b"PK")
    with pytest.raises(BadFile, match="delete it"):
        labelled(FaceSet(10, seed=5, size=24), tmp_path, model)
    np.savez(path_of(tmp_path, 0), px=np.zeros(1))
    with pytest.raises(BadFile, match="damaged"):
        labelled(FaceSet(10, seed=5, size=24), tmp_path, model)
