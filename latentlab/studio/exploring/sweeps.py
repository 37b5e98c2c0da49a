"""Sweeps and grids of a view: the strengths of their pictures, and the files that hold them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from latentlab.studio.exploring.desk import DRAWING, Desk
from latentlab.studio.exploring.sliders import WIDEST
from latentlab.studio.exploring.view import View
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.edit import Edit, Sweep

FRAME_MILLISECONDS = 90


def steps(desk: Desk, name: str, count: int) -> tuple[float, ...]:
    """Strengths from one end of a direction's span to the other."""
    low, high = desk.directions()[name].span or WIDEST
    return tuple(round(low + (high - low) * i / (count - 1), 3) for i in range(count))


def swept(desk: Desk, view: View, sweeps: Sequence[Sweep]) -> list[Picture]:
    """Every picture of a sweep, or of a grid of two, and last the sheet of all with its recipe."""
    edit = desk.edit(view) or Edit(sweeps=tuple(sweeps))
    rest = {
        name: value for name, value in edit.directions.items() if name not in {s.direction for s in sweeps}
    }
    asked = replace(edit, directions=rest, sweeps=tuple(sweeps), transfer=view.transfer)
    with DRAWING:
        return list(desk.studio.open_edit(desk.face(view), asked).draw())


def sheet_file(desk: Desk, view: View, sweeps: Sequence[Sweep]) -> bytes:
    """The sheet as a PNG that can be replayed."""
    return png(swept(desk, view, sweeps)[-1])


def gif_file(desk: Desk, view: View, sweep: Sweep) -> bytes:
    """There and back along one direction."""
    frames = [picture.show().convert("RGB") for picture in swept(desk, view, [sweep])[:-1]]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:] + frames[-2:0:-1], duration=FRAME_MILLISECONDS, loop=0
    )  # fmt: skip
    return buffer.getvalue()


def png(picture: Picture) -> bytes:
    """A picture as the file that `save` writes, recipe inside."""
    with TemporaryDirectory() as folder:
        return picture.save(Path(folder) / "picture.png").read_bytes()
