"""From a slider to the painted picture, in a real browser: how long it takes while dragging.

    python benchmarks/app.py [--moves 60] [--photo photo.jpg]

Needs Chromium and playwright (make app-test). Prints median and 95 % of the time from an arrow key to the next painted
picture, of a sampled face and of a photo whose pixels are carried over; beside them the same of a page made of Streamlit's own
slider and picture (`app_plain.py`), which a rerun repaints.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

WAIT = 90_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def server(home: Path) -> Iterator[str]:
    """A running app over an empty lab, and the seconds until it answered on stderr."""
    port = free_port()
    words = [
        sys.executable,
        "-m",
        "latentlab",
        "app",
        "--no-browser",
        "--port",
        str(port),
        "--home",
        str(home),
    ]
    with running(words, port) as address:
        yield address


@contextmanager
def plain_server() -> Iterator[str]:
    """The plain page."""
    port = free_port()
    page = str(Path(__file__).with_name("app_plain.py"))
    options = [
        "--server.headless",
        "true",
        "--browser.gatherUsageStats",
        "false",
        "--server.fileWatcherType",
        "none",
    ]
    words = [sys.executable, "-m", "streamlit", "run", page, "--server.port", str(port), *options]
    with running(words, port) as address:
        yield address


@contextmanager
def running(words: list[str], port: int) -> Iterator[str]:
    """A server until the block ends, and the seconds until it answered on stderr."""
    started = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
    try:
        while process.poll() is None:
            try:
                urlopen(address, timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        if process.poll() is not None:
            raise SystemExit("the app did not start; its message stands above")
        print(f"the server answers after {time.perf_counter() - started:.1f} s", file=sys.stderr)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def plain_moves(page: Any, count: int) -> list[float]:
    """Milliseconds from an arrow key on Streamlit's slider to the next picture, as the page itself sees them."""
    page.wait_for_selector("[data-testid=stImage] img", timeout=WAIT)
    thumb = page.locator("[role=slider], [data-testid=stSlider] input[type=range]").first
    thumb.focus()
    page.evaluate(
        """() => { addEventListener('keydown', () => { window.pressed = performance.now(); }, true); }"""
    )
    look = """(old) => new Promise((done) => {
        const look = () => {
            const image = document.querySelector('[data-testid=stImage] img');
            if (image && image.src !== old && image.complete) requestAnimationFrame(() => done(performance.now() - window.pressed));
            else setTimeout(look, 1);
        };
        look();
    })"""
    times = []
    for _ in range(count):
        old = page.locator("[data-testid=stImage] img").get_attribute("src")
        old = page.evaluate("(path) => new URL(path, location).href", old)
        page.keyboard.press("ArrowRight")
        times.append(page.evaluate(look, old))
    return times


def moves(page: Any, count: int) -> list[float]:
    """Milliseconds from a key press to the next painted picture, as the page itself sees them."""
    page.wait_for_selector(".bench[data-painted]", timeout=WAIT)
    page.locator("#slider-age").focus()
    script = """(element) => new Promise((done) => {
        const root = element.closest('.bench'), before = root.dataset.painted, start = performance.now();
        element.value = Number(element.value) + (Number(element.value) > 1 ? -0.05 : 0.05);
        element.dispatchEvent(new Event('input'));
        const look = () => root.dataset.painted !== before
            ? requestAnimationFrame(() => done(performance.now() - start)) : setTimeout(look, 1);
        look();
    })"""
    slider = page.locator("#slider-age")
    return [slider.evaluate(script) for _ in range(count)]


def figures(times: list[float]) -> dict[str, float]:
    """Median, 95 % and pictures a second."""
    ordered = sorted(times)
    middle = statistics.median(ordered)
    return {
        "median_ms": round(middle, 1),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
        "n": len(ordered),
    }


def measure(address: str, browser: Any, count: int, photo: Path | None) -> dict[str, dict[str, float]]:
    """A sampled face, and a photo where one is given."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    started = time.perf_counter()
    page.goto(f"{address}/?face=seed:3")
    page.wait_for_selector(".bench[data-painted]", timeout=WAIT)
    found = {
        "first picture": {"seconds": round(time.perf_counter() - started, 2)},
        "sampled face": figures(moves(page, count)),
    }
    if photo is not None:
        page.goto(f"{address}/invert")
        page.wait_for_selector("input[type=file]", state="attached", timeout=WAIT)
        page.locator("input[type=file]").first.set_input_files(photo)
        page.get_by_role("button", name="Invert", exact=True).click(timeout=WAIT)
        page.get_by_role("button", name="Edit it").click(timeout=WAIT)
        page.wait_for_url("**face=desk**", timeout=WAIT)
        found["photo, transfer"] = figures(moves(page, count))
    return found


def main() -> None:
    """Run, print, write benchmarks/results/app.json."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=60)
    parser.add_argument("--photo", type=Path)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with (
        tempfile.TemporaryDirectory() as home,
        server(Path(home) / "lab") as address,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        found = measure(address, browser, given.moves, given.photo)
        with plain_server() as plain:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.goto(plain)
            found["a page of st.slider"] = figures(plain_moves(page, min(given.moves, 50)))
        browser.close()
    for name, row in found.items():
        print(f"{name:<18} {', '.join(f'{key} {value}' for key, value in row.items())}")
    out = Path(__file__).with_name("results") / "app.json"
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
