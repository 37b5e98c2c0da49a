"""One run over photos: look at each, invert it, save it; what is finished already is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.exposure import Exposure, exposure_of
from latentlab.core.face import Face
from latentlab.core.face import Photo as SeenIn
from latentlab.core.image import load_image, load_picture
from latentlab.core.inversion import Inversion
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch, part
from latentlab.inversion.auto import Auto
from latentlab.inversion.inverter import Given, Inverter
from latentlab.inversion.saved import (
    LATENT,
    as_face,
    as_inversion,
    latents_as_inversion,
    load,
    save,
    story_of,
)
from latentlab.store.home import entries, entry, safe_name
from latentlab.store.story import plain
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.photo_story import (
    chosen_note,
    exposure_note,
    file_hash,
    identity_measures,
    photo_of,
    warnings_of,
)
from latentlab.studio.portraits.relatives import Relatives
from latentlab.studio.portraits.request import Invert
from latentlab.studio.recipes.methods_as_data import method_as_data
from latentlab.studio.recipes.recipe import recipe
from latentlab.studio.shelf.companions import Companions
from latentlab.studio.shelf.latents import read_latents

if TYPE_CHECKING:
    from latentlab.faces.photo import FaceInPhoto

SMALLEST_ALIGNED = 256
"""Aligned photos are kept at least this large, whatever the network's resolution: encoders and dlib look at 256."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one photo."""

    photo: Path
    face: Face | None = None
    error: LatentLabError | None = None
    notes: tuple[str, ...] = ()
    """What the user should know, one line each."""
    kept: bool = False
    """It was finished already and nothing was done."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A photo that has been looked at."""

    photo: Path
    name: str
    digest: str
    key: dict[str, object]
    found: FaceInPhoto | None
    finished: Face | None

    @property
    def image(self) -> Images:
        """The aligned face."""
        if self.found is not None:
            return self.found.image
        assert self.finished is not None and self.finished.photo is not None, "finished, or found"
        return self.finished.photo.face()

    @cached_property
    def exposure(self) -> Exposure:
        """What brings it to the brightness that encoders are used to."""
        return exposure_of(self.image)

    @property
    def shown(self) -> Images:
        """The aligned face as the inverter sees it."""
        return self.exposure.stretched(self.image)


