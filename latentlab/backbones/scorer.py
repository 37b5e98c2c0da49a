"""How scorers are taught: renders with known factors in, every visible factor out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from latentlab.backbones.scorer_loss import known_absolute, weighted_huber
from latentlab.core.errors import BadInput
from latentlab.core.image import from_pixels
from latentlab.core.ranges import Between, Count, MoreThan, Pixels, Rate, Share, Width, check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch, silent
from latentlab.networks.build import build
from latentlab.networks.files import load
from latentlab.networks.regressor import HALVINGS
from latentlab.scorers.learned import read_twice
from latentlab.scorers.targets import NAMES, TARGETS, UNITS, mirror_signs
from latentlab.teaching.plan import TrainingPlan
from latentlab.teaching.saving import add_to_story
from latentlab.teaching.teach import teach
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks, Trainable

TRUNKS = {"guide": "residual", "judge": "plain", "witness": "attention"}
LOSSES: dict[str, Callable[[Tensor, Tensor], dict[str, Tensor]]] = {
    "guide": weighted_huber, "judge": weighted_huber, "witness": known_absolute,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Labelled:
    """Renders in memory with what is known about them."""

    pixels: Tensor
    """uint8 [n h w 3]."""
    values: Tensor
    """[n names] for scorers (see `scorers.targets`; NaN where nobody knows), or int64 [n] person numbers for identity."""

    def __post_init__(self) -> None:
        if len(self.pixels) != len(self.values):
            raise BadInput(
                f"{len(self.pixels)} pictures but {len(self.values)} rows of truth; render the set again"
            )


@dataclass(frozen=True, eq=False)
class Shuffled:
    """A source for the trainer: sample number → a row of the data, every epoch in another order."""

    data: Labelled
    seed: int

    def __call__(self, numbers: Sequence[int]) -> dict[str, Tensor]:
        n = len(self.data.pixels)
        rows = torch.tensor([int(self._order(number // n)[number % n]) for number in numbers])
        return {"images": from_pixels(self.data.pixels[rows]), "values": self.data.values[rows]}

    def _order(self, epoch: int) -> Tensor:
        cache = self.__dict__.setdefault("_orders", {})
        if epoch not in cache:
            cache.clear()
            cache[epoch] = torch.randperm(
                n := len(self.data.pixels), generator=torch.Generator().manual_seed(self.seed + epoch)
            )
            assert len(cache[epoch]) == n
        return cache[epoch]


def roughen(images: Tensor, seed: int) -> Tensor:
    """Small shifts, lost resolution, brightness and grain, so that generated faces are read as well as renders."""
    draw = torch.Generator().manual_seed(seed)
    n, _, side, _ = images.shape

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, generator=draw)

    matrix = torch.zeros(n, 2, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = uniform(0.97, 1.03)
    matrix[:, 0, 2], matrix[:, 1, 2] = uniform(-0.03, 0.03), uniform(-0.03, 0.03)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    images = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    if float(torch.rand((), generator=draw)) < 0.3:
        small = int(side * float(torch.empty(()).uniform_(0.45, 0.9, generator=draw)))
        images = F.interpolate(images, (small, small), mode="bilinear", antialias=True)
        images = F.interpolate(images, (side, side), mode="bicubic")
    images = images * uniform(0.93, 1.07)[:, None, None, None] + uniform(-0.05, 0.05)[:, None, None, None]
    grain = torch.randn(images.shape, generator=draw) * uniform(0, 0.04)[:, None, None, None]
    return (images + grain).clamp(-1, 1)


def mirrored(images: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Half of the images left for right, and which ones: bool [n]. Faces have no preferred side, so it is twice the data."""
    chosen = torch.rand(len(images), generator=torch.Generator().manual_seed(seed + 2**32)) < 0.5
    chosen = chosen.to(images.device)
    return torch.where(chosen[:, None, None, None], images.flip(-1), images), chosen


