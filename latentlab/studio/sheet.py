"""A sheet of pictures of one size, side by side, filled as they come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.image import MOST_PIXELS, to_picture

if TYPE_CHECKING:
    from PIL.Image import Image


def grid_shape(text: str, count: int | None = None) -> tuple[int, int]:
    """`4x2` is 4 columns and 2 rows; raises BadInput unless `count` pictures fit and need every row."""
    match = re.fullmatch(r"\s*(\d{1,4})\s*[xX×]\s*(\d{1,4})\s*", text)
    columns, rows = (int(match[1]), int(match[2])) if match else (0, 0)
    if not columns or not rows:
        raise BadInput(f"'{text}' is no grid; write columns x rows, for example 4x2")
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
    side: int

    def __post_init__(self) -> None:
        from PIL import Image as pillow

        width, height = self.columns * self.side, self.rows * self.side
        if width * height > MOST_PIXELS:
            raise BadInput(
                f"a sheet of {width}×{height} pixels is too large; make it smaller, or several of them"
            )
        self.picture: Image = pillow.new("RGB", (width, height), "white")

    def put(self, column: int, row: int, image: Tensor) -> None:
        """Place one picture [3 side side]."""
        self.picture.paste(to_picture(image), (column * self.side, row * self.side))
