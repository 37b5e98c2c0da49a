"""A clip opened for an edit: looked through, its face chosen and inverted; what an earlier run found is taken from the lab."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from torch import Tensor

from latentlab.core.crop import Crop
from latentlab.core.exposure import Exposure, exposure_of
from latentlab.core.face import Face
from latentlab.core.files import make_folder
from latentlab.core.watch import Watch, part
from latentlab.store.home import CLIPS, safe_name
from latentlab.studio.clips.clip import Clip, open_clip
from latentlab.studio.clips.edit_clip import BATCH, EditClip, OpenClip, faces_of
from latentlab.studio.clips.frames import Frame, read_frames
from latentlab.studio.clips.jobs import JOBS, job_for
from latentlab.studio.clips.latents import (
    SEEN,
    Looks,
    Runs,
    encode_clip,
    keep_latents,
    kept_latents,
    steady_latents,
)
from latentlab.studio.clips.people import Person, Survey, load_survey, squares
from latentlab.studio.clips.shots import shot
from latentlab.studio.clips.survey import look_through
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable
from latentlab.studio.portraits.carry import FACTOR
from latentlab.studio.portraits.faces import Source
from latentlab.studio.portraits.photo_story import file_hash
from latentlab.studio.recipes.data import as_data
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe


def open_clip_edit(
    studio: Lab,
    path: Path,
    request: EditClip,
    reference: Source = None,
    given: Ingredients | None = None,
    watch: Watch | None = None,
) -> OpenClip:
    """Look through the clip and invert its face; what an earlier run found is taken from the lab."""
    name = job_for(request.request)
    if (
        given is None
    ):  # what draws faces in other ways does it with the network that its styles and persons belong to
        studio = studio.for_photographs if name == "edit" else studio.for_samples
        given = Ingredients(studio)
    tell = studio.tell(watch)
    JOBS[name].check(studio, request.request, given, reference)
    clip, digest = open_clip(path), file_hash(path)
    folder = make_folder(writable(studio.home) / CLIPS / digest[:16])
    survey = _survey(clip, folder, digest, part(tell, 0.0, 0.5))
    person = survey.choose(request.face, str(path))
    side = person.square(FACTOR * studio.generator.resolution)
    runs = squares(person, survey.cuts, clip.size, side)
    surest = _surest(clip, person, runs)
    looks = Looks(exposure_of(shot(surest[0], surest[1].resized(SEEN)).face), JOBS[name].near)
    values = _latents(studio, clip, runs, looks, folder, part(tell, 0.5, 1.0))
    steady = steady_latents(values, [len(every) for every, _ in runs])
    frame, crop, row = surest
    (key,) = faces_of(studio, steady[row : row + 1], [shot(frame, crop)], looks.exposure)
    job = JOBS[name].open(studio, request.request, key, given, reference)
    if job.looks:
        job = job.settled(_spread(studio, clip, runs, steady, looks.exposure, job.looks))
    given.noted.get("faces", {}).pop("face", None)  # one of the clip's frames
    ingredients = {"clip": {"name": safe_name(path.name), "hash": digest}, **given.noted}
    told = recipe(studio, "clip", request, ingredients, BATCH)
    told["asked"] = {**as_data(request), "job": name}
    return OpenClip(
        studio,
        clip,
        request,
        person,
        runs,
        steady,
        job,
        told,
        folder,
        cuts=survey.cuts,
        exposure=looks.exposure,
    )


def _spread(
    studio: Lab, clip: Clip, runs: Runs, steady: Tensor, exposure: Exposure, count: int
) -> list[Face]:
    """The faces of so many frames, the first and the last among them."""
    crops = [(number, crop) for every, squares in runs for number, crop in zip(every, squares, strict=True)]
    rows = sorted({round(place * (len(crops) - 1) / max(1, count - 1)) for place in range(count)})
    wanted = {crops[row][0] for row in rows}
    frames = {f.number: f for f in read_frames(clip, min(wanted), max(wanted) + 1) if f.number in wanted}
    return faces_of(
        studio, steady[rows], [shot(frames[crops[row][0]], crops[row][1]) for row in rows], exposure
    )


def _survey(clip: Clip, folder: Path, digest: str, watch: Watch) -> Survey:
    path = folder / "survey.safetensors"
    kept = load_survey(path, digest)
    if kept is None:
        kept = look_through(clip, watch)
        kept.save(path, digest)
    return kept


def _latents(studio: Lab, clip: Clip, runs: Runs, looks: Looks, folder: Path, watch: Watch) -> Tensor:
    centres = [[every[0], every[-1], crops[0].to_json()] for every, crops in runs]
    told = [studio.generator.hash, looks.near, looks.exposure.gain, looks.exposure.exponent, centres]
    key = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    path = folder / f"latents-{key[:16]}.safetensors"
    count = sum(len(every) for every, _ in runs)
    kept = kept_latents(path, key, count)
    if kept is None:
        kept = encode_clip(studio, clip, runs, looks, watch)
        keep_latents(path, kept, key)
    return kept


def _surest(clip: Clip, person: Person, runs: Runs) -> tuple[Frame, Crop, int]:
    """The frame in which the detector was surest, its square and its row: what goals are solved on and told of."""
    surest = int(person.frames[int(person.scores.argmax())])
    numbers = [number for every, _ in runs for number in every]
    row = numbers.index(surest)
    (frame,) = read_frames(clip, surest, surest + 1)
    return frame, [crop for _, squares in runs for crop in squares][row], row
