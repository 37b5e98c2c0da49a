"""What stands before every route: who may ask, how large and how slow a body may be."""

from __future__ import annotations

import asyncio
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from latentlab.core.hosts import foreign

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATIENCE = 20.0
"""Seconds in which the next part of a body has to come."""
OPEN = ("/health",)
"""What needs no token: a load balancer asks it."""


@dataclass(frozen=True)
class Rules:
    """Whom the service answers, and what it takes in."""

    hosts: frozenset[str]
    token: str | None
    most: int
    patience: float = PATIENCE


class Refused(Exception):
    """A body that is too large or too slow."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        self.status, self.kind, self.message = status, kind, message


class Guard:
    """ASGI middleware; a body is read whole before anybody is asked to look at it."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        try:
            self._check(headers, scope["path"])
            body = await self._body(headers, receive)
        except Refused as refused:
            return await _refuse(refused, send)
        return await self.app(scope, _given(body, receive), send)

    def _check(self, headers: dict[str, str], path: str) -> None:
        reason = foreign(headers, self.rules.hosts)
        if reason is not None:
            raise Refused(403, "not allowed", reason)
        if self.rules.token is None or path in OPEN:
            return
        scheme, _, said = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(said.strip().encode("utf-8", "ignore"), self.rules.token.encode())
        if scheme.lower() != "bearer" or not right:
            raise Refused(401, "no token", "send the service's token: Authorization: Bearer TOKEN")

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        too_large = Refused(413, "too large", f"a request has at most {self.rules.most} bytes")
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            raise Refused(400, "bad request", "the length of the body is no number")
        if int(length) > self.rules.most:
            raise too_large
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            try:
                message = await asyncio.wait_for(receive(), self.rules.patience)
            except TimeoutError:
                raise Refused(408, "too slow", "the body did not come; send it at once") from None
            if message["type"] == "http.disconnect":
                raise Refused(400, "bad request", "the body ended early")
            parts.append(message.get("body", b""))
            size, more = size + len(parts[-1]), message.get("more_body", False)
            if size > self.rules.most:
                raise too_large
        return b"".join(parts)


def _given(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once; then whatever else comes."""
    left = [body]

    async def receiving() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return receiving


async def _refuse(refused: Refused, send: Send) -> None:
    headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    content: dict[str, Any] = {"error": {"kind": refused.kind, "message": refused.message}}
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})
