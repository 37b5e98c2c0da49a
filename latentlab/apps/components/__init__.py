"""The page's own components: the bench (a picture and its sliders), the divider, the strip of small pictures, the hover card."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent
PARTS = {"bench": ("split", "asking", "sliders", "figures"), "divider": ("split",)}
"""Scripts that a component is made of, besides its own."""


@cache
def component(name: str) -> ComponentRenderer:
    """One of them, registered when it is first asked for; all of it is in this folder, nothing is downloaded."""
    from streamlit.components.v2 import component as register

    script = "".join(_text(f"{part}.js") for part in (*PARTS.get(name, ()), name))
    return register(f"latentlab.{name}", html=_text(f"{name}.html"), css=_text("bench.css"), js=script)


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
