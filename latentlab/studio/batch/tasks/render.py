"""Seeds or saved latents to pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.fingerprint import fingerprint
from latentlab.core.latent import Latent
from latentlab.studio.batch.tasks.task import Drawn, Item, Made, OpenTask, Outcome, Task
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.generate import Generate
from latentlab.studio.pictures.precision import expect_fixed
from latentlab.studio.pictures.rendering import Rendering, batch_size
from latentlab.studio.recipes.recipe import recipe


@dataclass(frozen=True)
class RenderSamples(Task):
    """The network's picture of each seed or latent."""

    rendering: Rendering = field(default_factory=Rendering)

    photos: ClassVar[bool] = False

    def __post_init__(self) -> None:
        expect_fixed(self.rendering.precision)
        if self.rendering.noise == "random" and self.rendering.noise_seed is None:
            raise BadInput("random noise needs `noise_seed` here: a shard made again has to be the same")

    def open(self, studio: Lab) -> OpenTask:
        return Drawing(studio, self.rendering.fitted(studio.generator))


@dataclass(frozen=True, eq=False)
class Drawing(OpenTask):
    studio: Lab
    rendering: Rendering

    def make(self, items: Sequence[Item]) -> list[Outcome]:
        if any(item.latent is not None for item in items):
            return [self._of_latent(item) for item in items]
        return self._of_seeds([item.seed for item in items if item.seed is not None])

    def _of_seeds(self, seeds: Sequence[int]) -> list[Outcome]:
        plan = Generate(tuple(seeds), rendering=self.rendering).plan(self.studio)
        pictures = {order.number: picture for order, picture in zip(plan.orders, plan.draw(), strict=True)}
        latents = {seed: plan.latents([seed]) for seed in pictures}
        return [
            Made(
                {}, latents[seed], Drawn(pictures[seed].image, pictures[seed].recipe),
                hash=fingerprint({"values": latents[seed].values}),
            )
            for seed in seeds
        ]  # fmt: skip

    @torch.no_grad()
    def _of_latent(self, item: Item) -> Outcome:
        assert item.latent is not None, "asked before"
        try:
            pulled = self.rendering.pull(self.studio.generator, self._here(item.latent))
            image = self.rendering.synthesise(self.studio.generator, pulled, 0)[0]
        except LatentLabError as error:
            return error
        digest = fingerprint({"values": item.latent.values})
        story = self._story() | {"latent": {"id": item.id, "hash": digest}}
        return Made({}, pulled, Drawn(image, story), hash=digest)

    def _here(self, latent: Latent) -> Latent:
        return latent.with_values(latent.values.to(self.studio.generator.device))

    def _story(self) -> dict[str, object]:
        frame = Generate(rendering=replace(self.rendering))
        return recipe(self.studio, "batch render", frame, batch=min(1, batch_size(self.studio.generator)))
