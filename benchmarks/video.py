"""Edited clips: flicker, landmark jitter and identity over time, beside the clip itself, the truth, and stills one by one.

    python benchmarks/video.py                       a moving still and a rendered person, older, smiling, from the front
    python benchmarks/video.py --frames 24 --only still --edit age=2 --edit makeup --edit toon

`flicker` is the mean difference between a frame and the one before it, warped by the clip's own optical flow, over that of
the clip itself, where the flow there and back agrees; `jitter` is how far dlib's landmarks stand from their own smooth
course (in distances between the eyes), over that of the clip; `drift` is dlib's identity distance from frame to frame's
mean; `to truth` is the identity distance to the same frame of the true answer (of renders), and `reached` the judge's
change as a share of the truth's. `frame by frame` edits every frame as a still. A head that is brought to the front no
longer moves as its clip does, so there every clip is warped by its own flow, and `yaw` is how far off the landmarks say
that it is, in degrees, on average.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from moving import RATE, Frames, Subject, load, moving_still, rendered, save
from PIL import Image
from report import table, write
from torch import Tensor

from latentlab.core.files import atomic
from latentlab.core.image import from_pixels
from latentlab.core.made import MARK
from latentlab.core.warp import warp
from latentlab.studio import Edit, EditClip, Frontalize, Makeup, Studio, Stylize, Sweep
from latentlab.studio.parts import (
    align,
    distances,
    embed,
    feeding,
    find_landmarks,
    find_upright,
    fit_pose,
    judge,
    smooth,
)

LOOKED_AT = 192
FRONT = "frontalize"
REQUESTS = {
    FRONT: Frontalize(paste_back=True),
    "makeup": Makeup({"lips": "#a01030", "lids": "#405070"}),
    "toon": Stylize("toon", paste_back=True),
}
"""What can be measured besides directions; `--edit` takes these names."""
OFTEN = ("age=2", "smile=2", FRONT)


Request = Edit | Frontalize | Makeup | Stylize


def request_of(edit: str) -> Request:
    """What `--edit` asks for."""
    name, _, strength = edit.partition("=")
    return Edit({name: float(strength)}) if strength else REQUESTS[name]


def one_by_one(studio: Studio, frames: Frames, request: Request, folder: Path) -> Frames:
    """Every frame as a still."""
    return [np.asarray(_still(studio, frame, request, folder / "frame.png")) for frame in frames]


def _still(studio: Studio, frame: np.ndarray, request: Request, path: Path) -> Image.Image:
    Image.fromarray(frame).save(path)
    if isinstance(request, Edit):
        face = studio.invert(path, keep=False)
        picture = studio.edit(face, replace(request, paste_back=True))
    elif isinstance(request, Frontalize):
        (picture,) = studio.open_frontalize(path, request).draw()
    elif isinstance(request, Makeup):
        (picture,) = studio.open_makeup(path, None, request).draw()
    else:
        (picture,) = studio.open_stylize(path, request).draw()
    return picture.show().convert("RGB")


@dataclass(frozen=True, eq=False)
class Motion:
    """How one clip moves: backward flow of each frame, where it holds, and where the face is."""

    flows: list[Tensor]
    holds: list[Tensor]
    boxes: list[tuple[int, int, int, int]]

    def flicker(self, frames: Frames) -> float:
        """Mean difference to the frame before, warped, in levels out of 255, around the face."""
        found = []
        for place, (flow, holds, box) in enumerate(zip(self.flows, self.holds, self.boxes, strict=True), 1):
            before, now = (_part(frames[number], box) for number in (place - 1, place))
            apart = (now - warp(before, flow)).abs().mean(1, keepdim=True)
            found.append(float((apart * holds).sum() / holds.sum().clamp_min(1)))
        return 127.5 * float(np.mean(found))


def _part(frame: np.ndarray, box: tuple[int, int, int, int]) -> Tensor:
    """The part, shrunk to at most 192 pixels."""
    part = Image.fromarray(frame).crop(box)
    part.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.BOX)
    return from_pixels(np.asarray(part)[None])


def motion(frames: Frames, marks: Sequence[Tensor]) -> Motion:
    """Iterative Lucas-Kanade there and back around the face, within its landmarks and what is near them."""
    from skimage.registration import optical_flow_ilk

    flows, holds, boxes = [], [], []
    for place in range(1, len(frames)):
        low, high = marks[place].min(0).values, marks[place].max(0).values
        side = float((high - low).max())
        corner, far = (low - 0.35 * side).int().tolist(), (high + 0.2 * side).int().tolist()
        box = (
            max(0, corner[0]),
            max(0, corner[1]),
            min(frames[0].shape[1], far[0]),
            min(frames[0].shape[0], far[1]),
        )
        before, now = (_part(frames[number], box)[0].mean(0).numpy() for number in (place - 1, place))
        there, back = (
            _flow(optical_flow_ilk(*pair, radius=5, num_warp=6)) for pair in ((now, before), (before, now))
        )
        miss = (there + warp(back, there)).square().sum(1, keepdim=True).sqrt()
        flows.append(there)
        holds.append((miss < 0.5).float())
        boxes.append(box)
    return Motion(flows, holds, boxes)


def _flow(rows: np.ndarray) -> Tensor:
    return torch.from_numpy(np.stack([rows[1], rows[0]])).float()[None]


def landmarks(frames: Frames) -> list[Tensor]:
    """The 68 points of every frame; the last ones again where no detector sees a face."""
    found: list[Tensor] = []
    for frame in frames:
        picture = Image.fromarray(frame)
        faces = find_upright(picture)
        found.append(find_landmarks(picture, faces[0]) if faces else found[-1])
    return found


def jitter(marks: Sequence[Tensor]) -> float:
    """Root mean square distance from a smooth course, in distances between the eyes."""
    points = torch.stack(list(marks)).double()
    eyes = (points[:, 36:42].mean(1) - points[:, 42:48].mean(1)).norm(dim=1).mean()
    return float((points - smooth(points, 2.0)).square().sum(-1).mean().sqrt() / eyes)


def who(frames: Frames, marks: Sequence[Tensor], step: int = 4) -> Tensor:
    """dlib's numbers of every fourth frame."""
    cuts = [align(Image.fromarray(f), m, 256).image for f, m in list(zip(frames, marks, strict=True))[::step]]
    return embed(torch.cat(cuts))


