"""What pages share: the view and its history, kept by session, and a sentence where something cannot be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from latentlab.apps.serving import desk
from latentlab.core.errors import LatentLabError
from latentlab.core.image import to_picture
from latentlab.studio import History, Job, View, view_of

HISTORY = "history"


def history() -> History:
    """Where this session has been; at first what the link says."""
    if HISTORY not in st.session_state:
        try:
            first = view_of(st.query_params.to_dict())
            desk().face(first)
        except LatentLabError as error:
            st.session_state["greeting"] = f"The link could not be followed: {error}"
            first = View()
        st.session_state[HISTORY] = History((first,))
    return st.session_state[HISTORY]


def go(view: View) -> None:
    """Look at something else."""
    st.session_state[HISTORY] = history().to(view)


@contextmanager
def told() -> Iterator[None]:
    """Bad input as one sentence on the page, never a traceback."""
    try:
        yield
    except LatentLabError as error:
        st.error(" ".join(str(error).split()), icon=":material/error:")


def open_in_explore(view: View) -> None:
    """Go to the first page with this face."""
    go(view)
    st.switch_page(st.session_state["pages"]["explore"])


def picture_url(view: View, side: int, *, before: bool = False) -> str:
    """The address of a view's picture, for this session alone."""
    from urllib.parse import urlencode

    query = {"desk": desk().token, **view.query(), "side": str(side), **({"before": "1"} if before else {})}
    return f"/picture?{urlencode(query)}"


def tile(url: str, caption: str) -> None:
    """A picture by its address, so that the page does not wait for it; its place is kept while it loads."""
    text = escape(caption)
    st.html(
        f'<figure style="margin:0"><img src="{escape(url)}" alt="{text}" loading="lazy" '
        f'style="width:100%;aspect-ratio:1;border-radius:.6rem;background:#8882"><figcaption style="font-size:.8rem;opacity:.7">'
        f"{text}</figcaption></figure>"
    )


@st.fragment(run_every=0.7)
def progress(key: str) -> None:
    """How far the session's job of this name is, with a way to stop it; the page runs anew when it is over."""
    job: Job | None = st.session_state.get(key)
    if job is None:
        return
    if job.running:
        st.progress(job.done, job.text or "at work")
        if job.image is not None:
            preview = job.image.detach().cpu().reshape(-1, *job.image.shape[-3:])[0]
            st.image(to_picture(preview.clamp(-1, 1)), width=256)
        if st.button("Stop", icon=":material/stop:", key=f"{key}_stop"):
            job.cancel()
    elif job.error:
        st.error(job.error, icon=":material/error:")
    elif st.session_state.get(f"{key}_shown") is not job:
        st.session_state[f"{key}_shown"] = job
        st.rerun(scope="app")
