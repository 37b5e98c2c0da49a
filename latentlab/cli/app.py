"""`latentlab app`: the exploration app in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import Port

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class App(Command):
    """Explore in a browser: sliders for every direction, photos, discovery, the map of a bank, the shelf.

    Everything runs on this machine and works offline. Bound to other addresses than this machine's own it asks for the
    token in the address that it prints.
    """

    host: Annotated[str, tyro.conf.arg(metavar="ADDRESS")] = "127.0.0.1"
    """Where to listen; 0.0.0.0 lets other machines in, with a token."""
    port: Annotated[Port, tyro.conf.arg(metavar="N")] = 8501
    """The port to listen on."""
    no_browser: bool = False
    """Print the address and open no browser."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab app",
        "latentlab app --network stylegan2-ffhq.pkl --port 9000 --no-browser",
    )

    def run(self, session: Session) -> None:
        from latentlab.apps.server import Serving, serve

        serving = Serving(self.host, self.port, browser=not self.no_browser)
        if serving.open_to_others:
            session.note(
                "other machines can reach this app: only give its address, token included, to whom you trust"
            )
        serve(serving, session.network, Path(session.home), session.device, say=session.say)
