"""Who may ask the app for anything: pages it served itself, under its own name, with its token where it is open to others."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from latentlab.core.hosts import foreign, own_names

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Door", "Guard", "addresses", "own_names"]

COOKIE = "latentlab_token"
HIDDEN = ("/_stcore/metrics",)
"""What Streamlit would answer to anybody and no user of the page needs."""


@dataclass(frozen=True)
class Door:
    """Whom the app answers."""

    hosts: frozenset[str]
    """Names it may be called by (no port); another name in the Host header is DNS rebinding. Empty: any name."""
    token: str | None = None
    """Asked of everybody where the app is bound wider than this machine."""

    def refuses(self, headers: dict[str, str], path: str, query: str) -> str | None:
        """Why this request gets no answer; None where it gets one."""
        reason = foreign(headers, self.hosts)
        if reason is not None:
            return reason
        if path in HIDDEN:
            return "there is nothing to see here"
        if self.token is not None and not self._knows(headers, query):
            return "the token is missing; open the address that 'latentlab app' printed"
        return None

    def _knows(self, headers: dict[str, str], query: str) -> bool:
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except Exception:  # a broken cookie is no cookie
            cookies.clear()
        said = [cookies[COOKIE].value] if COOKIE in cookies else []
        said += parse_qs(query).get("token", [])
        return any(hmac.compare_digest(one.encode(), (self.token or "").encode()) for one in said)


class Guard:
    """ASGI middleware around everything, websockets included."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            return await self.app(scope, receive, send)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = scope.get("query_string", b"").decode("latin-1")
        reason = self.door.refuses(headers, scope["path"], query)
        if reason is None:
            return await self.app(scope, receive, self._with_cookie(scope, query, send))
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 1008, "reason": reason})
        await send(
            {
                "type": "http.response.start",
                "status": 403,
                "headers": [(b"content-type", b"text/plain; charset=utf-8")],
            }
        )
        await send({"type": "http.response.body", "body": reason.encode()})
        return None

    def _with_cookie(self, scope: Scope, query: str, send: Send) -> Send:
        """Whoever came with the token in the address keeps it as a cookie, so that the page's own requests carry it."""
        if self.door.token is None or scope["type"] != "http" or "token=" not in query:
            return send
        cookie = f"{COOKIE}={self.door.token}; HttpOnly; SameSite=Strict; Path=/".encode()

        async def sending(message):
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"set-cookie", cookie)]}
            await send(message)

        return sending


def addresses(host: str, port: int, token: str | None) -> Sequence[str]:
    """What to open."""
    shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else host
    return [f"http://{shown}:{port}/{'' if token is None else f'?token={token}'}"]
