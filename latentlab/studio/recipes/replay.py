"""Make a picture again from the recipe in it; the recipe is untrusted: known commands, inputs by hash, no paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from latentlab.core.channels import MODES, load_channels
from latentlab.core.errors import BadFile, WrongGenerator, unknown
from latentlab.core.face import Face
from latentlab.store.archive import read_story as story_of_file
from latentlab.store.home import known_networks
from latentlab.studio.applications.again import AGAIN
from latentlab.studio.clips.again import ClipAgain, film_again
from latentlab.studio.clips.edit_clip import BATCH
from latentlab.studio.lab import Lab
from latentlab.studio.pictures import generate, mix
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits import edit, samples
from latentlab.studio.portraits.reconstruct import reconstruction
from latentlab.studio.portraits.request import Invert
from latentlab.studio.recipes.data import from_data
from latentlab.studio.recipes.fields import field_of
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.reading import Opened, open_picture, read_recipe
from latentlab.studio.recipes.recipe import circumstances

COMMANDS = ("generate", "mix", "invert", "edit", "clip", *AGAIN)
DEEPEST = 8
"""Recipes inside recipes: a face blended from faces that were blended."""


@dataclass(frozen=True, eq=False)
class Replayed:
    """A picture or clip made again, beside the one that is there."""

    picture: Picture | ClipAgain
    largest: int
    """Largest difference of a byte, 0 to 255."""
    changes: tuple[str, ...]
    """What is different from when the picture was made."""

    @property
    def ending(self) -> str:
        """Of the file that holds it."""
        return self.picture.ending if isinstance(self.picture, ClipAgain) else ".png"

    @property
    def verdict(self) -> str:
        """In words: equal, within rounding, or not the same picture."""
        why = f" ({'; '.join(self.changes)})" if self.changes else ""
        if self.largest == 0:
            return "equal pixels"
        if self.largest == 1:
            return f"within 1/255{why}"
        return f"differs by up to {self.largest}/255{why}: the picture was changed after it was made, or the recipe was"


def replay(studio: Lab, path: str | Path | Opened, inputs: Sequence[str | Path] = ()) -> Replayed:
    """The picture in `path` made again; `inputs` are files (saved latents, photos) that its recipe may need."""
    opened = path if isinstance(path, Opened) else open_picture(path)
    expect_known(opened.command)
    if opened.picture is None:
        return _clip_again(studio, opened, [Path(item) for item in inputs])
    story = opened.story
    home = _with_network(studio, field_of(story, "network", dict))
    given = _given(home, opened.ingredients, [Path(item) for item in inputs])
    *_, picture = pictures_again(home, opened.command, opened.asked, given)

    shown = picture.show()
    own = {mode: channels for channels, mode in MODES.items() if channels != 3}.get(shown.mode)
    there = np.asarray(load_channels(opened.path, own) if own else opened.picture)
    again = np.asarray(shown)
    if again.shape != there.shape:
        raise BadFile(
            f"{opened.path} has {there.shape[1]}×{there.shape[0]} pixels, its recipe makes {again.shape[1]}×{again.shape[0]}"
        )
    largest = int(np.abs(again.astype(int) - there.astype(int)).max())
    return Replayed(picture, largest, tuple(_changes(field_of(story, "made", dict, {}), home)))


def _clip_again(studio: Lab, opened: Opened, inputs: Sequence[Path]) -> Replayed:
    """The same for a clip: the clip that it was made from has to be among the inputs."""
    path, story = opened.path, opened.story
    if opened.command != "clip":
        raise BadFile(
            f"{path} is a video of '{opened.command}', which is made again by its own command, not by replay"
        )
    home = _with_network(studio, field_of(story, "network", dict))
    given = _given(home, opened.ingredients, inputs)
    digest = field_of(opened.ingredients, "clip", dict).get("hash")
    made = film_again(home, path, opened.asked, given, digest)
    return Replayed(made, made.apart(path), tuple(_changes(field_of(story, "made", dict, {}), home, BATCH)))


def expect_known(command: str) -> None:
    """Raise UnknownName for a command that no recipe has."""
    if command not in COMMANDS:
        raise unknown("command in a recipe", command[:40], COMMANDS)


def pictures_again(
    studio: Lab, command: str, asked: Mapping[str, object], given: Ingredients
) -> Iterator[Picture]:
    """The pictures of a recipe; the last is the one that carries it."""
    if command == "generate":
        return generate.draw(studio, from_data(generate.Generate, asked), given)
    if command == "mix":
        return mix.draw(studio, from_data(mix.Mix, asked), given=given)
    if command == "edit":
        return edit.open_edit(studio, from_data(edit.Edit, asked), given=given).draw()
    if command in AGAIN:
        return AGAIN[command](studio, asked, given)
    return iter([reconstruction(studio, from_data(Invert, asked), given)])


def face_again(studio: Lab, files: Sequence[Path], depth: int, told: Mapping[str, object]) -> Face:
    """The face of a recipe inside a recipe: a sample, or a face that was edited or blended."""
    if depth > DEEPEST:
        raise BadFile(
            f"the recipe holds more than {DEEPEST} recipes inside one another; it cannot be followed"
        )
    command, asked, ingredients = read_recipe(told)
    expect_known(command)
    given = _given(studio, ingredients, files, depth)
    if command == "generate":
        return samples.sample(studio, from_data(generate.Generate, asked))
    if command == "edit":
        return edit.open_edit(studio, from_data(edit.Edit, asked), given=given).as_face()
    raise unknown("command of a face", command, ("generate", "edit"))


def _given(
    studio: Lab, ingredients: Mapping[str, object], files: Sequence[Path], depth: int = 0
) -> Ingredients:
    return Ingredients(studio, ingredients, files, partial(face_again, studio, files, depth + 1))


def _with_network(studio: Lab, wanted: Mapping[str, Any]) -> Lab:
    """The studio on the network with this hash: the one that is open, or one that is known by name here."""

    digest, name = field_of(wanted, "hash", str), str(wanted.get("name", ""))[:80]
    if studio.generator.hash == digest:
        return studio
    for known, path in known_networks(studio.home).items():
        if _may_be(path, known, name, digest):
            other = studio.on(known)
            if other.generator.hash == digest:
                return other
    raise WrongGenerator(
        f"the picture was made by the network '{name}' ({digest[:12]}), this is '{studio.name}' "
        f"({studio.generator.hash[:12]}); name that network's file with `network`"
    )


def _may_be(path: Path, known: str, name: str, digest: str) -> bool:
    """Whether it is worth loading a file: its name fits, or its story has the hash."""

    if name in (known, path.name):
        return True
    return path.suffix == ".safetensors" and story_of_file(path).get("hash") == digest


def _changes(made: Mapping[str, object], studio: Lab, batch: int = 1) -> list[str]:
    now = circumstances(studio) | {"batch": batch}
    return [f"{key} was {str(made.get(key))[:40]}, is {now[key]}" for key in now if made.get(key) != now[key]]