@dataclass(frozen=True)
class ScorerTraining(Trainable):
    """Regression of all targets at once, each in standard deviations; each role has a trunk and a loss."""

    role: str = "guide"
    """`guide` (residual trunk), `judge` (plain trunk) or `witness` (attention): other people and another seed each."""
    width: Annotated[int, Between(4, 4096)] = 32
    """Channels of the first stage."""
    size: Pixels = 96
    """Pixels a side that the network reads."""
    depth: Annotated[int, Between(1, 100)] = 1
    """Convolutions (guide: residual units) at each size; blocks of attention for a witness."""
    rate: Rate = 2e-3
    """Highest learning rate; falls along a cosine after a short rise."""
    images: Count = 200_000
    """Length of the training, for the schedule."""
    half: bool = True
    """bfloat16 arithmetic in the trunk."""
    mean: tuple[float, ...] = ()
    """Of each target over the data."""
    spread: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check(self)

    def fitted(self, values: Tensor) -> ScorerTraining:
        """With mean and spread of these targets, [n names]."""
        mean = values.nanmean(0)
        spread = (values - mean).square().nanmean(0).sqrt().clamp_min(1e-6)
        return replace(self, mean=tuple(mean.tolist()), spread=tuple(spread.tolist()))

    def parts(self, networks: Networks) -> Mapping[str, str]:
        return {"scorer": self.role}

    def facts(self) -> Mapping[str, Any]:
        return {"role": self.role, "names": NAMES, "units": UNITS}

    def networks(self) -> Networks:
        arguments = {
            "trunk": TRUNKS[self.role], "width": self.width, "size": self.size, "outputs": len(NAMES), "depth": self.depth,
            "halvings": halvings_for(self.size),
        }  # fmt: skip
        network: Any = build("scorer", arguments, None, int(torch.randint(2**31, ())), trainable=True)
        network.mean.copy_(torch.tensor(self.mean))
        network.spread.copy_(torch.tensor(self.spread))
        return {"scorer": network.to(memory_format=torch.channels_last)}

    def optimizers(self, networks: Networks) -> Mapping[str, Optimizer]:
        return {"scorer": AdamW(networks["scorer"].parameters(), lr=self.rate, weight_decay=1e-2)}

    def rate_factor(self, images: int) -> float:
        return cosine(images / self.images)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        network: Any = networks["scorer"]

        def losses(batch: dict[str, Tensor], moment: Moment) -> dict[str, Tensor]:
            images, turned = mirrored(batch["images"], moment.images)
            with torch.autocast(moment.device.type, torch.bfloat16, enabled=self.half):
                guess = network.normalised(roughen(images, moment.images))
            values = torch.where(turned[:, None], batch["values"] * mirror_signs(), batch["values"])
            truth = (values - network.mean) / network.spread
            return LOSSES[self.role](guess.float(), truth)

        return [Phase("regress", ("scorer",), losses)]


@dataclass(frozen=True)
class IdentityTraining(Trainable):
    """Large-margin softmax over rendered people (Wang et al. 2018, CosFace: scale s, margin m on the cosine)."""

    people: Count = 1000
    """How many people the data has."""
    width: Annotated[int, Between(4, 4096)] = 32
    size: Pixels = 96
    outputs: Width = 128
    rate: Rate = 2e-3
    images: Count = 200_000
    scale: Annotated[float, MoreThan(0, 1000)] = 24.0
    margin: Share = 0.25
    half: bool = True

    def __post_init__(self) -> None:
        check(self)

    def parts(self, networks: Networks) -> Mapping[str, str]:
        return {"embedding": "identity"}

    def networks(self) -> Networks:
        head = nn.Linear(self.outputs, self.people, bias=False)
        arguments = {"trunk": "residual", "width": self.width, "size": self.size, "outputs": self.outputs}
        embedding = build("embedding", arguments, None, int(torch.randint(2**31, ())), trainable=True)
        return {"embedding": embedding, "people": head}

    def optimizers(self, networks: Networks) -> Mapping[str, Optimizer]:
        return {
            name: AdamW(network.parameters(), lr=self.rate, weight_decay=1e-2)
            for name, network in networks.items()
        }

    def rate_factor(self, images: int) -> float:
        return cosine(images / self.images)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        embedding, head = networks["embedding"], networks["people"]
        weight: Any = head.weight

        def losses(batch: dict[str, Tensor], moment: Moment) -> dict[str, Tensor]:
            images, _ = mirrored(batch["images"], moment.images)
            with torch.autocast(moment.device.type, torch.bfloat16, enabled=self.half):
                vectors = embedding(roughen(images, moment.images))
            cosines = vectors.float() @ F.normalize(weight, dim=1).T
            margin = self.margin * min(
                moment.images / (0.2 * self.images), 1.0
            )  # grows in, or nothing is learned
            own = F.one_hot(batch["values"], self.people).to(cosines)
            return {"margin softmax": F.cross_entropy(self.scale * (cosines - margin * own), batch["values"])}

        return [Phase("tell apart", ("embedding", "people"), losses)]


