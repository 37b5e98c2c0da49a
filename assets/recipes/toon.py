"""The child `toon`: python assets/recipes/toon.py --out runs/toon [--seconds 3000] [--people 1600].

Pairs of the face world: the latent of a person's photograph, and the same person's cartoon. Needs the face model.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, softplus

from latentlab.backbones.difference import low_rank
from latentlab.core.seeds import draw_z
from latentlab.inversion.encode import settle
from latentlab.networks.perceptual import DiscriminatorDistance
from latentlab.studio import Studio
from latentlab.studio.learning.training import discriminator_of
from latentlab.studio.shelf.companions import find_encoder
from latentlab.studio.shelf.styles import own_parts
from latentlab.training.losses import gradient_penalty
from latentlab.world.laws import draw_faces
from latentlab.world.render import load_renderer

SEED, SIZE, BATCH, EVERY = 4242, 128, 4, 16


@dataclass(eq=False)
class People:
    """Latents and cartoons, more of them with every other step until there are enough."""

    studio: Studio
    most: int
    latents: list[Tensor] = field(default_factory=list)
    cartoons: list[Tensor] = field(default_factory=list)

    @torch.no_grad()
    def more(self) -> None:
        faces = draw_faces(BATCH, "natural", SEED, len(self.latents))
        renderer, encoder = load_renderer(), find_encoder(self.studio)
        assert encoder is not None, "faces ships with one"
        photos = renderer.render(faces, SIZE).images
        self.latents += list(settle(encoder, self.studio.generator, photos).values)
        self.cartoons += list(renderer.render(faces, SIZE, style="toon").images)

    def some(self, draw: np.random.Generator) -> tuple[Tensor, Tensor]:
        rows = draw.integers(len(self.latents), size=BATCH)
        return torch.stack([self.latents[i] for i in rows]), torch.stack([self.cartoons[i] for i in rows])


@dataclass(eq=False)
class Training:
    """The child, its average, and a discriminator of cartoons."""

    parent: Any
    critic: Any
    step: int = 0

    def __post_init__(self) -> None:
        self.child, self.average = copy.deepcopy(self.parent), copy.deepcopy(self.parent)
        self.distance = DiscriminatorDistance(copy.deepcopy(self.critic).requires_grad_(False))
        self.child.requires_grad_(True)
        taught = [p for n, p in self.child.named_parameters() if "mapping" not in n and "noise_strength" not in n]
        self.critic.requires_grad_(True)
        self.first = next(iter(self.critic.blocks())).requires_grad_(False)
        judged = [p for p in self.critic.parameters() if p.requires_grad]
        self.optimizers = [
            (torch.optim.Adam(taught, betas=(0.0, 0.99)), 2e-3),
            (torch.optim.Adam(judged, betas=(0.0, 0.99)), 1e-3),
        ]

    def draw(self, w: Tensor, cartoons: Tensor) -> Tensor:
        """Fool the critic and come near to the cartoons; returns the pictures of samples."""
        z = draw_z(range(10**6 + BATCH * self.step, 10**6 + BATCH * (self.step + 1)), self.parent.z_width)
        samples = self.parent.map(z)[:, None].repeat(1, self.parent.layers, 1).detach()
        drawn = self.child(self.child.styles(torch.cat([w, samples])))
        self.critic.requires_grad_(False)
        mine, verdict = drawn[:BATCH], self.critic(drawn)[:, 0]
        unlike = sum((avg_pool2d(mine, k) - avg_pool2d(cartoons, k)).abs().mean() for k in (1, 4, 8))
        loss = 4 * unlike + 4 * self.distance(mine, cartoons).mean() + 0.5 * softplus(-verdict).mean()
        self._descend(0, loss)
        return drawn.detach()[BATCH:]

    def judge(self, drawn: Tensor, cartoons: Tensor) -> None:
        self.critic.requires_grad_(True)
        self.first.requires_grad_(False)
        loss = softplus(self.critic(drawn)).mean() + softplus(-self.critic(cartoons)).mean()
        if self.step % EVERY == 0:
            real = cartoons.clone().requires_grad_()
            loss = loss + gradient_penalty(self.critic(real), real).mean() * EVERY / 2
        self._descend(1, loss)

    @torch.no_grad()
    def follow(self) -> None:
        share = 1 - min(0.998, (1 + self.step) / (10 + self.step))
        for mean, value in zip(self.average.parameters(), self.child.parameters(), strict=True):
            mean.lerp_(value, share)
        self.step += 1

    def slow(self, rate: float) -> None:
        for optimizer, base in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = base * rate

    def _descend(self, which: int, loss: Tensor) -> None:
        optimizer = self.optimizers[which][0]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=3000)
    parser.add_argument("--people", type=int, default=1600)
    given = parser.parse_args()
    studio, draw, start = Studio(device="cpu"), np.random.default_rng(1), monotonic()
    people = People(studio, given.people)
    training = Training(studio.generator, copy.deepcopy(discriminator_of(studio)))
    while len(people.latents) < 64:
        people.more()
    while (left := 1 - (monotonic() - start) / given.seconds) > 0:
        training.slow(min(1.0, left / 0.3))
        if len(people.latents) < given.people and training.step % 2 == 0:
            people.more()
        drawn = training.draw(*people.some(draw))
        _, cartoons = people.some(draw)
        training.judge(drawn, cartoons.flip(3) if training.step % 2 else cartoons)
        training.follow()
    own, child = own_parts(studio), training.average.state_dict()
    kept = {n: v if "noise_const" in n or "w_avg" in n else child[n].float() for n, v in own.tensors.items()}
    told = {"style": "toon", "steps": training.step, "pairs": len(people.latents), "kind of network": own.kind}
    low_rank(own.tensors, kept).small().save(given.out / "difference.safetensors", told)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
