"""A picture or clip that is to be made again, opened without torch: its pixels, and its untrusted recipe in today's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import BadFile
from latentlab.core.image import load_picture, read_story
from latentlab.studio.clips.clip import is_clip
from latentlab.studio.clips.marks import read_marks
from latentlab.studio.recipes.fields import FORM, field_of
from latentlab.studio.recipes.older import modern

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Opened:
    """One with a recipe that can be followed."""

    path: Path
    picture: Image | None
    """None for a clip."""
    story: Mapping[str, object]
    command: str
    asked: Mapping[str, object]
    """The request as data."""
    ingredients: Mapping[str, object]


def open_picture(path: str | Path) -> Opened:
    """The picture or clip in a file; BadFile where it is none or tells no recipe of ours."""
    path = Path(path)
    if is_clip(path):
        marks = read_marks(path)
        return Opened(path, None, marks, *read_recipe(marks))
    picture, story = load_picture(path), read_story(path)
    return Opened(path, picture, story, *read_recipe(story))


def read_recipe(story: Mapping[str, object]) -> tuple[str, dict[str, object], dict[str, object]]:
    """Command, request and ingredients of an untrusted recipe, brought to today's form."""
    command, form = field_of(story, "command", str), field_of(story, "form", int, 1)
    asked, ingredients = field_of(story, "asked", dict), field_of(story, "ingredients", dict, {})
    if form > FORM:
        raise BadFile(
            f"the recipe is of form {form}, this version reads up to {FORM}; install a newer latentlab"
        )
    if form < FORM:
        command, asked, ingredients = modern(command, asked)
    return command, asked, ingredients
