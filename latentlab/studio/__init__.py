"""The studio: the only place where networks, directions, inverters and files meet.

Whatever stands above it (command line, app, service, benchmarks) imports these names and `latentlab.core`, no module
inside. A name is imported when it is asked for: reading one costs what it needs and no more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentlab.baselines.train import TrainBaseline
    from latentlab.directions.facts import Facts
    from latentlab.store.home import safe_name
    from latentlab.studio.applications.frontalize import Frontalize, OpenFrontalize
    from latentlab.studio.applications.makeup import Makeup, OpenMakeup
    from latentlab.studio.applications.style_add import AddStyle
    from latentlab.studio.applications.stylize import OpenStylize, Stylize
    from latentlab.studio.applications.swap import OpenSwap, Swap
    from latentlab.studio.batch.answer import Answering
    from latentlab.studio.batch.look import Look
    from latentlab.studio.batch.run import Batch, OpenBatch, Summary
    from latentlab.studio.batch.tasks import TASKS
    from latentlab.studio.batch.tasks.align import AlignPhotos
    from latentlab.studio.batch.tasks.apply import StylizePhotos, SwapPhotos
    from latentlab.studio.batch.tasks.edit import EditPhotos
    from latentlab.studio.batch.tasks.frontalize import FrontalizePhotos
    from latentlab.studio.batch.tasks.invert import InvertPhotos
    from latentlab.studio.batch.tasks.makeup import MakeupPhotos
    from latentlab.studio.batch.tasks.render import RenderSamples
    from latentlab.studio.batch.tasks.score import ScorePhotos
    from latentlab.studio.clips.clip import is_clip
    from latentlab.studio.clips.edit_clip import EditClip, OpenClip
    from latentlab.studio.clips.segments import check_out
    from latentlab.studio.discovery.build import Built
    from latentlab.studio.discovery.discover import Discover, choose_discovery
    from latentlab.studio.discovery.plan import LibraryRecipe, Wanted, load_recipe
    from latentlab.studio.discovery.port import Ported
    from latentlab.studio.discovery.spans import MeasuredSpan, MeasureSpans
    from latentlab.studio.exploring.channels import search_channels
    from latentlab.studio.exploring.chart import Chart, chart, direction_from_seeds, umap_is_here
    from latentlab.studio.exploring.comparing import Answer, compare_rendered, compare_view, tasks
    from latentlab.studio.exploring.desk import Desk, picture_address
    from latentlab.studio.exploring.desks import Desks
    from latentlab.studio.exploring.findings import Finding, Findings, find_out, measured
    from latentlab.studio.exploring.goals import reach, readable, reading_of
    from latentlab.studio.exploring.history import History
    from latentlab.studio.exploring.jobs import Job
    from latentlab.studio.exploring.kept_edits import keep_edit, kept_edit, kept_edits
    from latentlab.studio.exploring.opening import Opened, invert_photo, open_and_invert, open_file
    from latentlab.studio.exploring.readings import read_view
    from latentlab.studio.exploring.restoring import view_of_picture
    from latentlab.studio.exploring.shelves import Directions, Edits, Faces, Networks, Shelf
    from latentlab.studio.exploring.sliders import grouped
    from latentlab.studio.exploring.sweeps import gif_file, png, sheet_file, steps
    from latentlab.studio.exploring.view import Styles, View, view_of
    from latentlab.studio.learning.train_scorer import TrainScorer
    from latentlab.studio.learning.training import LogReader
    from latentlab.studio.pictures.gallery import Gallery
    from latentlab.studio.pictures.generate import Generate
    from latentlab.studio.pictures.interpolate import Interpolate
    from latentlab.studio.pictures.mix import Mix
    from latentlab.studio.pictures.picture import Picture, may_replace, writable
    from latentlab.studio.pictures.rendering import Rendering
    from latentlab.studio.pictures.video import Video
    from latentlab.studio.portraits.align import Align, AlignedFace
    from latentlab.studio.portraits.bench import Outcome
    from latentlab.studio.portraits.edit import Edit, OpenEdit, Sweep
    from latentlab.studio.portraits.faces import Source
    from latentlab.studio.portraits.invert import choose_method
    from latentlab.studio.portraits.photo_story import nearness
    from latentlab.studio.portraits.request import Invert
    from latentlab.studio.recipes.data import as_data, from_data
    from latentlab.studio.recipes.replay import Replayed
    from latentlab.studio.reports.doctor import clean, examine
    from latentlab.studio.reports.evaluate import Judge, Judged
    from latentlab.studio.reports.measure import Compare, Compared
    from latentlab.studio.reports.model_card import Measures
    from latentlab.studio.rivals.apply import ApplyBaseline, OpenBaseline, photos_of
    from latentlab.studio.rivals.benchmark import Benchmark, Standings
    from latentlab.studio.shelf.families import methods
    from latentlab.studio.shelf.models import add_model, models, shipped
    from latentlab.studio.shelf.pool import Pool
    from latentlab.studio.studio import Studio
    from latentlab.world.dataset import render_dataset
    from latentlab.world.importer import import_face_model
    from latentlab.world.sheet import draw_sheet

_PLACES = {
    "applications.frontalize": ("Frontalize", "OpenFrontalize"),
    "applications.makeup": ("Makeup", "OpenMakeup"),
    "batch.answer": ("Answering",),
    "applications.style_add": ("AddStyle",),
    "applications.stylize": ("OpenStylize", "Stylize"),
    "applications.swap": ("OpenSwap", "Swap"),
    "batch.look": ("Look",),
    "batch.run": ("Batch", "OpenBatch", "Summary"),
    "batch.tasks": ("TASKS",),
    "batch.tasks.align": ("AlignPhotos",),
    "batch.tasks.apply": ("StylizePhotos", "SwapPhotos"),
    "batch.tasks.edit": ("EditPhotos",),
    "batch.tasks.frontalize": ("FrontalizePhotos",),
    "batch.tasks.invert": ("InvertPhotos",),
    "batch.tasks.makeup": ("MakeupPhotos",),
    "batch.tasks.render": ("RenderSamples",),
    "batch.tasks.score": ("ScorePhotos",),
    "clips.clip": ("is_clip",),
    "clips.edit_clip": ("EditClip", "OpenClip"),
    "clips.segments": ("check_out",),
    "discovery.build": ("Built",),
    "discovery.discover": ("Discover", "choose_discovery"),
    "discovery.plan": ("LibraryRecipe", "Wanted", "load_recipe"),
    "discovery.port": ("Ported",),
    "discovery.spans": ("MeasureSpans", "MeasuredSpan"),
    "exploring.chart": ("Chart", "chart", "direction_from_seeds", "umap_is_here"),
    "exploring.channels": ("search_channels",),
    "exploring.comparing": ("Answer", "compare_rendered", "compare_view", "tasks"),
    "exploring.desk": ("Desk", "picture_address"),
    "exploring.desks": ("Desks",),
    "exploring.findings": ("Finding", "Findings", "find_out", "measured"),
    "exploring.goals": ("reach", "readable", "reading_of"),
    "exploring.history": ("History",),
    "exploring.jobs": ("Job",),
    "exploring.kept_edits": ("keep_edit", "kept_edit", "kept_edits"),
    "exploring.opening": ("Opened", "invert_photo", "open_and_invert", "open_file"),
    "exploring.readings": ("read_view",),
    "exploring.restoring": ("view_of_picture",),
    "exploring.shelves": ("Directions", "Edits", "Faces", "Networks", "Shelf"),
    "exploring.sliders": ("grouped",),
    "exploring.sweeps": ("gif_file", "png", "sheet_file", "steps"),
    "exploring.view": ("Styles", "View", "view_of"),
    "learning.train_scorer": ("TrainScorer",),
    "learning.training": ("LogReader",),
    "pictures.gallery": ("Gallery",),
    "pictures.generate": ("Generate",),
    "pictures.interpolate": ("Interpolate",),
    "pictures.mix": ("Mix",),
    "pictures.picture": ("Picture", "may_replace", "writable"),
    "pictures.rendering": ("Rendering",),
    "pictures.video": ("Video",),
    "portraits.align": ("Align", "AlignedFace"),
    "portraits.bench": ("Outcome",),
    "portraits.edit": ("Edit", "OpenEdit", "Sweep"),
    "portraits.faces": ("Source",),
    "portraits.invert": ("choose_method",),
    "portraits.photo_story": ("nearness",),
    "portraits.request": ("Invert",),
    "recipes.data": ("as_data", "from_data"),
    "recipes.replay": ("Replayed",),
    "reports.doctor": ("clean", "examine"),
    "reports.evaluate": ("Judge", "Judged"),
    "reports.measure": ("Compare", "Compared"),
    "reports.model_card": ("Measures",),
    "rivals.benchmark": ("Benchmark", "Standings"),
    "rivals.apply": ("ApplyBaseline", "OpenBaseline", "photos_of"),
    "shelf.families": ("methods",),
    "shelf.models": ("add_model", "models", "shipped"),
    "shelf.pool": ("Pool",),
    "studio": ("Studio",),
    "latentlab.baselines.train": ("TrainBaseline",),
    "latentlab.directions.facts": ("Facts",),
    "latentlab.store.home": ("safe_name",),
    "latentlab.world.dataset": ("render_dataset",),
    "latentlab.world.importer": ("import_face_model",),
    "latentlab.world.sheet": ("draw_sheet",),
}
"""Modules inside the studio (or by their whole names) and what is taken from each."""
_HOMES = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "TASKS",
    "AddStyle",
    "Align",
    "AlignPhotos",
    "AlignedFace",
    "Answer",
    "Answering",
    "ApplyBaseline",
    "Batch",
    "Benchmark",
    "Built",
    "Chart",
    "Compare",
    "Compared",
    "Desk",
    "Desks",
    "Directions",
    "Discover",
    "Edit",
    "EditClip",
    "EditPhotos",
    "Edits",
    "Faces",
    "Facts",
    "Finding",
    "Findings",
    "Frontalize",
    "FrontalizePhotos",
    "Gallery",
    "Generate",
    "History",
    "Interpolate",
    "Invert",
    "InvertPhotos",
    "Job",
    "Judge",
    "Judged",
    "LibraryRecipe",
    "LogReader",
    "Look",
    "Makeup",
    "MakeupPhotos",
    "MeasureSpans",
    "MeasuredSpan",
    "Measures",
    "Mix",
    "Networks",
    "OpenBaseline",
    "OpenBatch",
    "OpenClip",
    "OpenEdit",
    "OpenFrontalize",
    "OpenMakeup",
    "OpenStylize",
    "OpenSwap",
    "Opened",
    "Outcome",
    "Picture",
    "Pool",
    "Ported",
    "RenderSamples",
    "Rendering",
    "Replayed",
    "ScorePhotos",
    "Shelf",
    "Source",
    "Standings",
    "Studio",
    "Styles",
    "Stylize",
    "StylizePhotos",
    "Summary",
    "Swap",
    "SwapPhotos",
    "Sweep",
    "TrainBaseline",
    "TrainScorer",
    "Video",
    "View",
    "Wanted",
    "add_model",
    "as_data",
    "chart",
    "check_out",
    "choose_discovery",
    "choose_method",
    "clean",
    "compare_rendered",
    "compare_view",
    "direction_from_seeds",
    "draw_sheet",
    "examine",
    "find_out",
    "from_data",
    "gif_file",
    "grouped",
    "import_face_model",
    "invert_photo",
    "is_clip",
    "keep_edit",
    "kept_edit",
    "kept_edits",
    "load_recipe",
    "may_replace",
    "measured",
    "methods",
    "models",
    "nearness",
    "open_and_invert",
    "open_file",
    "photos_of",
    "picture_address",
    "png",
    "reach",
    "read_view",
    "readable",
    "reading_of",
    "render_dataset",
    "safe_name",
    "search_channels",
    "sheet_file",
    "shipped",
    "steps",
    "tasks",
    "umap_is_here",
    "view_of",
    "view_of_picture",
    "writable",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """The public names, imported when they are asked for: most need torch, help pages do not."""
    if name not in _HOMES:
        raise AttributeError(f"latentlab.studio has no '{name}'")
    module = _HOMES[name]
    return getattr(import_module(module if module.startswith("latentlab.") else f"{__name__}.{module}"), name)
