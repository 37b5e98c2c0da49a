"""Map: the score bank as points, coloured by any score; two groups drawn with the lasso make a direction."""

from __future__ import annotations

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections.common import open_in_explore, progress, told
from latentlab.apps.serving import desk
from latentlab.core.watch import Watch
from latentlab.studio import Chart, Job, View, chart, direction_from_seeds, umap_is_here

MOST = 5000


def show() -> None:
    """The page."""
    with told():
        _settings()
        progress("chart")
        job: Job | None = st.session_state.get("chart")
        if job is not None and not job.running and isinstance(job.result, Chart):
            _points(job.result)


def _settings() -> None:
    samples, layout, go = st.columns([2, 2, 1], vertical_alignment="bottom")
    count = samples.select_slider(
        "Samples", [500, 1000, 2000, MOST], 1000, help="scored once, then kept in the lab"
    )
    ways = ["principal components", *(["UMAP"] if umap_is_here() else [])]
    way = layout.segmented_control("Layout", ways, default=ways[0]) or ways[0]
    job: Job | None = st.session_state.get("chart")
    if go.button("Draw the map", type="primary", disabled=job is not None and job.running):
        studio = desk().studio

        def work(watch: Watch) -> Chart:
            return chart(studio, count, "umap" if way == "UMAP" else "pca", watch)

        st.session_state["chart"] = Job("map", work).start()


def _points(found: Chart) -> None:
    import plotly.graph_objects as go

    names = list(found.samples.names)
    colour = st.selectbox("Coloured by", names, index=names.index("age") if "age" in names else 0)
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
    """What the lasso holds becomes one of two groups."""
    groups: dict[str, list[int]] = st.session_state.setdefault("groups", {"less": [], "more": []})
    told_, less, more, name, learn = st.columns([2.2, 1.2, 1.2, 1.8, 1.4], vertical_alignment="bottom")
    told_.markdown(
        f"**{len(picked)}** in the lasso · less: **{len(groups['less'])}** · more: **{len(groups['more'])}**"
    )
    if less.button("These are less", disabled=not picked):
        groups["less"] = picked
        st.rerun()
    if more.button("These are more", disabled=not picked):
        groups["more"] = picked
        st.rerun()
    called = name.text_input("Name of the direction", "lasso")
    if learn.button("Make a direction", type="primary"):
        direction_from_seeds(desk().studio, called, groups["more"], groups["less"])
        st.success(f"'{called}' is kept; its slider is on Explore")
    if len(picked) == 1 and st.button(f"Open seed {picked[0]} in Explore", icon=":material/tune:"):
        open_in_explore(View(f"seed:{picked[0]}", psi=1.0))
