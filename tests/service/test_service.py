"""The service answers with latents and pictures, does slow work as jobs, and says no in one way."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi_offline")
pytest.importorskip("httpx")
pytest.importorskip("multipart")
pytest.importorskip("prometheus_client")

from starlette.testclient import TestClient

from latentlab.core.image import read_story
from latentlab.service.app import build
from latentlab.service.jobs import Jobs
from latentlab.service.serving import Serving
from latentlab.service.thread import Full, ModelThread

LOCAL = "http://127.0.0.1:8600"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[TestClient]:
    serving = Serving(device="cpu", home=str(folder / "lab"), folder=str(folder))
    with TestClient(build(serving), base_url=LOCAL, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def photo() -> bytes:
    from skimage.data import astronaut

    content = io.BytesIO()
    Image.fromarray(astronaut()).resize((256, 256)).save(content, "JPEG", quality=95)
    return content.getvalue()


def form(photo: bytes, **fields: Any) -> dict[str, Any]:
    return {"files": {"photo": ("photo.jpg", photo), "request": (None, json.dumps(fields))}}


def test_an_inversion_is_a_latent_with_its_picture(service: TestClient, photo: bytes) -> None:
    told = service.post("/v1/inversions", **form(photo)).json()
    values = np.frombuffer(base64.b64decode(told["latent"]["values"]), "<f4")
    model = service.get("/v1/models").json()
    assert told["latent"]["space"] == "W_PLUS"
    assert told["latent"]["shape"] == [1, model["layers"], model["width"]]
    assert np.isfinite(values).all() and values.size == model["layers"] * model["width"]
    assert told["model"] == model["hash"]
    assert Image.open(io.BytesIO(base64.b64decode(told["picture"]))).size == (model["resolution"],) * 2
    assert told["measures"]["psnr"] > 8


def test_an_edit_is_the_picture_that_the_studio_makes(
    service: TestClient, photo: bytes, folder: Path
) -> None:
    answer = service.post("/v1/edits", **form(photo, directions={"age": 2}))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    (folder / "edit.png").write_bytes(answer.content)
    assert read_story(folder / "edit.png")["asked"]["directions"] == [["age", 2.0]]
    as_json = {"photo": base64.b64encode(photo).decode(), "directions": {"age": 2}}
    again = service.post("/v1/edits", json=as_json, headers={"accept": "application/json"}).json()
    one, two = (
        np.asarray(Image.open(io.BytesIO(content)))
        for content in (answer.content, base64.b64decode(again["picture"]))
    )
    assert np.array_equal(one, two)


def waited(service: TestClient, job: str, over: tuple[str, ...] = ("done", "failed", "cancelled")) -> dict:
    until = time.monotonic() + 60
    while (told := service.get(f"/v1/jobs/{job}").json())["state"] not in over:
        assert time.monotonic() < until
        time.sleep(0.05)
    return told


def test_a_slow_method_is_a_job_with_progress_and_quick_requests_pass_it(
    service: TestClient, photo: bytes
) -> None:
    settings = {"steps": 400, "patience": 0}
    begun = service.post(
        "/v1/edits", **form(photo, method="descend", settings=settings, directions={"age": 1})
    )
    assert begun.status_code == 202
    name = begun.json()["id"]
    assert begun.headers["location"] == f"/v1/jobs/{name}"
    waited(service, name, ("running",))
    assert service.post("/v1/inversions", **form(photo)).status_code == 200
    assert service.get(f"/v1/jobs/{name}").json()["state"] == "running"
    assert service.delete(f"/v1/jobs/{name}").json()["text"] == "asked to stop"
    told = waited(service, name)
    assert (told["state"], told["result"]) == ("cancelled", None)


def test_a_job_brings_its_result_and_leaves_nothing_of_the_photo(
    service: TestClient, photo: bytes, folder: Path
) -> None:
    begun = service.post("/v1/inversions", **form(photo, method="descend", settings={"steps": 3})).json()
    told = waited(service, begun["id"])
    assert told["state"] == "done", told["error"]
    assert told["result"]["latent"]["space"] in ("W", "W_PLUS")
    quick = service.post("/v1/inversions", **form(photo, wait=False)).json()
    assert waited(service, quick["id"])["result"]["measures"]["psnr"] > 8
    bad = io.BytesIO()
    Image.new("RGB", (40, 40)).save(bad, "PNG")
    failed = service.post("/v1/inversions", **form(bad.getvalue(), method="descend")).json()
    told = waited(service, failed["id"])
    assert told["state"] == "failed" and "no face in the photo" in told["error"]
    kept = [path.name for path in (folder / "jobs").rglob("*") if path.suffix not in (".json", ".cancel")]
    assert not kept


def large() -> bytes:
    content = io.BytesIO()
    Image.new("L", (6000, 5000)).save(content, "PNG")
    return content.getvalue()


def no_face() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (32, 32), "green").save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "fields", "status", "told"),
    [
        (b"", {}, 400, "empty"),
        (b"text", {}, 422, "no picture"),
        (b"\0" * ((10 << 20) + 1), {}, 413, "bytes"),
        (large(), {}, 413, "pixels"),
        (no_face(), {}, 422, "no face"),
        (None, {"directions": {"agee": 1}}, 422, "did you mean 'age'"),
        (None, {"directions": {"../../x": 1}}, 400, "bare name"),
        (None, {"directions": {"age": 1e9}}, 400, "directions of age"),
        (None, {"directions": {}}, 400, "nothing to do"),
        (None, {"directions": {"age": 1}, "colour": 1}, 400, "colour"),
        (None, {"directions": {"age": 1}, "method": "magic"}, 422, "magic"),
        (None, {"directions": {"age": 1}, "face": 7}, 422, "one face"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    service: TestClient, photo: bytes, content: bytes | None, fields: dict[str, Any], status: int, told: str
) -> None:
    sent = photo if content is None else content
    answer = service.post("/v1/edits", **form(sent, **(fields or {"directions": {"age": 1}})))
    error = answer.json()["error"]
    assert (answer.status_code, told in error["message"]) == (status, True), error
    assert "\n" not in error["message"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"), (b"[1]", "application/json"), (b"[" * 5000, "application/json"),
        (b'{"photo": "\xff"}', "application/json"), (b'{"photo": "%%"}', "application/json"),
        (b"x", "multipart/form-data"), (b"--b\r\nx", "multipart/form-data; boundary=b"), (b"x", "text/plain"), (b"", ""),
    ],
)  # fmt: skip
def test_a_malformed_body_is_refused(service: TestClient, content: bytes, kind: str) -> None:
    answer = service.post("/v1/inversions", content=content, headers={"content-type": kind})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"]


def test_a_huge_body_is_refused_before_it_is_read(service: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b"0" * (1 << 20)

    kind = {"content-type": "application/json"}
    assert service.post("/v1/edits", content=endless(), headers=kind).status_code == 413
    assert service.post("/v1/edits", content=b"0" * (15 << 20), headers=kind).status_code == 413


def test_another_site_s_page_may_not_ask(service: TestClient) -> None:
    assert service.get("/v1/models", headers={"host": "evil.example"}).status_code == 403
    assert service.get("/v1/models", headers={"origin": "http://evil.example"}).status_code == 403


def test_open_to_others_it_asks_for_its_token(folder: Path) -> None:
    serving = Serving(host="0.0.0.0", token="secret", folder=str(folder))
    client = TestClient(
        build(serving), base_url="http://latentlab.example"
    )  # not begun: no network is loaded
    assert client.get("/v1/models").status_code == 401
    assert client.get("/docs", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/docs", headers={"authorization": "Bearer secret"}).status_code == 200


def test_the_page_of_the_interface_needs_no_other_server(service: TestClient) -> None:
    import re

    page = service.get("/docs").text
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert links and not [link for link in links if link.startswith(("http", "//"))]
    assert all(service.get(link).status_code == 200 for link in links)
    described = service.get("/openapi.json").json()["paths"]
    assert {
        "/v1/inversions",
        "/v1/edits",
        "/v1/jobs/{job}",
        "/v1/directions",
        "/v1/models",
        "/health",
    } <= set(described)


def test_figures_and_directions(service: TestClient) -> None:
    names = {each["name"] for each in service.get("/v1/directions").json()}
    assert {"age", "smile"} <= names
    assert service.get("/health").json()["status"] == "ok"
    page = service.get("/metrics").text
    assert 'latentlab_requests_total{route="/v1/directions",status="200"}' in page
    assert "latentlab_batch_size_bucket" in page


def test_a_job_whose_process_ended_is_told(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    state = jobs.new("edit")
    state.process = 2**22 + 1  # no process has this number
    jobs.write(state)
    assert jobs.read(state.id).state == "failed"


class Slowly:
    """An answer that waits until it may go on; the thread is given groups of what waits."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.go = threading.Event()

    def __call__(self, kind: Any, photos: Any) -> list[Any]:
        self.go.wait(10)
        self.groups.append([name for name, _ in photos])
        return [f"{kind}{name}" for name, _ in photos]


