"""A sheet of pictures of one size, side by side, filled as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.image import MOST_PIXELS, to_picture

if TYPE_CHECKING:
    from PIL.Image import Image


def check_grid(grid: tuple[int, int], count: int | None = None) -> tuple[int, int]:
    """Columns and rows; raises BadInput unless there are some, and unless `count` pictures fit and need every row."""
    columns, rows = grid
    if columns < 1 or rows < 1:
        raise BadInput(f"{columns}x{rows} is no grid; it has columns x rows, for example 4x2")
    if count is not None and not columns * (rows - 1) < count <= columns * rows:
        raise BadInput(
            f"{count} pictures do not fit a grid of {columns}x{rows}; write {columns}x{-(-count // columns)}"
        )
    return columns, rows


@dataclass
class Sheet:
    """White until filled."""

    columns: int
    rows: int
    width: int
    """Of one picture."""
    height: int

    def __post_init__(self) -> None:
        from PIL import Image as pillow

        width, height = self.columns * self.width, self.rows * self.height
        if width * height > MOST_PIXELS:
            raise BadInput(
                f"a sheet of {width}×{height} pixels is too large; make it smaller, or several of them"
            )
        self.picture: Image = pillow.new("RGB", (width, height), "white")

    def add(self, number: int, image: Tensor | Image) -> None:
        """Place picture number `number`, from 0, row by row."""
        row, column = divmod(number, self.columns)
        self.put(column, row, image)

    def put(self, column: int, row: int, image: Tensor | Image) -> None:
        """Place one picture, [3 height width]."""
        shown = to_picture(image) if isinstance(image, Tensor) else image
        self.picture.paste(shown, (column * self.width, row * self.height))


def strip(pictures: Sequence[Image], columns: int) -> Image:
    """Whole photos side by side, each at most 512 pixels wide and high."""
    from PIL import Image as pillow

    shown = [picture.copy() for picture in pictures]
    for picture in shown:
        picture.thumbnail((512, 512))
    width, height = shown[0].size
    sheet = pillow.new("RGB", (columns * width, -(-len(shown) // columns) * height), "white")
    for place, picture in enumerate(shown):
        row, column = divmod(place, columns)
        sheet.paste(picture, (column * width, row * height))
    return sheet
