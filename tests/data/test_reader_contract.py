"""What every registered reader promises."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from latentlab.core.errors import BadFile, BadInput
from latentlab.data import READERS
from latentlab.data.reader import Reader


@pytest.mark.parametrize("name", READERS)
def test_a_reader_is_a_frozen_record_with_a_sentence(name: str, tmp_path: Path) -> None:
    kind = READERS[name]
    assert issubclass(kind, Reader)
    assert is_dataclass(kind)
    assert kind.__doc__
    assert not kind.__doc__.startswith(f"{kind.__name__}(")
    assert {field.name for field in fields(kind)} >= {"path", "resolution"}
    assert kind(tmp_path) == kind(tmp_path)
    assert hash(kind(tmp_path)) == hash(kind(tmp_path))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content", ["nothing", "a text", "a broken picture", "a file instead"])
def test_a_useless_folder_is_one_line(name: str, content: str, tmp_path: Path) -> None:
    place = tmp_path / "set"
    if content == "a file instead":
        place.write_text("no data set")
    else:
        place.mkdir()
    if content == "a text":
        (place / "notes.txt").write_text("no pictures here")
    if content == "a broken picture":
        (place / "00000.png").write_bytes(b"broken")
    with pytest.raises((BadFile, BadInput)) as caught:
        READERS.build(name, path=place).read(0)
    assert str(place) in str(caught.value)
    assert "\n" not in str(caught.value)
