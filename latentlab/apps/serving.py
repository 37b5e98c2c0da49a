"""The desks of the running server: one for each session of the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentlab.studio import Desk, Desks

_running: list[Desks] = []
KEY = "desk"


def open_desks(network: str, home: Path, device: str) -> Desks:
    """Load the network and begin; what ran before is closed."""
    from latentlab.studio import Desks

    close_desks()
    found = Desks(network, home, device)
    found.warm()
    _running.append(found)
    return found


def close_desks() -> None:
    """Clear all desks, their files too."""
    while _running:
        _running.pop().close()


def desks() -> Desks:
    """Those of this server; a page under test opens its own."""
    return _running[-1] if _running else open_desks("faces", Path("lab"), "auto")


def desk() -> Desk:
    """The desk of the session whose page is being run."""
    import streamlit as st

    token = st.session_state.get(KEY)
    if token is None:
        found = desks().new()
        st.session_state[KEY] = found.token
        _sweep()
        return found
    return desks().get(token)


def _sweep() -> None:
    """Clear desks of sessions that ended; a new session is a good moment to look."""
    desks().sweep(lambda token: False)
