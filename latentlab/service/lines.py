"""Connections that are given up: one that sends half a request and waits, one that does not read its answer."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

PATIENCE = 20.0
"""Seconds in which a request's head has to come."""
UNREAD = 30.0
"""Seconds after which the system closes a connection whose other end takes nothing of what is sent."""


class Patient(AutoHTTPProtocol):  # type: ignore[valid-type, misc]  # uvicorn chooses the class at run time
    """uvicorn's protocol with these two limits; otherwise such connections stay, and so many fill a service."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        line = transport.get_extra_info("socket")
        if hasattr(socket, "TCP_USER_TIMEOUT") and line is not None and line.family != socket.AF_UNIX:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * UNREAD))
        self.head: asyncio.TimerHandle | None = None
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.head is not None:
            self.head.cancel()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self.head is None and self._between_requests():
            self.head = self.loop.call_later(PATIENCE, self._give_up)

    def _give_up(self) -> None:
        self.head = None
        if self._between_requests() and self.timeout_keep_alive_task is None:  # else uvicorn itself ends it
            self.transport.abort()

    def _between_requests(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)
