"""Applications made again from their recipes: their faces, photos and styles are all in the ingredients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from latentlab.studio.applications import frontalize, makeup, stylize, swap
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.recipes.data import from_data
from latentlab.studio.recipes.ingredients import Ingredients

Again = Callable[[Lab, Mapping[str, object], Ingredients], Iterator[Picture]]


def _makeup(studio: Lab, asked: Mapping[str, object], given: Ingredients) -> Iterator[Picture]:
    return makeup.open_makeup(studio, from_data(makeup.Makeup, asked), given=given).draw()


def _stylize(studio: Lab, asked: Mapping[str, object], given: Ingredients) -> Iterator[Picture]:
    return stylize.open_stylize(studio, from_data(stylize.Stylize, asked), given=given).draw()


def _frontalize(studio: Lab, asked: Mapping[str, object], given: Ingredients) -> Iterator[Picture]:
    return frontalize.open_frontalize(studio, from_data(frontalize.Frontalize, asked), given=given).draw()


def _swap(studio: Lab, asked: Mapping[str, object], given: Ingredients) -> Iterator[Picture]:
    return swap.open_swap(studio, from_data(swap.Swap, asked), given=given).draw()


AGAIN: dict[str, Again] = {
    "makeup": _makeup,
    "stylize": _stylize,
    "frontalize": _frontalize,
    "swap": _swap,
}
"""By command."""
