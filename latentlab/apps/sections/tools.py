"""Tools of Explore: sweeps and grids, a value to reach, styles of another face, channels of S, more faces, the whole photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections import looks
from latentlab.apps.sections.common import attempt, go, history, label, picture_url, row, say, sheet, told
from latentlab.apps.sections.source import face_picker
from latentlab.apps.serving import desk
from latentlab.studio import (
    Styles,
    Sweep,
    View,
    gif_file,
    reach,
    readable,
    reading_of,
    safe_name,
    search_channels,
    sheet_file,
    steps,
)  # fmt: skip

CHANNELS = "channels"
FOUND = "found_channels"
MOST_BESIDE = 8


def show(view: View) -> None:
    """One of them at a time: what is not shown costs nothing."""
    name = st.segmented_control("Tool", list(TOOLS), key="tool", label_visibility="collapsed")
    if name is not None:
        with told():
            TOOLS[name](view)


def channels() -> list[str]:
    """Channels that this session has sliders for."""
    return st.session_state.setdefault(CHANNELS, [])


def _sweep(view: View) -> None:
    names = list(desk().directions())
    with row():
        name = st.selectbox("Direction", names, key="sweep_name", width=200)
        count = st.slider("Pictures", 3, 15, 7, key="sweep_count", width=220)
    if not name:
        st.caption("This network has no directions yet; find some on Discover.")
        return
    strengths = steps(desk(), name, count)
    sheet([[_cell(view, {name: strength}) for strength in strengths]])
    _files(view, (Sweep(name, strengths),), f"{safe_name(label(view.face), whole=True)}_{name}")


def _grid(view: View) -> None:
    names = list(desk().directions())
    if len(names) < 2:
        st.caption("A grid needs two directions; find some on Discover.")
        return
    with row():
        down = st.selectbox("Down", names, key="grid_down", width=200)
        across = st.selectbox(
            "Across", [name for name in names if name != down], key="grid_across", width=200
        )
        count = st.slider("Pictures a side", 3, 7, 5, key="grid_count", width=220)
    rows, columns = steps(desk(), down, count), steps(desk(), across, count)
    sheet([[_cell(view, {down: one, across: other}) for other in columns] for one in rows])
    sweeps = (Sweep(down, rows), Sweep(across, columns))
    _files(view, sweeps, f"{safe_name(label(view.face), whole=True)}_{down}_by_{across}")


def _cell(view: View, strengths: dict[str, float]) -> tuple[str, str]:
    moved = view.moved({**view.strengths, **strengths})
    return picture_url(moved, 160), ", ".join(f"{value:+.1f}" for value in strengths.values())


def _files(view: View, sweeps: tuple[Sweep, ...], name: str) -> None:
    own = desk()  # a download runs outside of the session
    with row():
        st.download_button(
            "Sheet",
            lambda: sheet_file(own, view, sweeps),
            f"{name}.png",
            "image/png",
            icon=":material/grid_on:",
        )
        if len(sweeps) == 1:
            st.download_button(
                "Gif",
                lambda: gif_file(own, view, sweeps[0]),
                f"{name}.gif",
                "image/gif",
                icon=":material/animation:",
            )


def _goal(view: View) -> object:
    units = readable(desk())
    if not units:
        return st.caption("No direction of this network has an attribute that the guide reads.")
    with row():
        names = list(units)
        name = st.selectbox(
            "Attribute", names, names.index("age") if "age" in names else 0, key="goal", width=180
        )
        now = reading_of(desk(), view, name)
        unit = "" if units[name] not in {"years", "degrees", "L*"} else f", {units[name]}"
        value = st.number_input(
            f"Value{unit}",
            value=60.0 if name == "age" else round(now, 2),
            key=f"goal_value_{name}",
            width=160,
        )
        identity = st.slider(
            "Keep identity",
            0.0,
            1.0,
            0.5,
            0.05,
            key="goal_identity",
            width=220,
            help="1 is the same picture; 0 does not look",
        )
        st.button(
            "Make it so",
            type="primary",
            icon=":material/flag:",
            on_click=lambda: attempt(lambda: _reach(name, value, identity)),
        )
    return st.caption(f"The guide reads {now:.3g} on this face before any edit.")


def _reach(name: str, value: float, identity: float) -> None:
    view, words = reach(desk(), history().now, name, value, identity or None)
    go(view)
    if words:
        say(words, ":material/flag:")


def _styles(view: View) -> None:
    layers = desk().studio.generator.layers
    with row():
        face = face_picker("Styles from", "styles")
        first, last = st.slider(
            "Layers",
            0,
            layers - 1,
            (layers // 2, layers - 1),
            key="styles_layers",
            width=260,
            help="low layers are pose and shape, high ones colours and light",
        )
        st.button(
            "Take its styles",
            type="primary",
            icon=":material/palette:",
            disabled=face is None,
            on_click=lambda: attempt(lambda: _mix(str(face), first, last)),
        )
        if view.styles is not None:
            st.button(
                "Give them back",
                icon=":material/close:",
                on_click=lambda: go(replace(history().now, styles=None)),
            )
    if view.styles is not None:
        st.caption(
            f"Layers {view.styles.first} to {view.styles.last} are those of {label(view.styles.face)}."
        )


def _mix(face: str, first: int, last: int) -> None:
    styles = Styles(face, first, last)
    desk().face(View(face))
    go(replace(history().now, styles=styles))


def _channels(_: View) -> object:
    with row():
        text = st.text_input(
            "Search the channels of S",
            placeholder="smile, glasses, b32 or b32.conv1.17",
            key="channel_text",
            width=320,
        )
        if channels():
            st.button("Take their sliders away", icon=":material/close:", on_click=channels().clear)
    if not text:
        return st.caption(
            "By an attribute: the channels that move it most. By a name: those of a layer. One step is one standard deviation."
        )
    with st.spinner("measuring what each channel does"):
        found = search_channels(desk().studio, text)
    with st.container(horizontal=True, gap="small"):
        for one in found:
            st.button(
                f"**{one.name}** {one.says}", key=f"channel_{one.name}", icon=":material/add:", disabled=one.name in channels(),
                on_click=channels().append, args=(one.name,), help="a slider for it",
            )  # fmt: skip
    return None


def _beside(view: View) -> None:
    with row():
        face = face_picker("Another face", "beside")
        st.button(
            "Show it under the same edit",
            type="primary",
            icon=":material/group_add:",
            disabled=face is None,
            on_click=lambda: attempt(lambda: _add([str(face)])),
        )
        st.button("Four at random", icon=":material/casino:", on_click=lambda: attempt(_add_random))
        if view.beside:
            st.button(
                "Only this face",
                icon=":material/close:",
                on_click=lambda: go(replace(history().now, beside=())),
            )


def _add(faces: list[str]) -> None:
    view = history().now
    for face in faces:
        desk().face(View(face))
    new = [face for face in faces if face not in (view.face, *view.beside)]
    go(replace(view, beside=(*view.beside, *new)[-MOST_BESIDE:]))


def _add_random() -> None:
    import random

    _add([f"seed:{random.randrange(1_000_000)}" for _ in range(4)])


def _whole(view: View) -> object:
    photo = desk().photo(view) if desk().has_photo(view) else None
    if photo is None:
        return st.caption(
            "This face was not found in a photo. Open one above: the edited face goes back into it, at its own size."
        )
    st.caption(f"{photo.width}×{photo.height} pixels; the download has them all.")
    component("divider")(
        data={
            "before": picture_url(view, 1024, before=True, whole=True), "before_alt": "the photo",
            "after": picture_url(view, 1024, whole=True), "after_alt": "with the edited face", "ratio": photo.width / photo.height,
        },
        key="whole",
    )  # fmt: skip
    return None


TOOLS: dict[str, Callable[[View], object]] = {
    "Sweep": _sweep, "Grid": _grid, "Reach a value": _goal, "Mix layers": _styles, "Channels": _channels, "More faces": _beside,
    "Makeup": looks.makeup, "Styles": looks.style, "Front": looks.front, "Swap": looks.swap, "Whole photo": _whole,
}  # fmt: skip
