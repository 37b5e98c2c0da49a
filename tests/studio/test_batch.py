"""Batches: rows and pictures in the order of ids, bad photos as rows, nothing lost or twice whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from PIL import Image

from latentlab.core.engine import Here
from latentlab.core.engine.engine import Done, Engine, WorkerDied
from latentlab.core.engine.local import Local
from latentlab.core.errors import BadFile, BadInput, LatentLabError, MissingFile, MissingPart
from latentlab.core.image import read_story
from latentlab.studio import AlignPhotos, Batch, Look, RenderSamples, ScorePhotos, Studio
from latentlab.studio.batch import addresses
from latentlab.studio.batch.addresses import Unreachable, fetch
from latentlab.studio.batch.manifest import read_manifest
from latentlab.studio.batch.shards import Layout

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def astronaut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from skimage.data import astronaut as photo

    path = tmp_path_factory.mktemp("photo") / "astronaut.jpg"
    Image.fromarray(photo()).resize((256, 256)).save(path)
    return path


def rows_of(out: Path) -> list[dict[str, Any]]:
    files = sorted(map(str, (out / "rows").rglob("*.parquet")))
    return ds.dataset(files, format="parquet").to_table().to_pylist()


def without_seconds(out: Path) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows_of(out)]


def pictures_of(out: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(out)): p.read_bytes() for p in sorted((out / "pictures").rglob("*")) if p.is_file()
    }


def members(out: Path) -> list[str]:
    """Names of the pictures in all tar files, in their order."""
    names = []
    for path in sorted(out.rglob("*.tar")):
        with tarfile.open(path) as tar:
            names += tar.getnames()
    return names


def test_rows_and_pictures_come_in_the_order_of_ids(studio: Studio, astronaut: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("b/2.jpg", "a.jpg", "b/1.v2.jpg"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        (photos / name).write_bytes(astronaut.read_bytes())
    request = Batch(AlignPhotos(), str(photos), tmp_path / "out", shard=2)
    summary = studio.open_batch(request).run(engine=Here())
    rows = rows_of(tmp_path / "out")
    assert [row["id"] for row in rows] == ["a.jpg", "b/1.v2.jpg", "b/2.jpg"]
    assert (summary.items, summary.ok, summary.failed) == (3, 3, {})
    assert len({row["hash"] for row in rows}) == 1
    assert json.loads(rows[0]["crop"])["photo_size"] == [256, 256]
    names = members(tmp_path / "out")
    assert names == [row["picture"] for row in rows] == ["a%2Ejpg.png", "b/1%2Ev2%2Ejpg.png", "b/2%2Ejpg.png"]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["ok"] == 3


def broken(folder: Path, good: Path) -> dict[str, str]:
    """Photos that cannot be done, and the kind of trouble that each is."""
    content = good.read_bytes()
    noise = np.random.default_rng(0).integers(0, 255, (48, 48, 3), dtype=np.uint8)
    two = Image.new("RGB", (512, 256))
    for place in (0, 256):
        two.paste(Image.open(good), (place, 0))
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture at all")
    (folder / "cut.jpg").write_bytes(content[: len(content) // 2])
    (folder / "folder.jpg").mkdir()
    Image.new("L", (12_000, 12_000)).save(folder / "huge.png")
    Image.fromarray(noise).save(folder / "noise.png")
    two.save(folder / "two.png")
    return {
        "empty.jpg": "empty file", "text.jpg": "no picture", "cut.jpg": "damaged picture", "folder.jpg": "bad file",
        "huge.png": "too large", "noise.png": "no face", "two.png": "several faces", "gone.jpg": "missing file",
    }  # fmt: skip


def test_eight_kinds_of_bad_photos_are_rows_that_are_counted(
    studio: Studio, astronaut: Path, tmp_path: Path
) -> None:
    kinds = broken(tmp_path, astronaut)
    table = "id,path\nfine,good.jpg\n" + "".join(f"{name},{name}\n" for name in kinds)
    (tmp_path / "good.jpg").write_bytes(astronaut.read_bytes())
    (tmp_path / "photos.csv").write_text(table)
    request = Batch(ScorePhotos(), str(tmp_path / "photos.csv"), tmp_path / "out", tries=1)
    summary = studio.open_batch(request).run(engine=Here())
    rows = {row["id"]: row for row in rows_of(tmp_path / "out")}
    assert {name: rows[name]["kind"] for name in kinds} == kinds
    assert all(rows[name]["status"] == "failed" and rows[name]["error"] for name in kinds)
    assert rows["fine"]["status"] == "ok"
    assert 5 < dict(rows["fine"]["measures"])["age"] < 90
    assert (summary.ok, dict(summary.failed)) == (1, dict.fromkeys(kinds.values(), 1))


def test_the_bytes_are_the_same_whatever_the_number_of_workers(studio: Studio, tmp_path: Path) -> None:
    found = []
    for name, engine in (("here", Here()), ("two", Local(2))):
        request = Batch(RenderSamples(), "0-10", tmp_path / name, shard=4)
        assert studio.open_batch(request).run(engine=engine).ok == 11
        found.append((without_seconds(tmp_path / name), pictures_of(tmp_path / name)))
    assert found[0] == found[1]
    assert not (tmp_path / "two" / "weights.pt").exists()


def test_going_on_redoes_nothing_that_is_finished(studio: Studio, tmp_path: Path) -> None:
    def request(**more: Any) -> Batch:
        return Batch(RenderSamples(), "0-9", tmp_path / "out", shard=4, pictures="files", **more)

    studio.open_batch(request()).run(engine=Here())
    layout = Layout(tmp_path / "out")
    layout.rows_of(1).unlink()  # as a kill between pictures and rows leaves it
    before = layout.rows_of(0).stat().st_mtime_ns
    opened = studio.open_batch(request(resume=True))
    assert opened.left == 4
    summary = opened.run(engine=Here())
    assert (summary.kept, summary.ok) == (6, 10)
    assert layout.rows_of(0).stat().st_mtime_ns == before
    assert [row["id"] for row in rows_of(tmp_path / "out")] == [f"seed{n:04d}" for n in range(10)]
    assert len(pictures_of(tmp_path / "out")) == 10
    with pytest.raises(BadFile, match="resume"):
        studio.open_batch(request())


def test_latents_of_a_batch_are_rendered_as_they_were(studio: Studio, tmp_path: Path) -> None:
    first = Batch(RenderSamples(), "3,5", tmp_path / "first", pictures="files")
    studio.open_batch(first).run(engine=Here())
    again = Batch(RenderSamples(), str(tmp_path / "first"), tmp_path / "again", pictures="files")
    studio.open_batch(again).run(engine=Here())
    one, two = (sorted((tmp_path / name).rglob("*.png")) for name in ("first", "again"))
    for a, b in zip(one, two, strict=True):
        apart = np.abs(np.asarray(Image.open(a), int) - np.asarray(Image.open(b), int))
        assert apart.max() <= 1  # one by one instead of together: rounding
    assert read_story(one[0])["asked"]["seeds"] == [3]


class Deadly(Engine):
    """As if every shard, and one item alone, killed its process."""

    def __init__(self, item: int) -> None:
        self.item = item

    def run(self, opener: Callable[[], Any], items: Sequence[Any]) -> Iterator[Done]:
        work = opener()
        for number, job in enumerate(items):
            if job.item is None or job.item == self.item:
                yield Done(number, error=WorkerDied("its process died 2 times"))
            else:
                yield Done(number, work(job))


def test_an_item_that_kills_its_process_is_a_row(studio: Studio, tmp_path: Path) -> None:
    request = Batch(RenderSamples(), "0-3", tmp_path / "out")
    summary = studio.open_batch(request).run(engine=Deadly(2))
    assert (summary.ok, dict(summary.failed)) == (3, {"worker died": 1})
    rows = rows_of(tmp_path / "out")
    assert [row["status"] for row in rows] == ["ok", "ok", "failed", "ok"]
    assert [bool(row["picture"]) for row in rows] == [True, True, False, True]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"manifest": "0-8"}, "other items"),
        ({"shard": 3}, "another size of shards"),
        ({"pictures": "files"}, "kept in another way"),
        ({"task": AlignPhotos()}, "another task"),
    ],
)
def test_a_folder_with_another_job_is_refused_and_named(
    studio: Studio, astronaut: Path, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    base = {"task": RenderSamples(), "manifest": "0-9", "out": tmp_path / "out", "shard": 4}
    studio.open_batch(Batch(**base))
    if "task" in change:
        change = change | {"manifest": str(astronaut.parent)}
    with pytest.raises(BadFile, match=told):
        studio.open_batch(Batch(**(base | change), resume=True))


def test_a_folder_with_other_files_is_refused(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadFile, match=r"thesis\.txt"):
        studio.open_batch(Batch(RenderSamples(), "0-9", tmp_path))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,path\na,x.jpg\na,y.jpg\n", "more than once, for example 'a'"),
        ("id,file\na,x.jpg\n", "no column 'path'"),
        ("id,path\na,x.jpg\nb,\n", "no path in 1 of its rows, first in row 2"),
        ("id,path\n", "names no items"),
        ("id,path\na,gopher2://x/y.jpg\n", "gopher2"),
    ],
)
def test_a_bad_manifest_is_one_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(LatentLabError, match=told) as caught:
        read_manifest(str(tmp_path / "list.csv"))
    assert "\n" not in str(caught.value)


def test_an_address_without_its_driver_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingPart, match="s3fs"):
        read_manifest("s3://bucket/photos")
    with pytest.raises(MissingFile):
        read_manifest("nowhere")


def test_manifests_are_globs_tables_and_stores(tmp_path: Path) -> None:
    import fsspec

    for name in ("x/a.jpg", "x/b.png", "x/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    assert read_manifest(f"{tmp_path}/*/*.jpg").items["id"].to_pylist() == ["x/a.jpg"]
    pa.parquet.write_table(pa.table({"id": [2, 1], "path": ["x/a.jpg", "/y.jpg"]}), tmp_path / "t.parquet")
    table = read_manifest(str(tmp_path / "t.parquet")).items
    assert table.to_pydict() == {"id": ["1", "2"], "path": ["/y.jpg", str(tmp_path / "x/a.jpg")]}
    store = fsspec.filesystem("memory")
    store.pipe("/photos/one.jpg", b"first")
    assert read_manifest("memory://photos").items.to_pydict() == {
        "id": ["one.jpg"], "path": ["memory:///photos/one.jpg"],
    }  # fmt: skip
    assert fetch("memory:///photos/one.jpg") == b"first"


def test_what_latentlab_made_below_the_folder_is_left_out_and_counted(studio: Studio, tmp_path: Path) -> None:
    """The lab, the batch's own folder and those of other batches; named themselves, they are taken."""
    from latentlab.core.made import MARK

    for name in (
        "a.jpg",
        "lab/anna/photo.png",
        "out/pictures/x.png",
        "out/pictures/y.png",
        "sub/older/pictures/z.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    (tmp_path / "sub" / "older" / "batch.json").write_text(json.dumps({"about": MARK}))
    (tmp_path / "sub" / "batch.json").write_text("{}")  # somebody else's
    own = (tmp_path / "lab", tmp_path / "out")
    for source in (str(tmp_path), f"{tmp_path}/**/*.*"):
        found = read_manifest(source, own=own)
        assert found.items["id"].to_pylist() == ["a.jpg"]
        assert [(Path(name).name, count) for name, count in found.left_out.items()] == [
            ("lab", 1), ("out", 2), ("older", 1),
        ]  # fmt: skip
    assert len(read_manifest(str(tmp_path / "sub" / "older"), own=own).items) == 1
    assert len(read_manifest(str(tmp_path / "out" / "pictures"), own=own).items) == 2
    with pytest.raises(BadInput, match=r"names no items: 1 picture left out, in .*older \(1\)"):
        read_manifest(str(tmp_path / "sub"), own=own)


def test_what_may_pass_is_tried_again_and_what_will_not_is_not(monkeypatch) -> None:
    waits: list[float] = []
    answers: list[Any] = [TimeoutError("slow"), ConnectionError("gone"), b"here"]

    def read(address: str) -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(addresses, "_read", read)
    monkeypatch.setattr(addresses.time, "sleep", waits.append)
    assert fetch("memory://x") == b"here"
    assert waits == [0.5, 1.0]
    answers[:] = [TimeoutError("slow")] * 2
    with pytest.raises(Unreachable, match="tried 2 times"):
        fetch("memory://x", 2)
    answers[:] = [FileNotFoundError()]
    with pytest.raises(MissingFile):
        fetch("memory://x")


def test_a_full_disk_stops_the_run_and_keeps_what_is_finished(
    studio: Studio, tmp_path: Path, monkeypatch
) -> None:
    request = Batch(RenderSamples(), "0-7", tmp_path / "out", shard=4)
    whole = Layout.write_rows

    def full(self: Layout, shard: int, rows: Any) -> Any:
        if shard == 1:
            raise BadFile("cannot write it: the disk is full; nothing was left half-written")
        return whole(self, shard, rows)

    with monkeypatch.context() as patched:
        patched.setattr(Layout, "write_rows", full)
        with pytest.raises(BadFile, match="disk is full"):
            studio.open_batch(request).run(engine=Here())
    assert len(rows_of(tmp_path / "out")) == 4
    assert studio.open_batch(Batch(RenderSamples(), "0-7", tmp_path / "out", shard=4, resume=True)).left == 4


def test_what_belongs_to_one_photo_is_refused() -> None:
    from latentlab.studio import Edit, EditPhotos, Invert, InvertPhotos, Sweep, choose_method

    with pytest.raises(BadInput, match="start"):
        InvertPhotos(Invert(choose_method("encode"), start="anna"))
    with pytest.raises(BadInput, match="encode"):
        InvertPhotos(Invert(choose_method("pivot")))
    with pytest.raises(BadInput, match="sweep"):
        EditPhotos(Edit(sweeps=(Sweep("age", (0.0, 1.0)),)))
    with pytest.raises(BadInput, match="paste_back"):
        EditPhotos(Edit({"age": 1.0}, paste_back=True), look=Look(aligned=True))


def command(network: Path, out: Path, *more: str) -> list[str]:
    words = [
        "batch",
        "render",
        "0-39",
        "--out",
        str(out),
        "--shard",
        "2",
        "--workers",
        "2",
        "--network",
        str(network),
    ]
    code = "import sys; from latentlab.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", code, *words, *more]


