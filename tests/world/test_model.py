"""Finding, reading and importing the face model."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from latentlab.core.errors import BadFile, MissingPart
from latentlab.world import model
from latentlab.world.importer import import_face_model, read_mesh
from latentlab.world.model import find_face_model, load_face_model
from latentlab.world.standin import stand_in


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    monkeypatch.delenv(model.VARIABLE, raising=False)
    monkeypatch.setattr(model, "user_file", lambda: tmp_path / "data" / model.FILE_NAME)
    return tmp_path


def test_without_a_model_the_error_says_where_to_get_it(nowhere):
    with pytest.raises(MissingPart, match=r"ICT-VGL.*world import"):
        load_face_model()


def test_the_argument_comes_before_the_variable_and_the_variable_before_the_data_folder(nowhere, monkeypatch):
    for folder in ("data", "variable", "argument"):
        (nowhere / folder).mkdir()
        (nowhere / folder / model.FILE_NAME).touch()
    assert find_face_model().parent.name == "data"
    monkeypatch.setenv(model.VARIABLE, str(nowhere / "variable"))
    assert find_face_model().parent.name == "variable"
    assert find_face_model(nowhere / "argument" / model.FILE_NAME).parent.name == "argument"


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", None])
def test_a_damaged_model_is_refused_in_one_line(nowhere, stand_in_file, damage):
    content = stand_in_file.read_bytes()
    place = nowhere / model.FILE_NAME
    place.write_bytes(content[: len(content) // 2] if damage is None else damage)
    with pytest.raises(BadFile, match="damaged") as caught:
        load_face_model(place)
    assert "\n" not in str(caught.value)


def test_a_model_with_impossible_numbers_is_refused(nowhere, stand_in_file):
    with np.load(stand_in_file) as archive:
        arrays = dict(archive)
    arrays["landmarks"] = arrays["landmarks"] + 10**6
    np.savez(nowhere / model.FILE_NAME, **arrays)
    with pytest.raises(BadFile, match="landmarks"):
        load_face_model(nowhere / model.FILE_NAME)


def test_the_stand_in_has_the_arrays_of_the_real_model(stand_in_file):
    known = stand_in()
    assert 1500 < len(known.vertices) < 5000
    assert known.identity.shape == (100, len(known.vertices), 3)
    assert len(known.landmarks.unique()) == 68
    assert load_face_model(stand_in_file).expression_names == known.expression_names


def test_the_importer_reads_the_public_files_as_the_model_has_them(test_data, face_model_path):
    raw = test_data / "face_model" / "raw"
    if not raw.exists():
        pytest.skip("the samples of the public files are not there")
    vertices, texcoords, faces, faces_uv = read_mesh(raw / "generic_neutral_mesh.obj.gz")
    known = load_face_model(face_model_path)
    assert np.array_equal(vertices, known.vertices.numpy())
    assert np.array_equal(texcoords, known.texcoords.numpy())
    assert np.array_equal(faces, known.faces.numpy())
    assert np.array_equal(faces_uv, known.faces_uv.numpy())
    smile = read_mesh(raw / "mouthSmile_L.obj.gz")[0]
    place = known.expression_names.index("mouthSmile_L")
    assert np.allclose(smile - vertices, known.expression[place].numpy(), atol=2e-3)
    with pytest.raises(MissingPart, match="98 identity meshes"):
        import_face_model(raw)


def test_folders_that_are_no_checkout_are_refused(tmp_path):
    with pytest.raises(MissingPart, match="no folder"):
        import_face_model(tmp_path / "absent")
    with pytest.raises(MissingPart, match="no checkout"):
        import_face_model(tmp_path)


@pytest.mark.parametrize("text", ["v 1 2 x\nf 1/1 2/2 3/3\n", "v 1 2\n", "v 1 2 3\nvt 0 0\nf 1 2 3\n"])
def test_files_that_are_no_meshes_are_refused(tmp_path, text):
    path: Path = tmp_path / "mesh.obj"
    path.write_text(text)
    with pytest.raises(BadFile, match="OBJ"):
        read_mesh(path)


def test_truncated_archives_are_refused(tmp_path):
    path = tmp_path / "mesh.obj.gz"
    path.write_bytes(gzip.compress(b"v 1 2 3\n" * 1000)[:40])
    with pytest.raises(BadFile):
        read_mesh(path)
