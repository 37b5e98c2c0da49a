"""Compare: one face through every way of editing it, side by side, with figures and a divider between any two."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections.common import history, label, news, progress, row, told
from latentlab.apps.serving import desk
from latentlab.core.watch import Watch
from latentlab.studio import Answer, Job, compare_rendered, compare_view, picture_address, tasks

OWN, RENDERED = "The face of Explore", "A rendered face with its truth"
CASES = 24
SIDE = 512


def show() -> None:
    """The page."""
    news()
    with told():
        what = (
            st.segmented_control(
                "What", [OWN, RENDERED], default=OWN, label_visibility="collapsed", key="compare_what"
            )
            or OWN
        )
        (_own if what == OWN else _rendered)()
        progress("comparison")
        job: Job | None = st.session_state.get("comparison")
        if (
            job is not None
            and not job.running
            and job.result
            and st.session_state.get("compared_what") == what
        ):
            _answers(job.result)


def _own() -> None:
    view = history().now
    if not view.strengths:
        st.info(
            "Nothing is edited yet: move a slider on Explore first; here its result is shown every way it can be made.",
            icon=":material/tune:",
        )
        return
    edits = ", ".join(f"{name.replace('_', ' ')} {value:+g}" for name, value in view.strengths.items())
    st.caption(f"{label(view.face)}: {edits}. Baselines take part where they grant such a wish.")
    own = desk()
    _start(OWN, view, lambda watch: compare_view(own, view, watch))


def _rendered() -> None:
    st.caption(
        "The face world knows the answer: the same person, older by twenty years, or smiling. No method was taught these faces."
    )
    with row():
        task = st.selectbox("Task", tasks(), key="compare_task", width=200)
        number = st.number_input("Face", 1, CASES, 1, key="compare_face", width=140)
    own = desk()
    _start(RENDERED, (task, number), lambda watch: compare_rendered(own, task, number - 1, watch))


def _start(what: str, wanted: object, work: Callable[[Watch], object]) -> None:
    """A new question is answered in the background; the answer to the same one stays."""
    if st.session_state.get("compared") == (what, wanted):
        return
    last: Job | None = st.session_state.get("comparison")
    if last is not None:
        last.cancel()
    st.session_state.update(
        compared=(what, wanted), compared_what=what, comparison=Job("compare", work).start()
    )


def _answers(answers: list[Answer]) -> None:
    """All of them, then a divider between two."""
    urls = {one.title: picture_address(one.picture, SIDE) for one in answers}
    cells = [(urls[one.title], escape(one.title), escape(one.figures)) for one in answers]
    cards = "".join(
        f'<figure style="margin:0"><img src="{url}" alt="{title}" style="width:100%;aspect-ratio:1;object-fit:cover;border-radius:.6rem">'
        f'<figcaption style="font-size:.85rem;line-height:1.35;margin-top:.3rem"><b>{title}</b><br><span style="opacity:.7">{figures}</span></figcaption></figure>'
        for url, title, figures in cells
    )
    st.html(
        f'<div style="display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(170px,260px))">{cards}</div>'
    )
    names = list(urls)
    with row():
        one = st.selectbox("Left", names, 0, width=280)
        other = st.selectbox("Right", names, len(names) - 1, width=280)
    data = {"before": urls[one], "before_alt": one, "after": urls[other], "after_alt": other, "wide": "512px"}
    component("divider")(data=data, key="compared_divider")