def read(reader, frames: Frames, marks: Sequence[Tensor], attribute: str, step: int = 4) -> Tensor:  # type: ignore[no-untyped-def]
    """What the judge reads of an attribute, every fourth frame."""
    cuts = [align(Image.fromarray(f), m, 256).image for f, m in list(zip(frames, marks, strict=True))[::step]]
    with torch.no_grad():
        return torch.cat([reader(cut)[:, list(reader.names).index(attribute)] for cut in cuts])


def yaw_of(marks: Sequence[Tensor]) -> float:
    """How far the head is turned on average, in degrees, as the landmarks say."""
    return float(fit_pose(torch.stack(list(marks)).double()).yaw.abs().mean())


def rows_of(subject: Subject, edit: str, ways: dict[str, Frames], reader) -> list[dict[str, object]]:  # type: ignore[no-untyped-def]
    """One row for each way, beside the clip itself."""
    marks = {name: landmarks(frames) for name, frames in ways.items()}
    people = {name: who(frames, marks[name]) for name, frames in ways.items()}
    flickers = flickers_of(subject, edit, ways, marks)
    attribute = edit.partition("=")[0]
    directed = attribute in reader.names
    seen = {name: read(reader, frames, marks[name], attribute) for name, frames in ways.items() if directed}
    wobble = jitter(marks["the clip"])
    rows = []
    for name in ways:
        row: dict[str, object] = {"clip": subject.name, "edit": edit, "way": name}
        row["flicker"] = flickers[name] / flickers["the clip"]
        row["jitter"] = jitter(marks[name]) / wobble
        row["drift"] = float(distances(people[name], people[name].mean(0, keepdim=True)).mean())
        row["to start"] = float(distances(people[name], people["the clip"]).mean())
        if "truth" in ways:
            row["to truth"] = float(distances(people[name], people["truth"]).mean())
        if "truth" in ways and directed:
            row["reached"] = float(
                (seen[name] - seen["the clip"]).mean() / (seen["truth"] - seen["the clip"]).mean()
            )
        if edit == FRONT:
            row["yaw"] = yaw_of(marks[name])
        rows.append(row)
    return rows


