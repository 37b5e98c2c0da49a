"""Discover: a method runs in the background; what it finds is a wall of sweeps to name and keep; or marks by hand."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import streamlit as st

from latentlab.apps.sections.common import picture_url, progress, tile, told
from latentlab.apps.serving import desk
from latentlab.core.direction import Direction
from latentlab.core.watch import Watch
from latentlab.studio import Discover, Job, View, choose_discovery, direction_from_seeds, methods

SHOWN = (
    "ganspace",
    "sefa",
    "joint",
    "interfacegan",
    "regression",
    "stylespace",
    "counterfactual",
    "steer",
    "flow",
)
STRENGTHS = (-2.0, -1.0, 0.0, 1.0, 2.0)
WALL = 12
MARKING = 12
"""Faces on a sheet to mark."""


def show() -> None:
    """The page."""
    by_method, by_hand = st.tabs(["With a method", "By your own marks"])
    with by_method, told():
        _choose()
        progress("discovery")
        _wall()
    with by_hand, told():
        _marks()


def _choose() -> None:
    family = methods("discoverer")
    names = [name for name in SHOWN if name in family]
    left, right = st.columns([1, 2], gap="large")
    method = left.selectbox("Method", names)
    kind = family[method]
    right.caption((kind.__doc__ or "").split("\n\n")[0])
    fields = {one.name: one for one in dataclasses.fields(kind)}
    given: dict[str, object] = {}
    if "attribute" in fields:
        given["attribute"] = right.selectbox(
            "Attribute", desk().attributes(), help="what the scorers can read"
        )
    if "samples" in fields:
        given["samples"] = right.select_slider(
            "Samples", [2000, 5000, 10_000, 20_000], 5000, help="more are surer and take longer"
        )
    if "components" in fields:
        given["components"] = right.slider("Components", 2, 20, 8)
    job: Job | None = st.session_state.get("discovery")
    if left.button(
        "Run", type="primary", icon=":material/play_arrow:", disabled=job is not None and job.running
    ):
        request = replace(choose_discovery(method, **given), save=False)
        st.session_state["discovery"] = Job(method, _discovering(request)).start()


def _discovering(request: Discover):
    studio = desk().studio

    def work(watch: Watch) -> list[Direction]:
        return studio.discover(request, watch=watch)

    return work


def _wall() -> None:
    """A row of pictures for every direction, its label, a name to keep it by."""
    job: Job | None = st.session_state.get("discovery")
    if job is None or job.running or not job.result:
        return
    seed = st.number_input("Shown on seed", 0, 999_999, 1)
    for number, direction in enumerate(job.result[:WALL]):
        _row(direction, number, int(seed))


def _row(direction: Direction, number: int, seed: int) -> None:
    label, *cells, form = st.columns([1.4, *[1] * len(STRENGTHS), 1.6], vertical_alignment="center")
    label.markdown(f"**{direction.name.replace('_', ' ')}**")
    for cell, strength, picture in zip(
        cells, STRENGTHS, desk().swept(f"seed:{seed}", direction, STRENGTHS), strict=True
    ):
        cell.image(picture, caption=f"{strength:+g}")
    name = form.text_input("Name", direction.name, key=f"name{number}", label_visibility="collapsed")
    if form.button("Keep", key=f"keep{number}", icon=":material/bookmark_add:"):
        with told():
            desk().keep_direction(replace(direction, name=name))
            st.toast(f"{name} is kept; its slider is on Explore")


def _marks() -> None:
    """Faces to mark as more or less; ten of each give a first direction."""
    st.caption(
        "Mark faces that have more or less of what you look for; ten of each are enough for a first direction."
    )
    marks: dict[int, str] = st.session_state.setdefault("marks", {})
    first = st.session_state.setdefault("marks_from", 0)
    for row in range(0, MARKING, 6):
        for column, seed in zip(st.columns(6), range(first + row, first + row + 6), strict=True):
            with column:
                tile(picture_url(View(f"seed:{seed}", psi=1.0), 160), f"seed {seed}")
            said = column.segmented_control(
                "mark",
                ["less", "more"],
                default=marks.get(seed),
                key=f"mark{seed}",
                label_visibility="collapsed",
            )
            if said:
                marks[seed] = said
            else:
                marks.pop(seed, None)
    more = [seed for seed, said in marks.items() if said == "more"]
    less = [seed for seed, said in marks.items() if said == "less"]
    back, on, count, name, go = st.columns([1, 1, 2, 2, 1.4], vertical_alignment="bottom")
    if back.button("Earlier", disabled=first == 0):
        st.session_state["marks_from"] = first - MARKING
        st.rerun()
    if on.button("More faces"):
        st.session_state["marks_from"] = first + MARKING
        st.rerun()
    count.markdown(f"**{len(more)}** more, **{len(less)}** less")
    called = name.text_input("Name of the direction", "mine")
    if go.button("Learn it", type="primary", icon=":material/school:"):
        with told():
            direction_from_seeds(desk().studio, called, more, less)
            st.success(f"'{called}' is kept; its slider is on Explore")
