"""A latent mover for attributes that no line can follow: the joint move, taken anew at every point of its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import torch
from torch import Tensor, nn

from latentlab.core.direction import Direction
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.ranges import Batch, Between, Rate, Seed, Share, Weight, Width
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Source, Supervised, need_bank, supervised_samples
from latentlab.directions.steps import step_of


def score_network(width: int, hidden: int, names: int) -> nn.Sequential:
    """Scores as a smooth function of w: two hidden layers, softplus so that its Jacobian is smooth too."""
    return nn.Sequential(
        nn.Linear(width, hidden),
        nn.Softplus(),
        nn.Linear(hidden, hidden),
        nn.Softplus(),
        nn.Linear(hidden, names),
    )


@dataclass(frozen=True, eq=False)
class FlowDirection(Direction):
    """Moves w along dw/dt = C·Jᵀ(J·C·Jᵀ + λI)⁻¹·e: attribute k rises by one step for each unit of time while the
    others, at this point, stay. J is the Jacobian of the learned scores at w, C the covariance of w; `vector` is
    the move at the average w."""

    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    """The score network (`0.weight`, ...), `mean` and `root` (C = root·rootᵀ) of w."""
    column: int = 0
    """Which output is the attribute."""
    slack: float = 1e-2
    """λ, as a share of the mean of the diagonal."""
    stride: float = 0.25
    """Longest stretch of strength between two looks at the Jacobian."""
    per_step: float = 1.0
    """Standard deviations of the attribute that make one step."""

    def apply(self, latent: Latent, strength: float | Tensor) -> Latent:
        """The latent after `strength` steps along the flow; in W+ each layer is moved by what moves their mean."""
        if latent.space not in (Space.W, Space.W_PLUS):
            return super().apply(latent, strength)  # raises: it lives in W
        start = latent.values.mean(1) if latent.space is Space.W_PLUS else latent.values
        total = torch.as_tensor(strength, dtype=start.dtype, device=start.device).reshape(-1, 1)
        looks = max(int((total.abs().max() / self.stride).ceil()), 1)
        moved = start
        for _ in range(looks):
            moved = moved + (total / looks) * self._velocity(moved.detach())
        change = moved - start
        if latent.space is Space.W_PLUS:
            mask = self.within_layers(torch.ones_like(latent.values[0]))
            change = change[:, None] * mask
        return latent.with_values(latent.values + change)

    def stretched(self, factor: float) -> FlowDirection:
        """The same flow with a step so many times as long."""
        return replace(self, vector=self.vector * factor, per_step=self.per_step * factor)

    def _velocity(self, w: Tensor) -> Tensor:
        """[n width]: one step's change of w at these points."""
        tensors = {name: value.to(w) for name, value in self.tensors.items()}
        root = tensors.pop("root")
        inputs = torch.linalg.solve_triangular(root, (w - tensors.pop("mean")).T, upper=False).T
        jacobian = _jacobian(tensors, inputs)  # [n names width], whitened coordinates
        gram = jacobian @ jacobian.transpose(1, 2)
        mean_diagonal = gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
        gram = gram + self.slack * mean_diagonal * torch.eye(gram.shape[1]).to(gram)
        wish = torch.zeros(len(w), gram.shape[1], 1).to(gram)
        wish[:, self.column] = self.per_step
        move = (jacobian.transpose(1, 2) @ torch.linalg.solve(gram, wish))[..., 0]
        return move @ root.T


def _jacobian(tensors: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
    """Of `score_network`, in closed form: W₂·diag σ(h₁)·W₁·diag σ(h₀)·W₀, [n names width]."""
    first = inputs @ tensors["0.weight"].T + tensors["0.bias"]
    second = torch.nn.functional.softplus(first) @ tensors["2.weight"].T + tensors["2.bias"]
    inner = tensors["2.weight"] @ (first.sigmoid()[:, :, None] * tensors["0.weight"])
    return tensors["4.weight"] @ (second.sigmoid()[:, :, None] * inner)


@dataclass(frozen=True)
class Flow(Supervised):
    """Learn the scores as a function of w from the bank, then follow the gradient that holds the others."""

    hidden: Width = 128
    """Width of the score network."""
    epochs: Annotated[int, Between(1, 10_000)] = 12
    """Passes over the samples."""
    rate: Rate = 2e-3
    """Learning rate at the start; it falls to nothing along a cosine."""
    batch: Batch = 256
    """Samples in one optimiser step."""
    decay: Weight = 1e-3
    """Weight decay."""
    slack: Share = 1e-2
    """How softly the others are held; 0 holds them exactly."""
    seed: Seed = 0
    """Of the initial weights and the order."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank = need_bank(source)
        found = supervised_samples(bank, (self.attribute,), self.samples, generator.w_width)
        mean = found.w.mean(0)
        centred = (found.w - mean).double()
        covariance = centred.T @ centred / len(centred)
        covariance += 1e-4 * covariance.diagonal().mean() * torch.eye(len(covariance), dtype=torch.float64)
        root = torch.linalg.cholesky(covariance)
        inputs = torch.linalg.solve_triangular(root, centred.T, upper=False).T.float()
        spread = found.scores.std(0).clamp_min(1e-9)
        targets = (found.scores - found.scores.mean(0)) / spread

        network, explained = self._fit(inputs, targets, watch)

        column = bank.key.names.index(self.attribute)
        unit = bank.key.units[column]
        step = step_of(unit, found.column(self.attribute))
        tensors = {name: value.detach() for name, value in network.state_dict().items()}
        tensors |= {"mean": mean, "root": root.float().contiguous()}
        flow = FlowDirection(
            self.name or self.attribute, Space.W, torch.zeros(generator.w_width), unit=unit, step=step, model=generator.hash,
            found_by=repr(self), tensors=tensors, column=column, slack=self.slack, per_step=step / float(spread[column]),
            story={"attribute": self.attribute, "n": self.samples, "explained": float(explained[column])},
        )  # fmt: skip
        vector = flow._velocity(mean[None])[0]
        return [FlowDirection(**{**flow.__dict__, "vector": vector})]

    def _fit(self, inputs: Tensor, targets: Tensor, watch: Watch) -> tuple[nn.Sequential, Tensor]:
        """The score network and the share of variance it explains on the tenth held out."""
        draw = torch.Generator().manual_seed(self.seed)
        cut = len(inputs) - len(inputs) // 10
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = score_network(inputs.shape[1], self.hidden, targets.shape[1])
        steps = self.epochs * -(-cut // self.batch)
        optimiser = torch.optim.AdamW(network.parameters(), self.rate, weight_decay=self.decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for epoch in range(self.epochs):
            for picks in torch.randperm(cut, generator=draw).split(self.batch):
                optimiser.zero_grad()
                (network(inputs[picks]) - targets[picks]).square().mean().backward()
                optimiser.step()
                schedule.step()
            watch((epoch + 1) / self.epochs, "learning the scores")
        with torch.no_grad():
            left = (network(inputs[cut:]) - targets[cut:]).square().mean(0)
        return network.eval(), 1 - left / targets[cut:].var(0).clamp_min(1e-9)
