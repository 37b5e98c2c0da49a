"""Every frame is looked at once: known faces are followed, new ones sought now and then, lost ones known again by identity."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from latentlab.core.errors import MissingPart
from latentlab.core.watch import Watch
from latentlab.faces.align import cut, from_landmarks
from latentlab.faces.detect import DetectedFace, find_faces, find_upright
from latentlab.faces.follow import Sighting, follow, sight
from latentlab.faces.identity import SAME_PERSON, distances, embed
from latentlab.faces.landmarks import find_landmarks
from latentlab.studio.clips.clip import Clip
from latentlab.studio.clips.frames import Frame, read_frames
from latentlab.studio.clips.people import Person, Survey

EVERY = 12
"""Frames from one search of the whole frame to the next."""
THOROUGH = 48
"""Frames from one search at all sizes and angles to the next, as long as nobody was seen."""
PATIENCE = 4
"""Frames for which a face that was lost is looked for where it was."""
CUT = 30.0
"""Mean change of light (0 to 255) from one frame to the next beyond which it is another scene."""
SELDOM = 0.1
"""Who is seen in fewer frames, as a share of those of who is seen most, is a mistake of the detector."""
COARSE = 32
"""Side of the grid on which scenes are compared."""


@dataclass(eq=False)
class _Track:
    """One person while the clip is looked through."""

    who: Tensor | None
    seen: dict[int, Sighting] = field(default_factory=dict)
    last: Tensor = field(default_factory=lambda: torch.zeros(68, 2))
    pace: Tensor = field(default_factory=lambda: torch.zeros(2))
    lost: int = PATIENCE + 1

    @property
    def live(self) -> bool:
        return self.lost <= PATIENCE

    def note(self, number: int, found: Sighting | None) -> None:
        if found is None:
            self.lost += 1
            self.pace = self.pace / 2
            return
        moved = found.points.mean(0) - self.last.mean(0)
        self.pace = moved if self.live and number - 1 in self.seen else torch.zeros(2)
        self.last, self.lost = found.points, 0
        self.seen[number] = found

    def near(self, face: DetectedFace) -> bool:
        """Whether a detection is this face."""
        return float((self.last.mean(0) - torch.tensor(face.centre)).norm()) < 0.5 * face.width


def look_through(clip: Clip, watch: Watch) -> Survey:
    """Who is in the clip, and where."""
    tracks: list[_Track] = []
    cuts: list[int] = []
    before: np.ndarray | None = None
    for frame in read_frames(clip):
        coarse = _coarse(frame)
        if before is not None and float(np.abs(coarse - before).mean()) > CUT:
            cuts.append(frame.number)
            for track in tracks:
                track.lost = PATIENCE + 1
        before = coarse
        _look(frame, tracks, fresh=bool(cuts) and cuts[-1] == frame.number)
        total = len(clip.times)
        watch((frame.number + 1) / total, f"looking at frame {frame.number + 1} of {total}")
    most = max((len(track.seen) for track in tracks), default=0)
    return Survey(_people([t for t in tracks if len(t.seen) >= max(1, SELDOM * most)]), tuple(cuts))


def _coarse(frame: Frame) -> np.ndarray:
    height, width = frame.light.shape
    return frame.light[:: max(1, height // COARSE), :: max(1, width // COARSE)].astype(np.float32)


def _look(frame: Frame, tracks: list[_Track], *, fresh: bool) -> None:
    picture = frame.grey()
    live = [track for track in tracks if track.live]
    for track in live:
        track.note(frame.number, follow(picture, track.last + track.pace))
    lost = any(track.lost == 1 for track in live)
    if frame.number % EVERY and not lost and not fresh:
        return
    faces = find_upright(picture)
    if not faces and not tracks and frame.number % THOROUGH == 0:
        faces = [face for face in find_faces(picture) if not face.profile]
    for face in faces:
        if not any(track.live and track.near(face) for track in tracks):
            found = sight(picture, find_landmarks(picture, face))
            _known(frame, tracks, found).note(frame.number, found)


def _known(frame: Frame, tracks: list[_Track], found: Sighting) -> _Track:
    """The person who was lost and is seen again, else somebody new."""
    who = _who(frame, found.points)
    away = [track for track in tracks if not track.live or track.lost > 0]
    if who is None and len(away) == 1:
        return away[0]
    apart = [
        float(distances(who, track.who)[0]) if who is not None and track.who is not None else 2.0
        for track in away
    ]
    if apart and min(apart) < SAME_PERSON:
        return away[int(np.argmin(apart))]
    tracks.append(_Track(who))
    return tracks[-1]


def _who(frame: Frame, points: Tensor) -> Tensor | None:
    """dlib's numbers for the face [1 128]; None where its network is not at hand."""
    try:
        return embed(cut(frame.picture(), from_landmarks(points, frame.size, 256), 2))
    except (MissingPart, ImportError):
        return None


def _people(tracks: list[_Track]) -> tuple[Person, ...]:
    """From the left in the first frame that shows the most of them; who is not in it comes after."""
    count: dict[int, int] = {}
    for track in tracks:
        for number in track.seen:
            count[number] = count.get(number, 0) + 1
    widest = min(count, key=lambda number: (-count[number], number), default=0)

    def place(track: _Track) -> tuple[bool, float]:
        there = track.seen.get(widest)
        return there is None, float(there.points[:, 0].mean()) if there else min(track.seen)

    people = []
    for track in sorted(tracks, key=place):
        numbers = sorted(track.seen)
        sightings = [track.seen[number] for number in numbers]
        people.append(
            Person(
                torch.tensor(numbers), torch.stack([one.points for one in sightings]).float(),
                torch.tensor([one.score for one in sightings]),
            )
        )  # fmt: skip
    return tuple(people)
