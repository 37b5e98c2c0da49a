"""The same edit on a page as Streamlit's own widgets make it: what `benchmarks/app.py` compares the bench with."""

from __future__ import annotations

import streamlit as st

from latentlab.studio import Desk, Studio, View


@st.cache_resource
def desk() -> Desk:
    """One for all, as a first page would have it."""
    return Desk(Studio(home="lab"))


age = st.slider("age", -3.0, 3.0, 0.0, 0.05)
st.image(desk().jpeg(View("seed:3", strengths={"age": age})), width=512)
