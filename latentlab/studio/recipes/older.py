"""Recipes of version 0.1 in today's form: samples were named one by one, edits in lists of their own."""

from __future__ import annotations

from collections.abc import Mapping

from latentlab.core.errors import BadFile
from latentlab.studio.recipes.fields import entries_of, field_of

Told = dict[str, object]
LOOK = ("psi", "cutoff", "noise", "noise_seed", "class")


def modern(command: str, asked: Mapping[str, object]) -> tuple[str, Told, Told]:
    """Command, request and ingredients of today for those of a recipe without a form."""
    known = {
        "generate": _sample, "grid": _grid, "mix": _mix, "mix-grid": _mix_grid, "invert": _invert, "edit": _edit,
        "edit-sheet": _edit_sheet,
    }  # fmt: skip
    if command not in known:
        return command, dict(asked), {}
    return known[command](asked)


def _look(asked: Mapping[str, object]) -> Told:
    return {name: asked[name] for name in LOOK if name in asked}


def _sample(asked: Mapping[str, object]) -> tuple[str, Told, Told]:
    if "latents" not in asked:
        return "generate", {"seeds": [field_of(asked, "seed", int)]} | _look(asked), {}
    origin = field_of(asked, "latents", dict)
    name = str(origin.get("name", ""))[:80]
    told = {"latents": {"file": name}, "rows": [field_of(origin, "row", int)]} | _look(asked)
    return "generate", told, {"latents": {name: origin.get("hash")}}


def _grid(asked: Mapping[str, object]) -> tuple[str, Told, Told]:
    columns, samples = field_of(asked, "columns", int), entries_of(asked, "samples")
    if not 1 <= columns <= len(samples):
        raise BadFile("the recipe's sheet has no sensible size; it is not one that latentlab wrote")
    parts = [_sample(one) for one in samples]
    _, first, ingredients = parts[0]
    many = "rows" if "rows" in first else "seeds"
    if any({**told, many: 0} != {**first, many: 0} or given != ingredients for _, told, given in parts):
        raise BadFile(
            "the recipe is of an older form, and its samples were not drawn alike; make the sheet anew"
        )
    numbers = [number for _, told, _ in parts for number in _list(told[many])]
    return "generate", first | {many: numbers, "grid": [columns, -(-len(samples) // columns)]}, ingredients


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _mix(asked: Mapping[str, object]) -> tuple[str, Told, Told]:
    told: Told = {
        "rows": [field_of(asked, "row", int)],
        "cols": [field_of(asked, "col", int)],
        "sheet": False,
    }
    return "mix", told | {"styles": field_of(asked, "styles", list)} | _look(asked), {}


def _mix_grid(asked: Mapping[str, object]) -> tuple[str, Told, Told]:
    told = {name: field_of(asked, name, list) for name in ("rows", "cols", "styles")}
    return "mix", told | _look(asked), {}


def _invert(asked: Mapping[str, object]) -> tuple[str, Told, Told]:
    photo = field_of(asked, "photo", dict)
    wanted = ("method", "face", "profile", "start")
    told: Told = {name: asked[name] for name in wanted if asked.get(name) is not None}
    ingredients: Told = {"photo": photo, "seed": field_of(asked, "seed", int, 0)}
    if "mask" in asked:
        told["mask"] = {"file": "mask"}
        ingredients["files"] = {"mask": field_of(asked, "mask", dict).get("hash")}
    if "together" in asked:
        told["together"] = True
        ingredients["together"] = field_of(asked, "together", list)
    return "invert", told, ingredients


def _edit(asked: Mapping[str, object]) -> tuple[str, Told, Told]:
    moves, kept = entries_of(asked, "directions", []), entries_of(asked, "keep", [])
    faces: Told = {"face": field_of(asked, "inversion", dict)}
    told: Told = {
        "directions": [[_name(one), field_of(one, "strength", (int, float))] for one in moves],
        "keep": [_name(one) for one in kept],
        "transfer": "none",
        **{name: asked[name] for name in ("layers", "paste_back") if name in asked},
    }
    ingredients: Told = {
        "faces": faces,
        "directions": {_name(one): one.get("hash") for one in (*moves, *kept)},
    }
    for role, amount in (("mix", "layers"), ("blend", "share")):
        if role in asked:
            other = field_of(asked, role, dict)
            faces[role] = other
            told[role] = [_name(other), other.get(amount)]
    mask = field_of(asked, "mask", dict, None)
    if mask is not None and "region" in mask:
        told["mask"] = mask["region"]
    elif mask is not None:
        told["mask"] = {"file": "mask"}
        ingredients["files"] = {"mask": mask.get("hash")}
    return "edit", told, ingredients


def _name(entry: Mapping[str, object]) -> str:
    return str(entry.get("name", ""))[:80]


def _edit_sheet(asked: Mapping[str, object]) -> tuple[str, Told, Told]:
    """A sheet of edits that differ in the strengths of one direction, or of two: that was a sweep, or a grid."""
    columns, edits = field_of(asked, "columns", int), entries_of(asked, "edits")
    if not 1 <= columns <= len(edits) or len(edits) % columns:
        raise BadFile("the recipe's sheet has no sensible size; it is not one that latentlab wrote")
    _, told, ingredients = _edit(edits[0])
    rows = [dict(_pairs(_edit(one)[1])) for one in edits]
    moving = [name for name in rows[0] if len({str(row.get(name)) for row in rows}) > 1]
    if not 1 <= len(moving) <= 2:
        raise BadFile(
            "the recipe is of an older form, and its sheet is no sweep; its single pictures can be made again"
        )
    across = (
        moving[-1]
        if len(moving) == 1
        else next(n for n in moving if rows[0][n] != rows[min(1, columns - 1)][n])
    )
    sweeps = [{"direction": across, "strengths": [row[across] for row in rows[:columns]]}]
    for name in moving:
        if name != across:
            sweeps.insert(0, {"direction": name, "strengths": [row[name] for row in rows[::columns]]})
    fixed = [[name, value] for name, value in rows[0].items() if name not in moving]
    return "edit", told | {"directions": fixed, "sweeps": sweeps}, ingredients


def _pairs(told: Told) -> list[tuple[str, object]]:
    directions = told["directions"]
    assert isinstance(directions, list), "made a moment ago"
    return [(str(name), value) for name, value in directions]
