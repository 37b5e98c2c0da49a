"""Style mixing: some layers of one sample, the others of another (Karras et al. 2019, §3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from latentlab.core.errors import BadInput
from latentlab.studio.rendering import Rendering, as_list

if TYPE_CHECKING:
    from latentlab.core.generator import Generator
    from latentlab.core.watch import Watch
    from latentlab.studio.picture import Picture
    from latentlab.studio.sheet import Sheet
    from latentlab.studio.studio import Studio


@dataclass(frozen=True)
class Mixing:
    """Which samples give which layers."""

    rows: Annotated[str, tyro.conf.arg(metavar="LIST")] = "0-2"
    """Seeds of the rows: they give all layers but those named by --styles."""
    cols: Annotated[str, tyro.conf.arg(metavar="LIST")] = "3-6"
    """Seeds of the columns: they give the layers named by --styles."""
    styles: Annotated[str, tyro.conf.arg(metavar="FIRST-LAST")] = "0-6"
    """The layers that come from the column; low ones are coarse (pose, shape), high ones fine (colours)."""
    rendering: tyro.conf.OmitArgPrefixes[Rendering] = field(default_factory=Rendering)

    def draw(self, studio: Studio, watch: Watch | None = None) -> Iterator[Picture]:
        """Every row with every column, then the sheet of all; checked before the first is drawn."""
        from latentlab.core.seeds import parse_seeds

        rows, columns = parse_seeds(self.rows), parse_seeds(self.cols)
        layers = parse_layers(self.styles, studio.generator)
        look = self.rendering.checked(studio.generator)
        return _draw(studio, look, rows, columns, layers, watch)


def parse_layers(text: str, generator: Generator) -> list[int]:
    """`0-3,6` as layer numbers that the network has."""
    layers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6}))?\s*", part)
        if not match:
            raise BadInput(f"'{text}' names no layers; write for example 0-6 or 0,3-5")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last or last >= generator.layers:
            raise BadInput(
                f"the layers {part.strip()} are out of range; this network has the layers 0 to {generator.layers - 1}"
            )
        layers.update(range(first, last + 1))
    return sorted(layers)


def _draw(
    studio: Studio,
    look: Rendering,
    rows: Sequence[int],
    columns: Sequence[int],
    layers: list[int],
    watch: Watch | None,
) -> Iterator[Picture]:
    from latentlab.studio.sheet import Sheet

    sheet = Sheet(len(columns) + 1, len(rows) + 1, studio.generator.resolution)
    tell, cells = studio.tell(watch), sheet.columns * sheet.rows - 1
    for place in range(1, cells + 1):
        across, down = place % sheet.columns, place // sheet.columns
        row, column = rows[down - 1] if down else None, columns[across - 1] if across else None
        picture = mixed(studio, look, row, column, layers)
        sheet.put(across, down, picture.image)  # type: ignore[arg-type]
        tell(place / cells, picture.name)
        if across and down:
            yield picture
    yield _sheet_picture(studio, sheet, rows, columns, layers, look)


def _sheet_picture(
    studio: Studio,
    sheet: Sheet,
    rows: Sequence[int],
    columns: Sequence[int],
    layers: list[int],
    look: Rendering,
) -> Picture:
    from latentlab.studio.picture import Picture
    from latentlab.studio.recipe import recipe

    asked = {"rows": list(rows), "cols": list(columns), "styles": layers} | look.asked()
    return Picture("grid", sheet.picture, recipe(studio, "mix-grid", asked))


def mixed(studio: Studio, look: Rendering, row: int | None, column: int | None, layers: list[int]) -> Picture:
    """One cell: the row's sample with the column's layers, or one of the two alone."""
    import torch

    from latentlab.core.latent import Latent, Space
    from latentlab.studio.picture import Picture
    from latentlab.studio.recipe import recipe

    generator = studio.generator
    base, donor = (row if row is not None else column), (column if column is not None else row)
    assert base is not None, "a cell needs a row or a column"
    assert donor is not None, "a cell needs a row or a column"
    with torch.no_grad():
        values = look.map_seeds(generator, [base]).values.clone()
        values[:, layers] = look.map_seeds(generator, [donor]).values[:, layers]
        image = look.synthesise(generator, Latent(Space.W_PLUS, values), base)[0]
    asked = {"row": base, "col": donor, "styles": layers} | look.asked()
    return Picture(f"{base}-{donor}", image, recipe(studio, "mix", asked))


def mix(
    studio: Studio,
    rows: str | Iterable[int] = "0-2",
    cols: str | Iterable[int] = "3-6",
    styles: str = "0-6",
    psi: float = 1.0,
    *,
    cutoff: int | None = None,
    noise: str = "const",
    noise_seed: int | None = None,
    class_: int | None = None,
    watch: Watch | None = None,
) -> list[Picture]:
    """Each row's sample with each column's styles, row by row; last the sheet of all of them."""
    look = Rendering(psi, cutoff, noise, noise_seed, class_)  # type: ignore[arg-type]
    return list(Mixing(as_list(rows), as_list(cols), styles, look).draw(studio, watch))


def remake(studio: Studio, asked: dict[str, object], inputs: list[Path]) -> Picture:
    """The cell of an untrusted recipe."""
    from latentlab.core.seeds import check_seed
    from latentlab.studio.recipe import field_of

    look, layers = Rendering.from_recipe(asked).checked(studio.generator), _layers_of(studio, asked)
    row, column = check_seed(field_of(asked, "row", int)), check_seed(field_of(asked, "col", int))
    return mixed(studio, look, row, column, layers)


def remake_grid(studio: Studio, asked: dict[str, object], inputs: list[Path]) -> Picture:
    """The sheet of an untrusted recipe."""
    from latentlab.studio.recipe import numbers_of

    look, layers = Rendering.from_recipe(asked).checked(studio.generator), _layers_of(studio, asked)
    rows, columns = numbers_of(asked, "rows", 2**32 - 1), numbers_of(asked, "cols", 2**32 - 1)
    *_, sheet = _draw(studio, look, rows, columns, layers, None)
    return sheet


def _layers_of(studio: Studio, asked: dict[str, object]) -> list[int]:
    from latentlab.studio.recipe import numbers_of

    return numbers_of(asked, "styles", studio.generator.layers - 1)
