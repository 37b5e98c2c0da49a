"""Style mixing: some layers of one sample, the others of another (Karras et al. 2019, §3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

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
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe


@dataclass(frozen=True)
class Mix:
    """Which samples give which layers."""

    rows: tuple[Seed, ...] | None = None
    """Seeds of the rows, 0 to 2 if left out: they give all layers but those named by `styles`."""
    cols: tuple[Seed, ...] | None = None
    """Seeds of the columns, 3 to 6 if left out: they give the layers named by `styles`."""
    styles: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """The layers that come from the column; low ones are coarse (pose, shape), high ones fine (colours)."""
    sheet: bool = True
    """Also a sheet of all, the sources along its edges."""
    row_latents: Path | None = None
    """Saved latents that the rows count, from 0 on, instead of seeds; all of them if `rows` is left out."""
    col_latents: Path | None = None
    """The same for the columns. Of one file for both, left-out rows are its first latent and left-out columns the others."""
    rendering: Rendering = field(default_factory=Rendering, metadata={"flat": True})

    def __post_init__(self) -> None:
        check(self)
        for name in ("rows", "cols", "styles"):
            if getattr(self, name) == ():
                raise BadInput(f"{name} is empty; a mix needs seeds for its rows and columns, and layers")
        for seed in (*(self.rows or ()), *(self.cols or ())):
            check_seed(seed)

    def fitted(self, generator: Generator) -> Mix:
        """Itself, fit for this network."""
        last = generator.layers - 1
        if not 0 <= min(self.styles) <= max(self.styles) <= last:
            beyond = min(self.styles) if min(self.styles) < 0 else max(self.styles)
            raise BadInput(f"the layer {beyond} is out of range; this network has the layers 0 to {last}")
        styles = tuple(sorted(set(self.styles)))
        return replace(self, styles=styles, rendering=self.rendering.fitted(generator))


@dataclass(frozen=True, eq=False)
class Side:
    """The samples along one edge of the sheet: seeds, or rows of saved latents."""

    numbers: tuple[int, ...]
    saved: Latent | None = None

    def word(self, number: int) -> str:
        """How a sample is called in the name of a picture."""
        return str(number) if self.saved is None else f"latent{number}"


@dataclass(frozen=True, eq=False)
class Mixing:
    """A mix whose sources are known to be there."""

    studio: Lab
    request: Mix
    rows: Side
    cols: Side
    given: Ingredients

    @torch.no_grad()
    def cell(self, row: int | None, col: int | None) -> Picture:
        """The row's sample with the column's layers, or one of the two alone."""
        base = (self.cols, col) if row is None else (self.rows, row)
        donor = (self.rows, row) if col is None else (self.cols, col)
        layers, look = list(self.request.styles), self.request.rendering
        values = self._values(*base).clone()
        values[:, layers] = self._values(*donor)[:, layers]
        seed = base[1]
        assert seed is not None, "a cell needs a row or a column"
        image = look.synthesise(self.studio.generator, Latent(Space.W_PLUS, values), seed)[0]
        if row is None or col is None:
            return Picture(base[0].word(seed), image, {})
        alone = replace(self.request, rows=(row,), cols=(col,), sheet=False)
        return Picture(f"{self.rows.word(row)}-{self.cols.word(col)}", image, self.recipe(alone))

    def _values(self, side: Side, number: int | None) -> torch.Tensor:
        assert number is not None, "a cell needs a row or a column"
        return self.request.rendering.samples(self.studio.generator, [number], side.saved).values

    def recipe(self, request: Mix) -> dict[str, object]:
        """What makes a mix of these sources again."""
        return recipe(self.studio, "mix", request, self.given.noted)


def draw(
    studio: Lab, request: Mix, watch: Watch | None = None, given: Ingredients | None = None
) -> Iterator[Picture]:
    """Every row with every column, then the sheet of all; checked before the first is drawn."""
    mix = request.fitted(studio.generator)
    given = given or Ingredients(studio)
    rows, cols = (
        None if path is None else _saved(given, path, role)
        for path, role in ((mix.row_latents, "row_latents"), (mix.col_latents, "col_latents"))
    )
    both = mix.row_latents is not None and mix.row_latents == mix.col_latents
    if both and mix.rows is None and mix.cols is None and rows is not None and len(rows) < 2:
        raise BadInput(
            f"{mix.row_latents} holds one latent, a mix needs two; say whose layers it takes with `cols`"
        )
    down = _side("rows", mix.rows, rows, range(1) if both else None, range(3))
    across = _side(
        "cols", mix.cols, cols, range(1, len(cols)) if both and cols is not None else None, range(3, 7)
    )
    chosen = replace(mix, rows=down.numbers, cols=across.numbers)
    return _draw(Mixing(studio, chosen, down, across, given), studio.tell(watch))


def _saved(given: Ingredients, path: Path, role: str) -> Latent:
    latent = given.latents(path, role)
    if latent.space is Space.S:
        raise BadInput(
            f"{path} holds latents in S, where layers of two samples cannot be told apart; mix z, w or W+"
        )
    return latent


def _side(
    name: str, asked: tuple[int, ...] | None, saved: Latent | None, among: range | None, seeds: range
) -> Side:
    """The samples of one edge: those asked for, else so many seeds, or the rows `among` the saved latents."""
    if saved is None:
        return Side(asked or tuple(seeds))
    numbers = asked or tuple(among or range(len(saved)))
    if beyond := [number for number in numbers if number >= len(saved)]:
        raise BadInput(f"{name}: there is no latent {beyond[0]}; the file holds {len(saved)}, counted from 0")
    return Side(numbers, saved)


def _draw(mixing: Mixing, tell: Watch) -> Iterator[Picture]:
    mix, rows, cols = mixing.request, mixing.rows.numbers, mixing.cols.numbers
    _, height, width = mixing.studio.generator.picture_shape
    sheet = Sheet(len(cols) + 1, len(rows) + 1, width, height)
    cells = sheet.columns * sheet.rows - 1
    for place in range(1, cells + 1):
        down, across = divmod(place, sheet.columns)
        if not mix.sheet and not (down and across):
            continue
        picture = mixing.cell(rows[down - 1] if down else None, cols[across - 1] if across else None)
        sheet.put(across, down, picture.image)
        tell(place / cells, picture.name)
        if across and down:
            yield picture
    if mix.sheet:
        yield Picture("grid", sheet.picture, mixing.recipe(mix))
