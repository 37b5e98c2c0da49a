"""The pairs on disk as batches: one account of each change, mirrored and retinted at random."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import avg_pool2d

from latentlab.backbones.carry.degrade import degraded
from latentlab.backbones.carry.pairs import Pairs, joined
from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images

KINDS = {"render": 0.76, "bent": 0.14, "photographed": 0.10}
"""First words of the shards' names, and their share of a batch."""
ACCOUNTS = (0.25, 0.30, 0.45)
"""Shares of degraded truths, of inversions and of edits among rendered pairs."""
STILL = 0.06
"""Share of pairs in which nothing is to change."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What the network sees and what it should make of it."""

    photo: Images
    truth: Images
    before: Images
    after: Images
    flow: Tensor
    seen: Tensor
    """Shares, [n 1 128 128]."""
    known: Tensor
    """1 where flow and seen are known, [n 1 1 1]."""


def save_pairs(pairs: Pairs, path: Path) -> Path:
    """One shard, there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    save_file(pairs.to_dict(), draft)
    os.replace(draft, path)
    return path


@dataclass(eq=False)
class Pool:
    """A folder of shards that may still be growing."""

    folder: Path
    seed: int = 0
    shards: dict[str, list[Pairs]] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    def refresh(self) -> int:
        """Reads what is new; returns how many pairs there are."""
        for path in sorted(self.folder.glob("*.safetensors")):
            kind = path.stem.rstrip("0123456789")
            if path.name not in self.read and kind in KINDS:
                self.read.add(path.name)
                self.shards.setdefault(kind, []).append(Pairs(**load_file(path)))
        if not self.shards:
            raise BadInput(f"{self.folder} holds no pairs; make some first")
        return sum(len(shard.photo) for shards in self.shards.values() for shard in shards)

    def draw(self, count: int, step: int) -> Batch:
        """Batch number `step`."""
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        kinds = list(self.shards)
        shares = torch.tensor([KINDS[kind] for kind in kinds])
        chosen = [
            kinds[int(place)]
            for place in torch.multinomial(shares, count, replacement=True, generator=random)
        ]
        pairs = joined([self._one(kind, random) for kind in chosen])
        batch = _told(pairs, [kind == "render" for kind in chosen], random)
        return _retinted(_mirrored(batch, random), random)

    def _one(self, kind: str, random: torch.Generator) -> Pairs:
        shards = self.shards[kind]
        shard = shards[int(torch.randint(len(shards), (1,), generator=random))]
        place = int(torch.randint(len(shard.photo), (1,), generator=random))
        return Pairs(**{name: value[place : place + 1] for name, value in shard.to_dict().items()})


def _told(pairs: Pairs, rendered: list[bool], random: torch.Generator) -> Batch:
    photo, truth, before, inverted, moved = (
        images.float() / 127.5 - 1
        for images in (pairs.photo, pairs.truth, pairs.before, pairs.inverted, pairs.moved)
    )
    count = len(photo)
    kind = torch.multinomial(torch.tensor(ACCOUNTS), count, replacement=True, generator=random)
    kind = torch.where(torch.tensor(rendered), kind, kind.clamp(max=1))
    shrink = photo.shape[-1] // before.shape[-1]
    soft, later = degraded(avg_pool2d(photo, shrink), avg_pool2d(truth, shrink), random)
    kind = kind[:, None, None, None]
    before = torch.where(kind == 0, soft, before)
    after = torch.where(kind == 0, later, torch.where(kind == 1, inverted, moved))

    still = (torch.rand(count, generator=random) < STILL)[:, None, None, None]
    return Batch(
        photo, torch.where(still, photo, truth), before, torch.where(still, before, after),
        torch.where(still, torch.zeros(()), pairs.flow.float()),
        torch.where(still, torch.ones(()), pairs.seen.float() / 255),
        (pairs.known[:, None, None, None] | still).float(),
    )  # fmt: skip


def _mirrored(batch: Batch, random: torch.Generator) -> Batch:
    turned = (torch.rand(len(batch.photo), generator=random) < 0.5)[:, None, None, None]
    sign = torch.tensor([-1.0, 1.0])[None, :, None, None]

    def mirror(values: Tensor) -> Tensor:
        return torch.where(turned, values.flip(3), values)

    return Batch(
        mirror(batch.photo), mirror(batch.truth), mirror(batch.before), mirror(batch.after),
        torch.where(turned, batch.flow.flip(3) * sign, batch.flow), mirror(batch.seen), batch.known,
    )  # fmt: skip


def _retinted(batch: Batch, random: torch.Generator) -> Batch:
    """Photo and truth in another light than the generator's pictures, as inversions have it."""
    count = len(batch.photo)
    gain = 1 + 0.08 * torch.randn(count, 3, 1, 1, generator=random)
    lift = 0.08 * torch.randn(count, 3, 1, 1, generator=random)

    def tint(images: Images) -> Images:
        return (images * gain + lift).clamp(-1, 1)

    return Batch(
        tint(batch.photo), tint(batch.truth), batch.before, batch.after, batch.flow, batch.seen, batch.known
    )
