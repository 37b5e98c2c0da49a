"""What is done with the view of Explore: undo and redo, A and B, onto the shelf, downloads, the history in pictures."""

from __future__ import annotations

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections.common import attempt, go, history, label, picture_url, row, say, walk
from latentlab.apps.serving import desk
from latentlab.studio import View, keep_edit, png, safe_name

PINNED = "pinned"
SHOTS = 40


def pinned() -> View | None:
    """The view that A holds, where one was pinned."""
    return st.session_state.get(PINNED)


def show(view: View) -> None:
    """A row of buttons, then the history."""
    now = history()
    with row():
        st.button(
            "Undo", icon=":material/undo:", disabled=not now.can_undo, on_click=lambda: walk(history().undo())
        )
        st.button(
            "Redo", icon=":material/redo:", disabled=not now.can_redo, on_click=lambda: walk(history().redo())
        )
        st.button("Reset", icon=":material/restart_alt:", disabled=not view.edited, on_click=_reset)
        _sides(view)
        with st.popover("Keep", icon=":material/bookmark_add:"):
            _keep(view)
        with st.popover("Download", icon=":material/download:"):
            _downloads(view)
    if len(now.views) > 1:
        first = max(0, min(len(now.views) - SHOTS, now.place - SHOTS // 2))
        shots = [
            {"place": place, "url": picture_url(one, 96), "label": _told(one), "current": place == now.place}
            for place, one in list(enumerate(now.views))[first : first + SHOTS]
        ]
        component("strip")(data={"label": "history", "shots": shots}, key="strip", on_chosen_change=_back)


def _reset() -> None:
    view = history().now
    go(View(view.face, view.psi, transfer=view.transfer, noise=view.noise, beside=view.beside))


def _sides(view: View) -> None:
    """A and B: one view is pinned, the divider lies between it and the one that is worked on."""
    held = pinned()
    if held is None:
        st.button(
            "Pin as A",
            icon=":material/push_pin:",
            on_click=lambda: st.session_state.update({PINNED: view}),
            help="then the divider compares it with what you do next, B",
        )
        return
    st.button("A ⇄ B", icon=":material/compare_arrows:", on_click=_swap, help="work on the other one")
    st.button("Unpin A", icon=":material/close:", on_click=lambda: st.session_state.pop(PINNED, None))


def _swap() -> None:
    held, view = pinned(), history().now
    if held is not None:
        st.session_state[PINNED] = view
        go(held)


def _back() -> None:
    place = st.session_state["strip"]["chosen"]
    if place is not None:
        walk(history().back_to(int(place)))


def _told(view: View) -> str:
    """A view in words."""
    edits = ", ".join(f"{name.replace('_', ' ')} {value:+g}" for name, value in view.strengths.items())
    return f"{label(view.face)}{': ' if edits else ''}{edits}"


def _keep(view: View) -> None:
    """The face as it is shown, or its edit alone."""
    what = st.segmented_control(
        "What", ["the face", "the edit"], default="the face", disabled=not view.strengths
    )
    if what == "the edit" and view.strengths:
        name = st.text_input("Name of the edit", "_".join(view.strengths)[:40])
        st.button(
            "Put on the shelf", key="keep_edit", on_click=lambda: attempt(lambda: _kept_edit(view, name))
        )
        return
    first = safe_name(label(view.face), whole=True)
    name = st.text_input("Name on the shelf", f"{first}_edited" if view.edited else first)
    st.button("Put on the shelf", key="keep_face", on_click=lambda: attempt(lambda: _kept(view, name)))


def _kept(view: View, name: str) -> None:
    desk().keep(view, name)
    say(f"'{name}' is on the shelf.", ":material/bookmark_added:")


def _kept_edit(view: View, name: str) -> None:
    keep_edit(desk().studio, name, view)
    say(f"The edit '{name}' is on the shelf; open it there on any face.", ":material/bookmark_added:")


def _downloads(view: View) -> None:
    own, name = desk(), safe_name(label(view.face), whole=True)  # a download runs outside of the session
    st.download_button(
        "Picture",
        lambda: png(own.picture(view)),
        f"{name}.png",
        "image/png",
        icon=":material/image:",
        help="at its own size, the recipe inside: drop it here again, or: latentlab replay",
        width="stretch",
    )
    if own.has_photo(view):
        st.download_button(
            "Whole photo",
            lambda: png(own.picture(view, whole=True)),
            f"{name}_photo.png",
            "image/png",
            icon=":material/photo:",
            help="the face put back into the photo, at the photo's own size",
            width="stretch",
        )
    st.download_button(
        "Latent",
        lambda: own.latent_file(view),
        f"{name}.npz",
        icon=":material/data_array:",
        help="as the published projector writes it",
        width="stretch",
    )
