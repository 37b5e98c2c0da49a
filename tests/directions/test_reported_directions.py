"""Directions as people have them: components, dictionaries, other number formats, flattened, nested, empty."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from latentlab.core.errors import BadFile
from latentlab.core.latent import Space
from latentlab.directions.exchange import import_directions
from latentlab.store.bridge import read_tensors

REPORTED = Path(__file__).parent.parent / "fixtures" / "reported"


def test_components_of_ganspace_and_dictionaries_come_by_name():
    components = import_directions(REPORTED / "ganspace_components.npz", "g", 32, 8)
    assert [one.name for one in components] == ["g00", "g01", "g02", "g03"]
    with np.load(REPORTED / "ganspace_components.npz") as told:
        expected = told["lat_comp"][1, 0] * told["lat_stdev"][1]
    assert np.allclose(components[1].vector, expected)
    assert [d.name for d in import_directions(REPORTED / "directions_dict.pt")] == ["Eyeglasses", "Smiling"]


def test_a_direction_of_zeros_is_refused():
    with pytest.raises(BadFile, match="zeros"):
        import_directions(REPORTED / "direction_zero.npy", "z", 32)


@pytest.mark.parametrize("dtype", [">f4", ">f8", "<f2", "<f8", ">i4", "<i8", "|u1"])
@pytest.mark.parametrize("shape", [(32,), (1, 32), (8, 32), (1, 8, 32), (1, 256), (256,)])
def test_directions_of_any_number_format_and_shape(dtype, shape, tmp_path):
    values = (np.arange(np.prod(shape)) % 7 + 1).reshape(shape).astype(dtype)
    np.save(tmp_path / "x.npy", values)
    (found,) = import_directions(tmp_path / "x.npy", "x", 32, 8)
    whole = np.prod(shape) > 32
    assert found.space is (Space.W_PLUS if whole else Space.W)
    assert found.vector.tolist() == values.reshape((8, 32) if whole else 32).astype(np.float32).tolist()
    assert ("cast" in found.story) == (np.dtype(dtype).kind != "f")


def test_nested_dictionaries_and_arrays_of_objects_are_read(tmp_path):
    np.save(tmp_path / "a.npy", {"smile": np.ones((1, 4), ">f8"), "note": "x"})  # type: ignore[arg-type]
    torch.save({"age": {"plus": torch.ones(1, 4), "minus": [torch.ones(4)]}, "date": 3}, tmp_path / "b.pt")
    (tmp_path / "c.pkl").write_bytes(pickle.dumps({"w": np.ones((2, 3), ">f4")}))
    assert [one.name for one in import_directions(tmp_path / "a.npy", "a")] == ["a"]
    assert set(read_tensors(tmp_path / "b.pt")) == {"age.plus", "age.minus.0"}
    assert read_tensors(tmp_path / "c.pkl")["w"].tolist() == [[1.0] * 3] * 2
