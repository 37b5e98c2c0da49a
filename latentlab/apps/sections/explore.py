"""Explore: a face, sliders for every direction, and what judges read of the edit."""

from __future__ import annotations

import io

import streamlit as st

from latentlab.apps.components import component
from latentlab.apps.sections.common import go, history, picture_url, told
from latentlab.apps.serving import desk
from latentlab.core.errors import LatentLabError
from latentlab.studio import Edit, Sweep, View, grouped, read_view, view_of_picture

BARS = 8


def show() -> None:
    """The page."""
    if message := st.session_state.pop("greeting", None):
        st.warning(message)
    with told():
        _choose()
        view = history().now
        _bench(view)
        _bar(view)
        left, right = st.columns([1, 1], gap="large")
        with left:
            _figures(view)
        with right:
            _more(view)


def _choose() -> None:
    """Where the face comes from."""
    view, studio = history().now, desk().studio
    seed, draw, psi, shelf, drop = st.columns([1.2, 1, 1.6, 1.8, 2], vertical_alignment="bottom")
    number = seed.number_input("Seed", 0, 999_999_999, view.seed or 0, help="the same seed is the same face")
    amount = psi.slider("Truncation ψ", 0.0, 1.4, view.psi, 0.05, help="lower is nearer to the average face")
    if draw.button("Random", icon=":material/casino:", width="stretch"):
        import random

        go(View(f"seed:{random.randrange(1_000_000)}", amount, view.strengths))
        st.rerun()
    names = list(reversed(studio.faces()))
    chosen = shelf.selectbox(
        "From the shelf",
        names,
        index=None,
        placeholder="a kept face" if names else "nothing kept yet",
        key="shelf_pick",
    )
    drop.file_uploader(
        "A picture made by latentlab",
        type=["png"],
        key="replayed",
        label_visibility="visible",
        on_change=_restore,
    )
    if number != (view.seed if view.seed is not None else 0) or (
        view.seed is not None and amount != view.psi
    ):
        go(View(f"seed:{number}", amount, view.strengths))
        st.rerun()
    if chosen and chosen != st.session_state.get("shelf_seen"):
        st.session_state["shelf_seen"] = chosen
        go(View(f"shelf:{chosen}", strengths=view.strengths))
        st.rerun()


def _restore() -> None:
    """A picture that carries its recipe shows what made it."""
    file = st.session_state.get("replayed")
    if file is None:
        return
    try:
        go(view_of_picture(desk(), file.getvalue()))
    except LatentLabError as error:
        st.session_state["greeting"] = str(error)


def _bench(view: View) -> None:
    """The picture and its sliders."""
    studio = desk().studio
    groups = grouped([studio.direction(name) for name in studio.directions()])
    answer = component("bench")(
        data={
            "route": "/picture", "query": {"desk": desk().token, **view.moved({}).query(), "side": "512"},
            "groups": [group.data() for group in groups], "strengths": dict(view.strengths),
            "before": picture_url(view, 512, before=True), "alt": f"the face {view.name}, edited",
        },
        key="bench", on_strengths_change=lambda: None,
    )  # fmt: skip
    found = answer.get("strengths")
    if found is not None and found != st.session_state.get("bench_seen"):
        st.session_state["bench_seen"] = dict(found)
        moved = view.moved({str(name): float(value) for name, value in found.items()})
        if moved != view:
            go(moved)
            st.rerun()


def _bar(view: View) -> None:
    """Undo, redo, reset, link, downloads."""
    now = history()
    undo, redo, reset, keep, png, latent, gif = st.columns(7)
    if undo.button("Undo", icon=":material/undo:", disabled=not now.can_undo, width="stretch"):
        _set(now.undo())
    if redo.button("Redo", icon=":material/redo:", disabled=not now.can_redo, width="stretch"):
        _set(now.redo())
    if reset.button("Reset", icon=":material/restart_alt:", disabled=not view.strengths, width="stretch"):
        go(view.moved({}))
        st.rerun()
    with keep.popover("Keep", icon=":material/bookmark_add:", width="stretch"):
        name = st.text_input(
            "Name on the shelf", value=f"{view.name}_edited" if view.strengths else view.name
        )
        if st.button("Put on the shelf"):
            with told():
                desk().keep(view, name)
                st.success(f"{name} is on the shelf")
    png.download_button(
        "Picture",
        lambda: _png(view),
        f"{view.name}.png",
        "image/png",
        icon=":material/download:",
        width="stretch",
    )
    latent.download_button(
        "Latent",
        lambda: desk().latent_file(view),
        f"{view.name}.npz",
        icon=":material/data_array:",
        width="stretch",
    )
    with gif.popover("Sweep", icon=":material/animation:", width="stretch"):
        _sweep(view)
    st.query_params.from_dict({} if view == View() else view.query())


