"""Explore: a face, sliders for every direction, what judges read of the edit, and tools for more than a slider does."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections import actions, source, tools
from latentlab.apps.sections.common import (
    attempt,
    face_query,
    go,
    history,
    label,
    news,
    picture_url,
    progress,
    told,
)
from latentlab.apps.serving import desk
from latentlab.core.errors import LatentLabError
from latentlab.studio import View, grouped


def show() -> None:
    """The page."""
    source.arrived()
    now = history().now
    news()
    with told():
        source.show(now)
        progress(source.OPENING)
        with st.container(key="bench-place"):  # its height is kept while the component comes
            _bench(now)
        actions.show(now)
        tools.show(now)
    st.query_params.from_dict({} if now == View() else now.query())


def _bench(view: View) -> None:
    """The picture, its sliders, and the other faces under the same edit."""
    pinned = actions.pinned()
    others = [replace(view, face=face, beside=()) for face in view.beside]
    component("bench")(
        data={
            "query": face_query(replace(view, beside=())), "strengths": dict(view.strengths), "groups": _groups(view),
            "styles": view.styles is not None, "alt": f"the face of {label(view.face)}, edited",
            "before": picture_url(pinned, 512) if pinned else picture_url(view.plain(), 512, before=True),
            "tags": ["A", "B"] if pinned else ["before", "after"],
            "others": [{"face": one.face, "label": label(one.face), "query": {**face_query(one), "side": "192"}} for one in others],
        },
        key="bench", on_strengths_change=_moved, on_dropped_change=_dropped, on_opened_change=_opened, on_away_change=_away,
    )  # fmt: skip


def _groups(view: View) -> list[dict[str, object]]:
    """The sliders of the page: the library's, and those of channels that were searched for."""
    known, own = desk().directions(), []
    for name in dict.fromkeys([*tools.channels(), *view.strengths]):
        if name not in known:
            with suppress(LatentLabError):  # deleted meanwhile; the picture says it
                own.append(desk().studio.direction(name))
    return [group.data() for group in grouped(list(known.values()), own)]


def _said(name: str):
    return st.session_state["bench"][name]


def _moved() -> None:
    """A slider was let go."""
    found = _said("strengths")
    if found is not None:
        attempt(lambda: go(history().now.moved({str(name): float(value) for name, value in found.items()})))


def _dropped() -> None:
    """A file was let fall on the picture."""
    found = _said("dropped")
    if found is not None:
        source.take(str(found["name"]), base64.b64decode(found["content"]))


def _opened() -> None:
    """One of the faces beside becomes the one that is worked on, and changes places with it."""
    face, view = str(_said("opened") or ""), history().now
    if face in view.beside:
        go(replace(view, face=face, beside=tuple(view.face if one == face else one for one in view.beside)))


def _away() -> None:
    face, view = str(_said("away") or ""), history().now
    go(replace(view, beside=tuple(one for one in view.beside if one != face)))
