"""A network's card: every figure measured here, kept as JSON part by part, the sheets drawn, the page written."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from latentlab.core.errors import BadFile, BadInput, Memorised, MissingPart
from latentlab.core.files import write_text
from latentlab.core.image import grid, save_image, to_pixels
from latentlab.core.made import MARK
from latentlab.core.ranges import Count, SamplesOrNone, SheetSamples, check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.store.story import plain
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable
from latentlab.studio.reports.card_files import directions_of, files_of
from latentlab.studio.reports.measure import HELD_OUT_SEED
from latentlab.studio.shelf.finding import FIGURES
from latentlab.studio.shelf.models import CARD

if TYPE_CHECKING:
    from latentlab.data.portraits import Portraits

Figures = dict[str, Any]
NOTES = "NOTES.md"
BATCH, FEWEST, SIDE = 16, 16, 256
SHEETS = {"samples-psi0.7.jpg": 0.7, "samples-psi1.jpg": 1.0}
SAMPLE_SEED = 300_000
"""Samples of the card are drawn from here on, those of its sheets from 0."""


@dataclass(frozen=True)
class Measures:
    """How much is measured; a zero leaves a part out."""

    detection: SamplesOrNone = 500
    """Samples at each ψ in which dlib looks for a face."""
    compared: SamplesOrNone = 1000
    """Samples, and twice as many held-out renders, for distances of distributions."""
    encoded: SamplesOrNone = 500
    """Held-out renders for the encoder."""
    photos: Path | None = None
    """Aligned photographs; only people held out from all training are used."""
    training: tuple[Path, ...] = ()
    """Folders of photographs that the network learnt from: is any of them reproduced?"""
    nearest: Count = 1000
    """Samples compared with each of those by dlib's identity."""
    sheet: SheetSamples = 48
    """Samples on each sheet."""

    def __post_init__(self) -> None:
        check(self)
        for name in ("detection", "compared", "encoded", "nearest"):
            count = getattr(self, name)
            if count and count < FEWEST:
                raise BadInput(
                    f"`{name}` {count} is too few for a figure; give at least {FEWEST}, or 0 to leave it out"
                )
        if self.sheet < 1:
            raise BadInput(f"a sheet of {self.sheet} samples shows nothing; give at least 1")


