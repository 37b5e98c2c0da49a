"""The studio: a network, a device and a home folder, and every task as a method of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from latentlab.core.registry import Registry
from latentlab.core.seeds import parse_numbers, parse_seeds
from latentlab.core.watch import Watch, part
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.families import methods

if TYPE_CHECKING:
    from latentlab.baselines.train import TrainBaseline
    from latentlab.core.direction import Direction
    from latentlab.core.face import Face
    from latentlab.directions.discoverer import Discoverer
    from latentlab.directions.facts import Facts
    from latentlab.inversion.inverter import Inverter
    from latentlab.metrics.leakage import Evaluate
    from latentlab.store.models import Models
    from latentlab.studio.applications.frontalize import Frontalize, OpenFrontalize
    from latentlab.studio.applications.makeup import Makeup, OpenMakeup
    from latentlab.studio.applications.style_add import AddStyle
    from latentlab.studio.applications.stylize import OpenStylize, Stylize
    from latentlab.studio.applications.swap import OpenSwap, Swap
    from latentlab.studio.batch.run import Batch, OpenBatch, Summary
    from latentlab.studio.clips.edit_clip import EditClip, OpenClip
    from latentlab.studio.discovery.build import Built
    from latentlab.studio.discovery.discover import Discover
    from latentlab.studio.discovery.plan import LibraryRecipe
    from latentlab.studio.discovery.port import Ported
    from latentlab.studio.discovery.spans import MeasuredSpan, MeasureSpans
    from latentlab.studio.fields import (
        AddStyleFields,
        AnyStyleFields,
        BenchmarkFields,
        CompareFields,
        DiscoverFields,
        EditFields,
        FinetuneFields,
        FrontalizeFields,
        InterpolateFields,
        InvertFields,
        JudgeFields,
        MakeupFields,
        MeasureSpansFields,
        RenderingFields,
        StylizeFields,
        SwapFields,
        SweepFields,
        TrainEncoderFields,
        TrainFields,
        TrainScorerFields,
    )  # fmt: skip
    from latentlab.studio.pictures.gallery import Gallery
    from latentlab.studio.pictures.generate import Generate
    from latentlab.studio.pictures.interpolate import Interpolate, OpenWalk
    from latentlab.studio.pictures.mix import Mix
    from latentlab.studio.pictures.picture import Picture
    from latentlab.studio.portraits.align import Align, AlignedFace
    from latentlab.studio.portraits.bench import Outcome
    from latentlab.studio.portraits.demo import Shown
    from latentlab.studio.portraits.edit import Edit, OpenEdit
    from latentlab.studio.portraits.faces import Source
    from latentlab.studio.portraits.request import Invert
    from latentlab.studio.recipes.replay import Replayed
    from latentlab.studio.reports.evaluate import Judge, Judged
    from latentlab.studio.reports.measure import Compare, Compared
    from latentlab.studio.reports.model_card import Measures
    from latentlab.studio.reports.population import Confounder
    from latentlab.studio.rivals.apply import ApplyBaseline, OpenBaseline, Wanted
    from latentlab.studio.rivals.benchmark import Benchmark, Standings
    from latentlab.studio.shelf.convert import Converted


@dataclass(eq=False)
class Studio(Lab):
    """`latentlab.open(network)`; each method takes the values of its request, and has a twin that takes the request."""

    def methods(self, family: str) -> Registry:
        """The methods of a family (`inverter`, `discoverer`, …) by name."""
        return methods(family)

    # pictures

    def generate(
        self, seeds: str | Iterable[int] | Generate = "0-3", psi: float = 1.0, *, latents: str | Path | None = None,
        grid: tuple[int, int] | None = None, watch: Watch | None = None, **rendering: Unpack[RenderingFields],
    ) -> list[Picture]:  # fmt: skip
        """Pictures of seeds (`[0, 1]` or `"0-3,85"`) or of a file of saved latents, each with its recipe; last the grid.

        `rendering` are further fields of `Rendering`: cutoff, noise, noise_seed, class_.
        """
        from latentlab.studio.pictures.generate import Generate, draw
        from latentlab.studio.pictures.rendering import Rendering

        if not isinstance(seeds, Generate):
            file = None if latents is None else Path(latents)
            seeds = Generate(_numbers(seeds), file, grid=grid, rendering=Rendering(psi, **rendering))
        return list(draw(self, seeds, watch=watch))

    def gallery(self, request: Generate, folder: str | Path, *, force: bool = False) -> Gallery:
        """A folder of samples: what is there already is kept; `.fill()` draws the rest."""
        from latentlab.studio.pictures.gallery import open_gallery

        return open_gallery(self, request, Path(folder), force=force)

    def mix(
        self, rows: str | Iterable[int] | Mix | None = None, cols: str | Iterable[int] | None = None,
        styles: str | Iterable[int] = "0-6", psi: float = 1.0, *, row_latents: str | Path | None = None,
        col_latents: str | Path | None = None, watch: Watch | None = None, **rendering: Unpack[RenderingFields],
    ) -> list[Picture]:  # fmt: skip
        """Each row's sample with each column's styles, row by row; last the sheet of all of them.

        Samples are seeds (`[0, 1]` or `"0-3,85"`), or rows of files of saved latents.
        """
        from latentlab.studio.pictures.mix import Mix
        from latentlab.studio.pictures.rendering import Rendering

        if not isinstance(rows, Mix):
            layers = tuple(parse_numbers(styles, "layers") if isinstance(styles, str) else styles)
            down, across = (None if side is None else _numbers(side) for side in (rows, cols))
            first, second = (None if file is None else Path(file) for file in (row_latents, col_latents))
            rows = Mix(down, across, layers, True, first, second, Rendering(psi, **rendering))
        return list(self.mixed(rows, watch))

    def mixed(self, request: Mix, watch: Watch | None = None) -> Iterator[Picture]:
        """The same one after another, as they are drawn."""
        from latentlab.studio.pictures.mix import draw

        return draw(self, request, watch)

    def interpolate(
        self, seeds: str | Iterable[int] | Interpolate | None = None, out: str | Path = "video.mp4", psi: float = 1.0, *,
        fps: int = 30, watch: Watch | None = None, **fields: Unpack[InterpolateFields],
    ) -> Path:  # fmt: skip
        """Write a video from sample to sample (mp4 or gif); `fields` are those of `Interpolate` and `Rendering`."""
        from latentlab.studio.pictures.interpolate import Interpolate, choose_interpolation

        if not isinstance(seeds, Interpolate):
            seeds = choose_interpolation(None if seeds is None else _numbers(seeds), psi, fields)
        return self.open_walk(seeds).film(Path(out), fps, watch)

    def open_walk(self, request: Interpolate) -> OpenWalk:
        """A video before it is drawn: `.request.count()` frames, then `.film(path)`."""
        from latentlab.studio.pictures.interpolate import open_walk

        return open_walk(self, request)

    def replay(self, path: str | Path, inputs: Sequence[str | Path] = ()) -> Replayed:
        """The picture in a file made again from its recipe; `inputs` are files that the recipe may need."""
        from latentlab.studio.recipes.reading import open_picture

        there = open_picture(path)  # a foreign file is refused before anything heavy is imported
        from latentlab.studio.recipes.replay import replay

        return replay(self, there, inputs)

    # faces

    def align(
        self, photo: str | Path, size: int = 256, face: int | None = None, *, profile: bool = False
    ) -> AlignedFace:
        """One aligned face of a photo; `.face.image` is the picture, `.face.crop` the way back."""
        from latentlab.studio.portraits.align import Align

        return next(self.aligned(photo, Align(size, face, profile=profile)))

    def aligned(self, photo: str | Path, request: Align) -> Iterator[AlignedFace]:
        """The faces of one photo that a request wants, from left to right."""
        return request.faces(photo)

    @overload
    def invert(
        self, photo: str | Path, /, *, method: str | Inverter = "auto", budget: float | None = None,
        watch: Watch | None = None, **fields: Unpack[InvertFields],
    ) -> Face: ...  # fmt: skip
    @overload
    def invert(
        self, *photos: str | Path, method: str | Inverter = "auto", budget: float | None = None,
        watch: Watch | None = None, **fields: Unpack[InvertFields],
    ) -> list[Face]: ...  # fmt: skip
    def invert(
        self, *photos: str | Path, method: str | Inverter = "auto", budget: float | None = None,
        watch: Watch | None = None, **fields: Unpack[InvertFields],
    ) -> Face | list[Face]:  # fmt: skip
        """One photo to one face, several to a list; `fields` are those of `Invert`. The first that fails raises.

        The lab keeps the faces (and finds finished ones) unless `keep=False`.
        """
        from latentlab.studio.portraits.invert import choose_method, invert
        from latentlab.studio.portraits.request import Invert

        faces = invert(self, photos, Invert(choose_method(method, budget), **fields), watch)
        return faces[0] if len(photos) == 1 else faces

    def inverted(
        self, photos: Sequence[str | Path], request: Invert | None = None, watch: Watch | None = None
    ) -> Iterator[Outcome]:
        """What became of each photo, as it is done; one that fails does not stop the rest."""
        from latentlab.studio.portraits.invert import invert_all

        return invert_all(self, photos, request, watch)

    def face(self, source: Source = None, watch: Watch | None = None) -> Face:
        """A face by name in the lab, folder or photo (inverted first); the newest if nothing is named."""
        from latentlab.studio.portraits.faces import find_face
        from latentlab.studio.portraits.which import for_source

        return find_face(for_source(self, source), source, watch)

    def faces(self) -> list[str]:
        """Names of the faces in the lab, the newest last."""
        from latentlab.store.home import entries

        return entries(self.home)

    def sample(self, seed: int = 0, psi: float = 1.0, **rendering: Unpack[RenderingFields]) -> Face:
        """The face of a seed, in memory: the one that `generate` draws."""
        from latentlab.studio.pictures.generate import Generate
        from latentlab.studio.pictures.rendering import Rendering
        from latentlab.studio.portraits.samples import sample

        return sample(self, Generate((seed,), rendering=Rendering(psi, **rendering)))

    def average(self, **rendering: Unpack[RenderingFields]) -> Face:
        """The average face, in memory."""
        return replace(self.sample(0, 0.0, **rendering), name="average")

    def blend(self, one: Source, other: str | Path | Face, share: float = 0.5) -> Face:
        """The face some share of the way from one to the other, in memory."""
        from latentlab.studio.portraits.edit import Edit

        return self.edited(one, Edit(blend=(other, share)))

    def save(self, face: Face, name: str | None = None, *, overwrite: bool = False) -> Face:
        """Put a face on the shelf: into the lab, by its own or another name."""
        from latentlab.studio.portraits.shelve import shelve

        return shelve(self, face, name, overwrite=overwrite)

    def score(self, face: Source = None) -> dict[str, float]:
        """What the guide scorer reads on a face, by attribute."""
        from latentlab.studio.reports.score import score

        return score(self, self.face(face).image)

    def edit(
        self, face: Source = None, directions: Mapping[str, float] | Edit | None = None, *, watch: Watch | None = None,
        **fields: Unpack[EditFields],
    ) -> Picture:  # fmt: skip
        """One edited picture (of a sweep or grid the sheet); `fields` are those of `Edit`."""
        from latentlab.studio.portraits.edit import Edit

        request = directions if isinstance(directions, Edit) else Edit(dict(directions or {}), **fields)
        *_, last = self.open_edit(face, request, watch).draw(watch)
        return last

    def open_edit(self, face: Source, request: Edit, watch: Watch | None = None) -> OpenEdit:
        """An edit that is known to be possible; `.draw()` gives its pictures, `.notes()` what there is to say."""
        from latentlab.studio.portraits.edit import open_edit

        return open_edit(self, request, face, watch=watch)

    def edit_clip(
        self, clip: str | Path, request: Mapping[str, float] | Edit | Frontalize | Makeup | Stylize | Swap | EditClip, out: str | Path, *,
        face: int | None = None, reference: Source = None, watch: Watch | None = None, **fields: Unpack[EditFields],
    ) -> Path:  # fmt: skip
        """Write a clip edited as stills are: `request` are directions (`fields` those of `Edit`), or a still's request.

        Of several people `face` chooses one, counted from the left; `reference` is whose makeup or identity is
        taken over.
        """
        from latentlab.studio.clips.edit_clip import EditClip
        from latentlab.studio.clips.segments import check_out
        from latentlab.studio.portraits.edit import Edit

        check_out(Path(out))
        if isinstance(request, Mapping):
            request = Edit(dict(request), **fields)
        asked = request if isinstance(request, EditClip) else EditClip(request, face)
        tell = self.tell(watch)
        return self.open_clip(clip, asked, reference, part(tell, 0.0, 0.4)).film(
            Path(out), part(tell, 0.4, 1.0)
        )

    def open_clip(
        self, clip: str | Path, request: EditClip, reference: Source = None, watch: Watch | None = None
    ) -> OpenClip:
        """A clip looked through, whose edit is known to be possible; `.film()` writes it, `.notes()` is what to say."""
        from latentlab.studio.clips.opening import open_clip_edit

        return open_clip_edit(self, Path(clip), request, reference, watch=watch)

    def edited(self, face: Source, request: Edit) -> Face:
        """The edited face in memory, to be edited further."""
        return self.open_edit(face, request).as_face()

    def sweep(
        self,
        face: Source,
        direction: str,
        strengths: Sequence[float],
        *,
        watch: Watch | None = None,
        **fields: Unpack[SweepFields],
    ) -> list[Picture]:
        """One direction in steps: a picture for each strength, last the sheet of them all."""
        from latentlab.studio.portraits.edit import Edit, Sweep

        request = Edit(sweeps=(Sweep(direction, tuple(strengths)),), **fields)
        return list(self.open_edit(face, request, watch).draw(watch))

    def demo(
        self, photo: Path | None = None, budget: float | None = None, watch: Watch | None = None
    ) -> Iterator[Shown]:
        """The main job on a portrait, start to end."""
        from latentlab.studio.portraits.demo import demo

        return demo(self, photo, budget, watch)

    # many

    def batch(self, request: Batch, watch: Watch | None = None) -> Summary:
        """One task over any number of photos, seeds or latents, resumable; rows and pictures in shards below `out`."""
        return self.open_batch(request).run(watch)

    def open_batch(self, request: Batch) -> OpenBatch:
        """A batch that is known to be possible; `.left` says how much is to be done, `.run()` does it."""
        from latentlab.studio.batch.run import open_batch

        return open_batch(self, request)

    # applications on photos

    def makeup(
        self,
        photo: Source,
        reference: Source = None,
        *,
        watch: Watch | None = None,
        **fields: Unpack[MakeupFields],
    ) -> Picture:
        """A photo with a reference's makeup, with `colours` by region, or with none (`remove`); fields of `Makeup`."""
        *_, picture = self.open_makeup(photo, reference, **fields).draw(watch)
        return picture

    def open_makeup(
        self,
        photo: Source,
        reference: Source = None,
        request: Makeup | None = None,
        **fields: Unpack[MakeupFields],
    ) -> OpenMakeup:
        """The same, known to be possible; `.draw()` gives the picture, `.notes()` what there is to say."""
        from latentlab.studio.applications.makeup import Makeup, open_makeup
        from latentlab.studio.applications.sitter import with_choice

        return open_makeup(self, request or with_choice(Makeup, fields), photo, reference)

    def stylize(
        self,
        photo: Source,
        style: str = "toon",
        *,
        watch: Watch | None = None,
        **fields: Unpack[StylizeFields],
    ) -> Picture:
        """A face drawn in a style: a child of the network, or a filter; fields of `Stylize`."""
        *_, picture = self.open_stylize(photo, style=style, **fields).draw(watch)
        return picture

    def open_stylize(
        self, photo: Source, request: Stylize | None = None, **fields: Unpack[AnyStyleFields]
    ) -> OpenStylize:
        """The same, known to be possible; `.draw()` gives the picture, `.notes()` what there is to say."""
        from latentlab.studio.applications.sitter import with_choice
        from latentlab.studio.applications.stylize import Stylize, open_stylize

        return open_stylize(self, request or with_choice(Stylize, fields), photo)

    def styles(self) -> list[str]:
        """Names of the styles that this network can draw in."""
        from latentlab.studio.shelf.styles import style_names

        return style_names(self)

    def add_style(
        self,
        name: str | AddStyle,
        picture: str | Path | None = None,
        *,
        watch: Watch | None = None,
        **fields: Unpack[AddStyleFields],
    ) -> Path:
        """Learn a style from one picture, a `filter`, or a `text`; fields of `AddStyle`. Returns its file in the lab."""
        from latentlab.studio.applications.style_add import AddStyle, add_style

        if not isinstance(name, AddStyle):
            name = AddStyle(name, None if picture is None else Path(picture), **fields)
        return add_style(self, name, watch)

    def frontalize(
        self, photo: Source, *, watch: Watch | None = None, **fields: Unpack[FrontalizeFields]
    ) -> Picture:
        """A face turned to the front, at its photo's resolution; fields of `Frontalize`."""
        *_, picture = self.open_frontalize(photo, **fields).draw(watch)
        return picture

    def open_frontalize(
        self, photo: Source, request: Frontalize | None = None, **fields: Unpack[FrontalizeFields]
    ) -> OpenFrontalize:
        """The same, known to be possible; `.draw()` gives the picture, `.notes()` what there is to say."""
        from latentlab.studio.applications.frontalize import Frontalize, open_frontalize
        from latentlab.studio.applications.sitter import with_choice

        return open_frontalize(self, request or with_choice(Frontalize, fields), photo)

    def swap(
        self, source: Source, target: Source, *, watch: Watch | None = None, **fields: Unpack[SwapFields]
    ) -> Picture:
        """The target's photo with the source's identity; fields of `Swap`."""
        *_, picture = self.open_swap(source, target, **fields).draw(watch)
        return picture

    def add_person(self, folder: str | Path, watch: Watch | None = None) -> str:
        """Teach a child of the network one person by photos; its name is what `person` of a swap takes."""
        from latentlab.studio.applications.style_add import add_person

        return add_person(self, Path(folder), watch)

    def open_swap(
        self, source: Source, target: Source, request: Swap | None = None, **fields: Unpack[SwapFields]
    ) -> OpenSwap:
        """The same, known to be possible; `.draw()` gives mask and picture, `.notes()` what there is to say."""
        from latentlab.studio.applications.sitter import with_choice
        from latentlab.studio.applications.swap import Swap, open_swap

        return open_swap(self, request or with_choice(Swap, fields), source, target)

    # baselines

    def train_baseline(self, request: TrainBaseline, watch: Watch | None = None) -> Path:
        """Teach a published image-to-image system; returns its file."""
        if self.seed and "seed" not in request.settings:
            request = replace(request, settings={**request.settings, "seed": self.seed})
        return request.run(self.tell(watch))

    def open_baseline(self, request: ApplyBaseline) -> OpenBaseline:
        """A trained baseline that can grant the wishes; `.draw(photo)` gives the pictures."""
        from latentlab.studio.rivals.apply import open_baseline

        return open_baseline(self, request)

    def baseline(self, name: str, photo: str | Path, **wishes: Wanted) -> Picture:
        """A photo edited by a baseline: `studio.baseline("caae", "photo.jpg", age=60)`."""
        from latentlab.studio.rivals.apply import ApplyBaseline

        return next(self.open_baseline(ApplyBaseline(name, wishes)).draw(photo))

    def compare(
        self, request: Benchmark | None = None, watch: Watch | None = None, **fields: Unpack[BenchmarkFields]
    ) -> Standings:
        """All methods side by side on faces with a true answer; `fields` are those of `Benchmark`."""
        from latentlab.studio.rivals.benchmark import Benchmark, compare

        return compare(self, request or Benchmark(**fields), watch)

    # directions

    def discover(
        self,
        method: str | Discoverer | Discover = "joint",
        *,
        watch: Watch | None = None,
        **fields: Unpack[DiscoverFields],
    ) -> list[Direction]:
        """Find directions and keep them in the lab; `fields` are the method's own and those of `Discover`."""
        from latentlab.studio.discovery.discover import choose_discovery, discover

        return discover(self, choose_discovery(method, **fields), watch=watch)

    def directions(self, *, anywhere: bool = False) -> list[str]:
        """Names of the directions of this network; `anywhere` adds those of other networks."""
        from latentlab.studio.shelf.directions import files_of

        return sorted(files_of(self, anywhere=anywhere))

    def directions_told(self, *, anywhere: bool = False) -> list[Facts]:
        """What their files tell of the same directions, by name; nothing is loaded for it."""
        from latentlab.studio.shelf.directions import facts_of, files_of

        return [facts_of(paths[0]) for _, paths in sorted(files_of(self, anywhere=anywhere).items())]

    def direction(self, name: str, *, anywhere: bool = False) -> Direction:
        """A direction by name or file; `anywhere` takes those of other networks as well."""
        from latentlab.studio.shelf.directions import find_direction, read_direction

        return read_direction(self, name) if anywhere else find_direction(self, name)

    def import_directions(self, path: str | Path, name: str = "", space: str = "") -> list[Direction]:
        """Directions from a published file, checked against this network and kept in the lab."""
        from latentlab.studio.discovery.imports import import_file

        return import_file(self, path, name, space)

    def export_direction(
        self, name: str, path: str | Path, *, overwrite: bool = False, lossy: bool = False
    ) -> Path:
        """A direction as a published format: .npy (W) or .pt (W and W+); `lossy` leaves out what these cannot hold."""
        from latentlab.studio.shelf.directions import export

        return export(self, name, Path(path), overwrite=overwrite, lossy=lossy)

    def port(
        self, name: str, child: str | Path, method: Evaluate | None = None, *, watch: Watch | None = None
    ) -> Ported:
        """A direction for a fine-tuned child of this network; with `method` both are measured."""
        from latentlab.studio.discovery.port import port

        return port(self, name, child, method, watch=watch)

    def build_library(
        self, recipe: LibraryRecipe, out: str | Path, *, only: Sequence[str] = (), force: bool = False, watch: Watch | None = None
    ) -> Iterator[Built]:  # fmt: skip
        """Every direction of a library: found, stretched to round steps, judged, written or left out."""
        from latentlab.studio.discovery.build import build_library

        return build_library(self, recipe, out, only=only, force=force, watch=watch)

    def measure_spans(
        self,
        *names: str,
        request: MeasureSpans | None = None,
        watch: Watch | None = None,
        **fields: Unpack[MeasureSpansFields],
    ) -> Iterator[MeasuredSpan]:
        """How far directions go on samples and on photographs, kept in their files; all of them if none is named."""
        from latentlab.studio.discovery.spans import MeasureSpans, measure_spans

        return measure_spans(self, names, request or MeasureSpans(**fields), watch=watch)

    # reports

    def evaluate(
        self,
        names: Sequence[str | Direction],
        request: Judge | None = None,
        *,
        watch: Watch | None = None,
        **fields: Unpack[JudgeFields],
    ) -> Judged:
        """Measure directions on fresh faces, by judges that discovery never saw; `fields` are those of `Judge`."""
        from latentlab.studio.reports.evaluate import Judge, evaluate

        return evaluate(self, names, request or Judge(**fields), watch=watch)

    def direction_card(
        self, name: str, out: str | Path, request: Judge | None = None, watch: Watch | None = None
    ) -> Path:
        """A page with pictures and measures of one direction."""
        from latentlab.studio.reports.evaluate import direction_card

        return direction_card(self, name, out, request, watch)

    def confounders(self) -> list[Confounder]:
        """Attributes that come together in the score bank, the strongest first."""
        from latentlab.studio.reports.population import confounders

        return confounders(self)

    def metrics(
        self, request: Compare | None = None, watch: Watch | None = None, **fields: Unpack[CompareFields]
    ) -> Compared:
        """The network's samples against real pictures; `fields` are those of `Compare`."""
        from latentlab.studio.reports.measure import Compare, measure

        return measure(self, request or Compare(**fields), watch)

    def card(self) -> str:
        """The network's model card (Markdown)."""
        from latentlab.studio.shelf.models import card

        return card(self)

    def measure_card(self, request: Measures, out: str | Path, watch: Watch | None = None) -> Path:
        """Measure the network and write its card into a folder."""
        from latentlab.studio.reports.model_card import measure_card

        return measure_card(self, request, out, watch)

    # networks

    def models(self) -> Models:
        """The public weight files and the user's own: list, fetch, add, verify, remove."""
        from latentlab.studio.shelf.models import models

        return models()

    def export(
        self,
        source: str | Path,
        target: str | Path,
        part: str | None = None,
        *,
        given: Mapping[str, object] | None = None,
        force: bool = False,
    ) -> Converted:
        """Write one network of a weight file in another format, read back and compared before it is kept.

        `given` are constructor arguments that a bare state dict does not tell, in our names.
        """
        from latentlab.studio.shelf.convert import convert

        return convert(self, source, target, part, given=given, force=force)

    convert = export

    def train(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        watch: Watch | None = None,
        **fields: Unpack[TrainFields],
    ) -> Path:
        """Train a generator; `fields` are those of `backbones.train.Train`."""
        from latentlab.studio.learning.training import train

        return train(self, watch, settings, **fields)

    def train_encoder(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        watch: Watch | None = None,
        **fields: Unpack[TrainEncoderFields],
    ) -> Path:
        """Train an encoder for this generator; `fields` are those of `backbones.train_encoder.TrainEncoder`."""
        from latentlab.studio.learning.training import train_encoder

        return train_encoder(self, watch, settings, **fields)

    def train_scorer(self, *, watch: Watch | None = None, **fields: Unpack[TrainScorerFields]) -> Path:
        """Teach a scorer on renders; `fields` are those of `TrainScorer`."""
        from latentlab.studio.learning.train_scorer import train_scorer

        return train_scorer(self, watch, **fields)

    def finetune(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        watch: Watch | None = None,
        **fields: Unpack[FinetuneFields],
    ) -> Path:
        """Take this network to a new domain; `fields` are those of `backbones.finetune.Finetune`."""
        from latentlab.studio.learning.training import finetune

        return finetune(self, watch, settings, **fields)


def _numbers(seeds: str | Iterable[int]) -> tuple[int, ...]:
    return tuple(parse_seeds(seeds) if isinstance(seeds, str) else map(int, seeds))
