"""The registry and its downloads, against a server on this machine that breaks off, lies and refuses."""

from __future__ import annotations

import errno
import hashlib
import json
import threading
from collections import namedtuple
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from latentlab.core.errors import BadFile, BadInput, UnknownName
from latentlab.store.known_models import KNOWN, KnownModel
from latentlab.store.models import Models

BODY = bytes(range(256)) * 4096  # 1 MiB
HASH = hashlib.sha256(BODY).hexdigest()


class Server:
    """Serves BODY under any path; its habits can be changed between requests."""

    def __init__(self) -> None:
        self.requests: list[dict] = []
        self.ranges = True
        self.break_after: list[int | None] = []
        self.status: list[int] = []
        self.kind = "application/octet-stream"
        self.body = BODY
        self.tag = '"one"'
        self.length = True
        handler = type("Handler", (Handler,), {"server_habits": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.handle_error = lambda *_: None  # clients that hang up are part of the tests
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/folder/network.pkl"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class Handler(BaseHTTPRequestHandler):
    server_habits: Server

    def do_GET(self) -> None:
        habits = self.server_habits
        habits.requests.append(dict(self.headers))
        status = habits.status.pop(0) if habits.status else 200
        if status >= 400:
            self.send_error(status)
            return
        start = self._start()
        body = habits.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(habits.body) - 1}/{len(habits.body)}")
        if habits.length:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", habits.kind)
        self.send_header("ETag", habits.tag)
        self.end_headers()
        limit = habits.break_after.pop(0) if habits.break_after else None
        self.wfile.write(body if limit is None else body[:limit])
        if limit is not None:
            self.close_connection = True

    def _start(self) -> int:
        habits = self.server_habits
        wanted = self.headers.get("Range", "")
        fresh = self.headers.get("If-Range", habits.tag) != habits.tag
        if not habits.ranges or fresh or not wanted.startswith("bytes="):
            return 0
        return int(wanted.removeprefix("bytes=").partition("-")[0])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server():
    running = Server()
    yield running
    running.close()


@pytest.fixture
def models(tmp_path):
    return Models(tmp_path / "models")


FAST = {"sleep": lambda _: None}


def leftovers(models: Models) -> list[str]:
    return sorted(path.name for path in models.folder.iterdir() if not path.name.endswith(".lock"))


def test_a_file_is_fetched_and_its_hash_recorded(server, models):
    seen: list[float] = []
    path = models.add("mine", server.address, watch=lambda done, *_: seen.append(done))
    assert path.read_bytes() == BODY
    assert seen[-1] == 1.0
    model = models.find("mine")
    assert (model.present, model.sha256, model.hash_from) == (True, HASH, "first download")
    assert models.verify("mine") == model
    assert models.files() == {"mine": path}
    assert leftovers(models) == ["mine.pkl", "models.json"]


def test_a_broken_connection_is_taken_up_where_it_broke(server, models):
    server.break_after = [300_000, 100_000]
    assert models.add("mine", server.address, HASH, **FAST).read_bytes() == BODY
    assert len(server.requests) == 3
    starts = [int(request["Range"][6:-1]) for request in server.requests[1:]]
    assert starts == sorted(starts)
    assert starts[0] > 0


def test_a_later_run_goes_on_where_an_earlier_one_gave_up(server, models):
    server.break_after = [200_000]
    with pytest.raises(BadFile, match="goes on where it stopped"):
        models.add("mine", server.address, attempts=1)
    assert models.add("mine", server.address).read_bytes() == BODY
    assert server.requests[1]["Range"].startswith("bytes=")
    assert leftovers(models) == ["mine.pkl", "models.json"]


def test_a_server_without_ranges_starts_over(server, models):
    server.ranges = False
    server.break_after = [300_000]
    assert models.add("mine", server.address, HASH, **FAST).read_bytes() == BODY


def test_a_file_that_changed_in_between_starts_over(server, models):
    server.break_after = [300_000]
    with pytest.raises(BadFile):
        models.add("mine", server.address, attempts=1)
    server.tag, server.body = '"two"', BODY[::-1]
    assert models.add("mine", server.address).read_bytes() == BODY[::-1]


def test_without_a_length_the_hash_decides(server, models):
    server.length = False
    assert models.add("mine", server.address, HASH).read_bytes() == BODY


def test_a_wrong_hash_leaves_nothing_behind(server, models):
    with pytest.raises(BadFile, match="SHA-256") as caught:
        models.add("mine", server.address, "0" * 64)
    assert "\n" not in str(caught.value)
    assert leftovers(models) == []
    with pytest.raises(UnknownName):
        models.find("mine")


def test_a_failed_replacement_keeps_the_old_file(server, models):
    path = models.add("mine", server.address)
    server.body = b"other"
    with pytest.raises(BadFile, match="SHA-256"):
        models.add("mine", server.address, HASH)
    assert path.read_bytes() == BODY
    assert models.verify("mine").sha256 == HASH


@pytest.mark.parametrize(("status", "reason"), [(404, "404"), (403, "403")])
def test_refusals_are_told(server, models, status, reason):
    server.status = [status]
    with pytest.raises(BadFile, match=reason):
        models.add("mine", server.address)


def test_a_busy_server_is_asked_again(server, models):
    server.status = [503, 429]
    assert models.add("mine", server.address, **FAST).read_bytes() == BODY


def test_a_web_page_is_no_model(server, models):
    server.kind = "text/html; charset=utf-8"
    with pytest.raises(BadFile, match="web page"):
        models.add("mine", server.address)


def test_nobody_listening_is_told(models):
    with pytest.raises(BadFile, match="the connection broke"):
        models.add("mine", "http://127.0.0.1:9/x.pkl", attempts=2, **FAST)


def test_a_full_disk_is_told_before_the_download(server, models, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1, 1, 1000))
    with pytest.raises(BadFile, match="MB free"):
        models.add("mine", server.address)
    assert not [name for name in leftovers(models) if name.endswith(".pkl")]