@dataclass(eq=False)
class Bench:
    """One run over some photos."""

    studio: Lab
    how: Invert
    parts: Companions
    count: int
    watch: Watch
    relatives: Relatives = field(init=False)
    """Children of the network, which may make the photo better."""
    taken: dict[str, str] = field(default_factory=dict)
    """Names used in this run, with the hashes of their photos: two photos of one name get two names."""

    def __post_init__(self) -> None:
        self.relatives = Relatives(self.studio, self.parts)
        self.how = replace(self.how, start=self._start_file() or self.how.start)

    def _start_file(self) -> Path | None:
        """The file that a start names, unless the lab has an inversion of that name."""
        start = self.how.start
        if start is None or str(start) in entries(self.studio.home):
            return None
        path = Path(start)
        if not isinstance(start, Path) and not path.suffix and len(path.parts) < 2:
            return None
        return path / LATENT if path.is_dir() else path

    def one(self, number: int, photo: str | Path) -> Outcome:
        photo = Path(photo)
        try:
            subject = self.look(photo, number)
            if subject.finished is not None:
                return Outcome(photo, subject.finished, kept=True)
            inversion, method = self.invert([subject], number / self.count, 1 / self.count)
            return self._save(subject, inversion, method)
        except LatentLabError as error:
            return Outcome(photo, error=error)

    def together(self, photos: Sequence[str | Path]) -> Iterator[Outcome]:
        """All photos in one call of the inverter, so that they share its pivot."""
        subjects: list[Subject] = []
        for number, photo in enumerate(photos):
            try:
                subjects.append(self.look(Path(photo), number))
            except LatentLabError as error:
                yield Outcome(Path(photo), error=error)
        if subjects and all(subject.finished for subject in subjects):
            yield from (Outcome(subject.photo, subject.finished, kept=True) for subject in subjects)
            return
        if not subjects:
            return
        inversion, method = self.invert(subjects, 0.0, 1.0)
        for row, subject in enumerate(subjects):
            yield self._save(subject, row_of(inversion, row), method, together=[s.digest for s in subjects])

    def look(self, photo: Path, number: int) -> Subject:
        """Read and align a photo, unless a finished inversion of just this kind is there."""
        from latentlab.faces.photo import face_in_photo

        load_picture(photo)  # a folder, a text file, a truncated picture: said before anything else
        digest = file_hash(photo)
        key = self._key(digest)
        name = self._name(photo, number, digest)
        finished = self._finished(name, key) if self.how.keep and not self.how.force else None
        if finished is not None:
            return Subject(photo, name, digest, key, None, finished)
        size = max(SMALLEST_ALIGNED, self.studio.generator.resolution)
        found = face_in_photo(photo, size, self.how.face, allow_profile=self.how.profile)
        return Subject(photo, name, digest, key, found, None)

    def _key(self, digest: str) -> dict[str, object]:
        """What makes an inversion the one that is asked for."""
        return {
            "photo": digest,
            "face": self.how.face,
            "method": method_as_data("inverter", self.how.method),
            "start": file_hash(self.how.start) if isinstance(self.how.start, Path) else self.how.start,
            "mask": None if self.how.mask is None else file_hash(self.how.mask),
            "together": self.how.together,
            "seed": self.studio.seed,
            "model": self.studio.generator.hash,
        }

    def _name(self, photo: Path, number: int, digest: str) -> str:
        """The name in the lab: never that of another photo, unless `force` takes it."""
        base = self.how.name or safe_name(photo.name)
        if self.how.name is not None and self.count > 1:
            base = f"{base}-{number + 1}"
        if self.how.face is not None and self.how.name is None:
            base = f"{base}-face{self.how.face}"
        name, turn = base, 1
        while True:
            story = None if not self.how.keep else story_of(Path(self.studio.home) / name)
            theirs = self.taken.get(name) or (photo_of(story).get("hash") if story else None)
            if theirs in {None, digest} or (self.how.force and name not in self.taken):
                self.taken[name] = digest
                return name
            if self.how.name is not None:
                raise BadInput(
                    f"the lab has another photo called '{name}' already; choose another `name`, or `force`"
                )
            turn += 1
            name = f"{base}-{turn}"

    def _finished(self, name: str, key: Mapping[str, object]) -> Face | None:
        folder = Path(self.studio.home) / name
        story = story_of(folder)
        if story is None or story.get("asked_for") != plain(key):
            return None
        try:
            face = load(folder, self.studio.generator)
        except LatentLabError:
            return None  # damaged: made again
        return face if face.photo is not None else None

    def _given(self, subjects: Sequence[Subject], begins: float, share: float) -> Given:
        mask = None
        if self.how.mask is not None:
            mask = (load_image(self.how.mask).mean(dim=1, keepdim=True) > 0).float()
            if mask.shape[-1] != mask.shape[-2]:
                raise BadInput(
                    f"the mask {self.how.mask} is not square; it covers the aligned face (aligned.png)"
                )
        return Given(
            self._start(subjects), mask, self.parts.encoder, self.parts.distance, self.studio.seed,
            part(self.watch, begins, begins + share),
        )  # fmt: skip

    def _start(self, subjects: Sequence[Subject]) -> Inversion | None:
        if self.how.start is None:
            return None
        if isinstance(self.how.start, Path):
            return latents_as_inversion(
                read_latents(self.how.start, self.studio.generator), self.studio.generator
            )
        if len(subjects) > 1:
            raise BadInput("`start` names one inversion; it cannot begin several photos at once")
        saved = load(entry(self.studio.home, self.how.start), self.studio.generator)
        if photo_of(saved.origin).get("hash") != subjects[0].digest:
            raise BadInput(
                f"the inversion '{self.how.start}' shows another photo; start from one of the same photo"
            )
        return as_inversion(saved)

    def invert(self, subjects: Sequence[Subject], begins: float, share: float) -> tuple[Inversion, Inverter]:
        """The inversion, and the method that made it: for `auto` the plan it chose."""

        generator = self.studio.generator
        faces = torch.cat([subject.shown for subject in subjects]).to(generator.device)
        given = self._given(subjects, begins, share)
        if not isinstance(self.how.method, Auto):
            return self.how.method.invert(generator, faces, given), self.how.method
        plan = self.how.method.choose(generator, faces, given)
        return self.how.method.run(plan, generator, faces, given), plan.inverter

    def _save(
        self, subject: Subject, inversion: Inversion, method: Inverter, together: Sequence[str] = ()
    ) -> Outcome:
        assert subject.found is not None, "a finished subject is not saved again"
        found = subject.found
        inversion = replace(
            inversion, measures=dict(inversion.measures) | identity_measures(subject.shown, inversion.image)
        )
        seen = SeenIn(found.image, subject.photo if self.how.keep else found.picture, found.crop)
        face = as_face(inversion, subject.name, self.story(subject, method, together), seen)
        if self.how.keep:
            face = save(Path(self.studio.home) / subject.name, face)
        notes = (
            *found.notes, *chosen_note(self.studio), *exposure_note(subject.exposure),
            *warnings_of(self.studio, inversion, self.parts),
            *self.relatives.notes(found.image),
        )  # fmt: skip
        return Outcome(subject.photo, face, notes=notes)

    def story(self, subject: Subject, method: Inverter, together: Sequence[str]) -> dict[str, object]:
        assert subject.found is not None, "there is no crop without a face"
        ingredients: dict[str, object] = {
            "photo": {"name": subject.name, "hash": subject.digest},
            "seed": self.studio.seed,
        }
        named = [path for path in (self.how.mask, self.how.start) if isinstance(path, Path)]
        if named:
            ingredients["files"] = {path.name: file_hash(path) for path in named}
        if together:
            ingredients["together"] = list(together)
        asked = replace(self.how, method=method, name=None, encoder=None, force=False, keep=True)
        told: dict[str, object] = {
            "asked_for": subject.key,
            "crop": subject.found.crop.to_json(),
            "perceptual": self.parts.distance_name,
        }
        if self.studio.because:
            told["chosen"] = self.studio.because
        if not subject.exposure.usual:
            told["exposure"] = [subject.exposure.gain, subject.exposure.exponent]
        return recipe(self.studio, "invert", asked, ingredients) | told


def row_of(inversion: Inversion, row: int) -> Inversion:
    """One face of a batch; the pivot is everyone's."""
    one = slice(row, row + 1)
    maps = {
        name: value[one] if value.ndim == 4 and len(value) > 1 else value
        for name, value in inversion.noise.maps.items()
    }
    return replace(
        inversion, latent=inversion.latent[row], image=inversion.image[one], error=inversion.error[one],
        noise=replace(inversion.noise, maps=maps), measures={k: v[one] for k, v in inversion.measures.items()},
    )  # fmt: skip
