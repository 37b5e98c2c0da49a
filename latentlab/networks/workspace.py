"""Memory that one synthesis (with its gradient, if it has one) needs and the next one finds again: fresh pages would cost more than the arithmetic."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

IDLE = 2
"""Workspaces kept while nobody renders."""


class Workspace:
    """Named pieces of memory that grow and stay; for one thread at a time."""

    def __init__(self) -> None:
        self.pieces: dict[tuple[str, torch.dtype], Tensor] = {}

    def flat(self, name: str, count: int, dtype: torch.dtype) -> Tensor:
        """`count` values of whatever content."""
        key = (name, dtype)
        piece = self.pieces.get(key)
        if piece is None or piece.numel() < count:
            self.pieces[key] = piece = torch.empty(count, dtype=dtype)
        return piece[:count]

    def rows(self, name: str, n: int, c: int, h: int, w: int, dtype: torch.dtype) -> Tensor:
        """An image [n c h+2 w] laid out channels_last, with a row of zeros above and below."""
        flat = self.flat(name, n * (h + 2) * w * c, dtype)
        image = flat.view(n, h + 2, w, c)
        image[:, 0].zero_()
        image[:, -1].zero_()
        return image.permute(0, 3, 1, 2)


class Workspaces:
    """Hands each rendering thread a workspace of its own."""

    def __init__(self) -> None:
        self.idle: list[Workspace] = []
        self.lock = threading.RLock()  # the collector may give one back while this thread takes another

    def take(self) -> Workspace:
        """One that nobody else has, until it is given back."""
        with self.lock:
            return self.idle.pop() if self.idle else Workspace()

    def give(self, workspace: Workspace) -> None:
        """For the next one to take."""
        with self.lock:
            if len(self.idle) < IDLE:
                self.idle.append(workspace)

    @contextmanager
    def lend(self) -> Iterator[Workspace]:
        workspace = self.take()
        try:
            yield workspace
        finally:
            self.give(workspace)
