"""What the service answers to 1, 4, 16 and 64 callers at once on this machine, and whether its memory stays flat.

    python benchmarks/serve.py load --workers 2 --seconds 20
    python benchmarks/serve.py soak --minutes 10

`soak` mixes good photos with malformed and huge bodies, slow senders, slow readers, other sites, wrong tokens, jobs and wishes.
Photos are rendered faces (LATENTLAB_FACE_MODEL). --write puts the tables into results/serve.json.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import report
import requests
from app import free_port
from photos import photos
from PIL import Image

FOLDER = Path("/tmp/latentlab-serve-benchmark")
CALLERS = (1, 4, 16, 64)
TOKEN = "of-this-benchmark"
ALLOWED = {"authorization": f"Bearer {TOKEN}"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["load", "soak"])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--queue", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--callers", type=int, nargs="+", default=CALLERS)
    parser.add_argument("--write", action="store_true")
    wish = parser.parse_args()
    files = [file.read_bytes() for file in photos(FOLDER / "photos")]
    with served(wish) as (address, process):
        rows = {"load": load, "soak": soak}[wish.what](wish, address, process, files)
    print(report.table(rows))
    if wish.write:
        place = report.RESULTS / "serve.json"
        before = json.loads(place.read_text()) if place.exists() else {}
        report.write("serve", {**{k: v for k, v in before.items() if k != "machine"}, wish.what: rows})


@contextmanager
def served(wish: argparse.Namespace) -> Iterator[tuple[str, psutil.Process]]:
    """A service of its own on a free port, ended afterwards."""
    port = free_port()
    words = [
        sys.executable,
        "-m",
        "latentlab",
        "serve",
        "--port",
        port,
        "--workers",
        wish.workers,
        "--queue",
        wish.queue,
    ]
    process = subprocess.Popen(
        [*map(str, words), "--home", str(FOLDER / "lab")],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "LATENTLAB_TOKEN": TOKEN},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                requests.get(f"{address}/health", timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None, "the service did not begin"
                time.sleep(0.2)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=60)


def edit(session: requests.Session, address: str, photo: bytes) -> int:
    """One request; its status."""
    form = {"photo": ("p.jpg", photo), "request": (None, '{"directions": {"age": 2}}')}
    return session.post(f"{address}/v1/edits", files=form, headers=ALLOWED, timeout=120).status_code


def load(
    wish: argparse.Namespace, address: str, process: psutil.Process, files: list[bytes]
) -> list[dict[str, Any]]:
    """So many callers, each with one request at a time; one that is told to wait does so."""
    with requests.Session() as session:
        for _ in range(4 * wish.workers):
            edit(session, address, files[0])
    rows = []
    for callers in wish.callers:
        times: list[float] = []
        statuses: Counter[int] = Counter()
        until = time.monotonic() + wish.seconds

        def call(
            seed: int, until: float = until, times: list[float] = times, statuses: Counter[int] = statuses
        ) -> None:
            dice = random.Random(seed)
            with requests.Session() as session:
                while time.monotonic() < until:
                    began = time.monotonic()
                    status = edit(session, address, dice.choice(files))
                    statuses[status] += 1
                    if status == 200:
                        times.append(time.monotonic() - began)
                    elif status == 429:
                        time.sleep(0.5)

        began = time.monotonic()
        together([lambda seed=seed: call(seed) for seed in range(callers)])  # type: ignore[misc]
        rows.append(
            {
                "callers": callers, "edits/s": len(times) / (time.monotonic() - began), "p50 ms": 1000 * quantile(times, 0.5),
                "p95 ms": 1000 * quantile(times, 0.95), "429": statuses[429],
                "other failures": sum(n for status, n in statuses.items() if status not in (200, 429)),
            }
        )  # fmt: skip
    return rows


def quantile(times: list[float], share: float) -> float:
    return float(np.quantile(times, share)) if times else float("nan")


def together(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def soak(
    wish: argparse.Namespace, address: str, process: psutil.Process, files: list[bytes]
) -> list[dict[str, Any]]:
    """Good and bad requests by turns, one good one in four followed by a bad one; memory of all its processes by minute."""
    began, rows = time.monotonic(), []
    statuses: Counter[str] = Counter()
    turns = itertools.cycle(misdeeds(address, files[0]))
    with requests.Session() as session:
        for number, photo in enumerate(itertools.cycle(files)):
            statuses[f"good {edit(session, address, photo)}"] += 1
            if number % 4 == 0:
                name, misdeed = next(turns)
                statuses[f"{name} {misdeed()}"] += 1
            minutes = (time.monotonic() - began) / 60
            if minutes >= len(rows):
                told = ", ".join(f"{name}: {count}" for name, count in sorted(statuses.items()))
                rows.append({"minute": minutes, "MB": memory(process), "answers": told})
                print(f"minute {minutes:.1f}: {rows[-1]['MB']:.0f} MB; {told}", flush=True)
            if minutes >= wish.minutes:
                return rows
    return rows


def memory(process: psutil.Process) -> float:
    """Unshared memory of a process and its children."""
    return sum(one.memory_full_info().uss for one in [process, *process.children(recursive=True)]) / 2**20


def grey(width: int, height: int) -> bytes:
    """The file of a picture of one colour."""
    content = io.BytesIO()
    Image.new("L", (width, height), 128).save(content, "PNG")
    return content.getvalue()


def misdeeds(address: str, good: bytes) -> list[tuple[str, Callable[[], object]]]:
    """What a service has to bear."""
    url, large = f"{address}/v1/edits", {"photo": ("a", grey(6000, 5000))}
    kind = {"content-type": "application/json"}
    wish = {"photo": ("a", good), "request": (None, '{"directions": {"x": 1}}')}

    def status(where: str = url, headers: Mapping[str, str] = kind, **more: Any) -> object:
        try:
            return requests.post(where, headers=ALLOWED | dict(headers), timeout=60, **more).status_code
        except requests.RequestException:  # it hung up while we were still sending
            return "closed"

    return [
        ("malformed", lambda: status(data=b"{")),
        ("huge", lambda: status(data=b"0" * (20 << 20))),
        ("no picture", lambda: status(headers={}, files={"photo": ("a", b"text")})),
        ("large picture", lambda: status(headers={}, files=large)),
        ("wrong wish", lambda: status(headers={}, files=wish)),
        ("another site", lambda: status(data=b"{}", headers={**kind, "origin": "http://evil.example"})),
        ("wrong token", lambda: status(data=b"{}", headers={**kind, "authorization": "Bearer guessed"})),
        ("no route", lambda: status(f"{address}/v1/nothing")),
        ("wrong job", lambda: requests.get(f"{address}/v1/jobs/x", headers=ALLOWED, timeout=60).status_code),
        *bad_lines(address),
    ]


def bad_lines(address: str) -> list[tuple[str, Callable[[], object]]]:
    """Connections whose other end is slow, or gone."""
    host, port = address.removeprefix("http://").split(":")
    held: list[socket.socket] = []

    def send(line: socket.socket, first: str, rest: str = "") -> None:
        head = f"{first} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
        line.sendall(f"{head}{rest}".encode())

    def slow_sender() -> object:
        with socket.create_connection((host, int(port))) as line:
            send(line, "POST /v1/edits", "Content-Length: 1000\r\n\r\n{")
            time.sleep(0.5)
        return "left"

    def slow_reader() -> object:
        with socket.create_connection((host, int(port))) as line:
            send(line, "GET /static-offline-docs/swagger-ui-bundle.js", "\r\n")
            time.sleep(0.5)
            line.recv(10)
        return "left"

    def half_a_head() -> object:
        held.append(socket.create_connection((host, int(port))))
        send(held[-1], "POST /v1/edits")
        while len(held) > 8:  # the service gives up the others by itself
            held.pop(0).close()
        return "held"

    return [("slow sender", slow_sender), ("slow reader", slow_reader), ("half a head", half_a_head)]


if __name__ == "__main__":
    main()
