"""The app answers its own pages, under its own name, and nobody else's."""

from __future__ import annotations

import pytest

pytest.importorskip("starlette")

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from latentlab.apps.guard import Door, Guard, own_names


def client(door: Door) -> TestClient:
    async def hello(request):  # type: ignore[no-untyped-def]
        return PlainTextResponse("hello")

    routes = [Route("/", hello), Route("/_stcore/metrics", hello)]
    return TestClient(
        Starlette(routes=routes, middleware=[Middleware(Guard, door=door)]), base_url="http://localhost:8501"
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://localhost:8501"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example:8501"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 200),
    ],
)
def test_only_its_own_pages_are_answered(headers: dict[str, str], status: int) -> None:
    assert client(Door(own_names("127.0.0.1"))).get("/", headers=headers).status_code == status


def test_metrics_are_nobodys_business() -> None:
    assert client(Door(own_names("127.0.0.1"))).get("/_stcore/metrics").status_code == 403


def test_open_to_others_it_asks_for_the_token_and_then_keeps_it_as_a_cookie() -> None:
    asked = client(Door(own_names("0.0.0.0"), token="secret"))
    assert asked.get("/").status_code == 403
    assert asked.get("/?token=wrong").status_code == 403
    assert asked.get("/", headers={"cookie": "latentlab_token=wrong; other=1"}).status_code == 403
    assert asked.get("/?token=secret").status_code == 200
    assert asked.get("/").status_code == 200
