"""Directions on disk: `NAME.direction.safetensors`, the vector and everything that is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, LatentLabError
from latentlab.core.latent import Space
from latentlab.directions.facts import SUFFIX, Facts, facts_in, finite_number
from latentlab.directions.flow import FlowDirection
from latentlab.store.archive import Archive
from latentlab.store.home import check_name

REGIONS = {
    "smile": "cheeks",
    "mouth_open": "jaw",
    "gaze_yaw": "eyes",
    "lip_redness": "mouth",
    "lipstick": "mouth",
    "eye_shadow": "eyes",
    "blink": "eyes",
    "blush": "face",
    "glasses": "face",
    "beard": "face",
}
"""Of attributes that are drawn in one place alone."""
KINDS = {"line": Direction, "flow": FlowDirection}


def save_direction(direction: Direction, folder: Path | str) -> Path:
    """Write it into a folder under its own name; atomic."""
    flow = isinstance(direction, FlowDirection)
    story: dict[str, Any] = {
        "form": "flow" if flow else "line",
        "name": check_name(direction.name),
        "space": direction.space.name,
        "unit": direction.unit,
        "step": direction.step,
        "span": direction.span,
        "photo_span": direction.photo_span,
        "layers": direction.layers,
        "model": direction.model,
        "found_by": direction.found_by,
        "leakage": dict(direction.leakage),
        "region": direction.region,
        "how": dict(direction.story),
    }
    tensors = {"vector": _short(direction.vector.contiguous())}
    if isinstance(direction, FlowDirection):
        tensors |= {f"flow.{name}": value.contiguous() for name, value in direction.tensors.items()}
        story |= {
            "column": direction.column,
            "slack": direction.slack,
            "stride": direction.stride,
            "per_step": direction.per_step,
        }
    return Archive("direction", tensors, story).save(Path(folder) / f"{direction.name}{SUFFIX}")


def load_direction(path: Path | str) -> Direction:
    """Read one file; one line if it is damaged or holds something else."""
    path = Path(path)
    archive = Archive.load(path, "direction", finite=True)
    try:
        return _build(facts_in(archive.story), archive)
    except LatentLabError as error:
        raise BadFile(f"{path} is damaged: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise BadFile(f"{path} is damaged ({error}); find or import the direction again") from None


def _build(facts: Facts, archive: Archive) -> Direction:
    story: Mapping[str, Any] = archive.story
    told: dict[str, Any] = {part.name: getattr(facts, part.name) for part in fields(facts)}
    told |= {"space": Space[facts.space], "vector": archive.tensors["vector"].float()}
    told["region"] = _region(story)
    if story["form"] == "line":
        return Direction(**told)
    if story["form"] != "flow":
        raise ValueError(f"unknown form '{story['form']}'")
    tensors = {
        name.removeprefix("flow."): value
        for name, value in archive.tensors.items()
        if name.startswith("flow.")
    }
    extra: dict[str, Any] = {name: finite_number(story[name]) for name in ("slack", "stride", "per_step")}
    return FlowDirection(**told, **extra, tensors=tensors, column=int(story["column"]))


def _region(story: Mapping[str, Any]) -> str:
    """Where it acts; files that do not say it are known by what they move."""
    how = story["how"]
    attribute = str(how.get("attribute", story["name"])) if isinstance(how, Mapping) else ""
    return str(story.get("region") or REGIONS.get(attribute, ""))


def _short(vector: Tensor) -> Tensor:
    """In half the space where nothing is lost by it: vectors of a library are rounded before they are judged."""
    half = vector.half()
    return half if torch.equal(half.to(vector), vector) else vector


def same(one: Direction, other: Direction) -> bool:
    """Whether two directions would move every latent alike."""
    return (
        type(one) is type(other)
        and one.space is other.space
        and one.layers == other.layers
        and torch.equal(one.vector, other.vector)
    )
