"""A picture that knows how it was made, and files that may only be replaced when they can be made again."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import BadFile, LatentLabError
from latentlab.core.image import read_story, save_image, to_picture

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture with its recipe."""

    name: str
    """The file's name without its ending: `seed0085`."""
    image: Tensor | Image
    """[3 h w] in [-1, 1], or a sheet of pictures."""
    recipe: Mapping[str, object]
    source: str = "trainedAlgorithmicMedia"
    """IPTC digital source type."""

    def save(self, path: str | Path) -> Path:
        """Write it; a folder's name gets the picture's own name as PNG."""
        path = Path(path)
        if path.is_dir() or not path.suffix:
            path = path / f"{self.name}.png"
        return save_image(self.image, path, self.recipe, self.source)

    def show(self) -> Image:
        """As a Pillow picture."""
        from torch import Tensor

        return to_picture(self.image) if isinstance(self.image, Tensor) else self.image

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.show().save(buffer, format="PNG")
        return buffer.getvalue()


def may_replace(path: Path, *, force: bool = False) -> None:
    """Raise BadFile where `path` holds something that latentlab could not make again."""
    if force or not path.exists():
        return
    if path.is_dir():
        raise BadFile(f"{path} is a folder; choose another name or folder with `out`")
    try:
        read_story(path)
    except LatentLabError:
        raise BadFile(
            f"{path} exists and latentlab did not make it; choose another `out`, or `force`"
        ) from None


def is_made(path: Path, recipe: Mapping[str, object]) -> bool:
    """Whether the file already is the picture of this recipe (whatever machine made it)."""
    try:
        story = read_story(path)
    except LatentLabError:
        return False
    return {k: v for k, v in story.items() if k != "made"} == {k: v for k, v in recipe.items() if k != "made"}


def writable(folder: str | Path) -> Path:
    """The folder, which need not exist yet; raises BadFile before any work where nothing can be written there."""

    folder = Path(folder)
    ground = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=ground):
            return folder
    except OSError as error:
        raise BadFile(
            f"cannot write into {folder}: {error.strerror}; choose another folder with `out`"
        ) from None
