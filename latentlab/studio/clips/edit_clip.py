"""Clips edited from end to end: `studio.edit_clip("clip.mp4", {"age": 2}, out="older.mp4")`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentlab.core.crop import Crop
from latentlab.core.face import Face, Photo
from latentlab.core.files import make_folder, may_write
from latentlab.core.latent import Latent, Space
from latentlab.core.locks import held
from latentlab.core.ranges import FaceNumber, check
from latentlab.core.watch import Watch, part
from latentlab.faces.mask import square_mask
from latentlab.faces.paste import paste_back
from latentlab.store.home import CLIPS, safe_name
from latentlab.studio.clips.clip import Clip, open_clip
from latentlab.studio.clips.frames import Frame, read_frames
from latentlab.studio.clips.jobs import JOBS, ClipJob, job_for
from latentlab.studio.clips.latents import (
    Runs,
    encode_clip,
    keep_latents,
    kept_latents,
    steady_latents,
)
from latentlab.studio.clips.marks import Marks
from latentlab.studio.clips.people import Person, Survey, load_survey, squares
from latentlab.studio.clips.segments import Parts, check_ending
from latentlab.studio.clips.shots import Shot, shot
from latentlab.studio.clips.survey import look_through
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable
from latentlab.studio.portraits.carry import FACTOR
from latentlab.studio.portraits.faces import Source
from latentlab.studio.portraits.photo_story import file_hash
from latentlab.studio.recipes.data import as_data
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe

FADE = 4
"""Frames in which an edit comes and goes where a face appears or is lost in the middle of a scene."""
BATCH = 8


@dataclass(frozen=True)
class EditClip:
    """What is to be done to a clip: the request of a still, and to whom."""

    request: Any
    """Whatever has a job in `clips.jobs`: an `Edit`, a `Makeup`."""
    face: FaceNumber | None = None
    """Whose face, where several people are seen: 1 is the leftmost in the first frame that shows the most of them."""

    def __post_init__(self) -> None:
        check(self)


@dataclass(eq=False)
class OpenClip:
    """A clip that has been looked through and whose edit is known to be possible."""

    studio: Lab
    clip: Clip
    request: EditClip
    person: Person
    runs: Runs
    latents: Tensor
    """A steady W+ for every frame of every run."""
    job: ClipJob
    recipe: Mapping[str, object]
    folder: Path
    """Where the lab keeps what it knows of the clip."""
    cuts: Sequence[int] = ()
    """First frames of new scenes."""
    sound: str = ""
    """What became of the sound, where it did not stay as it was."""

    @property
    def name(self) -> str:
        """Of the file, without its ending."""
        return f"{safe_name(self.clip.path.name)}_{self.job.label}"

    @property
    def count(self) -> int:
        """Frames of the clip."""
        return len(self.clip.times)

    @property
    def edited(self) -> int:
        """Frames that show the face; the others are kept as they are."""
        return len(self.latents)

    def notes(self) -> list[str]:
        """What the user should know, one line each."""
        lines = [*self.clip.notes, *self.job.notes()]
        if self.edited < self.count:
            lines.append(
                f"{self.count - self.edited} of {self.count} frames do not show this face and are kept as they are"
            )
        return [*lines, self.sound] if self.sound else lines

    def film(self, out: Path, watch: Watch | None = None) -> Path:
        """Write the clip; what an earlier run finished is kept, and an interruption loses a second's work at most."""
        out = check_out(Path(out))
        parts = Parts(self.clip, make_folder(self.folder / f"parts-{self._key}"))
        tell = self.studio.tell(watch)
        with held(parts.folder, f"the clip {self.clip.path}"):
            try:
                self._fill(parts, tell)
            except KeyboardInterrupt:
                kept = parts.numbers(parts.finished()).start
                raise KeyboardInterrupt(
                    f"{kept} of {self.count} frames are kept; the same command goes on"
                ) from None
            self.sound = parts.join(out, Marks(self.recipe))
        parts.drop()
        return out

    @property
    def _key(self) -> str:
        """Of the parts: everything that decides what a frame shows."""
        told = {name: value for name, value in self.recipe.items() if name != "made"}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def _fill(self, parts: Parts, tell: Watch) -> None:
        first = parts.finished()
        frames = self._told(parts.numbers(first).start, tell)
        for number in range(first, parts.count):
            parts.write(number, frames)

    def _told(self, first: int, tell: Watch) -> Iterator[Frame]:
        for frame in self.frames(first):
            tell((frame.number + 1) / self.count, f"frame {frame.number + 1} of {self.count}")
            yield frame

    def frames(self, first: int = 0) -> Iterator[Frame]:
        """The edited frames, from one on."""
        places = self._places()
        waiting: list[Frame] = []
        for frame in read_frames(self.clip, first):
            waiting.append(frame)
            if len(waiting) == BATCH or frame.number + 1 == len(self.clip.times):
                yield from self._edited(waiting, places)
                waiting = []
        yield from self._edited(waiting, places)

    def _places(self) -> dict[int, tuple[int, Crop, float]]:
        """By frame: the row of its latent, its square, and how much of the edit shows."""
        found, row = {}, 0
        for every, crops in self.runs:
            shares = _shares(every, len(self.clip.times), set(self.cuts))
            for number, crop, share in zip(every, crops, shares, strict=True):
                found[number] = (row, crop, share)
                row += 1
        return found

    def _edited(self, frames: Sequence[Frame], places: Mapping[int, tuple[int, Crop, float]]) -> list[Frame]:
        mine = [frame for frame in frames if frame.number in places]
        shots = [shot(frame, places[frame.number][1]) for frame in mine]
        rows = [places[frame.number][0] for frame in mine]
        faces = faces_of(self.studio, self.latents[rows], shots) if mine else []
        total = max(1, len(self.clip.times) - 1)
        drawn = self.job.draw(faces, [frame.number / total for frame in mine]) if mine else []
        made = {
            frame.number: _returned(one, face, image, places[frame.number][2])
            for frame, one, face, image in zip(mine, shots, faces, drawn, strict=True)
        }
        return [made.get(frame.number, frame) for frame in frames]


