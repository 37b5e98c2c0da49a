"""Where a service listens and how much it takes on."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Annotated

from latentlab.core.errors import MissingPart
from latentlab.core.hosts import LOCAL
from latentlab.core.ranges import Between, Port, Seconds, Workers, check

VARIABLE = "LATENTLAB_SERVE"
"""How the parent tells its processes what they serve (JSON)."""
MOST_BYTES = 10 << 20
"""Of a photo."""
MOST_PIXELS = 25_000_000
MOST_BODY = MOST_BYTES * 4 // 3 + (1 << 16)
"""Of a request: a photo in base64 and what stands around it."""


@dataclass(frozen=True)
class Serving:
    """One service."""

    network: str = "auto"
    home: str = "lab"
    device: str = "auto"
    host: str = "127.0.0.1"
    port: Port = 8600
    workers: Workers = 1
    """Processes, each with a network and one thread that computes."""
    queue: Annotated[int, Between(1, 10_000)] = 32
    """Requests that wait in each process; more are answered 429."""
    batch: Annotated[int, Between(1, 64)] = 8
    """Waiting requests of one kind that are computed together."""
    timeout: Seconds = 60.0
    """Seconds after which a request that waits for its answer is given up."""
    token: str | None = None
    """Asked of everybody where other machines can reach it."""
    folder: str = ""
    """Jobs and figures of all processes."""

    def __post_init__(self) -> None:
        check(self)

    @property
    def open_to_others(self) -> bool:
        """Whether machines other than this one can reach it."""
        return self.host not in LOCAL

    def to_environment(self) -> None:
        """For the processes that the server starts."""
        os.environ[VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> Serving:
        """In such a process."""
        return cls(**json.loads(os.environ.get(VARIABLE, "{}")))


def needs_fastapi() -> None:
    """Say what to install where there is nothing to serve with; nothing is imported yet."""
    for name in ("fastapi_offline", "multipart", "prometheus_client", "uvicorn"):
        if find_spec(name) is None:
            raise MissingPart(f"the service needs {name}; install it: pip install 'latentlab[serve]'")
