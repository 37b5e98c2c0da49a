"""`latentlab serve`: the processes of a service, on this machine."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import replace

from latentlab.core.hosts import check_port
from latentlab.service.serving import Serving, needs_fastapi

CONCURRENT = 256
"""Connections that a process keeps open; more are answered 503."""
KEEP_ALIVE = 15


def serve(serving: Serving, say: Callable[[str], None]) -> None:
    """Run until interrupted; files of jobs go with it."""
    needs_fastapi()
    check_port(serving.host, serving.port)
    if serving.open_to_others and serving.token is None:
        serving = replace(serving, token=secrets.token_urlsafe(24))
        say(f"token {serving.token}")
    with tempfile.TemporaryDirectory(prefix="latentlab-serve-") as folder:
        serving = replace(serving, folder=folder)
        serving.to_environment()
        if serving.workers > 1:  # read by prometheus_client when it is imported: figures of all processes
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        say(f"listening on http://{serving.host}:{serving.port} (its page: /docs)")
        _run(serving)


def _run(serving: Serving) -> None:
    import uvicorn

    uvicorn.run(
        "latentlab.service.app:build", factory=True, host=serving.host, port=serving.port, workers=serving.workers,
        log_level="warning", limit_concurrency=CONCURRENT, timeout_keep_alive=KEEP_ALIVE, server_header=False,
        timeout_graceful_shutdown=20, http="latentlab.service.lines:Patient",
    )  # fmt: skip
