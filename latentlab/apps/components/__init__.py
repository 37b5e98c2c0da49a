"""The page's own components: the bench (a picture and its sliders) and the divider between two pictures."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent


@cache
def component(name: str) -> ComponentRenderer:
    """`bench` or `divider`, registered when it is first asked for; all of it is in this folder, nothing is downloaded."""
    from streamlit.components.v2 import component as register

    script = _text("split.js") + _text(f"{name}.js")
    return register(f"latentlab.{name}", html=_text(f"{name}.html"), css=_text("bench.css"), js=script)


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
