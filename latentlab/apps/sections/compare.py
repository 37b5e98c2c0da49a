"""Compare: one face through every way of editing it, side by side, with figures and a divider between any two."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections.common import history, picture_url, tile, told
from latentlab.apps.serving import desk
from latentlab.studio import View, read_view

WAYS = {
    "the network's own picture": "none",
    "photo moved by optical flow": "flow",
    "photo moved by the learned transfer": "learned",
}


def show() -> None:
    """The page."""
    with told():
        view = history().now
        face = desk().face(view)
        if not view.strengths:
            st.info(
                "Nothing is edited yet: move a slider on Explore first; here its result is shown every way it can be made."
            )
            return
        edits = ", ".join(f"{name} {value:+g}" for name, value in view.strengths.items())
        st.caption(f"{face.name}: {edits}")
        ways = {"before": None, "the network's own picture": "none"}
        if face.photo is not None:
            ways |= WAYS
        _row(view, ways)
        _divider(view, ways)


def _row(view: View, ways: dict[str, str | None]) -> None:
    for column, (title, way) in zip(st.columns(len(ways)), ways.items(), strict=True):
        with column:
            tile(_url(view, way), title)
        if way is not None:
            column.caption(read_view(desk(), replace(view, transfer=way)).sentence(view.strengths))


def _divider(view: View, ways: dict[str, str | None]) -> None:
    left, right = st.columns(2)
    names = list(ways)
    one = left.selectbox("Left", names, 0)
    other = right.selectbox("Right", names, len(names) - 1)
    with st.columns([1, 2, 1])[1]:
        component("divider")(
            data={"before": _url(view, ways[one]), "before_alt": one, "after": _url(view, ways[other]), "after_alt": other},
            key="compared",
        )  # fmt: skip


def _url(view: View, way: str | None) -> str:
    """Of the view edited one way; None is the face before."""
    return picture_url(view if way is None else replace(view, transfer=way), 512, before=way is None)
