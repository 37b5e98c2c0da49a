"""A service bears callers who are slow, rude or gone, and keeps nothing of theirs."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("fastapi_offline")
pytest.importorskip("httpx")
pytest.importorskip("uvicorn")

import uvicorn
from starlette.testclient import TestClient

from latentlab.service import lines
from latentlab.service.app import build
from latentlab.service.guard import Guard, Rules
from latentlab.service.serving import Serving
from latentlab.service.thread import Full

LOCAL = "http://127.0.0.1:8600"
EDIT = {"files": {"photo": ("p.png", b"x"), "request": (None, '{"directions": {"age": 1}}')}}


def answer_of(*messages: dict[str, Any] | None) -> tuple[int, str]:
    """Status and kind of error of the guard, for a body that comes in these parts; None is one that does not come."""
    left, sent = list(messages), []

    async def receive() -> Any:
        message = left.pop(0)
        return message if message is not None else await asyncio.sleep(10)

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(*_: Any) -> None:
        raise AssertionError("nobody is asked before the body is there")

    scope = {"type": "http", "path": "/v1/edits", "headers": [(b"host", b"127.0.0.1")]}
    rules = Rules(frozenset({"127.0.0.1"}), None, 1000, patience=0.05)
    asyncio.run(Guard(app, rules)(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])["error"]["kind"]


def test_a_body_that_does_not_come_or_ends_early_is_refused() -> None:
    half = {"type": "http.request", "body": b"{", "more_body": True}
    assert answer_of(half, None) == (408, "too slow")
    assert answer_of(half, {"type": "http.disconnect"}) == (400, "bad request")
    assert answer_of(half, {**half, "body": b"0" * 1000}) == (413, "too large")


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> tuple[TestClient, SimpleNamespace]:
    """The routes without a network; a test says what its desk answers."""
    monkeypatch.setattr("latentlab.service.incoming.check_photo", lambda content: content)
    app = build(Serving(timeout=0.05))
    desk = app.state.desk = SimpleNamespace()
    return TestClient(app, base_url=LOCAL), desk


def test_an_answer_that_does_not_come_is_a_504_and_its_request_leaves_the_queue(stub) -> None:
    client, desk = stub
    asked: Future[Any] = Future()
    desk.ask = lambda form, content: asked
    answer = client.post("/v1/edits", **EDIT)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (504, "timeout")
    assert asked.cancelled()


def test_a_full_queue_says_when_to_come_again(stub) -> None:
    client, desk = stub

    def full(form: Any, content: bytes) -> Any:
        raise Full(7)

    desk.ask = desk.start = full
    for wait in (True, False):
        wish = json.dumps({"directions": {"age": 1}, "wait": wait})
        body = {"photo": ("p.png", b"x"), "request": (None, wish)}
        answer = client.post("/v1/edits", files=body)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
        assert answer.json()["error"]["kind"] == "full"


def test_a_route_that_is_not_there_is_told_as_everything_else_is(stub) -> None:
    client, _ = stub
    for method, path, status in (("GET", "/nowhere", 404), ("PUT", "/v1/edits", 405)):
        answer = client.request(method, path)
        assert answer.status_code == status
        assert path in answer.json()["error"]["message"]


@contextmanager
def listening(app: Any) -> Iterator[tuple[int, Any]]:
    """A server of its own; its port and its state."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", http=lines.Patient, timeout_keep_alive=30
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([line],), daemon=True)
        thread.start()
        until = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        yield line.getsockname()[1], server.server_state
        server.should_exit = server.force_exit = True
        thread.join(20)


async def answers(scope: Any, receive: Any, send: Any) -> None:
    """Slowly one line, or as much as nobody's memory for connections takes."""
    size = int(scope["path"][1:])
    await asyncio.sleep(0.0 if size else 0.6)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"0" * max(size, 3)})


def gone(state: Any, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while state.connections and time.monotonic() < until:
        time.sleep(0.02)
    return not state.connections


def test_half_a_request_is_given_up_and_a_slow_answer_is_not(monkeypatch) -> None:
    monkeypatch.setattr(lines, "PATIENCE", 0.2)
    with listening(answers) as (port, state):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"GET /0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            line.settimeout(20)
            assert line.recv(1000).startswith(b"HTTP/1.1 200")  # 0.6 s, three times the patience
            line.sendall(b"GET /0 HTTP/1.1\r\nHo")
            assert gone(state, 10)
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.settimeout(20)
            assert line.recv(10) == b""  # it said nothing at all


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no such limit")
def test_who_does_not_read_the_answer_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(lines, "UNREAD", 0.5)
    with listening(answers) as (port, state), socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", port))
        line.sendall(b"GET /64000000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(0.1)
        assert state.connections
        assert gone(state, 20)
