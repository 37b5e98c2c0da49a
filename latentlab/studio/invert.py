"""Photos to inverted faces in the lab: `studio.invert("photo.jpg")`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.errors import BadInput
from latentlab.store.home import check_name
from latentlab.studio.methods_as_data import inverter, method_from_data
from latentlab.studio.photo_bench import Bench, Outcome

if TYPE_CHECKING:
    from latentlab.core.watch import Watch
    from latentlab.inversion.inverter import Inverter
    from latentlab.inversion.saved import Saved
    from latentlab.studio.picture import Picture
    from latentlab.studio.studio import Studio


@dataclass(frozen=True, eq=False)
class Inverting:
    """How photos are inverted."""

    method: Inverter
    name: str | None = None
    """Name in the lab; the photo's own if left out."""
    face: int | None = None
    """Which face of a photo with several, counted from the left, from 1."""
    start: str | None = None
    """Name of an inversion of the same photo to begin from."""
    mask: Path | None = None
    """Picture of the aligned face: white where the photo counts, black over what hides the face."""
    together: bool = False
    """All photos show one person and share one pivot."""
    profile: bool = False
    """Also faces seen from the side."""
    force: bool = False
    """Invert again what is finished, replace what has the same name."""
    encoder: Path | None = None
    """Another encoder than the one beside the network."""
    distance: str = "auto"
    """Perceptual distance."""

    def run(
        self, studio: Studio, photos: Sequence[str | Path], watch: Watch | None = None
    ) -> Iterator[Outcome]:
        """Every photo in turn; one that fails does not stop the rest, and each is saved when it is done."""
        from latentlab.core.leftovers import sweep_folder
        from latentlab.studio.companions import companions
        from latentlab.studio.picture import writable

        if not photos:
            raise BadInput("no photo was given; for example: latentlab invert photo.jpg")
        if self.name is not None:
            check_name(self.name)
        writable(studio.home)
        sweep_folder(Path(studio.home), deep=False)
        bench = Bench(
            studio, self, companions(studio, self.encoder, self.distance), len(photos), studio.tell(watch)
        )
        yield from bench.together(photos) if self.together else map(bench.one, range(len(photos)), photos)


def choose_method(method: str | Inverter = "auto", budget: float | None = None, **fields: object) -> Inverter:
    """A method by name with its fields; a budget is for `auto` alone."""
    if not isinstance(method, str):
        return method
    if budget is not None:
        if method != "auto":
            raise BadInput(f"--budget belongs to --method auto; '{method}' takes --steps and the like")
        fields["budget"] = budget
    return inverter(method, **fields)


def invert_all(
    studio: Studio, photos: Iterable[str | Path], method: str | Inverter = "auto", *, budget: float | None = None,
    watch: Watch | None = None, **options: Any,
) -> Iterator[Outcome]:  # fmt: skip
    """Every photo in turn; see `Inverting` for the options."""
    return Inverting(choose_method(method, budget), **options).run(studio, list(photos), watch)


def invert(
    studio: Studio, *photos: str | Path, method: str | Inverter = "auto", **options: Any
) -> Saved | list[Saved]:
    """One photo to one inverted face, several to a list; the first photo that fails raises, after the others are done."""
    outcomes = list(invert_all(studio, photos, method, **options))
    failed = [outcome.error for outcome in outcomes if outcome.error is not None]
    if failed:
        raise failed[0]
    faces = [outcome.face for outcome in outcomes if outcome.face is not None]
    return faces[0] if len(photos) == 1 else faces


def remake(studio: Studio, asked: Mapping[str, object], inputs: list[Path]) -> Picture:
    """The reconstruction of an untrusted recipe: its photo (and mask) are found by hash among the inputs or in the lab."""
    from dataclasses import replace

    from latentlab.studio.photo_bench import reconstruct
    from latentlab.studio.photo_story import find_input
    from latentlab.studio.recipe import field_of

    photos = (
        [field_of(asked, "photo", dict)["hash"]]
        if "together" not in asked
        else field_of(asked, "together", list)
    )
    photo = field_of(asked, "photo", dict).get("hash")
    how = Inverting(
        method_from_data("inverter", field_of(asked, "method", dict)),
        face=field_of(asked, "face", int, None),
        profile=field_of(asked, "profile", bool, False),
        start=field_of(asked, "start", str, None),
    )
    if "mask" in asked:
        how = replace(how, mask=find_input(studio, field_of(asked, "mask", dict).get("hash"), "mask", inputs))
    files = [find_input(studio, digest, "photo", inputs) for digest in photos]
    return reconstruct(replace(studio, seed=field_of(asked, "seed", int, 0)), how, files, photos.index(photo))
