"""Photos to inverted faces: `studio.invert("photo.jpg")`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from latentlab.core.errors import BadInput
from latentlab.core.face import Face
from latentlab.core.leftovers import sweep_folder
from latentlab.core.watch import Watch
from latentlab.inversion.inverter import Inverter
from latentlab.store.home import entries
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable
from latentlab.studio.portraits.bench import Bench, Outcome
from latentlab.studio.portraits.request import Invert
from latentlab.studio.portraits.which import for_picture, for_source
from latentlab.studio.recipes.methods_as_data import inverter
from latentlab.studio.shelf.companions import companions


def invert_all(
    studio: Lab, photos: Sequence[str | Path], request: Invert | None = None, watch: Watch | None = None
) -> Iterator[Outcome]:
    """Every photo in turn, each in its network; one that fails does not stop the rest, and each is saved when it is done."""
    request = request or Invert()
    if not photos:
        raise BadInput("no photo was given; for example: latentlab invert photo.jpg")
    if request.keep:
        writable(studio.home)
        sweep_folder(Path(studio.home), deep=False)
    tell, taken, benches = studio.tell(watch), dict[str, str](), dict[str, Bench]()

    def bench(photo: str | Path) -> Bench:
        lab = _place(studio, request, photo)
        if lab.name not in benches:
            parts = companions(lab, request.encoder, request.distance)
            benches[lab.name] = Bench(lab, request, parts, len(photos), tell, taken=taken)
        return benches[lab.name]

    if request.together:  # a pivot belongs to one network
        yield from bench(photos[0]).together(photos)
    else:
        yield from (bench(photo).one(number, photo) for number, photo in enumerate(photos))


def _place(studio: Lab, request: Invert, photo: str | Path) -> Lab:
    """The lab on the photo's network: that of the inversion it begins from, else the one for such pictures."""
    begun = request.start is not None and str(request.start) in entries(studio.home)
    return for_source(studio, request.start) if begun else for_picture(studio, photo)


def invert(
    studio: Lab, photos: Sequence[str | Path], request: Invert | None = None, watch: Watch | None = None
) -> list[Face]:
    """The inverted faces; the first photo that fails raises, after the others are done."""
    outcomes = list(invert_all(studio, photos, request, watch))
    failed = [outcome.error for outcome in outcomes if outcome.error is not None]
    if failed:
        raise failed[0]
    return [outcome.face for outcome in outcomes if outcome.face is not None]


def choose_method(method: str | Inverter = "auto", budget: float | None = None, **fields: object) -> Inverter:
    """A method by name with its fields; a budget is for `auto` alone."""
    if not isinstance(method, str):
        return method
    if budget is not None:
        if method != "auto":
            raise BadInput(f"`budget` belongs to the method auto; '{method}' takes `steps` and the like")
        fields["budget"] = budget
    return inverter(method, **fields)
