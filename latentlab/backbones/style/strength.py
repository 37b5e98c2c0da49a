"""How much of a style: its layers are taken over from fine to coarse, each fading in (Pinkney and Adler 2020, continuous)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from latentlab.store.bridge import Foreign


def blended(parent: Foreign, child: Mapping[str, Tensor], strength: float) -> dict[str, Tensor]:
    """Tensors between the parent (0) and the child (1): texture comes first, geometry last."""
    sizes = sorted({size for name in parent.tensors if (size := block_of(name))}, reverse=True)
    shares = {size: min(1.0, max(0.0, strength * len(sizes) - place)) for place, size in enumerate(sizes)}
    mixed = {}
    for name, value in parent.tensors.items():
        share = shares.get(block_of(name), strength)
        changed = share > 0 and value.is_floating_point()
        mixed[name] = value.lerp(child[name].to(value), share) if changed else value
    return mixed


def block_of(name: str) -> int:
    """The resolution of the block that a tensor belongs to; 0 outside of the synthesis."""
    word = name.split(".")[1] if name.startswith("synthesis.b") else ""
    return int(word[1:]) if word[1:].isdigit() else 0
