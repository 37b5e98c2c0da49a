"""The reader that the documentation shows does what the documentation says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

DOCS = Path(__file__).parents[2] / "docs" / "data.md"
IMPORTS = """
from dataclasses import dataclass
from functools import cached_property
import torch
from latentlab.data.batches import Labelled
from latentlab.data.reader import Reader
"""


def test_the_reader_in_the_documentation_reads(tmp_path: Path, paint) -> None:
    from latentlab.data.source import Source

    example = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[-1]
    space: dict = {}
    exec(IMPORTS + example, space)
    paint("a.png")
    paint("b.png")
    (tmp_path / "scans.txt").write_text("a.png 1.5\nb.png 2.5\n")
    batch = Source(space["Scans"](tmp_path), shuffle=False, workers=1)([0, 1])
    assert batch.labels.tolist() == [[1.5], [2.5]]
    assert batch.images.shape == (2, 3, 8, 8)


@pytest.mark.parametrize("kind", ["celeba"])
def test_layouts_can_lie_in_a_zip(tmp_path: Path, paint, kind: str) -> None:
    import zipfile

    from latentlab.data import READERS

    place = paint("000001.jpg", size=(8, 8))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(place, "celeba/img_align_celeba/000001.jpg")
        archive.writestr("celeba/list_attr_celeba.txt", "1\nSmiling\n000001.jpg 1\n")
        archive.writestr("celeba/list_eval_partition.txt", "000001.jpg 0\n")
    sample = READERS.build(kind, path=tmp_path / "set.zip").read(0)
    assert torch.equal(sample.attributes, torch.ones(1, 1))
