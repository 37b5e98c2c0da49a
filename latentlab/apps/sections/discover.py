"""Discover: a method runs in the background; what it finds is a wall of sweeps with labels and cards; or marks by hand."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections.cards import card, matrix
from latentlab.apps.sections.common import attempt, news, picture_url, progress, row, say, sheet, told
from latentlab.apps.serving import desk
from latentlab.studio import (
    Finding,
    Findings,
    Job,
    View,
    choose_discovery,
    direction_from_seeds,
    find_out,
    methods,
)

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
STRENGTHS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
WALL = 12
MARKING = 16
"""Faces on a sheet to mark."""


def show() -> None:
    """The page."""
    news()
    by_method, by_hand = st.tabs(["With a method", "By your own marks"])
    with by_method, told():
        _choose()
        progress("discovery")
        _wall()
    with by_hand, told():
        _marks()


def _choose() -> None:
    family = methods("discoverer")
    left, right = st.columns([1, 2], gap="large")
    method = left.selectbox("Method", [name for name in SHOWN if name in family])
    kind = family[method]
    right.markdown((kind.__doc__ or "").split("\n\n")[0])
    fields = {one.name for one in dataclasses.fields(kind)}
    given: dict[str, object] = {}
    with right, row():
        if "attribute" in fields:
            given["attribute"] = st.selectbox(
                "Attribute", desk().attributes(), width=200, help="what the scorers can read"
            )
        if "samples" in fields:
            given["samples"] = st.select_slider(
                "Samples",
                [2000, 5000, 10_000, 20_000],
                5000,
                width=240,
                help="more are surer and take longer",
            )
        if "components" in fields:
            given["components"] = st.slider("Components", 2, WALL, 8, width=240)
    job: Job | None = st.session_state.get("discovery")
    left.button(
        "Run", type="primary", icon=":material/play_arrow:", disabled=job is not None and job.running, on_click=_run, args=(method, given)
    )  # fmt: skip


def _run(method: str, given: dict[str, object]) -> None:
    def act() -> None:
        studio, request = desk().studio, replace(choose_discovery(method, **given), save=False)
        st.session_state["discovery"] = Job(method, lambda watch: find_out(studio, request, watch)).start()

    attempt(act)


def _wall() -> None:
    """A row of pictures for every direction, its label, a name to keep it by, its card; then the leakage matrix of all."""
    job: Job | None = st.session_state.get("discovery")
    if job is None or job.running or not isinstance(job.result, Findings):
        return
    found = job.result
    seed = st.number_input("Shown on seed", 0, 999_999, 1, width=160)
    for number, finding in enumerate(found.rows[:WALL]):
        _row(finding, number, int(seed))
    if found.columns:
        st.subheader("What a step changes")
        st.caption("in standard deviations of the network's samples, by the judge, over 24 fresh faces")
        matrix(found)


def _row(finding: Finding, number: int, seed: int) -> None:
    direction, key = finding.direction, f"{number}_{finding.direction.name}"
    st.markdown(f"**{direction.name.replace('_', ' ')}** · {finding.label}")
    pictures = desk().swept_urls(f"seed:{seed}", direction, STRENGTHS)
    sheet(
        [
            [
                (url, f"{strength:+g}" if strength else "0")
                for url, strength in zip(pictures, STRENGTHS, strict=True)
            ]
        ]
    )
    with row():
        name = st.text_input(
            "Name", direction.name, key=f"name_{key}", label_visibility="collapsed", width=220
        )
        st.button(
            "Keep",
            key=f"keep_{key}",
            icon=":material/bookmark_add:",
            on_click=lambda: attempt(lambda: _keep(finding, name)),
        )
        with st.popover("Card", icon=":material/fact_check:"):
            card(direction, finding.effects)


def _keep(finding: Finding, name: str) -> None:
    desk().keep_direction(replace(finding.direction, name=name))
    say(f"'{name}' is kept; its slider is on Explore.", ":material/bookmark_added:")


def _marks() -> None:
    """Faces to mark as more or less; ten of each give a first direction."""
    st.caption(
        "Mark faces that have more or less of what you look for; ten of each are enough for a first direction."
    )
    marks: dict[int, str] = st.session_state.setdefault("marks", {})
    first = st.session_state.setdefault("marks_from", 0)
    faces = [
        {"seed": seed, "label": f"seed {seed}", "url": picture_url(View(f"seed:{seed}", psi=1.0), 160)}
        for seed in range(first, first + MARKING)
    ]
    component("marks")(
        data={"faces": faces, "said": {str(k): v for k, v in marks.items()}},
        key="marked",
        on_marked_change=_marked,
    )
    more = [seed for seed, said in marks.items() if said == "more"]
    less = [seed for seed, said in marks.items() if said == "less"]
    st.markdown(f"**{len(more)}** more, **{len(less)}** less")
    with row():
        st.button("Earlier", disabled=first == 0, on_click=_page, args=(-MARKING,))
        st.button("More faces", on_click=_page, args=(MARKING,))
        st.button("Forget the marks", disabled=not marks, on_click=marks.clear)
        called = st.text_input("Name of the direction", "mine", width=200)
        st.button(
            "Learn it",
            type="primary",
            icon=":material/school:",
            on_click=lambda: attempt(lambda: _learn(called, more, less)),
        )


def _marked() -> None:
    found = st.session_state["marked"]["marked"]
    if found is not None:
        marks, seed = st.session_state["marks"], int(found["seed"])
        if found["said"]:
            marks[seed] = found["said"]
        else:
            marks.pop(seed, None)


def _page(by: int) -> None:
    st.session_state["marks_from"] = max(0, st.session_state["marks_from"] + by)


def _learn(name: str, more: list[int], less: list[int]) -> None:
    direction_from_seeds(desk().studio, name, more, less)
    say(f"'{name}' is kept; its slider is on Explore.", ":material/school:")
