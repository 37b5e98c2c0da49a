"""Where the face of Explore comes from: a seed, the shelf, a photo, the camera, a picture that latentlab made."""

from __future__ import annotations

import random
from dataclasses import replace

import streamlit as st

from latentlab.apps.sections.common import attempt, go, history, label, row, say
from latentlab.apps.serving import desk
from latentlab.studio import Job, Opened, View, open_and_invert

ENDINGS = ["png", "jpg", "jpeg", "webp", "tif", "tiff", "heic"]
SEEDS = 1_000_000
OPENING = "opening"


def show(view: View) -> None:
    """A row of widgets."""
    with row():
        sampled = view.seed is not None
        st.number_input(
            "Seed", 0, 999_999_999, view.seed, key=_key("seed", view), on_change=_seed, placeholder="none",
            args=(_key("seed", view),), width=150, help="the same seed is the same face",
        )  # fmt: skip
        st.button("Random", icon=":material/casino:", on_click=_draw)
        st.slider(
            "Truncation ψ", 0.0, 1.4, view.psi, 0.05, key=_key("psi", view), on_change=_psi, args=(_key("psi", view),),
            width=190, disabled=not sampled, help="lower is nearer to the average face; of sampled faces only",
        )  # fmt: skip
        _noise(view)
        names = list(reversed(desk().studio.faces()))
        st.selectbox(
            "From the shelf", names, index=None, placeholder="a kept face" if names else "nothing kept yet", width=200,
            key=_key("shelf", view), on_change=_shelf, args=(_key("shelf", view),), disabled=not names,
        )  # fmt: skip
        with st.popover("Open a picture", icon=":material/add_photo_alternate:"):
            _files()


def _key(name: str, view: View) -> str:
    """A widget of its own for each face, so that it shows what the face has."""
    return f"{name}@{view.face}@{view.psi}@{view.noise}"


def _noise(view: View) -> None:
    kinds = {"const": "as stored", "none": "none", "random": "fresh"}
    now = "random" if view.noise.isdecimal() else view.noise
    st.selectbox(
        "Noise", list(kinds), list(kinds).index(now), format_func=kinds.__getitem__, key=_key("noise", view), width=130,
        on_change=_set_noise, args=(_key("noise", view),), disabled=view.seed is None,
        help="what the network adds to fine detail; 'fresh' draws it anew",
    )  # fmt: skip


def _seed(key: str) -> None:
    number = st.session_state[key]
    if number is not None:
        _to(f"seed:{number}")


def _draw() -> None:
    _to(f"seed:{random.randrange(SEEDS)}")


def _to(face: str) -> None:
    """Another face under the same edit."""
    attempt(lambda: go(replace(history().now, face=face)))


def _psi(key: str) -> None:
    go(replace(history().now, psi=st.session_state[key]))


def _set_noise(key: str) -> None:
    kind = st.session_state[key]
    go(replace(history().now, noise=str(random.randrange(SEEDS)) if kind == "random" else kind))


def _shelf(key: str) -> None:
    name = st.session_state[key]
    if name:
        _to(f"shelf:{name}")


def _files() -> None:
    """Upload or camera; what it is is told by what it holds."""
    st.caption(
        "A photo is inverted. A picture that latentlab made shows what made it. Both can be dropped on the face as well."
    )
    turn = st.session_state.setdefault("source_turn", 0)
    key = f"source_file_{turn}"
    st.file_uploader(
        "Picture", ENDINGS, key=key, on_change=_uploaded, args=(key,), label_visibility="collapsed"
    )
    if st.toggle("Use the camera"):
        camera = f"source_camera_{turn}"
        st.camera_input(
            "Camera", key=camera, on_change=_uploaded, args=(camera,), label_visibility="collapsed"
        )


def _uploaded(key: str) -> None:
    file = st.session_state[key]
    if file is not None:
        st.session_state["source_turn"] += 1
        take(file.name, file.getvalue())


def take(name: str, content: bytes) -> None:
    """Look at a file in the background: nothing that somebody clicks meanwhile can interrupt it."""
    own = desk()
    st.session_state[OPENING] = Job("open", lambda watch: open_and_invert(own, name, content, watch)).start()


def arrived() -> None:
    """Show what a file was: a view restored, the only face of a photo; several are chosen from on Invert."""
    job: Job | None = st.session_state.get(OPENING)
    if job is None or job.running:
        return
    st.session_state.pop(OPENING)
    opened: Opened | None = job.result
    if job.error or opened is None:
        say(job.error or "the file could not be opened")
    elif opened.view is not None:
        go(opened.view)
    else:
        st.session_state["opened"] = opened
        _photo(opened)


def _photo(opened: Opened) -> None:
    if opened.face is None:
        return say(
            f"The photo shows {len(opened.faces)} faces; it waits on the page Invert, choose one there.",
            ":material/groups:",
        )
    go(View(desk().put(opened.face), strengths=history().now.strengths))
    for note in opened.notes:
        say(note, ":material/info:")
    return None


def face_picker(title: str, key: str) -> str | None:
    """A seed or a face of the shelf, as a view names it."""
    names = [f"shelf:{name}" for name in reversed(desk().studio.faces())]
    kind = (
        st.segmented_control(title, ["seed", "shelf"], default="seed", key=f"{key}_kind", disabled=not names)
        or "seed"
    )
    if kind == "shelf" and names:
        return st.selectbox("Face", names, format_func=label, key=f"{key}_shelf", width=220)
    number = st.number_input("Seed", 0, 999_999_999, 1, key=f"{key}_seed", width=150)
    return f"seed:{number}"
