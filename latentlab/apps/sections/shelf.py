"""Shelf: the faces, directions, edits and networks that are kept: search, open, rename, delete with a way back, take along."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from latentlab.apps.sections.cards import card
from latentlab.apps.sections.common import (
    attempt,
    go,
    history,
    news,
    open_in_explore,
    picture_url,
    row,
    say,
    tile,
    told,
)
from latentlab.apps.serving import desk, switch
from latentlab.studio import Directions, Edits, Faces, Networks, Shelf, View, kept_edit

MOST = 50
DELETED = "deleted"


def show() -> None:
    """The page."""
    news()
    studio = desk().studio
    gone = st.session_state.get(DELETED)
    with row("center"):
        asked = st.text_input(
            "Search", placeholder="search: a part of a name", label_visibility="collapsed", width=320
        )
        if gone is not None:
            name = gone[1].name.partition("@")[0]
            st.button(f"Undo: bring '{name}' back", icon=":material/undo:", on_click=_undo)
    faces, directions, edits, networks = st.tabs(["Faces", "Directions", "Edits", "Networks"])
    with faces, told():
        _kind(Faces(studio), asked, _face, "Keep a face on Explore, or invert a photo.")
    with directions, told():
        _kind(Directions(studio), asked, _direction, "Find one on Discover, or mark faces there.")
        _library(asked)
    with edits, told():
        _kind(Edits(studio), asked, _edit, "On Explore, Keep puts an edit here without its face.")
    with networks, told():
        _networks(Networks(studio), asked)


def _kind(shelf: Shelf, asked: str, one: Callable[[Shelf, str], None], empty: str) -> None:
    """Everything of a kind whose name holds what was asked for, the newest first."""
    names = [name for name in reversed(shelf.names()) if asked.lower() in name.lower()]
    if not names:
        st.caption(f"Nothing called so is kept. {empty}" if asked else f"Nothing here yet. {empty}")
        return
    if len(names) > MOST:
        st.caption(f"{len(names)} are kept; the newest {MOST} are shown, search for others")
    shown = names[:MOST]
    kind = type(shelf).__name__.lower()
    with st.container(horizontal=True, gap="medium"):
        for name in shown:
            with st.container(width=165, key=f"card-{kind}-{name}"):
                one(shelf, name)
    st.download_button(
        "Export what is shown as a zip", lambda: shelf.bundle(shown), f"{kind}.zip", icon=":material/folder_zip:", key=f"zip-{kind}"
    )  # fmt: skip


def _face(shelf: Shelf, name: str) -> None:
    tile(picture_url(View(f"shelf:{name}"), 256, before=True), name)
    if _buttons(shelf, name):
        open_in_explore(View(f"shelf:{name}"))


def _direction(shelf: Shelf, name: str) -> None:
    direction = desk().directions().get(name)
    if direction is None:
        return
    low, high = direction.span or (-2.0, 2.0)
    urls = desk().swept_urls("seed:1", direction, (low / 2, high / 2))
    pictures = "".join(f'<img src="{url}" alt="" style="width:50%">' for url in urls)
    st.html(
        f'<div role="img" aria-label="less and more of {name}" style="display:flex;border-radius:.6rem;overflow:hidden">{pictures}</div>'
    )
    st.caption(name)
    with st.popover("Card", width="stretch"):
        card(direction, direction.leakage)
    if _buttons(shelf, name):
        open_in_explore(history().now.moved({**history().now.strengths, name: high / 2}))


def _edit(shelf: Shelf, name: str) -> None:
    view = kept_edit(desk().studio, name, history().now)
    tile(picture_url(view, 256), name)
    if _buttons(shelf, name):
        open_in_explore(view)


def _library(asked: str) -> None:
    """The directions that came with the network: to look at, not to change."""
    own = set(Directions(desk().studio).names())
    rest = {
        name: one
        for name, one in desk().directions().items()
        if name not in own and asked.lower() in name.lower()
    }
    if rest:
        st.markdown("**Came with the network**")
        with st.container(horizontal=True, gap="small"):
            for name, direction in rest.items():
                with st.popover(name.replace("_", " ")):
                    card(direction, dict(sorted(direction.leakage.items(), key=lambda item: -abs(item[1]))))


def _networks(shelf: Networks, asked: str) -> None:
    _kind(shelf, asked, _network, "latentlab train and latentlab convert put networks into the lab.")
    others = [
        name for name in shelf.openable() if name not in shelf.names() and asked.lower() in name.lower()
    ]
    if others:
        st.markdown("**Came with the package, or fetched**")
        with st.container(horizontal=True, gap="small"):
            for name in others:
                st.button(
                    name, icon=":material/check:" if name == desk().studio.name else ":material/hub:", key=f"network-{name}",
                    disabled=name == desk().studio.name, on_click=lambda name=name: attempt(lambda: _open_network(name)),
                )  # fmt: skip
    with st.expander(f"The card of {desk().studio.name}"):
        st.markdown(desk().studio.card())


def _network(shelf: Shelf, name: str) -> None:
    st.markdown(f"**{name}**")
    if _buttons(shelf, name):
        with told():
            _open_network(name)
            st.rerun()


def _open_network(name: str) -> None:
    switch(name)
    go(View())
    say(f"The network '{name}' is open.", ":material/hub:")


def _buttons(shelf: Shelf, name: str) -> bool:
    """Open, and what else can be done; whether it is to be opened."""
    kind = type(shelf).__name__.lower()
    with st.container(horizontal=True, gap="small"):
        opened = st.button("Open", key=f"open-{kind}-{name}")
        with st.popover("", icon=":material/more_horiz:", help=f"rename or delete {name}"):
            to = st.text_input("New name", name, key=f"to-{kind}-{name}")
            st.button(
                "Rename",
                key=f"rename-{kind}-{name}",
                disabled=to == name,
                on_click=lambda: attempt(lambda: _rename(shelf, name, to)),
            )
            st.button(
                "Delete",
                key=f"delete-{kind}-{name}",
                icon=":material/delete:",
                on_click=lambda: attempt(lambda: _delete(shelf, name)),
            )
    return opened


def _rename(shelf: Shelf, name: str, to: str) -> None:
    shelf.rename(name, to)
    desk().forget(View(f"shelf:{name}"))


def _delete(shelf: Shelf, name: str) -> None:
    st.session_state[DELETED] = (shelf, shelf.delete(name))
    desk().forget(View(f"shelf:{name}"))


def _undo() -> None:
    shelf, kept = st.session_state.pop(DELETED)
    attempt(lambda: say(f"'{shelf.restore(kept)}' is back.", ":material/undo:"))
