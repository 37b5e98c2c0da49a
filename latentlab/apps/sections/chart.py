"""Map: the score bank as points, coloured by any score; two groups drawn with the lasso make a direction."""

from __future__ import annotations

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections.common import (
    attempt,
    news,
    open_in_explore,
    picture_url,
    progress,
    row,
    say,
    told,
)
from latentlab.apps.serving import desk
from latentlab.core.watch import Watch
from latentlab.studio import Chart, Job, View, chart, direction_from_seeds, umap_is_here

MOST, SHOWN = 5000, 40


def show() -> None:
    """The page."""
    news()
    with told():
        _settings()
        progress("chart")
        job: Job | None = st.session_state.get("chart")
        if job is not None and not job.running and isinstance(job.result, Chart):
            _points(job.result)


def _settings() -> None:
    job: Job | None = st.session_state.get("chart")
    with row():
        count = st.select_slider(
            "Samples", [500, 1000, 2000, MOST], 1000, width=240, help="scored once, then kept in the lab"
        )
        ways = ["principal components", *(["UMAP"] if umap_is_here() else [])]
        way = st.segmented_control("Layout", ways, default=ways[0]) or ways[0]
        busy = job is not None and job.running
        st.button("Draw the map", type="primary", disabled=busy, on_click=_draw, args=(count, way))
    if job is None:
        st.caption(
            "Every sample of the network as a point: near ones look alike. A lasso around some, another around others, and there is a direction."
        )


def _draw(count: int, way: str) -> None:
    studio = desk().studio

    def work(watch: Watch) -> Chart:
        return chart(studio, count, "umap" if way == "UMAP" else "pca", watch)

    st.session_state["chart"] = Job("map", work).start()


def _points(found: Chart) -> None:
    import plotly.graph_objects as go

    names = list(found.samples.names)
    colour = st.selectbox("Coloured by", names, index=names.index("age") if "age" in names else 0, width=220)
    seeds = found.samples.seeds.tolist()
    figure = go.Figure(
        go.Scattergl(
            x=found.points[:, 0], y=found.points[:, 1], mode="markers", customdata=seeds,
            marker={"size": 6, "color": found.samples.column(colour).tolist(), "colorscale": "Viridis", "showscale": True, "opacity": 0.75},
            hovertemplate="seed %{customdata}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        xaxis_title=found.axes[0],
        yaxis_title=found.axes[1],
        dragmode="lasso",
        height=560,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
    )
    answer = st.plotly_chart(
        figure, key="points", on_select="rerun", selection_mode=("lasso", "box", "points")
    )
    component("hover")(data={"route": "/picture", "desk": desk().token}, key="hover")
    picked = [seeds[one["point_index"]] for one in answer["selection"]["points"]] if answer else []
    _groups(picked)


def _groups(picked: list[int]) -> None:
    """What the lasso holds: its faces, each a way to Explore, and one of two groups."""
    groups: dict[str, list[int]] = st.session_state.setdefault("groups", {"less": [], "more": []})
    if picked:
        shots = [
            {
                "place": seed,
                "url": picture_url(_view(seed), 96),
                "label": f"open seed {seed} in Explore",
                "current": False,
            }
            for seed in picked[:SHOWN]
        ]
        answer = component("strip")(
            data={"label": "faces in the lasso", "shots": shots}, key="picked", on_chosen_change=lambda: None
        )
        if answer.get("chosen") is not None:
            open_in_explore(_view(int(answer["chosen"])))
    st.markdown(
        f"**{len(picked)}** in the lasso · less: **{len(groups['less'])}** · more: **{len(groups['more'])}**"
    )
    with row():
        st.button("These are less", disabled=not picked, on_click=lambda: groups.update(less=picked))
        st.button("These are more", disabled=not picked, on_click=lambda: groups.update(more=picked))
        called = st.text_input("Name of the direction", "lasso", width=200)
        st.button(
            "Make a direction", type="primary", on_click=lambda: attempt(lambda: _learn(called, groups))
        )


def _view(seed: int) -> View:
    return View(f"seed:{seed}", psi=1.0)


def _learn(name: str, groups: dict[str, list[int]]) -> None:
    direction_from_seeds(desk().studio, name, groups["more"], groups["less"])
    say(f"'{name}' is kept; its slider is on Explore.", ":material/school:")
