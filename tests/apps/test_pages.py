"""The pages' logic without a browser: Streamlit's own test bench runs the script, and widgets are pressed by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the app's extra is not installed")

from streamlit.testing.v1 import AppTest

from latentlab.apps.server import PAGE
from latentlab.apps.serving import close_desks, open_desks
from latentlab.studio import History, Styles, View

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """A server's desks over an empty lab."""
    open_desks("faces", tmp_path / "lab", "cpu")
    yield tmp_path / "lab"
    close_desks()


def opened(query: str = "", **state: object):
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        page.query_params[name] = value
    for name, value in state.items():
        page.session_state[name] = value
    return page.run()


def pressed(page, text: str):
    return next(button for button in page.button if button.label == text).click().run()


def now(page) -> View:
    return page.session_state["history"].now


def test_a_link_is_followed_and_undo_redo_and_reset_walk_from_there() -> None:
    page = opened("face=seed:3&edit=age:1.5&styles=seed:2/6-9&beside=seed:4")
    assert not page.exception
    assert now(page) == View(
        "seed:3", strengths={"age": 1.5}, styles=Styles("seed:2", 6, 9), beside=("seed:4",)
    )
    page = pressed(page, "Reset")
    assert now(page) == View("seed:3", beside=("seed:4",))
    assert now(pressed(page, "Undo")).strengths == {"age": 1.5}
    assert now(pressed(page, "Redo")).strengths == {}


@pytest.mark.parametrize(
    "query", ["face=desk:12345678", "face=shelf:nobody", "edit=age", "face=seed:x", "edit=nothing:1", "styles=seed:1/9-2"]
)  # fmt: skip
def test_a_link_that_cannot_be_followed_is_one_sentence_and_a_face(query: str) -> None:
    page = opened(query)
    assert not page.exception
    assert len(page.error) == 1
    assert now(page) == View()


def test_a_and_b_change_places() -> None:
    page = pressed(opened("face=seed:3&edit=age:1"), "Pin as A")
    page = pressed(page, "Reset")
    page = pressed(page, "A ⇄ B")
    assert now(page).strengths == {"age": 1.0}
    assert page.session_state["pinned"].strengths == {}


def test_what_is_kept_is_on_the_shelf_and_a_taken_name_is_one_sentence(home: Path) -> None:
    page = opened("face=seed:3&edit=age:1")
    next(one for one in page.text_input if one.label == "Name on the shelf").set_value("anna")
    page = pressed(page.run(), "Put on the shelf")
    assert (home / "anna" / "latent.safetensors").is_file()
    page = pressed(page, "Put on the shelf")
    assert not page.exception
    assert "already" in page.error[0].value


def test_sessions_have_views_of_their_own() -> None:
    one, other = opened("face=seed:3"), opened("face=seed:4")
    one = pressed(one, "Random")
    assert now(other.run()) == View("seed:4")
    assert one.session_state["desk"] != other.session_state["desk"]


def test_every_tool_opens_without_a_complaint() -> None:
    from latentlab.apps.sections.tools import TOOLS

    page = opened("face=seed:3&edit=age:1")
    for name in TOOLS:
        page.session_state["tool"] = name
        page.run()
        assert page.session_state["tool"] == name
        assert not page.exception, name
        assert not page.error, name


def test_a_direction_that_was_deleted_meanwhile_leaves_the_page_standing() -> None:
    page = opened("face=seed:3", history=History((View("seed:3", strengths={"gone": 1.0}),)))
    assert not page.exception
    assert not page.error