def _set(moved: object) -> None:
    st.session_state["history"] = moved
    st.rerun()


def _png(view: View) -> bytes:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        return desk().picture(view).save(f"{folder}/picture.png").read_bytes()


def _sweep(view: View) -> None:
    """One direction in steps, as a strip and as a gif."""
    studio = desk().studio
    name = st.selectbox("Direction", studio.directions(), key="sweep_name")
    count = st.slider("Pictures", 3, 15, 7)
    if not name or not st.button("Draw the sweep"):
        return
    low, high = studio.direction(name).span or (-3.0, 3.0)
    strengths = tuple(low + (high - low) * i / (count - 1) for i in range(count))
    rest = {other: value for other, value in view.strengths.items() if other != name}
    with told():
        *cells, sheet = studio.open_edit(
            desk().face(view), Edit(rest, sweeps=(Sweep(name, strengths),))
        ).draw()
        st.image(sheet.show(), caption=f"{name} from {low:g} to {high:g} steps")
        frames = [cell.show().convert("RGB") for cell in cells]
        buffer = io.BytesIO()
        frames[0].save(
            buffer, "GIF", save_all=True, append_images=frames[1:] + frames[-2:0:-1], duration=120, loop=0
        )
        st.download_button("Download gif", buffer.getvalue(), f"{view.name}_{name}.gif", "image/gif")


def _figures(view: View) -> None:
    """What the judge reads, and what came along."""
    st.subheader("What the judge reads")
    if not view.strengths:
        st.caption(
            "Move a slider: here stands what changed, what came along, and whether it is the same person."
        )
        return
    found = read_view(desk(), view)
    st.markdown(f"**{found.sentence(view.strengths)}**")
    others = sorted(
        (one for one in found.readings if one.name not in view.strengths), key=lambda one: -abs(one.in_sd)
    )[:BARS]
    st.caption("what else moved, in standard deviations of the network's samples")
    st.bar_chart(
        {"attribute": [one.name.replace("_", " ") for one in others], "sd": [one.in_sd for one in others]},
        x="attribute", y="sd", horizontal=True, sort=False, height=34 * len(others) + 40, x_label="", y_label="",
    )  # fmt: skip


def _more(view: View) -> None:
    """Goals and the history."""
    st.subheader("Reach a value")
    studio = desk().studio
    goals = [
        name for name in studio.directions() if studio.direction(name).unit in {"years", "degrees", "0..1"}
    ]
    which, value, least = st.columns(3, vertical_alignment="bottom")
    name = which.selectbox("Attribute", goals, key="goal")
    target = value.number_input("Value", value=60.0 if name == "age" else 0.0)
    floor = least.slider("Keep identity", 0.0, 1.0, 0.5, 0.05)
    if name and st.button("Make it so", icon=":material/flag:"):
        with told(), st.spinner("closing in"):
            rest = {other: amount for other, amount in view.strengths.items() if other != name}
            opened = studio.open_edit(
                desk().face(view), Edit(rest, goals={name: target}, min_identity=floor or None)
            )
            for _ in opened.draw():
                pass
            if opened.reached is not None:
                go(view.moved({**rest, **opened.reached.strengths}))
                st.session_state["greeting"] = " ".join(opened.notes())
        st.rerun()
    st.subheader("History")
    now = history()
    shown = range(max(0, len(now.views) - 8), len(now.views))
    for column, place in zip(st.columns(8), shown, strict=False):
        column.image(desk().jpeg(now.views[place], 96), width="stretch")
        if column.button(
            "●" if place == now.place else "○",
            key=f"back{place}",
            help="go back to this view",
            width="stretch",
        ):
            _set(now.back_to(place))
