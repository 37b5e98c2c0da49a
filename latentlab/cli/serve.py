"""`latentlab serve`: inversions and edits over HTTP."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import Between, Port, Seconds, Workers

if TYPE_CHECKING:
    from latentlab.cli.session import Session

TOKEN = "LATENTLAB_TOKEN"


@dataclass(frozen=True)
class Serve(Command):
    """Answer other programs: inversions, edits and jobs over HTTP, with a page of the interface at /docs.

    Reached from this machine alone unless --host says otherwise; then every request has to bring the token of
    LATENTLAB_TOKEN, or the one that is printed. Uploads are deleted as soon as they are read.
    """

    host: Annotated[str, tyro.conf.arg(metavar="ADDRESS")] = "127.0.0.1"
    """Where to listen; 0.0.0.0 lets other machines in, with a token."""
    port: Port = 8600
    """The port to listen on."""
    workers: Annotated[Workers, tyro.conf.arg(metavar="N")] = 1
    """Processes, each with a network and one thread that computes."""
    queue: Annotated[int, Between(1, 10_000), tyro.conf.arg(metavar="N")] = 32
    """Requests that may wait in each process; more are answered 429 with the time to wait."""
    batch: Annotated[int, Between(1, 64), tyro.conf.arg(metavar="N")] = 8
    """Waiting requests of one kind that are computed together."""
    timeout: Annotated[Seconds, tyro.conf.arg(metavar="SECONDS")] = 60.0
    """After so long a request is given up."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab serve",
        "LATENTLAB_TOKEN=secret latentlab serve --host 0.0.0.0 --workers 4",
        'curl -F photo=@photo.jpg -F \'request={"directions": {"age": 2}}\' localhost:8600/v1/edits > older.png',
    )

    def run(self, session: Session) -> None:
        from latentlab.service.server import serve
        from latentlab.service.serving import Serving

        serving = Serving(
            session.network, session.home, session.device, self.host, self.port, self.workers, self.queue, self.batch,
            self.timeout, os.environ.get(TOKEN) or None,
        )  # fmt: skip
        if serving.open_to_others:
            session.note("other machines can reach this service: give its token only to whom you trust")
        serve(serving, session.say)
