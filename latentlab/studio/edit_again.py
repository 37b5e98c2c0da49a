"""Edits made again from an untrusted recipe: every face, direction and mask is found by its hash."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.errors import BadFile
from latentlab.studio.edit import sheet_of, without
from latentlab.studio.lab import by_hash
from latentlab.studio.recipe import field_of
from latentlab.studio.wishes import label

if TYPE_CHECKING:
    from latentlab.studio.picture import Picture
    from latentlab.studio.studio import Studio


def remake(studio: Studio, asked: Mapping[str, object], inputs: list[Path]) -> Picture:
    """The picture of an untrusted recipe: every face, direction and mask found by hash."""
    from latentlab.studio.library import find_by_hash
    from latentlab.studio.workpiece import workpiece

    kept = [find_by_hash(studio, one, inputs) for one in _dicts(asked, "keep")]
    moves = {}
    for one in _dicts(asked, "directions"):
        direction = without(find_by_hash(studio, one, inputs), kept, studio)
        moves[direction] = float(field_of(one, "strength", (int, float)))
    pair = field_of(asked, "layers", list, None)
    piece = workpiece(
        studio, by_hash(studio, field_of(asked, "inversion", dict), inputs), layers=_range(pair), kept=kept,
        mask=_mask_of(studio, asked, inputs), mix=_other(studio, asked, "mix", inputs),
        blend=_other(studio, asked, "blend", inputs), paste=field_of(asked, "paste_back", bool, False),
    )  # fmt: skip
    return piece.picture(moves, label({direction.name: value for direction, value in moves.items()}))


def remake_sheet(studio: Studio, asked: Mapping[str, object], inputs: list[Path]) -> Picture:
    """The sheet of an untrusted recipe."""
    columns, edits = field_of(asked, "columns", int), _dicts(asked, "edits")
    if not 1 <= columns <= len(edits) <= 10_000:
        raise BadFile("the recipe's sheet has no sensible size; it is not one that latentlab wrote")
    return sheet_of(studio, [remake(studio, one, inputs) for one in edits], columns, "sheet")


def _dicts(asked: Mapping[str, object], name: str) -> list[dict]:

    values = field_of(asked, name, list, [])
    if len(values) > 10_000 or not all(isinstance(value, dict) for value in values):
        raise BadFile(f"the recipe's '{name}' is not a list of entries; it is not one that latentlab wrote")
    return values


def _range(pair: object) -> tuple[int, int] | None:

    if pair is None:
        return None
    if not isinstance(pair, list) or len(pair) != 2 or any(type(value) is not int for value in pair):
        raise BadFile(f"the recipe's layers are '{str(pair)[:40]}', which they cannot be")
    return pair[0], pair[1]


def _other(studio: Studio, asked: Mapping[str, object], name: str, inputs: list[Path]) -> Any:

    told = field_of(asked, name, dict, None)
    if told is None:
        return None
    face = by_hash(studio, told, inputs)
    if name == "mix":
        return face, _range(field_of(told, "layers", list))
    return face, float(field_of(told, "share", (int, float)))


def _mask_of(studio: Studio, asked: Mapping[str, object], inputs: list[Path]) -> str | None:
    from latentlab.studio.photo_story import find_input

    told = field_of(asked, "mask", dict, None)
    if told is None:
        return None
    return (
        str(told["region"]) if "region" in told else str(find_input(studio, told.get("hash"), "mask", inputs))
    )
