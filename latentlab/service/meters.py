"""Figures for Prometheus, summed over all processes of a service."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Meters:
    """Of one process; each has a registry of its own, so that a test may build several services."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter(
            "latentlab_requests", "Requests by route and status", ["route", "status"], registry=own
        )
        self.seconds = Histogram(
            "latentlab_request_seconds", "Time to the answer", ["route"], buckets=SECONDS, registry=own
        )
        self.waiting = Gauge(
            "latentlab_waiting", "Requests in queues", registry=own, multiprocess_mode="livesum"
        )
        self.together = Histogram(
            "latentlab_batch_size", "Photos computed together", buckets=(1, 2, 4, 8, 16, 32), registry=own
        )
        self.computing = Counter("latentlab_compute_seconds", "Time spent computing", registry=own)
        self.failures = Counter(
            "latentlab_failures", "Photos that could not be done, by kind", ["kind"], registry=own
        )

    def answered(self, count: int, seconds: float) -> None:
        """One call of the model."""
        self.together.observe(count)
        self.computing.inc(seconds)

    def page(self) -> tuple[bytes, str]:
        """What Prometheus reads, and its type."""
        registry = self.registry
        if os.environ.get(FOLDER):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST


class Counting:
    """ASGI middleware that times every request by its route."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self.app, self.meters = app, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), ["500"]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            route = getattr(
                scope.get("route"), "path", "other"
            )  # never the address itself: anybody can invent those
            self.meters.requests.labels(route, status[0]).inc()
            self.meters.seconds.labels(route).observe(time.perf_counter() - began)
        return None
