"""A folder of samples: what is there is kept, what is missing is drawn, and a sheet of all of them if wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.image import load_image
from latentlab.studio.picture import Picture, is_made, may_replace, writable
from latentlab.studio.recipe import recipe
from latentlab.studio.rendering import batch_size
from latentlab.studio.samples import Order, Plan, Samples
from latentlab.studio.sheet import Sheet, grid_shape

if TYPE_CHECKING:
    from latentlab.core.watch import Watch
    from latentlab.studio.studio import Studio


@dataclass(frozen=True)
class Gallery:
    """Where samples go."""

    samples: Samples
    folder: Path
    grid: str | None = None
    force: bool = False

    def open(self, studio: Studio) -> OpenGallery:
        """Check everything, what is cheap to check first, before anything is drawn or written."""
        if self.grid is not None:
            grid_shape(self.grid)
        writable(self.folder)
        plan = self.samples.plan(studio)
        sheet = None
        if self.grid is not None:
            columns, rows = grid_shape(self.grid, len(plan.orders))
            sheet = Sheet(columns, rows, studio.generator.resolution)
        return OpenGallery(plan, self.folder, sheet, force=self.force)


@dataclass(eq=False)
class OpenGallery:
    """A gallery whose samples are known to be possible."""

    plan: Plan
    folder: Path
    sheet: Sheet | None
    force: bool

    def __post_init__(self) -> None:
        there = {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()
        here = [order for order in self.plan.orders if self.path(order).name in there]
        for path in [*map(self.path, here), *([self.sheet_path] if self.sheet else [])]:
            may_replace(path, force=self.force)
        self.kept = [order for order in here if is_made(self.path(order), self.plan.recipe(order))]
        kept = {order.name for order in self.kept}
        self.missing = [order for order in self.plan.orders if order.name not in kept]

    @property
    def sheet_path(self) -> Path:
        """Where the sheet goes."""
        return self.folder / "grid.png"

    def path(self, order: Order) -> Path:
        """Where one picture goes."""
        return self.folder / f"{order.name}.png"

    def fill(self, watch: Watch | None = None) -> Iterator[tuple[str, Path]]:
        """Draw and save what is missing; yields name and path as each is written."""
        for picture in self.plan.draw(self.missing, watch):
            yield picture.name, picture.save(self.folder / f"{picture.name}.png")
        if self.sheet is not None:
            yield "grid", self._save_sheet(self.sheet)

    def _save_sheet(self, sheet: Sheet) -> Path:
        for place, order in enumerate(self.plan.orders):
            row, column = divmod(place, sheet.columns)
            sheet.put(column, row, load_image(self.path(order))[0])
        asked = {"columns": sheet.columns, "samples": [order.asked for order in self.plan.orders]}
        batch = min(batch_size(self.plan.studio.generator), len(self.plan.orders))
        story = recipe(self.plan.studio, "grid", asked, batch)
        return Picture("grid", sheet.picture, story).save(self.sheet_path)


def remake(studio: Studio, asked: dict[str, object], inputs: list[Path]) -> Picture:
    """The sheet of an untrusted recipe."""
    from latentlab.core.errors import BadFile
    from latentlab.studio import samples
    from latentlab.studio.recipe import field_of

    columns, orders = field_of(asked, "columns", int), field_of(asked, "samples", list)
    if not 1 <= columns <= len(orders) <= 10_000 or not all(isinstance(order, dict) for order in orders):
        raise BadFile("the recipe's sheet has no sensible size; it is not one that latentlab wrote")
    sheet = Sheet(columns, -(-len(orders) // columns), studio.generator.resolution)
    for place, order in enumerate(orders):
        row, column = divmod(place, columns)
        sheet.put(column, row, samples.remake(studio, order, inputs).image)  # type: ignore[arg-type]
    return Picture("grid", sheet.picture, recipe(studio, "grid", asked))
