"""Invert: a photo, the faces found in it, one of them inverted, with its likeness in words."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from PIL import Image, ImageDraw

from latentlab.apps.components import component
from latentlab.apps.sections.common import go, news, open_in_explore, picture_url, progress, say, told
from latentlab.apps.sections.source import ENDINGS
from latentlab.apps.serving import desk
from latentlab.core.errors import LatentLabError
from latentlab.core.image import to_picture
from latentlab.studio import Invert, Job, Opened, View, choose_method, invert_photo, open_file

METHODS = {
    "encode": "one pass of the encoder; a second",
    "refine": "the encoder, five times over",
    "auto": "the best that a minute gives",
    "pivot": "the network tuned to the photo; nearest, edits less far",
}
PREVIEW = 720


def show() -> None:
    """The page."""
    news()
    left, right = st.columns([1, 1], gap="large")
    with left:
        _photo()
    opened: Opened | None = st.session_state.get("opened")
    if opened is None or opened.photo is None:
        right.caption(
            "A portrait, taken from the front, gives the best edits. It stays on this machine and is deleted when the session ends."
        )
        return
    with left, told():
        count = len(opened.faces)
        st.image(
            _drawn(list(opened.faces)),
            caption=f"{count} face{'s' if count != 1 else ''} found",
            width="stretch",
        )
    with right, told():
        _work(opened, opened.photo)
    _finished()


def _photo() -> None:
    """Upload or camera; kept in the session's folder under a name of our own."""
    st.file_uploader("Photo", ENDINGS, key="photo", on_change=_take, args=("photo",))
    if st.toggle("Use the camera"):
        st.camera_input(
            "Camera", label_visibility="collapsed", key="camera", on_change=_take, args=("camera",)
        )


def _take(key: str) -> None:
    """A new photo takes the place of the one before."""
    for name in ("opened", "inverted"):
        st.session_state.pop(name, None)
    file = st.session_state[key]
    if file is None:
        return None
    try:
        opened = open_file(desk(), file.name, file.getvalue())
    except LatentLabError as error:
        return say(str(error))
    if opened.view is not None:
        go(opened.view)
        return say("This picture was made by latentlab: what made it is open on Explore.", ":material/tune:")
    st.session_state["opened"] = opened
    return None


def _work(opened: Opened, photo: Path) -> None:
    faces = opened.faces
    number = 1
    if len(faces) > 1:
        number = st.radio("Which face", range(1, len(faces) + 1), horizontal=True)
    chosen = faces[number - 1]
    st.image(to_picture(chosen.face.image[0]), caption="as it is aligned", width=200)
    for note in chosen.face.notes:
        st.info(note)
    method = st.segmented_control("Method", list(METHODS), default="encode") or "encode"
    st.caption(METHODS[method])
    job: Job | None = st.session_state.get("inversion")
    if st.button(
        "Invert", type="primary", icon=":material/play_arrow:", disabled=job is not None and job.running
    ):
        request, own = Invert(choose_method(method), face=number, keep=False), desk()
        work = Job("invert", lambda watch: invert_photo(own, photo, request, watch))
        st.session_state["inversion"] = work.start()
        st.session_state.pop("inverted", None)
    progress("inversion")


def _finished() -> None:
    """The photo beside what the network makes of it, and ways on."""
    job: Job | None = st.session_state.get("inversion")
    if job is not None and job.result is not None and st.session_state.get("inverted_by") is not job:
        st.session_state.update(inverted=(desk().put(job.result.face), job.result.notes), inverted_by=job)
    if "inverted" not in st.session_state:
        return
    name, notes = st.session_state["inverted"]
    view = View(name)
    with told():
        face = desk().face(view)
        st.subheader("Inverted")
        left, right = st.columns([1, 1], gap="large")
        with left:
            component("divider")(
                data={
                    "before": picture_url(view, 512, before=True), "before_alt": "the photo",
                    "after": picture_url(View(name, transfer="none"), 512), "after_alt": "what the network makes of it",
                },
                key="likeness",
            )  # fmt: skip
        with right:
            st.markdown(_likeness(face.measures))
            for note in notes:
                st.info(note)
            if st.button("Edit it", type="primary", icon=":material/tune:"):
                open_in_explore(view)
            shelf = st.text_input(
                "Name on the shelf",
                st.session_state["opened"].name if "opened" in st.session_state else "face",
            )
            if st.button("Keep on the shelf", icon=":material/bookmark_add:"):
                desk().keep(view, shelf)
                st.success(f"{shelf} is on the shelf")


def _likeness(measures: dict[str, float]) -> str:
    """How near it is, in a sentence."""
    identity, psnr = measures.get("identity"), measures.get("psnr")
    words = []
    if identity is not None:
        words.append(
            f"dlib takes both for **the same person** ({identity:.2f}, below .6)" if identity < 0.6
            else f"dlib takes the network's picture for **somebody else** ({identity:.2f}, the same below .6)"
        )  # fmt: skip
    if psnr is not None:
        words.append(f"the pictures are {psnr:.1f} dB apart")
    return (
        "; ".join(words) + ". Edits take their pixels from the photo, so the face stays yours."
        if words
        else ""
    )


def _drawn(faces: list) -> Image.Image:
    """The photo with a frame and a number around every face."""
    photo = faces[0].face.picture.copy()
    pen = ImageDraw.Draw(photo)
    width = max(2, max(photo.size) // 200)
    for number, one in enumerate(faces, 1):
        (x, y), half = one.face.detected.centre, one.face.detected.width * 0.6
        pen.rounded_rectangle(
            (x - half, y - half, x + half, y + half), half / 5, outline="#ffb000", width=width
        )
        pen.text(
            (x - half + 3 * width, y - half + 2 * width), str(number), fill="#ffb000", font_size=8 * width
        )
    photo.thumbnail((PREVIEW, PREVIEW))
    return photo