def halvings_for(size: int) -> int:
    """How often a trunk halves pictures of this side: 4 below 128 pixels, 5 below 256."""
    return max(HALVINGS, size.bit_length() - 3)


def cosine(done: float) -> float:
    """A rise over the first 3 %, then a half cosine down to 1 % of the rate."""
    if done < 0.03:
        return max(done / 0.03, 0.02)
    return 0.01 + 0.99 * 0.5 * (1 + float(torch.cos(torch.tensor(min(done, 1.0) * torch.pi))))


def train_scorer(
    model: ScorerTraining, data: Labelled, held_out: Labelled, plan: TrainingPlan, watch: Watch = silent
) -> Path:
    """Train a guide, a judge or a witness; its file's story holds names, units and the held-out R² of each."""
    path = teach(model, Shuffled(data, plan.schedule.seed), plan, watch)["scorer"]
    return add_to_story(path, r2=explained(load(path), held_out), **_numbers(data, held_out, plan))


def train_identity(
    model: IdentityTraining, data: Labelled, held_out: Labelled, plan: TrainingPlan, watch: Watch = silent
) -> Path:
    """Train the identity embedding; the story holds its verification accuracy on people it never saw."""
    path = teach(model, Shuffled(data, plan.schedule.seed), plan, watch)["embedding"]
    accuracy = verification(predict(load(path), held_out.pixels), held_out.values)
    return add_to_story(
        path, verification_accuracy=accuracy, people=model.people, **_numbers(data, held_out, plan)
    )


def _numbers(data: Labelled, held_out: Labelled, plan: TrainingPlan) -> dict[str, int]:
    return {
        "seed": plan.schedule.seed,
        "images": plan.images,
        "pictures": len(data.pixels),
        "held_out": len(held_out.pixels),
    }


@torch.no_grad()
def predict(network: Callable[[Images], Tensor], pixels: Tensor, batch: int = 100) -> Tensor:
    """Outputs for many pictures, [n outputs]."""
    return torch.cat([network(from_pixels(part)) for part in pixels.split(batch)])


def explained(network: nn.Module, data: Labelled) -> dict[str, float]:
    """R² of each target on these pictures, read as scorers are used: straight and mirrored."""
    read = predict(lambda images: read_twice(network, images, mirror_signs()), data.pixels)
    left = (read - data.values).square().mean(0)
    share = 1 - left / data.values.var(0, unbiased=False).clamp_min(1e-12)
    return {target.name: round(float(value), 4) for target, value in zip(TARGETS, share, strict=True)}


def verification(vectors: Tensor, people: Tensor) -> float:
    """Accuracy of "same person?" at the best threshold, as many pairs of one person as of two."""
    similarity = vectors @ vectors.T
    same = people[:, None] == people[None]
    upper = torch.triu(torch.ones_like(same), diagonal=1)
    own, other = similarity[same & upper], similarity[~same & upper]
    other = other[torch.randperm(len(other), generator=torch.Generator().manual_seed(0))[: len(own)]]
    steps = torch.linspace(-1, 1, 401)
    return float(max(((own > s).float().mean() + (other <= s).float().mean()) / 2 for s in steps))
