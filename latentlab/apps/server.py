"""The server of the app: Streamlit's page, a route for pictures, and a guard around both."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.apps.guard import Door, Guard, addresses, own_names
from latentlab.apps.serving import sweep_desks
from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.hosts import LOCAL, check_port

if TYPE_CHECKING:
    from streamlit.web.server.starlette.starlette_app import App

PAGE = Path(__file__).with_name("page.py")
UPLOAD_MEGABYTES = 25
SWEEP_SECONDS = 60
OPTIONS = {
    "browser.gatherUsageStats": False, "client.showErrorDetails": "none", "client.toolbarMode": "minimal",
    "server.maxUploadSize": UPLOAD_MEGABYTES, "server.fileWatcherType": "none", "server.enableXsrfProtection": True,
    "server.enableCORS": True, "server.headless": True, "global.developmentMode": False,
}  # fmt: skip


@dataclass(frozen=True)
class Serving:
    """Where the app listens."""

    host: str = "127.0.0.1"
    port: int = 8501
    browser: bool = True
    """Open a browser."""

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise BadInput(f"port is {self.port}; it lies between 1 and 65535")

    @property
    def open_to_others(self) -> bool:
        """Whether machines other than this one can reach it."""
        return self.host not in LOCAL


def needs_streamlit() -> None:
    """Say what to install where the page cannot run."""
    try:
        from streamlit.components import v2  # noqa: F401
        from streamlit.starlette import App  # noqa: F401
    except ImportError:
        raise MissingPart(
            "the app needs Streamlit 1.57 or newer; install it: pip install 'latentlab[app]'"
        ) from None


def serve(serving: Serving, network: str, home: Path, device: str, *, say: object = print) -> None:
    """Run until interrupted; the network is loaded before the first page is."""
    needs_streamlit()
    import torch
    import uvicorn

    from latentlab.apps.serving import close_desks, open_desks

    check_port(serving.host, serving.port)
    # one picture is drawn at a time, and the page needs a core of its own
    torch.set_num_threads(max(1, torch.get_num_threads() // 2))
    open_desks(network, home, device)
    token = secrets.token_urlsafe(18) if serving.open_to_others else None
    door = Door(own_names(serving.host), token)
    app = build(door)
    for address in addresses(serving.host, serving.port, token):
        say(f"open {address}")  # type: ignore[operator]
        if serving.browser:
            import webbrowser

            webbrowser.open(address)
    try:
        uvicorn.run(app, host=serving.host, port=serving.port, log_level="error", ws_max_size=64 << 20)
    finally:
        close_desks()


def build(door: Door) -> App:
    """The ASGI app: the page, its pictures and readings, the guard."""
    from starlette.middleware import Middleware
    from starlette.routing import Route
    from streamlit import config
    from streamlit.starlette import App

    from latentlab.apps.drawing import picture, reading

    os.environ.setdefault("STREAMLIT_SERVER_HEADLESS", "true")
    for name, value in OPTIONS.items():
        config.set_option(name, value)

    @asynccontextmanager
    async def running(_: App) -> AsyncIterator[dict[str, object]]:
        # Streamlit collects garbage after every run; what was loaded once need not be looked through each time.
        gc.collect()
        gc.freeze()
        sweeping = asyncio.create_task(_sweep())
        yield {}
        sweeping.cancel()

    routes = [Route("/picture", picture), Route("/reading", reading)]
    return App(PAGE, lifespan=running, routes=routes, middleware=[Middleware(Guard, door=door)])


async def _sweep() -> None:
    """Now and then clear away the faces and files of sessions that have ended."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        sweep_desks()
