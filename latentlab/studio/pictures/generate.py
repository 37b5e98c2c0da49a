"""Samples of a network: from seeds, as the published tools draw them, or from saved latents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from latentlab.core.errors import BadInput
from latentlab.core.latent import Latent
from latentlab.core.ranges import Seed, check
from latentlab.core.seeds import check_seed
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.pictures.rendering import Rendering, batch_size
from latentlab.studio.pictures.sheet import Sheet, check_grid
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe


@dataclass(frozen=True)
class Generate:
    """Which samples, and how they are drawn."""

    seeds: tuple[Seed, ...] = (0, 1, 2, 3)
    """Seeds as in the published tools; one that comes twice is drawn once."""
    latents: Path | None = None
    """Saved latents instead of seeds: .safetensors, .npz (projected_w.npz as well), .npy or .pt."""
    rows: tuple[int, ...] = ()
    """Which of the saved latents; all if left out."""
    grid: tuple[int, int] | None = None
    """Also a sheet with so many columns and rows."""
    rendering: Rendering = field(default_factory=Rendering, metadata={"flat": True})

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "seeds", tuple(dict.fromkeys(map(check_seed, self.seeds))))
        if not self.seeds and self.latents is None:
            raise BadInput("no seeds were given; for example 0, 1, 2")
        if self.grid is not None:
            check_grid(self.grid)

    def plan(self, studio: Lab, ingredients: Ingredients | None = None) -> Plan:
        """Everything checked and numbered before anything is drawn."""
        ingredients = ingredients or Ingredients(studio)
        look = self.rendering.fitted(studio.generator)
        request = replace(self, rendering=look)
        if self.latents is not None:
            latent = ingredients.latents(self.latents)
            look.samples(studio.generator, [0], latent)
            numbers = self._numbers(len(latent))
            plan = Plan(studio, request, orders("latent", numbers), ingredients, latent)
        else:
            plan = Plan(studio, request, orders("seed", self.seeds), ingredients)
        if self.grid is not None:
            check_grid(self.grid, len(plan.orders))
        return plan

    def _numbers(self, count: int) -> Sequence[int]:
        wrong = [row for row in self.rows if not 0 <= row < count]
        if wrong:
            raise BadInput(f"row {wrong[0]} is out of range; the file holds {count} latents, from 0 on")
        return self.rows or range(count)


@dataclass(frozen=True)
class Order:
    """One picture to be made."""

    name: str
    number: int
    """The seed, or the row among the saved latents; random noise is numbered by it."""


def orders(word: str, numbers: Sequence[int]) -> list[Order]:
    """`seed0085`, as published; where a number of the same call is longer, all are as wide, so that names sort as numbers do."""
    width = max(4, *(len(str(number)) for number in numbers))
    return [Order(f"{word}{number:0{width}d}", number) for number in numbers]


@dataclass(frozen=True, eq=False)
class Plan:
    """Samples that are known to be possible."""

    studio: Lab
    request: Generate
    """Its rendering fits the network."""
    orders: Sequence[Order]
    ingredients: Ingredients
    latent: Latent | None = None
    """The saved latents; None draws from the seeds."""

    def recipe(self, order: Order, batch: int = 1) -> dict[str, Any]:
        """What goes into the picture's metadata."""
        alone = {"rows": [order.number]} if self.latent is not None else {"seeds": [order.number]}
        return self._frame | {
            "asked": self._frame["asked"] | alone,
            "made": self._frame["made"] | {"batch": batch},
        }

    @cached_property
    def _frame(self) -> dict[str, Any]:
        """What all recipes have in common: looking at the machine takes longer than drawing a small picture."""
        few = {"rows": ()} if self.latent is not None else {"seeds": (0,)}
        common = replace(self.request, grid=None, **few)  # a mapping of two fields
        told = recipe(self.studio, "generate", common, self.ingredients.noted)
        if self.latent is not None:
            told["asked"].pop("seeds")  # type: ignore[attr-defined]  # they say nothing here
        return told

    def draw(self, orders: Sequence[Order] | None = None, watch: Watch | None = None) -> Iterator[Picture]:
        """The pictures one after another, drawn in batches."""
        orders = self.orders if orders is None else orders
        tell, drawn = self.studio.tell(watch), 0
        size = batch_size(self.studio.generator)
        for run in self.request.rendering.batches([order.number for order in orders], size):
            images = self._images(orders[run])
            for order, image in zip(orders[run], images, strict=True):
                drawn += 1
                yield Picture(order.name, image, self.recipe(order, len(images)))
                tell(drawn / len(orders), order.name)

    def sheet(self) -> Sheet | None:
        """Empty, if one was asked for."""
        if self.request.grid is None:
            return None
        _, height, width = self.studio.generator.picture_shape
        return Sheet(*self.request.grid, width, height)

    def of_sheet(self, sheet: Sheet) -> Picture:
        """The filled sheet with its recipe."""
        batch = min(batch_size(self.studio.generator), len(self.orders))
        return Picture(
            "grid",
            sheet.picture,
            recipe(self.studio, "generate", self.request, self.ingredients.noted, batch),
        )

    @torch.no_grad()
    def _images(self, orders: Sequence[Order]) -> Images:
        numbers = [order.number for order in orders]
        return self.request.rendering.synthesise(self.studio.generator, self.latents(numbers), numbers[0])

    def latents(self, numbers: list[int]) -> Latent:
        """Truncated latents of some samples, by their numbers."""
        return self.request.rendering.samples(self.studio.generator, numbers, self.latent)


def draw(
    studio: Lab, request: Generate, ingredients: Ingredients | None = None, watch: Watch | None = None
) -> Iterator[Picture]:
    """The pictures, each with its recipe, and the sheet of them all if one is wanted."""
    plan = request.plan(studio, ingredients)
    sheet = plan.sheet()
    for place, picture in enumerate(plan.draw(watch=watch)):
        if sheet is not None:
            sheet.add(place, picture.image)
        yield picture
    if sheet is not None:
        yield plan.of_sheet(sheet)
