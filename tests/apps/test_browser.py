"""The app in a real browser, where Chromium and playwright are at hand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.app import ARGUMENTS, server

BROWSER = os.environ.get("LATENTLAB_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser")
pytest.importorskip("streamlit", reason="the app's extra is not installed")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed; see: make app-test"
)
expect = playwright.expect
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium here; make app-test installs it"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(300),
]
WAIT = 90_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running app over an empty lab."""
    with server(tmp_path_factory.mktemp("app") / "lab") as place:
        yield place


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield opened
        opened.close()


def opened(browser, address: str, path: str = "/"):  # type: ignore[no-untyped-def]
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    page.goto(address + path)
    return page


def painted(page) -> int:  # type: ignore[no-untyped-def]
    page.wait_for_selector(".bench[data-painted]", timeout=WAIT)
    return int(page.locator(".bench").get_attribute("data-painted"))


@pytest.mark.parametrize(("path", "text"), [("invert", "Photo"), ("discover", "Method"), ("map", "Draw the map"), ("compare", "Nothing is edited"), ("shelf", "Faces")])  # fmt: skip
def test_every_page_opens_without_asking_another_machine(browser, address, path: str, text: str) -> None:  # type: ignore[no-untyped-def]
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/{path}")
    page.wait_for_selector(f"text={text}", timeout=WAIT)
    foreign = [url for url in asked if not url.startswith((address, "data:", "blob:", "ws://localhost"))]
    assert foreign == []
    page.close()


def test_a_slider_moves_the_picture_and_the_link_holds_the_edit(browser, address) -> None:  # type: ignore[no-untyped-def]
    page = opened(browser, address, "/?face=seed:3")
    before = painted(page)
    shown = page.locator(".bench .after").get_attribute("src")
    page.locator("#slider-age").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f".bench[data-painted='{before + 1}']", timeout=WAIT)
    assert page.locator(".bench .after").get_attribute("src") != shown
    page.wait_for_url("**edit=age**", timeout=WAIT)
    page.wait_for_selector(".bar", timeout=WAIT)
    assert "identity" in page.locator(".sentence").inner_text()
    page.close()


def test_a_bad_upload_is_one_sentence_and_a_portrait_is_inverted(browser, address, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    skimage = pytest.importorskip("skimage")
    from PIL import Image

    page = opened(browser, address, "/invert")
    page.wait_for_selector("text=Photo", timeout=WAIT)
    bad = tmp_path / "text.jpg"
    bad.write_text("no picture")
    page.locator("input[type=file]").first.set_input_files(bad)
    page.wait_for_selector("[data-testid=stAlert]", timeout=WAIT)
    assert "Traceback" not in page.content()
    page.close()

    page = opened(browser, address, "/invert")
    page.wait_for_selector("text=Photo", timeout=WAIT)
    good = tmp_path / "portrait.png"
    Image.fromarray(skimage.data.astronaut()).save(good)
    page.locator("input[type=file]").first.set_input_files(good)
    page.wait_for_selector("text=1 face found", timeout=WAIT)
    page.get_by_role("button", name="Invert", exact=True).click()
    page.get_by_role("button", name="Edit it").click(timeout=WAIT)
    painted(page)
    page.close()


def test_a_direction_is_discovered_and_kept(browser, address) -> None:  # type: ignore[no-untyped-def]
    page = opened(browser, address, "/discover")
    page.get_by_role("combobox", name="Method").click(timeout=WAIT)
    page.keyboard.press("Control+a")
    page.keyboard.type("sefa")
    page.keyboard.press("Enter")
    page.get_by_role("slider", name="Components").focus(timeout=WAIT)
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    page.wait_for_selector("[data-test-script-state=notRunning]", timeout=WAIT)
    page.get_by_role("button", name="Run").click()
    page.wait_for_selector("text=What a step changes", timeout=2 * WAIT)
    assert page.locator(".leaks tr").count() > 1
    page.get_by_role("textbox", name="Name").first.fill("found")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)  # the page runs for the name: a click while it is drawn anew is lost
    page.wait_for_selector("[data-test-script-state=notRunning]", timeout=WAIT)
    page.get_by_role("button", name="Keep", exact=True).first.click()
    page.wait_for_selector("text='found' is kept", timeout=WAIT)
    page.get_by_role("link", name="Explore").click()
    page.wait_for_selector("#slider-found", state="attached", timeout=WAIT)
    page.close()


def test_two_lassos_make_a_direction(browser, address) -> None:  # type: ignore[no-untyped-def]
    page = opened(browser, address, "/map")
    page.get_by_role("slider", name="Samples").focus(timeout=WAIT)
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("[data-test-script-state=notRunning]", timeout=WAIT)
    page.get_by_role("button", name="Draw the map").click(timeout=WAIT)
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    plot.wait_for(timeout=2 * WAIT)
    box = plot.bounding_box()
    middle, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for side, press in ((-1, "These are less"), (1, "These are more")):
        words = page.get_by_text("in the lasso").inner_text()
        x = middle + side * box["width"] / 8
        page.mouse.move(x - 60, height - 80)
        page.mouse.down()
        for across, down in ((60, -80), (60, 80), (-60, 80), (-60, -80)):
            page.mouse.move(x + across, height + down, steps=3)
        page.mouse.up()
        expect(page.get_by_text("in the lasso")).not_to_have_text(words, timeout=WAIT)
        words = page.get_by_text("in the lasso").inner_text()
        page.get_by_role("button", name=press).click()
        expect(page.get_by_text("in the lasso")).not_to_have_text(words, timeout=WAIT)
    page.get_by_role("button", name="Make a direction").click()
    page.wait_for_selector("text='lasso' is kept", timeout=WAIT)
    page.close()


def test_two_sessions_do_not_mix(browser, address) -> None:  # type: ignore[no-untyped-def]
    one, other = opened(browser, address, "/?face=seed:3"), opened(browser, address, "/?face=seed:4")
    for page in (one, other):
        painted(page)
    one.locator("#slider-age").focus()
    one.keyboard.press("ArrowRight")
    one.wait_for_url("**edit=age**", timeout=WAIT)
    assert "edit" not in other.url
    assert other.locator("#slider-age").input_value() == "0"
    assert one.locator(".bench .before").get_attribute("src") != other.locator(
        ".bench .before"
    ).get_attribute("src")
    for query in ("desk=made-up&face=seed:3", "face=desk:00000000"):
        assert one.request.get(f"{address}/picture?{query}").status == 422
    for page in (one, other):
        page.close()
