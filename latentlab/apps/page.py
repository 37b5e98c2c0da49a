"""The script that Streamlit runs for every session: the navigation, and one page of it."""

from __future__ import annotations

import traceback

import streamlit as st

from latentlab.apps.sections import chart, compare, discover, explore, invert, shelf

PAGES = {
    "explore": (explore.show, "Explore", ":material/tune:"),
    "invert": (invert.show, "Invert", ":material/photo_camera:"),
    "discover": (discover.show, "Discover", ":material/travel_explore:"),
    "map": (chart.show, "Map", ":material/scatter_plot:"),
    "compare": (compare.show, "Compare", ":material/compare:"),
    "shelf": (shelf.show, "Shelf", ":material/inventory_2:"),
}
STYLE = """<style>
.block-container { padding-top: 4.5rem; max-width: 1280px; }
@media (min-width: 800px) { .st-key-bench-place { min-height: 43rem; } }
[data-testid="stImage"] img { border-radius: .6rem; }
</style>"""

st.set_page_config(page_title="latentlab", page_icon="🙂", layout="wide")
st.html(STYLE)
pages = {
    name: st.Page(function, title=title, icon=icon, url_path=name, default=name == "explore")
    for name, (function, title, icon) in PAGES.items()
}
st.session_state["pages"] = pages
chosen = st.navigation(list(pages.values()), position="top")
try:
    chosen.run()
except Exception as error:  # what nobody thought of: a sentence here, the traceback on the terminal
    traceback.print_exc()
    st.error(
        f"Something went wrong here ({type(error).__name__}). Your face and its edits are kept; load the page again.",
        icon=":material/error:",
    )
