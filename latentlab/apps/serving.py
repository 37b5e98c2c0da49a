"""The desks of the running server: one for each session of the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentlab.studio import Desk, Desks

_running: list[Desks] = []
_sessions: dict[str, str] = {}
"""Streamlit's name of the session at each desk, by the desk's token."""
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
    return _running[-1] if _running else open_desks("auto", Path("lab"), "auto")


def desk() -> Desk:
    """The desk of the session whose page is being run."""
    import streamlit as st

    token = st.session_state.get(KEY)
    return _seated(desks().new()) if token is None else desks().get(token)


def switch(network: str) -> None:
    """Another network for this session, by a name that the shelf knows; its faces and history are another desk's."""
    import streamlit as st

    found, last = desks().new(network), st.session_state.get(KEY)
    for name in (
        "history",
        "pinned",
        "channels",
        "discovery",
        "chart",
        "comparison",
        "compared",
        "opened",
        "inverted",
    ):
        st.session_state.pop(name, None)
    _seated(found)
    if last is not None:
        desks().remove(last)


def _seated(found: Desk) -> Desk:
    """This session sits at the desk."""
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    st.session_state[KEY] = found.token
    context = get_script_run_ctx()
    _sessions[found.token] = "" if context is None else context.session_id
    return found


def sweep_desks() -> None:
    """Clear the desks of sessions that have ended, their files too."""
    from streamlit import runtime

    if _running and runtime.exists():
        now = runtime.get_instance()
        _running[-1].sweep(lambda token: now.is_active_session(_sessions.get(token, "")))
