"""A folder of samples: what is there is kept, what is missing is drawn, and a sheet of all of them if wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from latentlab.core.image import load_image
from latentlab.core.overlap import overlapped
from latentlab.core.watch import Watch
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.generate import Generate, Order, Plan
from latentlab.studio.pictures.picture import Picture, is_made, may_replace, writable
from latentlab.studio.pictures.sheet import Sheet


def open_gallery(studio: Lab, request: Generate, folder: Path, *, force: bool = False) -> Gallery:
    """Check everything, what is cheap to check first, before anything is drawn or written."""
    writable(folder)
    plan = request.plan(studio)
    return Gallery(plan, folder, plan.sheet(), force=force)


@dataclass(eq=False)
class Gallery:
    """Samples that are known to be possible, and where they go."""

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
        """Draw what is missing, and save each while the next are drawn; yields name and path as each is written."""
        yield from overlapped(self.plan.draw(self.missing, watch), self._save)
        if self.sheet is not None:
            for place, order in enumerate(self.plan.orders):
                self.sheet.add(place, load_image(self.path(order))[0])
            yield "grid", self.plan.of_sheet(self.sheet).save(self.sheet_path)

    def _save(self, picture: Picture) -> tuple[str, Path]:
        return picture.name, picture.save(self.folder / f"{picture.name}.png")
