"""The desks of all sessions of one server: opened, found by their tokens, cleared when nobody sits there any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentlab.core.errors import BadInput
from latentlab.studio.exploring.desk import Desk
from latentlab.studio.exploring.view import View
from latentlab.studio.studio import Studio

IDLE_SECONDS = 180
"""A page that lost its connection may come back for so long; then its desk is cleared."""


@dataclass(eq=False)
class Desks:
    """The desks of all sessions of one server; they share the networks and nothing else."""

    network: str
    home: Path
    device: str = "auto"

    def __post_init__(self) -> None:
        self._desks: dict[str, Desk] = {}
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Load what the first picture needs before anybody asks for it; a network that cannot be read is said at once."""
        desk = self.new()
        try:
            desk.jpeg(View(strengths=dict.fromkeys(desk.studio.directions()[:1], 0.5)))
        finally:
            self.remove(desk.token)

    def new(self, network: str | None = None) -> Desk:
        """A desk for a new session, or over another network, which is loaded first: one that cannot be read opens none."""
        desk = Desk(Studio(network=network or self.network, device=self.device, home=self.home))
        if network is not None:
            _ = desk.studio.generator
        with self._lock:
            self._desks[desk.token] = desk
        return desk

    def get(self, token: str) -> Desk:
        """The desk of a token; BadInput where there is none."""
        desk = self._desks.get(token)
        if desk is None:
            raise BadInput("the session has ended; load the page again")
        desk.used = time.monotonic()
        return desk

    def remove(self, token: str) -> None:
        """Clear a desk away."""
        with self._lock:
            desk = self._desks.pop(token, None)
        if desk is not None:
            desk.close()

    def sweep(self, alive: Callable[[str], bool], idle: float = IDLE_SECONDS) -> int:
        """Clear the desks that were not asked for so long and whose token is not `alive`; how many."""
        now = time.monotonic()
        gone = [token for token, desk in self._desks.items() if now - desk.used > idle and not alive(token)]
        for token in gone:
            self.remove(token)
        return len(gone)

    def close(self) -> None:
        """Clear all of them."""
        for token in list(self._desks):
            self.remove(token)

    def __len__(self) -> int:
        return len(self._desks)
