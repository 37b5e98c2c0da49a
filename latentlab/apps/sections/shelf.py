"""Shelf: the faces, directions and networks that are kept: search, open, rename, delete with a way back, take along."""

from __future__ import annotations

import streamlit as st

from latentlab.apps.sections.common import open_in_explore, picture_url, tile, told
from latentlab.apps.serving import desk
from latentlab.core.errors import LatentLabError
from latentlab.studio import View, bundle, delete, rename, restore

COLUMNS = 5
MOST = 50


def show() -> None:
    """The page."""
    studio = desk().studio
    faces, directions, networks = st.tabs(["Faces", "Directions", "Networks"])
    with faces, told():
        _faces()
    with directions, told():
        rows = [studio.direction(name) for name in studio.directions()]
        st.dataframe(
            [{"name": one.name, "one step": f"{one.step:g} {one.unit}", "span": one.span and f"{one.span[0]:g} … {one.span[1]:g}",
              "found by": one.found_by.partition("(")[0]} for one in rows], hide_index=True,
        )  # fmt: skip
    with networks, told():
        st.dataframe([{"name": name, "here": here} for name, here in _networks()], hide_index=True)


def _networks() -> list[tuple[str, str]]:
    models = desk().studio.models()
    here = models.files()
    return [(desk().studio.name, "open"), *((name, "yes") for name in sorted(here))]


def _faces() -> None:
    studio = desk().studio
    gone = st.session_state.get("deleted")
    if gone is not None and st.button(
        f"Undo: bring '{gone.name.partition('@')[0]}' back", icon=":material/undo:"
    ):
        st.session_state.pop("deleted")
        st.toast(f"{restore(studio, gone)} is back")
    asked = st.text_input("Search", placeholder="part of a name", label_visibility="collapsed")
    names = [name for name in reversed(studio.faces()) if asked.lower() in name.lower()]
    if not names:
        st.caption("Nothing here yet. Keep a face on Explore, or invert a photo.")
        return
    if len(names) > MOST:
        st.caption(f"{len(names)} faces; the newest {MOST} are shown, search for others")
    st.download_button(
        "Export what is shown as a zip",
        lambda: bundle(studio, names[:MOST]),
        "faces.zip",
        icon=":material/folder_zip:",
    )
    for start in range(0, min(len(names), MOST), COLUMNS):
        for column, name in zip(st.columns(COLUMNS), names[start : start + COLUMNS], strict=False):
            with column:
                _card(name)


def _card(name: str) -> None:
    view = View(f"shelf:{name}")
    tile(picture_url(view, 256, before=True), name)
    left, right = st.columns(2)
    if left.button("Open", key=f"open-{name}", width="stretch"):
        open_in_explore(view)
    with right.popover("…", width="stretch"):
        to = st.text_input("New name", name, key=f"to-{name}")
        if st.button("Rename", key=f"rename-{name}", disabled=to == name):
            _act(lambda: rename(desk().studio, name, to), view)
        if st.button("Delete", key=f"delete-{name}", icon=":material/delete:"):
            _act(lambda: st.session_state.update(deleted=delete(desk().studio, name)), view)


def _act(change, view: View) -> None:
    try:
        change()
        desk().forget(view)
    except LatentLabError as error:
        st.error(str(error))
        return
    st.rerun()