def test_a_disk_that_fills_up_on_the_way_is_told_and_the_part_kept(server, models, monkeypatch):
    import builtins

    real = builtins.open

    def tight(path, mode="r", *rest, **options):
        file = real(path, mode, *rest, **options)
        if str(path).endswith(".part") and "b" in mode:
            return Tight(file)
        return file

    monkeypatch.setattr("latentlab.store.download.open", tight, raising=False)
    with pytest.raises(BadFile, match="No space left"):
        models.add("mine", server.address)
    monkeypatch.undo()
    assert models.add("mine", server.address).read_bytes() == BODY
    assert "Range" in server.requests[-1]


class Tight:
    """A file on a disk with room for 400 kB."""

    def __init__(self, file) -> None:
        self.file = file
        self.room = 400_000

    def write(self, data: bytes) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str):
        return getattr(self.file, name)


def test_known_models_are_fetched_once_and_held_to_size_and_hash(server, models, monkeypatch):
    monkeypatch.setitem(KNOWN, "known", KnownModel(server.address, "a test", "MIT", len(BODY), HASH))
    assert models.find("known").hash_from == "published"
    path = models.fetch("known")
    assert models.fetch("known") == path
    assert len(server.requests) == 1
    path.write_bytes(BODY[:-1] + b"x")
    with pytest.raises(BadFile, match="published"):
        models.verify("known")
    path.unlink()
    monkeypatch.setitem(KNOWN, "known", KnownModel(server.address, "a test", "MIT", len(BODY) + 1, HASH))
    with pytest.raises(BadFile, match="were expected"):
        models.fetch("known")


def test_the_hash_of_a_first_download_is_recorded_and_held_to(server, models, monkeypatch):
    monkeypatch.setitem(KNOWN, "known", KnownModel(server.address, "a test", "MIT"))
    assert models.find("known").hash_from == "unknown"
    path = models.fetch("known")
    assert models.find("known").hash_from == "first download"
    path.unlink()
    server.body = BODY[::-1]
    with pytest.raises(BadFile, match="SHA-256"):
        models.fetch("known")


def test_files_that_need_a_browser_say_so_and_can_be_added_by_hand(models, tmp_path):
    with pytest.raises(BadFile, match="latentlab models add e4e-ffhq FILE"):
        models.fetch("e4e-ffhq")
    (tmp_path / "download.pt").write_bytes(BODY)
    path = models.add("e4e-ffhq", str(tmp_path / "download.pt"))
    assert path.read_bytes() == BODY
    assert models.find("e4e-ffhq").address == KNOWN["e4e-ffhq"].address
    assert str(tmp_path) not in (models.folder / "models.json").read_text().replace(str(models.folder), "")


@pytest.mark.parametrize(
    ("name", "address", "sha256", "reason"),
    [
        ("../x", "http://localhost/x", None, "cannot be a name"),
        ("x", "ftp://localhost/x", None, "no web address"),
        ("x", "file:///etc/passwd", None, "no web address"),
        ("x", "/nowhere/x.pkl", None, "no file"),
        ("x", "http://localhost/x", "abc", "64 hexadecimal"),
    ],
)
def test_wrong_additions_are_refused(models, name, address, sha256, reason):
    with pytest.raises((BadInput, BadFile), match=reason):
        models.add(name, address, sha256)


def test_unknown_names_suggest_the_nearest(models):
    with pytest.raises(UnknownName, match="did you mean 'ada-ffhq'"):
        models.find("ada-fhq")


@pytest.mark.parametrize("text", ["{", "[]", '{"x": 1}', '{"x": {"file": "../../secret"}}'])
def test_a_damaged_registry_gets_one_line(models, text):
    models.folder.mkdir()
    (models.folder / "models.json").write_text(text)
    with pytest.raises(BadFile, match="damaged"):
        models.list()


def test_a_removed_model_is_forgotten(server, models):
    path = models.add("mine", server.address)
    models.remove("mine")
    assert not path.exists()
    assert "mine" not in {model.name for model in models.list()}


def test_every_public_model_names_address_and_licence_and_hashes_are_hashes():
    for name, model in KNOWN.items():
        assert model.address.startswith("https://"), name
        assert model.licence, name
        assert model.sha256 is None or (len(model.sha256) == 64 and int(model.sha256, 16)), name
    json.dumps({name: model.address for name, model in KNOWN.items()})


@pytest.mark.parametrize("name", ["lpips-alex", "lpips-vgg"])
def test_backbones_of_lpips_are_the_published_ones_or_nothing(name, server, models, monkeypatch):
    known = KNOWN[name]
    assert known.filename[:-4].rpartition("-")[2] == known.sha256[:8], "torchvision names files by their hash"
    lying = replace(known, address=server.address, size=None)
    monkeypatch.setitem(KNOWN, name, lying)
    with pytest.raises(BadFile, match="SHA-256"):
        models.fetch(name)
    assert not models.files()
    monkeypatch.setitem(KNOWN, name, replace(lying, sha256=HASH))
    assert models.fetch(name).read_bytes() == BODY
    assert models.find(name).hash_from == "published"
