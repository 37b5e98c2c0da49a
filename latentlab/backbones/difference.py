"""A child network as its difference from the parent: low rank, or whole, in fp16 or 8 bits; the file names the parent's hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from latentlab.core.errors import BadFile, BadInput, WrongGenerator
from latentlab.core.fingerprint import fingerprint
from latentlab.store.archive import Archive
from latentlab.store.bridge import Foreign
from latentlab.store.packing import packed, unpacked

KIND = "difference"
LOW_RANK_BYTES = 2_000_000
WHOLE_BYTES = 8_000_000
Form = Literal["low rank", "whole"]


@dataclass(frozen=True, eq=False)
class Difference:
    """What a child's weights add to its parent's."""

    form: Form
    tensors: Mapping[str, Tensor]
    parent: str
    """Fingerprint of the parent's tensors."""
    in_bytes: bool = False
    """Kept in 8 bits a number; the tensors are what that leaves of them."""

    @property
    def bytes(self) -> int:
        """Size of the tensors as they are kept."""
        kept = packed(self.tensors) if self.in_bytes else self.tensors
        return sum(value.nbytes for value in kept.values())

    def small(self) -> Difference:
        """The same in 8 bits: half the size."""
        return replace(self, tensors=unpacked(packed(self.tensors)), in_bytes=True)

    def added_to(self, parent: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The child's tensors; WrongGenerator unless these are the parent's."""
        seen = fingerprint(parent)
        if seen != self.parent:
            raise WrongGenerator(
                f"this difference belongs to the network {self.parent[:12]}, not to {seen[:12]}; give its parent with `network`"
            )
        child = {name: value.clone() for name, value in parent.items()}
        for name, value in child.items():
            if f"up/{name}" in self.tensors:
                step = self.tensors[f"up/{name}"].float() @ self.tensors[f"down/{name}"].float()
                child[name] = value + step.reshape(value.shape)
            elif f"whole/{name}" in self.tensors:
                step = self.tensors[f"whole/{name}"].float()
                scale = self.tensors.get(f"scale/{name}")  # as older files have it
                child[name] = value + (step if scale is None else step * scale.float()).reshape(value.shape)
        return child

    def save(self, path: Path, story: Mapping[str, object] | None = None) -> Path:
        """As a file whose story names the parent."""
        told = {**(story or {}), "parent": self.parent, "form": self.form}
        return Archive(KIND, self.tensors, told).save(path, in_bytes=self.in_bytes)

    @classmethod
    def load(cls, path: Path | str) -> Difference:
        """Read such a file."""
        archive = Archive.load(path, KIND, finite=True)
        form, parent = archive.story.get("form"), archive.story.get("parent")
        if form not in ("low rank", "whole") or not isinstance(parent, str):
            raise BadFile(f"{path} does not say what it is a difference from; save it again")
        return cls(form, archive.tensors, parent)


def low_rank(
    parent: Mapping[str, Tensor], child: Mapping[str, Tensor], budget: int = LOW_RANK_BYTES
) -> Difference:
    """The strongest singular directions of all weights together, by how much of its weight each changes per byte."""
    steps = _steps(parent, child)
    kept = {f"whole/{name}": step.half() for name, step in steps.items() if step.ndim < 2}
    budget -= sum(value.nbytes for value in kept.values())
    factors = {
        name: torch.linalg.svd(step.flatten(1), full_matrices=False)
        for name, step in steps.items()
        if step.ndim >= 2
    }
    offers = []
    for name, (left, values, right) in factors.items():
        cost = 2 * (left.shape[0] + right.shape[1])
        size = float(parent[name].float().square().sum()) + 1e-12
        offers += [
            (float(value) ** 2 / size / cost, cost, name) for value in values if value > 1e-3 * values[0]
        ]
    ranks = dict.fromkeys(factors, 0)
    for _, cost, name in sorted(offers, reverse=True):
        if cost <= budget:
            ranks[name] += 1
            budget -= cost
    for name, rank in ranks.items():
        left, values, right = factors[name]
        if rank:
            root = values[:rank].sqrt()
            kept |= {
                f"up/{name}": (left[:, :rank] * root).half(),
                f"down/{name}": (root[:, None] * right[:rank]).half(),
            }
    return Difference("low rank", _contiguous(kept), fingerprint(parent))


def whole(parent: Mapping[str, Tensor], child: Mapping[str, Tensor], budget: int = WHOLE_BYTES) -> Difference:
    """Every changed tensor in fp16; where that is too much, in 8 bits."""
    kept = {f"whole/{name}": step.half() for name, step in _steps(parent, child).items()}
    made = Difference("whole", _contiguous(kept), fingerprint(parent))
    made = made if made.bytes <= budget else made.small()
    if made.bytes > budget:
        raise BadInput(
            f"the whole difference takes {made.bytes / 1e6:.1f} MB, at most {budget / 1e6:.0f} MB are kept; freeze more layers"
        )
    return made


def swap_layers(
    parent: Foreign, child: Mapping[str, Tensor], resolution: int, *, coarse_from_child: bool = False
) -> dict[str, Tensor]:
    """The child's synthesis from a resolution on, the parent's below (or the reverse), as Pinkney and Adler 2020 blend."""
    blended = {}
    for name, value in parent.tensors.items():
        block = name.split(".")[1] if name.startswith("synthesis.b") else ""
        fine = bool(block) and int(block[1:]) >= resolution
        take = (fine != coarse_from_child) if block else False
        blended[name] = child[name] if take else value
    return blended


def held(parent: Mapping[str, Tensor], child: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The child's tensors under the parent's names, with the parent's noise and center of truncation."""
    kept = {name for name in parent if "noise_const" in name or "w_avg" in name or "resample_filter" in name}
    return {name: value if name in kept else child[name] for name, value in parent.items()}


def _steps(parent: Mapping[str, Tensor], child: Mapping[str, Tensor]) -> dict[str, Tensor]:
    if set(parent) != set(child):
        raise BadInput(f"parent and child are different networks: see '{min(set(parent) ^ set(child))}'")
    steps = {name: child[name].float() - parent[name].float() for name in parent}
    return {name: step for name, step in steps.items() if step.abs().max() > 0}


def _contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.contiguous() for name, value in tensors.items()}
