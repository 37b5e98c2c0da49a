"""Makeup, styles, a turn to the front and a swap on the face of Explore: made in the background, shown beside the face before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections.common import attempt, label, progress, row
from latentlab.apps.sections.source import face_picker
from latentlab.apps.serving import desk
from latentlab.core.watch import Watch
from latentlab.studio import Job, Picture, View, picture_address, png, safe_name

COLOURS = {"lips": "#a01030", "lids": "#5a4a8a", "blush": "#d06a6a"}
SIDE = 512
LOOK = "look"


def makeup(view: View) -> None:
    """Colours by region, a reference's makeup, or none."""
    own, how = (
        desk(),
        st.segmented_control(
            "Makeup", ["colours", "from another face", "take it off"], default="colours", key="makeup_how"
        ),
    )
    fields: dict[str, Any] = {}
    reference: str | None = None
    with row():
        if how == "from another face":
            reference = face_picker("Whose", "makeup")
        elif how == "take it off":
            fields["remove"] = True
        else:
            wanted = st.pills(
                "Regions", list(COLOURS), selection_mode="multi", default=["lips"], key="makeup_regions"
            )
            fields["colours"] = {
                name: st.color_picker(name, COLOURS[name], key=f"makeup_{name}") for name in wanted
            }
        fields["strength"] = st.slider("Strength", 0.0, 1.0, 1.0, 0.05, key="makeup_strength", width=200)

        def work(watch: Watch) -> Picture:
            other = None if reference is None else own.face(View(reference))
            return own.studio.makeup(own.face(view), other, watch=watch, **fields)

        nothing = how == "colours" and not fields.get("colours")
        st.button(
            "Make it up",
            type="primary",
            icon=":material/brush:",
            disabled=nothing,
            on_click=_start,
            args=(view, work),
        )
    _shown(view)


def style(view: View) -> None:
    """A network's style, or a filter."""
    own = desk()
    with row():
        name = st.selectbox("Style", own.studio.styles(), key="style_name", width=180)
        share = st.slider("Strength", 0.0, 1.0, 1.0, 0.05, key="style_strength", width=200)
        colours = st.segmented_control(
            "Colours",
            ["keep", "take"],
            default="keep",
            key="style_colours",
            help="the photo's own, or the style's",
        )

        def work(watch: Watch) -> Picture:
            return own.studio.stylize(
                own.face(view),
                str(name),
                watch=watch,
                strength=share,
                colours="take" if colours == "take" else "keep",
            )

        st.button(
            "Draw it",
            type="primary",
            icon=":material/draw:",
            disabled=not name,
            on_click=_start,
            args=(view, work),
        )
    _shown(view)


def front(view: View) -> None:
    """Turned to the front."""
    own = desk()
    st.caption("The face turned to the front, at its photo's resolution.")
    with row():
        st.button(
            "Turn it", type="primary", icon=":material/face:", on_click=_start,
            args=(view, lambda watch: own.studio.frontalize(own.face(view), watch=watch)),
        )  # fmt: skip
    _shown(view)


def swap(view: View) -> None:
    """Another identity in this photo."""
    own = desk()
    st.caption(
        "Somebody else in this picture: only with the consent of both. What is made says in its file what it is."
    )
    with row():
        source = face_picker("Whose identity", "swap")

        def work(watch: Watch) -> Picture:
            return own.studio.swap(own.face(View(str(source))), own.face(view), watch=watch)

        st.button(
            "Swap",
            type="primary",
            icon=":material/swap_horiz:",
            disabled=source is None,
            on_click=_start,
            args=(view, work),
        )
    _shown(view)


def _start(view: View, work: Callable[[Watch], Picture]) -> None:
    attempt(lambda: st.session_state.update({LOOK: Job("look", work).start(), "look_of": view.face}))


def _shown(view: View) -> None:
    """The newest, if it is of this face."""
    progress(LOOK)
    job: Job | None = st.session_state.get(LOOK)
    if (
        job is None
        or job.running
        or not isinstance(job.result, Picture)
        or st.session_state.get("look_of") != view.face
    ):
        return
    shown, before = job.result.show(), desk().photo(view) or desk().before(view)
    if shown.size != before.size and abs(shown.width / shown.height - before.width / before.height) > 0.01:
        before = desk().before(view)
    data = {
        "before": picture_address(before, SIDE), "before_alt": "before", "after": picture_address(shown, SIDE), "after_alt": "after",
        "ratio": shown.width / shown.height, "wide": "512px",
    }  # fmt: skip
    component("divider")(data=data, key="look_divider")
    result = job.result
    st.download_button(
        "Download", lambda: png(result), f"{safe_name(label(view.face), whole=True)}_{result.name[-40:]}.png", "image/png", icon=":material/download:"
    )  # fmt: skip
