"""What pages share: the view and its history, kept by session, and a sentence where something cannot be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from typing import Literal
from urllib.parse import urlencode

import streamlit as st

from latentlab.apps.serving import desk
from latentlab.core.errors import LatentLabError
from latentlab.core.image import to_picture
from latentlab.studio import History, Job, View, view_of

HISTORY, NEWS = "history", "news"


def history() -> History:
    """Where this session has been; at first what the link says."""
    if HISTORY not in st.session_state:
        st.session_state[HISTORY] = History((_linked(),))
    return st.session_state[HISTORY]


def _linked() -> View:
    """The view of the page's address, as far as it can be followed."""
    try:
        view = view_of(st.query_params.to_dict())
        desk().face(view)
    except LatentLabError as error:
        say(f"The link could not be followed: {error}")
        return View()
    lost = []
    for name in view.strengths:
        try:
            desk().studio.direction(name)
        except LatentLabError:
            lost.append(name)
    if lost:
        say(f"This network has no direction {', '.join(lost)}; the rest of the link is shown.")
    return view.moved({name: value for name, value in view.strengths.items() if name not in lost})


def go(view: View) -> None:
    """Look at something else."""
    st.session_state[HISTORY] = history().to(view)


def walk(moved: History) -> None:
    """To another place of the history."""
    st.session_state[HISTORY] = moved


def say(text: str, icon: str = ":material/error:") -> None:
    """One sentence at the top of the next page that is shown."""
    st.session_state.setdefault(NEWS, []).append((" ".join(text.split()), icon))


def news() -> None:
    """What callbacks had to say, in a place of its own: what stands below keeps its own place."""
    with st.container():
        for text, icon in st.session_state.pop(NEWS, []):
            (st.error if icon == ":material/error:" else st.info)(text, icon=icon)


def attempt(act: Callable[[], object]) -> None:
    """Do it, or say why not: for callbacks, which run before the page."""
    try:
        act()
    except LatentLabError as error:
        say(str(error))


@contextmanager
def told() -> Iterator[None]:
    """Bad input as one sentence on the page, never a traceback."""
    try:
        yield
    except LatentLabError as error:
        st.error(" ".join(str(error).split()), icon=":material/error:")


def row(align: Literal["bottom", "center"] = "bottom"):
    """Widgets side by side that wrap where the window is narrow."""
    return st.container(horizontal=True, vertical_alignment=align, gap="small")


def open_in_explore(view: View) -> None:
    """Go to the first page with this face."""
    go(view)
    st.switch_page(st.session_state["pages"]["explore"])


def face_query(view: View) -> dict[str, str]:
    """What the picture of a view is asked for by, without its edit, for this session alone."""
    return {"desk": desk().token, **view.moved({}).query(), "side": "512"}


def picture_url(view: View, side: int, *, before: bool = False, whole: bool = False) -> str:
    """The address of a view's picture, for this session alone."""
    asked = replace(view, beside=())
    more = {**({"before": "1"} if before else {}), **({"whole": "1"} if whole else {})}
    return f"/picture?{urlencode({'desk': desk().token, **asked.query(), 'side': str(side), **more})}"


def label(face: str) -> str:
    """A face as people call it."""
    kind, _, name = face.partition(":")
    return {"seed": f"seed {name}", "desk": "your photo"}.get(kind, name)


def tile(url: str, caption: str) -> None:
    """A picture by its address, so that the page does not wait for it; its place is kept while it loads."""
    text = escape(caption)
    st.html(
        f'<figure style="margin:0"><img src="{escape(url)}" alt="{text}" loading="lazy" '
        f'style="width:100%;aspect-ratio:1;object-fit:cover;border-radius:.6rem;background:#8882">'
        f'<figcaption style="font-size:.8rem;opacity:.7">{text}</figcaption></figure>'
    )


def sheet(rows: list[list[tuple[str, str]]]) -> None:
    """Rows of (address, caption): a wall that scrolls sideways where the window is narrow."""
    cells = "".join(
        f'<figure style="margin:0;min-width:84px"><img src="{escape(url)}" alt="{escape(text)}" loading="lazy" '
        f'style="width:100%;aspect-ratio:1;border-radius:.4rem;background:#8882;display:block">'
        f'<figcaption style="font-size:.75rem;opacity:.7;text-align:center">{escape(text)}</figcaption></figure>'
        for line in rows
        for url, text in line
    )
    wide = max((len(line) for line in rows), default=1)
    st.html(
        f'<div style="overflow-x:auto"><div style="display:grid;gap:.4rem;grid-template-columns:repeat({wide},minmax(84px,160px))">'
        f"{cells}</div></div>"
    )


@st.fragment(run_every=0.7)
def progress(key: str) -> None:
    """How far the session's job of this name is, with a way to stop it; the page runs anew when it is over."""
    job: Job | None = st.session_state.get(key)
    if job is None:
        return None
    if not job.running:
        return _over(key, job)
    st.progress(job.done, job.text or "at work")
    if job.image is not None:
        preview = job.image.detach().cpu().reshape(-1, *job.image.shape[-3:])[0]
        st.image(to_picture(preview.clamp(-1, 1)), width=256)
    if st.button("Stop", icon=":material/stop:", key=f"{key}_stop"):
        job.cancel()
    return None


def _over(key: str, job: Job) -> None:
    """The page runs once more when a job is over; what went wrong stays."""
    if st.session_state.get(f"{key}_shown") is not job:
        st.session_state[f"{key}_shown"] = job
        st.rerun(scope="app")
    elif job.error:
        st.error(job.error, icon=":material/error:")
