"""One run over photos: look at each, invert it, save it; what is finished already is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.watch import silent
from latentlab.store.home import safe_name
from latentlab.studio.methods_as_data import method_as_data
from latentlab.studio.photo_story import file_hash, identity_measures, photo_of, warnings_of

if TYPE_CHECKING:
    from latentlab.core.inversion import Inversion
    from latentlab.core.shapes import Images
    from latentlab.core.watch import Watch
    from latentlab.faces.photo import FaceInPhoto
    from latentlab.inversion.inverter import Given, Inverter
    from latentlab.inversion.saved import Saved
    from latentlab.studio.companions import Companions
    from latentlab.studio.invert import Inverting
    from latentlab.studio.picture import Picture
    from latentlab.studio.relatives import Relatives
    from latentlab.studio.studio import Studio

SMALLEST_ALIGNED = 256
"""Aligned photos are kept at least this large, whatever the network's resolution: encoders and dlib look at 256."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one photo."""

    photo: Path
    face: Saved | None = None
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
    finished: Saved | None

    @property
    def image(self) -> Images:
        return self.finished.aligned() if self.found is None and self.finished else self.found.image  # type: ignore[union-attr]


@dataclass(eq=False)
class Bench:
    """One run over some photos."""

    studio: Studio
    how: Inverting
    parts: Companions
    count: int
    watch: Watch
    relatives: Relatives = field(init=False)
    """Children of the network, which may make the photo better."""
    taken: dict[str, str] = field(default_factory=dict)
    """Names used in this run, with the hashes of their photos: two photos of one name get two names."""

    def __post_init__(self) -> None:
        from latentlab.studio.relatives import Relatives

        self.relatives = Relatives(self.studio, self.parts)

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
        from latentlab.core.image import load_picture
        from latentlab.faces.photo import face_in_photo

        load_picture(photo)  # a folder, a text file, a truncated picture: said before anything else
        digest = file_hash(photo)
        key = self._key(digest)
        name = self._name(photo, number, digest)
        finished = None if self.how.force else self._finished(name, key)
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
            "start": self.how.start,
            "mask": None if self.how.mask is None else file_hash(self.how.mask),
            "together": self.how.together,
            "seed": self.studio.seed,
            "model": self.studio.generator.hash,
        }

    def _name(self, photo: Path, number: int, digest: str) -> str:
        """The name in the lab: never that of another photo, unless --force takes it."""
        from latentlab.inversion.saved import story_of

        base = self.how.name or safe_name(photo.name)
        if self.how.name is not None and self.count > 1:
            base = f"{base}-{number + 1}"
        if self.how.face is not None and self.how.name is None:
            base = f"{base}-face{self.how.face}"
        name, turn = base, 1
        while True:
            story = story_of(Path(self.studio.home) / name)
            theirs = self.taken.get(name) or (photo_of(story).get("hash") if story else None)
            if theirs in {None, digest} or (self.how.force and name not in self.taken):
                self.taken[name] = digest
                return name
            if self.how.name is not None:
                raise BadInput(
                    f"the lab has another photo called '{name}' already; choose another --name, or --force"
                )
            turn += 1
            name = f"{base}-{turn}"

    def _finished(self, name: str, key: Mapping[str, object]) -> Saved | None:
        from latentlab.inversion.saved import load, story_of
        from latentlab.store.story import plain

        folder = Path(self.studio.home) / name
        story = story_of(folder)
        if story is None or story.get("asked_for") != plain(key):
            return None
        try:
            return load(folder, self.studio.generator)
        except LatentLabError:
            return None  # damaged: made again

    def _given(self, subjects: Sequence[Subject], begins: float, share: float) -> Given:
        from latentlab.core.image import load_image
        from latentlab.inversion.inverter import Given, part

        mask = None
        if self.how.mask is not None:
            mask = (load_image(self.how.mask).mean(dim=1, keepdim=True) > 0).float()
            if mask.shape[-1] != mask.shape[-2]:
                raise BadInput(
                    f"the mask {self.how.mask} is not square; it covers the aligned face (aligned.png)"
                )
        return Given(
            self._start(subjects), mask, self.parts.encoder, self.parts.distance, self.parts.distance_name,
            self.studio.seed, part(self.watch, begins, begins + share),
        )  # fmt: skip

    def _start(self, subjects: Sequence[Subject]) -> Inversion | None:
        from latentlab.inversion.saved import load
        from latentlab.store.home import entry

        if self.how.start is None:
            return None
        if len(subjects) > 1:
            raise BadInput("--start names one inversion; it cannot begin several photos at once")
        saved = load(entry(self.studio.home, self.how.start), self.studio.generator)
        if photo_of(saved.story).get("hash") != subjects[0].digest:
            raise BadInput(
                f"the inversion '{self.how.start}' shows another photo; start from one of the same photo"
            )
        return saved.inversion

    def invert(self, subjects: Sequence[Subject], begins: float, share: float) -> tuple[Inversion, Inverter]:
        """The inversion, and the method that made it: for `auto` the plan it chose."""
        import torch

        from latentlab.inversion.auto import Auto

        generator = self.studio.generator
        faces = torch.cat([subject.image for subject in subjects]).to(generator.device)
        given = self._given(subjects, begins, share)
        if not isinstance(self.how.method, Auto):
            return self.how.method.invert(generator, faces, given), self.how.method
        plan = self.how.method.choose(generator, faces, given)
        return self.how.method.run(plan, generator, faces, given), plan.inverter

    def _save(
        self, subject: Subject, inversion: Inversion, method: Inverter, together: Sequence[str] = ()
    ) -> Outcome:
        from latentlab.inversion.saved import save

        assert subject.found is not None, "a finished subject is not saved again"
        inversion = replace(
            inversion, measures=dict(inversion.measures) | identity_measures(subject.image, inversion.image)
        )
        story = self.story(subject, method, together)
        saved = save(Path(self.studio.home) / subject.name, inversion, subject.image, story, subject.photo)
        return Outcome(
            subject.photo,
            saved,
            notes=(
                *subject.found.notes,
                *warnings_of(self.studio, inversion, self.parts),
                *self.relatives.notes(subject.image),
            ),
        )

    def story(self, subject: Subject, method: Inverter, together: Sequence[str]) -> dict[str, object]:
        from latentlab.studio.recipe import recipe

        assert subject.found is not None, "there is no crop without a face"
        asked: dict[str, object] = {
            "photo": {"name": subject.name, "hash": subject.digest},
            "method": method_as_data("inverter", method),
            "seed": self.studio.seed,
            "face": self.how.face,
            "profile": self.how.profile,
        }
        if self.how.mask is not None:
            asked["mask"] = {"hash": file_hash(self.how.mask)}
        if self.how.start is not None:
            asked["start"] = self.how.start
        if together:
            asked["together"] = list(together)
        return recipe(self.studio, "invert", asked) | {
            "asked_for": subject.key,
            "crop": subject.found.crop.to_json(),
            "perceptual": self.parts.distance_name,
        }


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


def reconstruct(studio: Studio, how: Inverting, photos: Sequence[Path], row: int) -> Picture:
    """The reconstruction of one of these photos, made again and not saved."""
    from latentlab.studio.companions import companions
    from latentlab.studio.picture import Picture

    bench = Bench(
        studio, replace(how, force=True), companions(studio, how.encoder, how.distance), len(photos), silent
    )
    subjects = [bench.look(photo, number) for number, photo in enumerate(photos)]
    inversion, method = bench.invert(subjects, 0.0, 1.0)
    together = [subject.digest for subject in subjects] if len(subjects) > 1 else ()
    story = bench.story(subjects[row], method, together)
    return Picture("reconstruction", inversion.image[row], story)
