"""Iterative residual encoding (Alaluf et al. 2021, ReStyle): the encoder sees photo and render and corrects itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.inversion import Inversion
from latentlab.core.latent import Space
from latentlab.core.shapes import Images
from latentlab.inversion.encode import fitting, need_encoder
from latentlab.inversion.inverter import Given, Inverter, Stopwatch, checked, finish, start_in
from latentlab.inversion.objective import visible
from latentlab.inversion.resize import resize
from latentlab.inversion.statistics import average


@dataclass(frozen=True)
class Refine(Inverter):
    """Each pass feeds the photo beside the last render and adds the answer to the latent."""

    passes: int = 5
    """How often; the paper uses 5."""

    def __post_init__(self) -> None:
        if self.passes < 1:
            raise BadInput(f"refine takes at least one pass, not {self.passes}")

    def invert(self, generator: Generator, faces: Images, given: Given = Given()) -> Inversion:  # noqa: B008
        watch = Stopwatch(generator.device)
        target, mask = checked(generator, faces, given)
        encoder = need_encoder(given, channels=6, method="refine")
        latent = start_in(generator, given, Space.W_PLUS, len(target)) or average(
            generator, Space.W_PLUS, len(target)
        )

        size = int(getattr(encoder, "input_size", 256))
        with torch.no_grad():
            for done in range(self.passes):
                render = generator.render(latent)
                seen = visible(target, mask, render)
                pair = torch.cat([resize(seen, size), resize(render, size)], dim=1)  # [n 6 size size]
                latent = latent.with_values(latent.values + self._difference(encoder, generator, pair))
                given.watch((done + 1) / self.passes, f"pass {done + 1}")
        result = finish(generator, (target, mask), latent, given)
        return replace(result, seconds=watch.seconds, steps=self.passes, method=repr(self))

    @staticmethod
    def _difference(encoder: nn.Module, generator: Generator, pair: Tensor) -> Tensor:
        """What the encoder would change; the average that single-pass encoders add to their answer stays out."""
        answer = getattr(encoder, "codes", encoder)(pair).to(generator.w_average)
        return fitting(answer, generator).values