def _shares(every: Sequence[int], total: int, cuts: set[int]) -> list[float]:
    """1, but rising and falling where a run begins or ends within a scene."""
    begins = every[0] == 0 or every[0] in cuts
    ends = every[-1] == total - 1 or every[-1] + 1 in cuts
    count = len(every)
    up = [1.0 if begins else (place + 1) / (FADE + 1) for place in range(count)]
    down = [1.0 if ends else (count - place) / (FADE + 1) for place in range(count)]
    return [min(1.0, a, b) for a, b in zip(up, down, strict=True)]


def faces_of(studio: Lab, values: Tensor, shots: Sequence[Shot]) -> list[Face]:
    """The faces of frames, in memory: their latents, what the network makes of them, and where they were seen."""
    generator = studio.generator
    with torch.no_grad():
        latent = Latent(Space.W_PLUS, values.to(studio.place))
        images = generator.render(latent)
    return [
        Face(
            f"frame{one.frame.number}", latent[row], images[row : row + 1], model=generator.hash,
            photo=Photo(one.face, None, one.crop),
        )
        for row, one in enumerate(shots)
    ]  # fmt: skip


def _returned(one: Shot, face: Face, image: Tensor, share: float) -> Frame:
    """The frame with its own pixels moved and tinted; the square fades at its border."""
    assert face.photo is not None, "made with one"
    original = face.photo.face()
    image = original + share * (image.cpu().float() - original)
    made = paste_back(
        one.picture, image, one.crop, square_mask(image.shape[-1]), match=False, original=original
    )
    return one.frame.changed(one.box, one.picture, made)


def check_out(out: Path) -> Path:
    """The path, if an edited clip may be written there."""
    may_write(check_ending(out))
    writable(out.parent)
    return out


def open_clip_edit(
    studio: Lab,
    path: Path,
    request: EditClip,
    reference: Source = None,
    given: Ingredients | None = None,
    watch: Watch | None = None,
) -> OpenClip:
    """Look through the clip and invert its face; what an earlier run found is taken from the lab."""
    given, tell = given or Ingredients(studio), studio.tell(watch)
    name = job_for(request.request)
    JOBS[name].check(studio, request.request, given, reference)
    clip, digest = open_clip(path), file_hash(path)
    folder = make_folder(writable(studio.home) / CLIPS / digest[:16])
    survey = _survey(clip, folder, digest, part(tell, 0.0, 0.5))
    person = survey.choose(request.face, str(path))
    side = person.square(FACTOR * studio.generator.resolution)
    runs = squares(person, survey.cuts, clip.size, side)
    values = _latents(studio, clip, runs, folder, part(tell, 0.5, 1.0), near=JOBS[name].near)
    steady = steady_latents(values, [len(every) for every, _ in runs])
    key = _key_face(studio, clip, person, runs, steady)
    job = JOBS[name].open(studio, request.request, key, given, reference)
    given.noted.get("faces", {}).pop("face", None)  # one of the clip's frames
    ingredients = {"clip": {"name": safe_name(path.name), "hash": digest}, **given.noted}
    told = recipe(studio, "clip", request, ingredients, BATCH)
    told["asked"] = {**as_data(request), "job": name}
    return OpenClip(studio, clip, request, person, runs, steady, job, told, folder, cuts=survey.cuts)


def _survey(clip: Clip, folder: Path, digest: str, watch: Watch) -> Survey:
    path = folder / "survey.safetensors"
    kept = load_survey(path, digest)
    if kept is None:
        kept = look_through(clip, watch)
        kept.save(path, digest)
    return kept


def _latents(studio: Lab, clip: Clip, runs: Runs, folder: Path, watch: Watch, *, near: bool) -> Tensor:
    centres = [[every[0], every[-1], crops[0].to_json()] for every, crops in runs]
    key = hashlib.sha256(json.dumps([studio.generator.hash, near, centres]).encode()).hexdigest()
    path = folder / f"latents-{key[:16]}.safetensors"
    count = sum(len(every) for every, _ in runs)
    kept = kept_latents(path, key, count)
    if kept is None:
        kept = encode_clip(studio, clip, runs, watch, near=near)
        keep_latents(path, kept, key)
    return kept


def _key_face(studio: Lab, clip: Clip, person: Person, runs: Runs, values: Tensor) -> Face:
    """The face of the frame in which the detector was surest: what goals are solved on and measures are told of."""
    surest = int(person.frames[int(person.scores.argmax())])
    numbers = [number for every, _ in runs for number in every]
    crops = [crop for _, squares in runs for crop in squares]
    row = numbers.index(surest)
    (frame,) = read_frames(clip, surest, surest + 1)
    (face,) = faces_of(studio, values[row : row + 1], [shot(frame, crops[row])])
    return face
