"""Ten sessions for a long time: does memory stay flat, do sessions stay apart, are their files gone in the end?

    python benchmarks/app_soak.py [--edits 1000] [--uploads 100] [--sessions 10]

Edits are the links that sliders ask pictures for, uploads go through what the page does with a file: looked at, inverted, laid
on the desk. Prints resident memory as it goes and writes benchmarks/results/app-soak.json. Needs scikit-image's portrait.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tempfile
import time
from pathlib import Path

from latentlab.core.errors import BadInput
from latentlab.studio import Desk, Desks, View, open_and_invert, read_view, view_of

ROUNDS = 10


def resident() -> float:
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def portrait() -> bytes:
    """A photo as an upload."""
    import skimage.data
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def edited(desk: Desk, number: int) -> bytes:
    """One picture of a session's own face."""
    strength = (number % 40) / 10 - 2
    view = view_of({"face": f"seed:{number % 7}", "edit": f"age:{strength},smile:{strength / 4}"})
    return desk.jpeg(view)


def apart(desks: list[Desk], faces: dict[str, str]) -> int:
    """How many faces of one session another one can see."""
    seen = 0
    for desk in desks:
        for owner, face in faces.items():
            if owner != desk.token:
                try:
                    desk.face(View(face))
                    seen += 1
                except BadInput:
                    continue
    return seen


def soak(home: Path, edits: int, uploads: int, sessions: int) -> dict[str, object]:
    """Rounds of edits and uploads, memory after each."""
    server = Desks("faces", home, "cpu")
    desks, photo = [server.new() for _ in range(sessions)], portrait()
    faces: dict[str, str] = {}
    memory, number, started = [], 0, time.monotonic()
    for turn in range(ROUNDS):
        for _ in range(edits // ROUNDS):
            edited(desks[number % sessions], number)
            number += 1
        for place in range(uploads // ROUNDS):
            desk = desks[(turn + place) % sessions]
            opened = open_and_invert(desk, "portrait.jpg", photo)
            assert opened.face is not None, "the portrait shows one face"
            faces[desk.token] = desk.put(opened.face)
            read_view(desk, View(faces[desk.token], strengths={"age": 1.0}))
        memory.append(round(resident(), 1))
        print(f"round {turn + 1}: {memory[-1]} MB after {time.monotonic() - started:.0f} s", flush=True)
    folders = [desk.folder for desk in desks]
    seen = apart(desks, faces)
    server.close()
    half = len(memory) // 2
    return {
        "edits": edits, "uploads": uploads, "sessions": sessions, "megabytes": memory,
        "second half, MB a round": round((memory[-1] - memory[half]) / max(len(memory) - half - 1, 1), 2),
        "median": statistics.median(memory), "faces seen by others": seen,
        "folders left": sum(folder.exists() for folder in folders),
    }  # fmt: skip


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--uploads", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        found = soak(Path(home) / "lab", given.edits, given.uploads, given.sessions)
    print(json.dumps(found, indent=1))
    out = Path(__file__).with_name("results") / "app-soak.json"
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
