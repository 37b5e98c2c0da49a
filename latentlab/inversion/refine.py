"""Iterative residual encoding (Alaluf et al. 2021, ReStyle): the encoder sees photo and render and corrects itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import torch

from latentlab.core.errors import MissingPart
from latentlab.core.generator import Generator
from latentlab.core.inversion import Inversion
from latentlab.core.latent import Space
from latentlab.core.ranges import Between
from latentlab.core.shapes import Images
from latentlab.inversion.encode import iterates, look_again, need_encoder
from latentlab.inversion.inverter import Given, Inverter, Stopwatch, checked, finish, start_in
from latentlab.inversion.objective import visible
from latentlab.inversion.statistics import average


@dataclass(frozen=True)
class Refine(Inverter):
    """Each pass feeds the photo beside the last render and adds the answer to the latent."""

    passes: Annotated[int, Between(1, 100)] = 5
    """How often; the paper uses 5."""

    batched: ClassVar[bool] = True

    def invert(self, generator: Generator, faces: Images, given: Given = Given()) -> Inversion:  # noqa: B008
        watch = Stopwatch(generator.device)
        target, mask = checked(generator, faces, given)
        encoder = need_encoder(given, method="refine")
        if not iterates(encoder):
            raise MissingPart(
                "the method 'refine' needs an encoder that was trained to correct itself (6 channels); "
                "this one answers once: use `method` encode"
            )
        whole = bool((mask == 1).all())
        latent = start_in(generator, given, Space.W_PLUS, len(target)) or average(
            generator, Space.W_PLUS, len(target)
        )

        with torch.no_grad():
            for done in range(self.passes):
                seen = faces.to(target) if whole else visible(target, mask, generator.render(latent))
                latent = look_again(encoder, generator, seen, latent)
                given.watch((done + 1) / self.passes, f"pass {done + 1}")
        result = finish(generator, (target, mask), latent, given)
        return replace(result, seconds=watch.seconds, steps=self.passes, method=repr(self))