def flickers_of(
    subject: Subject, edit: str, ways: dict[str, Frames], marks: dict[str, list[Tensor]]
) -> dict[str, float]:
    """Along the clip's own flow; where the head stops turning, along that of each."""
    if edit == FRONT:
        return {name: motion(frames, marks[name]).flicker(frames) for name, frames in ways.items()}
    course = motion(subject.frames, marks["the clip"])
    return {name: course.flicker(frames) for name, frames in ways.items()}


def show(path: Path, seconds: int = 5) -> None:
    """The moving still, made 20 years younger and older and back while it plays, beside itself: a gif."""
    strengths = tuple(2 * math.sin(2 * math.pi * place / 40) for place in range(41))
    with tempfile.TemporaryDirectory() as folder:
        clip = save(moving_still(seconds * RATE).frames, Path(folder) / "clip.mp4")
        request = Edit(sweeps=(Sweep("age", strengths),))
        made = Studio(home=Path(folder) / "lab").edit_clip(
            clip, EditClip(request), Path(folder) / "older.mp4"
        )
        both = "[0:v][1:v]hstack,fps=8,scale=400:-1:flags=lanczos,split[a][b];[a]palettegen=96[p];[b][p]paletteuse=dither=bayer:bayer_scale=4"
        with (
            atomic(path, own=True) as temporary,
            feeding(
                [
                    "-i",
                    str(clip),
                    "-i",
                    str(made),
                    "-filter_complex",
                    both,
                    "-metadata",
                    f"comment={MARK}",
                    "-f",
                    "gif",
                    str(temporary),
                ]
            ),
        ):
            pass


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--only", choices=("still", "rendered"))
    parser.add_argument(
        "--edit",
        action="append",
        help=f"NAME=STRENGTH, {', '.join(REQUESTS)}; {', '.join(OFTEN)} if left out",
    )
    parser.add_argument(
        "--stills", action=argparse.BooleanOptionalAction, default=True, help="also frame by frame"
    )
    parser.add_argument("--keep", type=Path, help="a folder that gets the clips")
    parser.add_argument("--gif", type=Path, help="write the picture of docs/video.md instead of measuring")
    asked = parser.parse_args()
    if asked.gif is not None:
        show(asked.gif)
        return
    subjects = [
        made(asked.frames)
        for name, made in (("still", moving_still), ("rendered", rendered))
        if asked.only in (None, name)
    ]
    rows, seconds = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        studio = Studio(home=Path(temporary) / "lab")
        reader = judge(studio)
        for subject in subjects:
            path = save(subject.frames, folder / f"{subject.name.replace(' ', '_')}.mp4")
            for edit in asked.edit or OFTEN:
                request = request_of(edit)
                out = folder / f"{path.stem}_{edit}.mp4"
                began = time.perf_counter()
                studio.edit_clip(path, EditClip(request), out=out)
                seconds.append((time.perf_counter() - began) / asked.frames)
                ways = {"the clip": load(path), "edited": load(out)}
                if asked.stills:
                    ways["frame by frame"] = one_by_one(studio, ways["the clip"], request, Path(temporary))
                if edit in subject.truth:
                    ways["truth"] = load(save(subject.truth[edit], folder / f"{path.stem}_{edit}_truth.mp4"))
                rows += rows_of(subject, edit, ways, reader)
    print(table(rows))
    write(
        "video",
        {"frames": asked.frames, "rows": rows, "seconds a frame, with looking and inverting": seconds},
    )


if __name__ == "__main__":
    main()
