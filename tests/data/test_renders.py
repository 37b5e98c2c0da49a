"""Rendered data sets: read by hand-made ones in the exact layout, and by one that the world itself wrote."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.core.errors import BadFile, UnknownName
from latentlab.data.batches import Rendered
from latentlab.data.renders import Renders
from latentlab.data.source import Source


@pytest.fixture
def rendered(tmp_path: Path, paint) -> Path:
    import pyarrow
    import pyarrow.parquet

    root = tmp_path / "set"
    files = [f"0000{i // 2}/img{i:08d}.png" for i in range(4)]
    for i, name in enumerate(files):
        paint(f"set/images/{name}", red=20 * i)
        mask = root / "masks" / name
        mask.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), i, dtype=np.uint8)).save(mask)
    marks = pyarrow.FixedSizeListArray.from_arrays(
        pyarrow.array(np.full(4 * 136, 4.0, dtype=np.float32)), 136
    )
    table = pyarrow.table(
        {
            "file": files, "face": [json.dumps({"age": 20 + i}) for i in range(4)], "landmarks": marks,
            "visible": [[True] * 68] * 4, "pose": [[0.0, 0.0, 0.0]] * 4, "expression": [[0.0]] * 4,
            "age": np.arange(20, 24, dtype=np.float32), "hair_style=bob": np.zeros(4, dtype=np.float32),
        }
    )  # fmt: skip
    (root / "factors").mkdir()
    for block in range(2):
        pyarrow.parquet.write_table(table.slice(2 * block, 2), root / "factors" / f"{block:05d}.parquet")
    pyarrow.parquet.write_table(table, root / "factors.parquet")
    (root / "manifest.json").write_text(json.dumps({"kind": "rendered faces", "size": 8, "n": 4}))
    (root / "images" / "dataset.json").write_text('{"labels": null}')
    return root


def test_a_render_comes_with_its_factors_and_landmarks(rendered: Path) -> None:
    reader = Renders(rendered, resolution=16)
    sample = reader.read(3)
    assert isinstance(sample, Rendered)
    assert reader.names == ("age", "hair_style=bob")
    assert sample.factors.tolist() == [[23, 0]]
    assert sample.landmarks[0, 0].tolist() == [7.5, 7.5]  # the middle of 8 pixels, now of 16
    assert sample.masks.shape == (1, 0, 0)
    assert reader.factor("age").tolist() == [20, 21, 22, 23]
    assert json.loads(reader.record(1)) == {"age": 21}


def test_masks_are_read_where_wanted(rendered: Path) -> None:
    sample = Renders(rendered, resolution=16, masks=True).read(2)
    assert (sample.masks == 2).all()
    assert sample.masks.shape == (1, 16, 16)


def test_an_unfinished_set_is_read_by_its_blocks(rendered: Path) -> None:
    (rendered / "factors.parquet").unlink()
    (rendered / "factors" / "00001.parquet").unlink()
    assert len(Renders(rendered)) == 2


def test_renders_feed_a_training(rendered: Path) -> None:
    batch = Source(Renders(rendered), workers=1)([0, 1, 2])
    assert batch.images.shape == (3, 3, 8, 8)
    assert batch.factors.shape == (3, 2)


def test_what_is_wrong_is_named(rendered: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'age'"):
        Renders(rendered).factor("aeg")
    (rendered / "images/00000/img00000001.png").unlink()
    with pytest.raises(BadFile, match=r"1 rows without a picture, e\.g\. images/00000/img00000001\.png"):
        len(Renders(rendered))
    (rendered / "factors.parquet").write_bytes(b"PAR1 damaged")
    with pytest.raises(BadFile, match="table of factors is damaged") as caught:
        len(Renders(rendered))
    assert "\n" not in str(caught.value)
    with pytest.raises(BadFile, match=r"no manifest\.json"):
        _ = Renders(rendered / "images").manifest


def test_what_the_world_writes_is_read(tmp_path: Path, face_model_path: Path) -> None:
    from latentlab.world.dataset import render_dataset
    from latentlab.world.factors import Face, flat_names

    render_dataset(tmp_path / "out", 2, seed=3, size=64, masks=True, face_model=face_model_path)
    reader = Renders(tmp_path / "out", masks=True)
    sample = reader.read(1)
    assert reader.names == flat_names()
    assert sample.images.shape == (1, 3, 64, 64)
    assert Face.from_json(reader.record(1)).age == pytest.approx(
        sample.factors[0, reader.names.index("age")].item(), rel=1e-5
    )
    assert ((sample.landmarks > -20) & (sample.landmarks < 84)).all()
    assert torch.unique(sample.masks).numel() > 3
