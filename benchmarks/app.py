"""From a slider to the painted picture, in a real browser: how long it takes while dragging.

    python benchmarks/app.py [--moves 60] [--photo photo.jpg]

Needs Chromium and playwright (make app-test). Prints median and 95 % of the time from an arrow key to the next painted
picture, of a sampled face and of a photo whose pixels are carried over, and pictures a second while a key is held.
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


@contextmanager
def server(home: Path) -> Iterator[str]:
    """A running app over an empty lab, and the seconds until it answered on stderr."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
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
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
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
    process.terminate()
    process.wait(20)


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
        sync_playwright() as running,
    ):
        browser = running.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        found = measure(address, browser, given.moves, given.photo)
        browser.close()
    for name, row in found.items():
        print(f"{name:<18} {', '.join(f'{key} {value}' for key, value in row.items())}")
    out = Path(__file__).with_name("results") / "app.json"
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
