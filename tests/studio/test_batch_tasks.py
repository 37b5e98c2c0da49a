"""Every task of a batch over photos: a row for each, a reason for each that fails, and what a single call draws."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds
import pytest
from PIL import Image

from latentlab.core.engine import Here
from latentlab.core.errors import BadFile, BadInput, NoFace
from latentlab.core.image import save_image
from latentlab.studio import (
    TASKS,
    Batch,
    Edit,
    Frontalize,
    FrontalizePhotos,
    Look,
    Makeup,
    MakeupPhotos,
    Studio,
)

OVER_PHOTOS = [name for name in TASKS if TASKS[name].photos]
RED = Makeup({"lips": "#a01030"})


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from skimage.data import astronaut

    path = tmp_path_factory.mktemp("portrait") / "portrait.png"
    Image.fromarray(astronaut()[:300, 80:380]).save(path)
    return path


@pytest.fixture
def photos(portrait: Path, tmp_path: Path) -> Path:
    """A good one, a small good one, and one that shows nothing."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(portrait.read_bytes())
    Image.open(portrait).resize((200, 200)).save(folder / "b.jpg", quality=95)
    Image.new("RGB", (300, 300), "grey").save(folder / "c.png")
    return folder


@pytest.fixture
def faces(tmp_path: Path) -> Studio:
    return Studio("faces", device="cpu", home=tmp_path / "lab")


def rows_of(out: Path) -> list[dict[str, Any]]:
    files = sorted(map(str, (out / "rows").rglob("*.parquet")))
    return ds.dataset(files, format="parquet").to_table().to_pylist()


def done(studio: Studio, task: Any, source: Path, out: Path) -> list[dict[str, Any]]:
    studio.open_batch(Batch(task, str(source), out, pictures="files")).run(engine=Here())
    return rows_of(out)


def build(name: str, portrait: Path, **more: Any) -> Any:
    """A task with what it cannot do without."""
    kind = TASKS[name]
    if name == "edit":
        more["request"] = Edit({"age": 1.0})
    named = {one.name for one in dataclasses.fields(kind)} & {"source", "reference"}
    return kind(**dict.fromkeys(named, str(portrait)), **more)


@pytest.mark.parametrize("name", OVER_PHOTOS)
def test_every_photo_is_a_row_and_each_that_fails_has_its_reason(
    name: str, faces: Studio, photos: Path, portrait: Path, tmp_path: Path
) -> None:
    task = build(name, portrait)
    rows = done(faces, task, photos, tmp_path / "out")
    assert [(row["id"], row["status"], row["kind"]) for row in rows] == [
        ("a.png", "ok", ""), ("b.jpg", "ok", ""), ("c.png", "failed", "no face"),
    ]  # fmt: skip
    for row in rows[:2]:
        assert json.loads(row["crop"])["size"]
        assert bool(row["picture"]) == task.draws
    pictures = sorted((tmp_path / "out" / "pictures").rglob("*.png")) if task.draws else []
    shown = [np.asarray(Image.open(path).convert("RGB"), float) for path in pictures]
    assert len(shown) == (2 if task.draws else 0)
    assert all(picture.std() > 20 for picture in shown), "a picture of a face is not flat"


@pytest.mark.parametrize("name", OVER_PHOTOS)
def test_faces_that_are_aligned_already_are_taken_as_they_are(
    name: str, faces: Studio, portrait: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "aligned"
    folder.mkdir()
    save_image(faces.align(portrait).face.image[0], folder / "face.png")
    (row,) = done(faces, build(name, portrait, look=Look(aligned=True)), folder, tmp_path / "out")
    assert (row["status"], row["error"], row["crop"]) == ("ok", "", "")


@pytest.mark.parametrize(
    ("task", "single"),
    [
        (MakeupPhotos("", RED), lambda studio, photo: studio.makeup(photo, colours=RED.colours)),
        (FrontalizePhotos(), lambda studio, photo: studio.frontalize(photo)),
        (FrontalizePhotos(Frontalize(True)), lambda studio, photo: studio.frontalize(photo, paste_back=True)),
    ],
)  # fmt: skip
def test_a_batch_draws_what_a_single_call_draws_and_it_can_be_made_again(
    task: Any, single: Any, studio: Studio, photos: Path, tmp_path: Path
) -> None:
    (photos / "c.png").unlink()
    task = dataclasses.replace(task, look=Look(glance=0))
    for row in done(studio, task, photos, tmp_path / "out"):
        (path,) = (tmp_path / "out" / "pictures").rglob(row["picture"])
        alone = single(studio, photos / row["id"]).save(tmp_path / f"{row['id']}.png")
        assert np.array_equal(np.asarray(Image.open(path)), np.asarray(Image.open(alone)))
        assert studio.replay(path, [photos / row["id"]]).largest == 0


def test_the_reference_of_a_batch_is_part_of_what_it_is(
    studio: Studio, photos: Path, portrait: Path, tmp_path: Path
) -> None:
    """Another picture under the same name is another batch; a reference without a face is told before any photo."""
    reference = tmp_path / "anna.png"
    reference.write_bytes(portrait.read_bytes())
    (path, _, _), out = sorted(photos.iterdir()), tmp_path / "out"
    rows = done(studio, MakeupPhotos(str(reference), Makeup(regions=("lips",))), photos, out)
    assert [dict(row["measures"]) for row in rows[:2]] == [{"regions left out": 0.0}] * 2
    picture = out / "pictures" / "0000" / "shard-0000000" / rows[0]["picture"]
    assert studio.replay(picture, [path, reference]).largest == 0
    Image.open(portrait).rotate(5).save(reference)
    again = Batch(MakeupPhotos(str(reference), Makeup(regions=("lips",))), str(photos), out, resume=True)
    with pytest.raises(BadFile, match="holds another batch"):
        studio.open_batch(again)
    Image.new("RGB", (300, 300)).save(reference)
    with pytest.raises(NoFace, match="the reference"):
        studio.open_batch(dataclasses.replace(again, out=tmp_path / "other"))


def test_makeup_that_says_nothing_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(BadInput, match="which makeup"):
        MakeupPhotos()
    with pytest.raises(BadInput, match="not both"):
        MakeupPhotos("anna.jpg", Makeup(remove=True))
    with pytest.raises(BadInput, match="paste_back"):
        FrontalizePhotos(Frontalize(paste_back=True), Look(aligned=True))