def test_a_killed_batch_goes_on_without_a_row_lost_or_twice(tiny_file: Path, tmp_path: Path) -> None:
    """kill -9 of the driver once, of a worker once; resumed each time."""
    out, env = tmp_path / "out", {**os.environ, "PYTHONPATH": str(ROOT)}
    driver = subprocess.Popen(command(tiny_file, out), env=env, cwd=tmp_path)
    _wait(lambda: len(list(out.rglob("shard-*.parquet"))) >= 2)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    done = subprocess.Popen(command(tiny_file, out, "--resume"), env=env, cwd=tmp_path)
    _kill_one_child(done.pid)
    assert done.wait(timeout=120) == 0
    rows = rows_of(out)
    assert [row["id"] for row in rows] == [f"seed{n:04d}" for n in range(40)]
    assert {row["status"] for row in rows} == {"ok"}
    assert len(members(out)) == len(set(members(out))) == 40


def _wait(ready: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.02)


def _kill_one_child(process: int) -> None:
    """A worker, once there is one (the first child is Python's own tracker of resources)."""
    import psutil

    def workers() -> list[Any]:
        found = psutil.Process(process).children()
        return [one for one in found if "spawn_main" in " ".join(one.cmdline())]

    _wait(lambda: bool(workers()))
    workers()[0].kill()


def test_every_task_has_its_command() -> None:
    from latentlab.cli.commands import COMMANDS
    from latentlab.studio import TASKS

    assert {f"batch {name}" for name in TASKS} == {name for name in COMMANDS if name.startswith("batch ")}


def test_a_dark_photo_is_inverted_as_a_single_one_is(astronaut: Path, tmp_path: Path) -> None:
    """In a usual exposure, many at a time: the latents are those of one by one, within rounding."""
    from latentlab.studio import InvertPhotos

    (tmp_path / "photos").mkdir()
    photo = Image.open(astronaut)
    photo.save(tmp_path / "photos" / "a.png")
    photo.point(lambda value: value // 8).save(tmp_path / "photos" / "b.png")
    studio = Studio("faces", device="cpu", home=tmp_path / "lab")
    request = Batch(InvertPhotos(look=Look(glance=0)), str(tmp_path / "photos"), tmp_path / "out")
    studio.open_batch(request).run(engine=Here())
    for row in rows_of(tmp_path / "out"):
        alone = studio.invert(row["address"], method="encode", keep=False, distance="none")
        apart = np.abs(np.array(row["latent"]) - alone.latent.values.flatten().numpy())
        assert apart.max() < 1e-3
