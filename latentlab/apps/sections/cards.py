"""A direction's card, and the leakage matrix of several, as tables that can be read aloud."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from latentlab.core.direction import Direction
from latentlab.studio import Findings

ROWS = 10
FULL = 1.0
"""Standard deviations at which a cell has its full colour."""
STRONG = 0.6
"""Share of the full colour from which on the figures are white."""
UP, DOWN = "224, 93, 68", "64, 120, 200"


def card(direction: Direction, effects: Mapping[str, float]) -> None:
    """How it was found, its unit and span, and what a step changes."""
    layers = (
        "all layers" if direction.layers is None else f"layers {direction.layers[0]} to {direction.layers[1]}"
    )
    span = (
        "not measured" if direction.span is None else f"{direction.span[0]:g} to {direction.span[1]:g} steps"
    )
    facts = {
        "one step": f"{direction.step:g} ({direction.unit})" if direction.unit else f"{direction.step:g}",
        "span": span, "space": f"{direction.space.name.replace('_PLUS', '+')}, {layers}",
        "found by": direction.found_by.partition("(")[0] or "not said",
    }  # fmt: skip
    lines = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts.items()
    )
    rows = "".join(_bar(name, value) for name, value in list(effects.items())[:ROWS])
    st.html(
        f"{STYLE}<table class='card'>{lines}</table><table class='card' aria-label='what a step changes, in standard deviations'>{rows}</table>"
    )


def _bar(name: str, value: float) -> str:
    share = min(abs(value) / (2 * FULL), 0.5) * 100
    left = 50 - share if value < 0 else 50
    return (
        f"<tr><th>{escape(name.replace('_', ' '))}</th><td class='lane'><i style='left:{left:.1f}%;width:{share:.1f}%;"
        f"background:rgb({UP if value > 0 else DOWN})'></i></td><td class='number'>{value:+.2f}</td></tr>"
    )


def matrix(found: Findings) -> None:
    """Directions down, attributes across."""
    names = found.columns
    head = "".join(f"<th scope='col'><span>{escape(name.replace('_', ' '))}</span></th>" for name in names)
    rows = "".join(
        f"<tr><th scope='row'>{escape(row.direction.name.replace('_', ' '))}</th>{''.join(_cell(row.effects.get(name, 0.0)) for name in names)}</tr>"
        for row in found.rows
    )
    st.html(f"{STYLE}<div class='wide'><table class='leaks'><tr><td></td>{head}</tr>{rows}</table></div>")


def _cell(value: float) -> str:
    colour = UP if value > 0 else DOWN
    share = min(abs(value) / FULL, 1.0)
    ink = ";color:#fff" if share > STRONG else ""
    return f"<td style='background:rgba({colour},{share:.2f}){ink}'>{value:+.2f}</td>"


STYLE = """<style>
.card { border-collapse: collapse; font-size: .85rem; min-width: 22rem; margin-bottom: .6rem; }
.card th { text-align: left; font-weight: 400; opacity: .7; padding: .1rem 1rem .1rem 0; white-space: nowrap; }
.card .lane { position: relative; width: 10rem; } .card .lane i { position: absolute; top: 35%; height: 30%; border-radius: 2px; }
.card .number { text-align: right; font-variant-numeric: tabular-nums; padding-left: .6rem; }
.wide { overflow-x: auto; } .leaks { border-collapse: separate; border-spacing: 2px; font-size: .8rem; font-variant-numeric: tabular-nums; }
.leaks th { font-weight: 400; text-align: left; white-space: nowrap; padding-right: .5rem; }
.leaks th span { writing-mode: vertical-rl; transform: rotate(180deg); opacity: .75; }
.leaks td { text-align: center; border-radius: 3px; padding: .25rem .35rem; min-width: 2.6rem; }
</style>"""