@dataclass(eq=False)
class CardMaker:
    """One card on its way; a part that was measured with the same network, files and counts is not measured again."""

    studio: Lab
    how: Measures
    out: Path
    watch: Watch
    figures: Figures = field(default_factory=dict)
    _renders: Any = None

    def make(self) -> Path:
        """Measure, draw, write; returns the page. Memorised, once it is written, where a sample is somebody it learnt from."""
        from latentlab.metrics.model_card import page, reproduced

        writable(self.out)
        before = self._before()
        parts = list(self._parts())
        for place, (name, asked, work) in enumerate(parts):
            self.watch(place / len(parts), name)
            known = before.get(name)
            if isinstance(known, dict) and known.get("asked") == asked:
                self.figures[name] = known
                continue
            try:
                self.figures[name] = {"asked": asked, **work()}
            except MissingPart as missing:
                self.figures[name] = {"missing": str(missing)}
            self._keep()
        self.figures["directions"] = directions_of(self.studio)
        self._sheets()
        self._keep()
        notes = self.out / NOTES
        text = page(self._title(), self.figures, notes.read_text(encoding="utf-8") if notes.is_file() else "")
        path = write_text(self.out / CARD, text)
        if (found := reproduced(self.figures)) is not None:
            raise Memorised(
                f"'{self._title()}' draws somebody it learnt from: a sample is {found[0]:.3f} from a training photograph, people held "
                f"out come no nearer than {found[1]:.3f} (dlib, see {path}); do not ship it, train it on fewer images or with "
                "stronger augmentation"
            )
        return path

    def _title(self) -> str:
        """The network's name; of a file that is called what such files are called, its folder's."""
        file = Path(self.studio.network)
        return file.absolute().parent.name if file.stem in {"generator", "difference"} else self.studio.name

    def _before(self) -> Figures:
        try:
            found = json.loads((self.out / FIGURES).read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else {}
        except (OSError, ValueError):
            return {}

    def _keep(self) -> None:
        told = {"about": MARK, **self.figures}
        write_text(self.out / FIGURES, json.dumps(plain(told), indent=1, ensure_ascii=False) + "\n")

    def _parts(self) -> Iterator[tuple[str, Figures, Callable[[], Figures]]]:
        """Name, what decides it, and the work."""
        how, model = self.how, self.studio.generator.hash
        files = {name: found["hash"] for name, found in self._files().items()}
        yield "network", {"model": model, "files": files}, self._network
        if how.detection:
            yield "detection", {"model": model, "n": how.detection}, self._detection
        if how.compared:
            asked = {"model": model, "n": how.compared, "judge": self._hash("judge")}
            yield "distribution", asked, self._distribution
        encoder = {
            "model": model,
            "encoder": self._hash("encoder"),
            "discriminator": self._hash("discriminator"),
        }
        if how.encoded:
            yield "encoder on renders", encoder | {"n": how.encoded}, self._on_renders
        if how.photos is not None:
            yield "encoder on photographs", encoder | {"names": self._held_out()[1]}, self._on_photographs
        if how.training and how.nearest:
            learnt = " and ".join(Path(folder).name for folder in how.training)
            yield "nearest", {"model": model, "n": how.nearest, "training": learnt}, self._nearest

    def _hash(self, stem: str) -> str:
        """Of a file beside the network, or of the one that ships."""
        return next((str(found["hash"]) for name, found in self._files().items() if name == stem), "")

    def _files(self) -> Figures:
        """Every file that belongs to the network, with what its story tells."""

        return files_of(self.studio)

    def _network(self) -> Figures:
        generator = self.studio.generator
        return {
            "hash": generator.hash, "resolution": generator.resolution, "layers": generator.layers, "w_width": generator.w_width,
            "parameters": sum(value.numel() for value in generator.parameters()), "files": self._files(),
        }  # fmt: skip

    def _detection(self) -> Figures:
        """The share of faces in which dlib finds one, samples at two ψ beside renders of the same size."""
        n = self.how.detection
        found = {f"psi {psi:g}": self._seen(self._samples(n, psi)) for psi in SHEETS.values()}
        try:
            few = min(n, 200)
            found |= {"renders": self._seen(self._rendered(0, few)), "renders_n": few}
        except MissingPart as missing:
            found["renders_missing"] = str(missing)  # type: ignore[assignment]
        return {"n": n, **found}

    def _seen(self, batches: Iterator[Images]) -> float:
        from latentlab.faces.landmarks import aligned_box, standard

        seen = [aligned_box(one)[1] for images in batches for one in _pixels(standard(images.cpu()))]
        return sum(seen) / len(seen)

    def _samples(self, n: int, psi: float, first: int = SAMPLE_SEED) -> Iterator[Images]:
        from latentlab.metrics.compare import samples

        return samples(self.studio.generator, n, psi, first, BATCH)

    def _rendered(self, start: int, count: int, side: int | None = None) -> Iterator[Images]:
        """Held-out faces of the face world, the network's size if no other is given."""
        from latentlab.data.live_renders import LiveRenders

        source = LiveRenders(side or self.studio.generator.resolution, HELD_OUT_SEED)
        for first in range(start, start + count, BATCH):
            yield source(range(first, min(first + BATCH, start + count)))["images"]

    def _distribution(self) -> Figures:
        """Samples against held-out renders in the judge's features, beside two halves of renders, all of equal number."""
        from latentlab.metrics.features import scorer_space
        from latentlab.metrics.precision_recall import precision_recall
        from latentlab.studio.shelf.companions import judge

        n, space = self.how.compared, scorer_space(judge(self.studio), "judge")
        place = self.studio.place
        real = space.of(images.to(place) for images in self._rendered(0, 2 * n))
        one, other = real[:n], real[n:]
        found: Figures = {"space": space.name, "n": n, "halves of renders": _distances(one, other)}
        for psi in SHEETS.values():
            made = space.of(self._samples(n, psi))
            found[f"psi {psi:g}"] = _distances(one, made) | asdict(precision_recall(one, made))
        return found

    def _on_renders(self) -> Figures:
        faces = self._rendered(0, self.how.encoded, SIDE)
        people = [str(number) for number in range(self.how.encoded)]
        return self._encoded(faces, people, "reconstructions.jpg")

    def _held_out(self) -> tuple[Any, list[str]]:
        """The reader of the photographs, and the held-out files in it."""
        from latentlab.data.portraits import Portraits

        assert self.how.photos is not None
        reader = Portraits(self.how.photos, SIDE, split="held out")
        return reader, [name.rsplit("/", 1)[-1] for name in reader.names]

    def _on_photographs(self) -> Figures:
        """Figures alone: neither a photograph nor its reconstruction is kept."""
        from latentlab.data.holdout import person

        reader, names = self._held_out()
        faces = (
            torch.cat([reader.picture(name) for name in reader.names[start : start + BATCH]])
            for start in range(0, len(reader.names), BATCH)
        )
        return {"people": len({person(name) for name in names})} | self._encoded(
            faces, [person(n) for n in names]
        )

    def _encoded(self, faces: Iterator[Images], people: Sequence[str], sheet: str = "") -> Figures:
        """Medians and quartiles of what one pass of the encoder reaches."""
        from latentlab.inversion.encode import Encode
        from latentlab.inversion.inverter import Given
        from latentlab.studio.shelf.companions import companions

        parts = companions(self.studio)
        if parts.encoder is None:
            raise MissingPart("no encoder lies beside the network; train one: latentlab train-encoder")
        given = Given(encoder=parts.encoder, distance=parts.distance)
        columns: dict[str, list[Tensor]] = {}
        rows: dict[str, list[Tensor]] = {"face": [], "small": [], "made": []}
        for place, images in enumerate(faces):
            inversion = Encode().invert(self.studio.generator, images.to(self.studio.place), given)
            made = inversion.image.detach().clamp(-1, 1).cpu()
            for name, value in inversion.measures.items():
                columns.setdefault(name, []).append(value.detach().flatten().cpu())
            for name, vectors in _embedded(images, made).items():
                rows[name].append(vectors)
            if sheet and place == 0:
                self._pairs(images[:8], made[:8], sheet)
            self.watch(0.0, f"encoder: {(place + 1) * BATCH} of {len(people)} faces")
        found = {name: _spread(torch.cat(values)) for name, values in columns.items()}
        found |= _identity({name: torch.cat(v) for name, v in rows.items() if v}, people)
        return {"n": len(people), "perceptual": parts.distance_name, "measures": found}

    def _pairs(self, faces: Images, made: Images, name: str) -> None:
        from latentlab.inversion.resize import resize

        both = torch.cat([resize(faces.float(), made.shape[-1]).clamp(-1, 1), made])
        story = {"kind": "card", "model": self.studio.generator.hash}
        save_image(grid(both, columns=len(faces)), self.out / name, story)

    def _nearest(self) -> Figures:
        """Distances of samples to the nearest training photograph, beside those of people who were held out."""
        from latentlab.metrics.compare import nearest

        learnt, strangers = (self._known(held_out=side) for side in (False, True))
        found: Figures = {"n": self.how.nearest, "training photographs": len(learnt)}
        for psi in SHEETS.values():
            made = _found(self._samples(self.how.nearest, psi))
            found[f"psi {psi:g}"] = _low_end(nearest(made, learnt)) if len(made) else {"n": 0}
        found["held-out people"] = _low_end(nearest(strangers, learnt))
        apart = torch.cdist(learnt.double(), learnt.double()).fill_diagonal_(float("inf")).amin(1)
        return found | {"training photographs among themselves": _low_end(apart)}

    def _known(self, *, held_out: bool) -> Tensor:
        """Vectors of the training photographs, or of people among them who were held out."""
        from latentlab.data.holdout import is_held_out
        from latentlab.data.portraits import Portraits

        readers = [Portraits(folder, SIDE, split="all") for folder in self.how.training]
        chosen = [(one, name) for one in readers for name in one.names if is_held_out(name) == held_out]
        if not chosen:
            told, who = (
                ", ".join(map(str, self.how.training)),
                "is held out" if held_out else "was learnt from",
            )
            raise BadInput(f"nobody in the photographs of {told} {who}; name further folders with `training`")
        return _found(_readable(chosen))

    def _sheets(self) -> None:
        for name, psi in SHEETS.items():
            images = torch.cat(list(self._samples(self.how.sheet, psi, 0))).cpu()
            story = {
                "kind": "card",
                "model": self.studio.generator.hash,
                "psi": psi,
                "seeds": f"0-{self.how.sheet - 1}",
            }
            save_image(grid(images, columns=min(8, len(images))), self.out / name, story)


def measure_card(studio: Lab, how: Measures, out: Path | str, watch: Watch | None = None) -> Path:
    """Measure a network and write `CARD.md`, `card.json` and the sheets into a folder; the page's file."""
    return CardMaker(studio, how, Path(out), studio.tell(watch)).make()


def _pixels(images: Images) -> Any:
    return to_pixels(images).numpy()


def _distances(one: Tensor, other: Tensor) -> Figures:
    from latentlab.metrics.distance import frechet_distance, kernel_distance

    return {"frechet": frechet_distance(one, other), "kernel": kernel_distance(one, other).distance}


def _spread(values: Tensor) -> Figures:
    """Median and quartiles of what could be measured."""
    seen = values[values.isfinite()].double()
    if not len(seen):
        return {"median": float("nan"), "n": 0}
    low, middle, high = seen.quantile(torch.tensor([0.25, 0.5, 0.75], dtype=torch.double)).tolist()
    return {"median": middle, "low": low, "high": high, "n": len(seen)}


def _embedded(faces: Images, made: Images) -> dict[str, Tensor]:
    """dlib's vectors of the faces, of the faces at the network's resolution, and of what the network made of them."""

    from latentlab.faces.identity import embed

    try:
        small = interpolate(faces.float(), made.shape[-2:], mode="bicubic", antialias=True).clamp(-1, 1)
        return {"face": embed(faces), "small": embed(small), "made": embed(made)}
    except (MissingPart, ImportError):
        return {}


def _identity(rows: dict[str, Tensor], people: Sequence[str]) -> Figures:
    """Distance of face and reconstruction, its floor (resolution alone), and what 1 % of pairs of strangers fall below."""
    if not rows:
        return {}
    found = {
        "identity": _spread((rows["face"] - rows["made"]).norm(dim=1)),
        "identity_floor": _spread((rows["face"] - rows["small"]).norm(dim=1)),
    }
    who = [sorted(set(people)).index(name) for name in people]
    strangers = torch.tensor(who)[:, None] != torch.tensor(who)[None]
    apart = torch.cdist(rows["face"].double(), rows["small"].double())[strangers]
    if len(apart):
        found["impostor_1_percent"] = {"median": _quantile(apart, 0.01), "n": len(apart)}
    return found


def _quantile(values: Tensor, share: float) -> float:
    return float(np.quantile(values.numpy(), share))


def _readable(chosen: Sequence[tuple[Portraits, str]]) -> Iterator[Images]:
    """The pictures that can be read, as in the training; the others are counted in a warning."""
    broken = []
    for reader, name in chosen:
        try:
            yield reader.picture(name)
        except BadFile:
            broken.append(reader.tree.place(name))
    if broken:
        warnings.warn(
            f"left out {len(broken)} of {len(chosen)} pictures that cannot be read, e.g. {broken[0]}",
            stacklevel=2,
        )


def _found(batches: Any) -> Tensor:
    """dlib's vectors of the faces that it finds."""
    from latentlab.faces.identity import embed

    rows = torch.cat([embed(images.cpu(), strict=True) for images in batches])
    return rows[rows.isfinite().all(1)]


def _low_end(distances: Tensor) -> Figures:
    values = distances.double()
    return {
        "n": len(values), "least": float(values.min()), "1 %": _quantile(values, 0.01), "median": float(values.median()),
    }  # fmt: skip
