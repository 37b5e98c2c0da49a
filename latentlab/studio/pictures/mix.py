"""Style mixing: some layers of one sample, the others of another (Karras et al. 2019, §3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch

from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.ranges import Seed, check
from latentlab.core.seeds import check_seed
from latentlab.core.watch import Watch
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.pictures.rendering import Rendering
from latentlab.studio.pictures.sheet import Sheet
from latentlab.studio.recipes.recipe import recipe


@dataclass(frozen=True)
class Mix:
    """Which samples give which layers."""

    rows: tuple[Seed, ...] = (0, 1, 2)
    """Seeds of the rows: they give all layers but those named by `styles`."""
    cols: tuple[Seed, ...] = (3, 4, 5, 6)
    """Seeds of the columns: they give the layers named by `styles`."""
    styles: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """The layers that come from the column; low ones are coarse (pose, shape), high ones fine (colours)."""
    sheet: bool = True
    """Also a sheet of all, the sources along its edges."""
    rendering: Rendering = field(default_factory=Rendering, metadata={"flat": True})

    def __post_init__(self) -> None:
        check(self)
        for name in ("rows", "cols", "styles"):
            if not getattr(self, name):
                raise BadInput(f"{name} is empty; a mix needs seeds for its rows and columns, and layers")
        for seed in (*self.rows, *self.cols):
            check_seed(seed)

    def fitted(self, generator: Generator) -> Mix:
        """Itself, fit for this network."""
        last = generator.layers - 1
        if not 0 <= min(self.styles) <= max(self.styles) <= last:
            beyond = min(self.styles) if min(self.styles) < 0 else max(self.styles)
            raise BadInput(f"the layer {beyond} is out of range; this network has the layers 0 to {last}")
        styles = tuple(sorted(set(self.styles)))
        return replace(self, styles=styles, rendering=self.rendering.fitted(generator))


def draw(studio: Lab, request: Mix, watch: Watch | None = None) -> Iterator[Picture]:
    """Every row with every column, then the sheet of all; checked before the first is drawn."""
    return _draw(studio, request.fitted(studio.generator), watch)


def _draw(studio: Lab, mix: Mix, watch: Watch | None) -> Iterator[Picture]:
    sheet = Sheet(len(mix.cols) + 1, len(mix.rows) + 1, studio.generator.resolution)
    tell, cells = studio.tell(watch), sheet.columns * sheet.rows - 1
    for place in range(1, cells + 1):
        down, across = divmod(place, sheet.columns)
        if not mix.sheet and not (down and across):
            continue
        row, col = mix.rows[down - 1] if down else None, mix.cols[across - 1] if across else None
        picture = _mixed(studio, mix, row, col)
        sheet.put(across, down, picture.image)
        tell(place / cells, picture.name)
        if across and down:
            yield picture
    if mix.sheet:
        yield Picture("grid", sheet.picture, recipe(studio, "mix", mix))


@torch.no_grad()
def _mixed(studio: Lab, mix: Mix, row: int | None, col: int | None) -> Picture:
    """One cell: the row's sample with the column's layers, or one of the two alone."""
    generator, look = studio.generator, mix.rendering
    base, donor = (row if row is not None else col), (col if col is not None else row)
    assert base is not None and donor is not None, "a cell needs a row or a column"
    layers = list(mix.styles)
    values = look.map_seeds(generator, [base]).values.clone()
    values[:, layers] = look.map_seeds(generator, [donor]).values[:, layers]
    image = look.synthesise(generator, Latent(Space.W_PLUS, values), base)[0]
    alone = replace(mix, rows=(base,), cols=(donor,), sheet=False)
    return Picture(f"{base}-{donor}", image, recipe(studio, "mix", alone))
