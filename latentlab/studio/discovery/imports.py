"""Directions from published files: checked against this network, stamped with what is not known about them, kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput
from latentlab.core.latent import Space
from latentlab.directions.exchange import import_directions
from latentlab.studio.discovery.discover import keep
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.directions import shipped_names

ORIGIN = "unknown: the file does not say in which network it was found"


def import_file(studio: Lab, path: Path | str, name: str = "", space: str = "") -> list[Direction]:
    """What a published file holds, kept for this network; `space` says where its vectors live if the shape does not.

    No published format names its network, so a direction keeps none: it fits by width alone, and its story says so.
    """
    generator = studio.generator
    wanted = Space.parse(space) if space else None
    widths = {Space.Z: generator.z_width, Space.S: generator.style_width}
    width = generator.w_width if wanted is None else widths.get(wanted, generator.w_width)
    found = [_stamped(one, wanted) for one in import_directions(path, name, width, generator.layers)]
    shipped = shipped_names(studio)
    for direction in found:
        if (
            direction.space is Space.W_PLUS
            and len(direction.vector) != generator.layers
            and direction.vector.ndim == 2
        ):
            raise BadInput(
                f"{Path(path).name} is for a network with {len(direction.vector)} layers, this one has {generator.layers}"
            )
        if direction.name in shipped:
            raise BadInput(
                f"a direction called '{direction.name}' ships with {studio.name}; import this one under another name: `name`"
            )
    keep(studio, found)
    return found


def _stamped(direction: Direction, space: Space | None) -> Direction:
    if space is not None and direction.vector.ndim == 2 and space is not Space.W_PLUS:
        raise BadInput(
            f"'{direction.name}' has a vector for each of {len(direction.vector)} layers; that lives in w+, not in "
            f"{space.name.lower()}"
        )
    return replace(
        direction,
        space=direction.space if space is None else space,
        story={**direction.story, "origin": ORIGIN},
    )
