"""The randomness of one phase of one step: a generator for each sample, so a sample never depends on its batch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor


def seed_of(*parts: object) -> int:
    """A 63-bit seed from any parts, the same on every machine and in every process."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


class Draws:
    """Numbers for the samples `numbers` of a training (counted over all steps and processes).

    Whatever the number of processes or rounds that a batch is dealt to, sample k gets the same draws; and they follow
    from the seed alone, so there is no state to save.
    """

    def __init__(self, numbers: Sequence[int], *key: object, device: torch.device | str = "cpu") -> None:
        self.numbers = list(numbers)
        self.key = key
        self.device = torch.device(device)
        self._generators: list[torch.Generator] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def normal(self, *shape: int) -> Tensor:
        """N(0, 1), [n *shape]; drawn on the CPU, since small, and moved."""
        return self._stack([torch.randn(shape, generator=one) for one in self._each()])

    def uniform(self, *shape: int) -> Tensor:
        """U(0, 1), [n *shape]."""
        return self._stack([torch.rand(shape, generator=one) for one in self._each()])

    def large_normal(self, *shape: int) -> Tensor:
        """N(0, 1), [n *shape], drawn on the device itself: for noise maps."""
        if self.device.type == "cpu":
            return self.normal(*shape)
        generator = torch.Generator(self.device).manual_seed(seed_of("large", *self.key, self.numbers[0]))
        return torch.randn((len(self), *shape), generator=generator, device=self.device)

    def some(self, every: int, *key: object) -> Draws:
        """Draws for every `every`-th of the samples, independent of these."""
        return Draws(self.numbers[::every], *self.key, *key, device=self.device)

    def _each(self) -> list[torch.Generator]:
        if self._generators is None:
            self._generators = [torch.Generator().manual_seed(seed_of(*self.key, k)) for k in self.numbers]
        return self._generators

    def _stack(self, draws: list[Tensor]) -> Tensor:
        return torch.stack(draws).to(self.device, non_blocking=True)


def deal(batch: int, parts: int, part: int, group: int = 1) -> list[int]:
    """Which samples of a batch go to one of several processes (or rounds) so that minibatch-std groups stay whole.

    The discriminator's group m of a batch of M·`group` samples holds m, M+m, 2M+m, …; a process gets whole groups.
    """
    if batch % (parts * group):
        raise ValueError(f"a batch of {batch} does not divide into {parts} parts with groups of {group}")
    return torch.arange(batch).reshape(group, parts, batch // group // parts)[:, part].reshape(-1).tolist()
