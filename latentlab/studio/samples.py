"""Samples of a network: from seeds, as the published tools draw them, or from saved latents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from latentlab.studio.rendering import Rendering, as_list, batch_size

if TYPE_CHECKING:
    from torch import Tensor

    from latentlab.core.generator import Generator
    from latentlab.core.latent import Latent
    from latentlab.core.watch import Watch
    from latentlab.studio.picture import Picture
    from latentlab.studio.studio import Studio


@dataclass(frozen=True)
class Samples:
    """Which samples, and how they are drawn."""

    seeds: Annotated[str, tyro.conf.arg(metavar="LIST")] = "0-3"
    """Seeds as in the published tools, e.g. 0-3,85."""
    latents: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Saved latents instead of seeds: .safetensors, .npz (projected_w.npz as well) or .npy."""
    rendering: tyro.conf.OmitArgPrefixes[Rendering] = field(default_factory=Rendering)

    def plan(self, studio: Studio) -> Plan:
        """Everything checked and numbered before anything is drawn."""
        from latentlab.core.seeds import parse_seeds

        seeds = list(dict.fromkeys(parse_seeds(self.seeds)))
        look = self.rendering.checked(studio.generator)
        if self.latents is not None:
            return _plan_latents(studio, look, self.latents)
        return Plan(
            studio, look, [Order(f"seed{seed:04d}", seed, {"seed": seed} | look.asked()) for seed in seeds]
        )


@dataclass(frozen=True)
class Order:
    """One picture to be made."""

    name: str
    number: int
    """The seed, or the row among the saved latents; random noise is numbered by it."""
    asked: dict[str, object]


@dataclass(frozen=True, eq=False)
class Plan:
    """Samples that are known to be possible."""

    studio: Studio
    look: Rendering
    orders: Sequence[Order]
    latent: Latent | None = None
    """The saved latents; None draws from the seeds."""

    def recipe(self, order: Order, batch: int = 1) -> dict[str, object]:
        """What goes into the picture's metadata."""
        whole = self._frame | {"asked": order.asked}
        return whole | {"made": {**whole["made"], "batch": batch}}

    @cached_property
    def _frame(self) -> dict[str, Any]:
        """What all recipes have in common: looking at the machine takes longer than drawing a small picture."""
        from latentlab.studio.recipe import recipe

        return recipe(self.studio, "generate", {})

    def draw(self, orders: Sequence[Order] | None = None, watch: Watch | None = None) -> Iterator[Picture]:
        """The pictures one after another, drawn in batches."""
        from latentlab.studio.picture import Picture

        orders = self.orders if orders is None else orders
        tell, drawn = self.studio.tell(watch), 0
        size = batch_size(self.studio.generator)
        for run in self.look.batches([order.number for order in orders], size):
            images = self._images(orders[run])
            for order, image in zip(orders[run], images, strict=True):
                drawn += 1
                yield Picture(order.name, image, self.recipe(order, len(images)))
                tell(drawn / len(orders), order.name)

    def _images(self, orders: Sequence[Order]) -> Tensor:
        import torch

        generator, numbers = self.studio.generator, [order.number for order in orders]
        with torch.no_grad():
            if self.latent is None:
                latent = self.look.map_seeds(generator, numbers)
            else:
                latent = self.look.pull(generator, _rows(self.latent, numbers, generator))
            return self.look.synthesise(generator, latent, numbers[0])


def _rows(latent: Latent, numbers: list[int], generator: Generator) -> Latent:
    from latentlab.core.latent import Latent

    return Latent(latent.space, latent.values[numbers].to(generator.device))


def _plan_latents(studio: Studio, look: Rendering, path: Path) -> Plan:
    from latentlab.studio.latents import identity, read_latents

    latent = read_latents(path, studio.generator)
    look.pull(studio.generator, _rows(latent, [0], studio.generator))
    origin = {"name": path.name, "hash": identity(latent), "space": latent.space.name}
    orders = [
        Order(f"latent{row:04d}", row, {"latents": origin | {"row": row}} | look.asked())
        for row in range(len(latent))
    ]
    return Plan(studio, look, orders, latent)


def generate(
    studio: Studio,
    seeds: str | Iterable[int] = "0-3",
    psi: float = 1.0,
    *,
    cutoff: int | None = None,
    noise: str = "const",
    noise_seed: int | None = None,
    class_: int | None = None,
    latents: str | Path | None = None,
    watch: Watch | None = None,
) -> list[Picture]:
    """Pictures of seeds (`[0, 1]` or `"0-3,85"`) or of a file of saved latents, each with its recipe."""
    look = Rendering(psi, cutoff, noise, noise_seed, class_)  # type: ignore[arg-type]
    return list(
        Samples(as_list(seeds), Path(latents) if latents else None, look).plan(studio).draw(watch=watch)
    )


def remake(studio: Studio, asked: dict[str, object], inputs: Sequence[Path] = ()) -> Picture:
    """The picture of an untrusted recipe, drawn alone."""
    from latentlab.studio.latents import find_latents
    from latentlab.studio.recipe import field_of

    look = Rendering.from_recipe(asked).checked(studio.generator)
    if "latents" in asked:
        origin = field_of(asked, "latents", dict)
        latent, row = find_latents(origin, inputs, studio.generator), field_of(origin, "row", int)
        plan = Plan(studio, look, [Order(f"latent{row:04d}", row, asked)], latent)
    else:
        seed = field_of(asked, "seed", int)
        plan = Plan(studio, look, [Order(f"seed{seed:04d}", seed, asked)])
    return next(plan.draw())
