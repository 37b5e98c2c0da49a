"""Several processes as one: gradients averaged once per phase by a flat all-reduce (no DDP: R1 and path length)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train together (data parallel); alone unless started by torchrun."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a tensor over all processes; carries no gradient."""
        value = value.detach()
        if self.size == 1:
            return value
        value = value.clone()
        dist.all_reduce(value)
        return value / self.size

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over all processes: one all-reduce of them laid end to end."""
        if self.size == 1:
            return
        parameters = list(parameters)
        # a parameter may have a gradient in some processes only, or in none: the last numbers tell
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        has = torch.tensor([float(p.grad is not None) for p in parameters], device=gradients[0].device)
        flat = torch.cat([*(gradient.reshape(-1).float() for gradient in gradients), has])
        dist.all_reduce(flat)
        *parts, has = (flat / self.size).split([*(g.numel() for g in gradients), len(parameters)])
        for parameter, part, some in zip(parameters, parts, has.tolist(), strict=True):
            parameter.grad = part.reshape(parameter.shape).to(parameter.dtype) if some else None

    def broadcast(self, modules: Iterable[nn.Module]) -> None:
        """Every process takes the parameters and buffers of the first."""
        if self.size == 1:
            return
        for module in modules:
            for value in module.state_dict().values():
                dist.broadcast(value, 0)

    def agree(self, flag: bool) -> bool:
        """Whether any process says so."""
        if self.size == 1:
            return flag
        value = torch.tensor(float(flag), device="cuda" if dist.get_backend() == "nccl" else "cpu")
        dist.all_reduce(value, dist.ReduceOp.MAX)
        return bool(value.item())


ALONE = ProcessGroup()


@contextmanager
def process_group(device: torch.device | str = "cpu") -> Iterator[ProcessGroup]:
    """The group that torchrun describes in the environment; joined on entering, left at the end.

    One that the process is in already, as Ray Train has it, is taken and stays.
    """
    if dist.is_available() and dist.is_initialized():
        yield ProcessGroup(dist.get_rank(), dist.get_world_size())
        return
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    backend = "nccl" if torch.device(device).type == "cuda" else "gloo"
    dist.init_process_group(backend)
    try:
        yield ProcessGroup(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()
