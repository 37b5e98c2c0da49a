"""The files that belong to a network, what their stories tell, and its directions: the raw material of a card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentlab.core.errors import LatentLabError
from latentlab.store.archive import read_story
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.directions import places
from latentlab.studio.shelf.finding import find

STEMS = ("generator", "difference", "discriminator", "encoder", "guide", "judge", "identity")
TOLD = (
    "part", "parent", "role", "r2", "images", "pictures", "people", "held_out", "verification_accuracy", "form", "measured",
    "licence", "kind of network",
)  # fmt: skip
TRAINING = (
    "preset", "images", "steps", "batch", "seconds", "device", "threads", "processes", "seed", "data", "shown", "likeness",
    "generator", "legs",
)  # fmt: skip
SETTINGS = (
    "resolution", "channel_base", "channel_max", "mapping_layers", "r1", "path_length", "augment", "noise_from", "warm_start",
    "warm_weight", "precision", "learning_rate", "mixing", "freeze_mapping", "freeze_discriminator",
)  # fmt: skip


def files_of(studio: Lab) -> dict[str, Any]:
    """By stem: size, hash and the telling part of the story of each file in the network's folder."""

    place = find(studio.network, studio.home)
    found = {}
    for path in sorted({place, *(place.with_name(f"{stem}.safetensors") for stem in STEMS)}):
        if path.is_file():
            found[path.stem] = _told(path)
    return found


def _told(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    try:
        story = read_story(path)
    except LatentLabError:
        return {"bytes": size, "hash": ""}
    training = story.get("training")
    told: dict[str, Any] = {
        "bytes": size,
        "hash": str(story.get("hash", "")),
        "kind": str(story.get("kind", "")),
    }
    told |= {name: story[name] for name in TOLD if story.get(name) is not None}
    if isinstance(training, Mapping):
        settings = training.get("settings")
        told["training"] = {name: training[name] for name in TRAINING if training.get(name) is not None}
        if isinstance(settings, Mapping):
            told["settings"] = {name: settings[name] for name in SETTINGS if name in settings}
            if story.get("parent"):  # a child has its parent's channels, whatever the settings said
                told["settings"] = {k: v for k, v in told["settings"].items() if not k.startswith("channel_")}
    return told


def directions_of(studio: Lab) -> list[dict[str, Any]]:
    """The directions that ship with the network or lie beside it, each with what was measured of it."""
    from latentlab.directions.library import load_direction

    found: dict[str, dict[str, Any]] = {}
    for folder in reversed([place for place in places(studio) if place.parent != Path(studio.home)]):
        for path in sorted(folder.glob("*.direction.safetensors")):
            try:
                one = load_direction(path)
            except LatentLabError:
                continue
            if one.model == studio.generator.hash:
                found[one.name] = {
                    "name": one.name, "unit": one.unit, "step": one.step, "span": one.span, "found_by": one.found_by,
                    **{
                        key: one.story.get(key)
                        for key in ("judge_step", "works", "total_leakage", "identity_at_one_sd", "judged_on", "kept_of_step", "leakage_in_parent")
                    },
                }  # fmt: skip
    return sorted(found.values(), key=lambda one: one["name"])