@pytest.fixture
def slowly() -> Iterator[tuple[Slowly, ModelThread]]:
    answer = Slowly()
    thread = ModelThread(answer, most=3, together=2, told=lambda *_: None)
    yield answer, thread
    answer.go.set()
    thread.end()


def test_the_queue_is_bounded_and_requests_of_a_kind_go_together(slowly: tuple[Slowly, ModelThread]) -> None:
    answer, thread = slowly
    first = thread.ask("a", ("0", b""))
    _until(lambda: thread.waiting == 0)
    futures: list[Future[Any]] = [thread.ask(kind, (str(n), b"")) for n, kind in enumerate("aba", 1)]
    with pytest.raises(Full) as full:
        thread.ask("a", ("4", b""))
    assert full.value.seconds >= 1
    futures[1].cancel()
    answer.go.set()
    assert first.result(5) == "a0"
    assert [future.result(5) for future in (futures[0], futures[2])] == ["a1", "a3"]
    assert answer.groups == [["0"], ["1", "3"]]


def test_an_answer_that_fails_is_told_and_the_thread_goes_on(slowly: tuple[Slowly, ModelThread]) -> None:
    answer, thread = slowly
    answer.go.set()
    thread._answer = lambda *_: 1 / 0  # type: ignore[assignment, return-value]
    with pytest.raises(ZeroDivisionError):
        thread.ask("a", ("0", b"")).result(5)
    thread._answer = answer
    assert thread.ask("a", ("1", b"")).result(5) == "a1"


def _until(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.005)
