"""Weight files from one format to another, read back and compared before they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadFile, BadInput, LatentLabError, unknown
from latentlab.core.files import atomic
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.networks import export
from latentlab.store import bridge
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.write import discriminator_misfit, write
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable
from latentlab.studio.shelf.finding import find
from latentlab.studio.shelf.networks import PARTS, make, tell_notes

ENDINGS = (".safetensors", ".pt", ".pth")
SAMPLES = 16
"""Seeds on which outputs are compared."""
GROUP = 4
"""Pictures at once: a discriminator compares the members of a minibatch."""
MOST_DIFFERENCE = 1e-3
"""Relative; two implementations of one network differ by some 1e-6."""
INPUTS = {"arcface": 112}
"""Side of the pictures that encoders take, where it is not 256."""


@dataclass(frozen=True)
class Converted:
    """What was written."""

    path: Path
    part: str
    kind: str
    difference: float
    """Largest difference of the outputs before and after."""
    size: float
    """Largest output, to compare the difference with."""
    others: tuple[str, ...]
    """Further networks in the source file."""
    notes: tuple[str, ...] = ()
    """What the target cannot hold, and what it means."""


def convert(
    studio: Lab,
    source: str | Path,
    target: str | Path,
    part: str | None = None,
    *,
    given: Mapping[str, object] | None = None,
    force: bool = False,
) -> Converted:
    """Write one network of `source` as `target` (`.safetensors`: any; `.pt`: StyleGAN2 as rosinality keeps it).

    The file is read back and its outputs compared on sixteen samples before it gets its name. A discriminator that the
    target cannot hold, or that would answer otherwise there, is left out. `given` are arguments that a bare state dict
    does not tell.
    """
    target = Path(target)
    _check(target, force=force)
    path = find(source, studio.home)
    parts = bridge.read(path, given=given)
    chosen = _choose(parts, part, path)
    tell_notes(path, parts[chosen])
    module = make(parts[chosen])
    network = Foreign(*export(module), parts[chosen].story)  # complete: a missing average has been measured
    discriminator = parts.get("D") if target.suffix in (".pt", ".pth") else None
    before = _outputs(module.to(studio.place))
    notes = [_unreached("its", network)] if target.suffix in (".pt", ".pth") else []
    if discriminator is not None:
        why = discriminator_misfit(discriminator) or _clamped(discriminator, before)
        notes.append(
            f"the discriminator was left out: {why}"
            if why
            else _unreached("the discriminator's", discriminator)
        )
        discriminator = None if why else discriminator
    with atomic(target, force=force) as temporary:
        try:
            write(network, temporary, discriminator)
        except LatentLabError as error:
            raise type(error)(str(error).replace(str(temporary), str(target))) from None
        again = bridge.read(temporary)
        after = _outputs(make(again.get(chosen) or next(iter(again.values()))).to(studio.place))
        difference, size = float((before - after).abs().max()), float(before.abs().max())
        if not _alike(before, after):
            raise BadFile(
                f"{target} would change the outputs by {difference:.3g} (of {size:.3g}); nothing was written"
            )
    written = {chosen, "D"} if discriminator is not None else {chosen}
    return Converted(
        target, chosen, network.kind, difference, size, tuple(p for p in parts if p not in written),
        tuple(filter(None, notes)),
    )  # fmt: skip


def _unreached(whose: str, network: Foreign) -> str:
    """What is said of a clamp that the target cannot hold and the outputs do not need; empty without one."""
    clamp = network.arguments.get("clamp")
    return (
        ""
        if clamp is None
        else f"{whose} clamp of {clamp:g} is not in this format, and is not reached on {SAMPLES} samples"
    )


def _clamped(discriminator: Foreign, pictures: Tensor) -> str:
    """What to say where its clamp, which rosinality's file cannot hold, is reached on these pictures; else nothing."""
    clamp = discriminator.arguments.get("clamp")
    if clamp is None:
        return ""
    free = replace(discriminator, arguments={**discriminator.arguments, "clamp": None})
    alike = _alike(*(_outputs(make(one).to(pictures.device), pictures) for one in (discriminator, free)))
    return "" if alike else f"its clamp of {clamp:g}, which this format does not hold, changes its verdicts"


def _alike(before: Tensor, after: Tensor) -> bool:
    """Whether outputs are equal but for rounding."""
    largest = max(float(before.abs().max()), 1e-12)
    return float((before - after).abs().max()) <= MOST_DIFFERENCE * largest


def _check(target: Path, *, force: bool) -> None:
    if target.suffix.lower() not in ENDINGS:
        raise BadInput(
            f"cannot write {target}: networks are written as .safetensors, or .pt (StyleGAN2, rosinality)"
        )
    if target.is_dir():
        raise BadFile(f"{target} is a folder; name a file")
    if target.exists() and not force:
        raise BadFile(f"{target} exists; choose another name, or `force`")
    writable(target.parent)


def _choose(parts: dict[str, Foreign], part: str | None, path: Path) -> str:
    if part is None:
        return next(name for name in PARTS if name in parts)
    if part not in parts:
        raise unknown(f"part of {path.name}", part, parts)
    return part


@torch.no_grad()
def _outputs(network: nn.Module, pictures: Tensor | None = None) -> Tensor:
    """What a network makes of fixed inputs: images of seeds; verdicts and codes of the pictures, or of noise."""
    if isinstance(network, Generator):
        z = draw_z(range(SAMPLES), network.z_width).to(network.device)
        w = network.lift(Latent(Space.Z, z), Space.W, _label(network.condition_width, network.device))
        return torch.cat([network.render(w[row]) for row in range(SAMPLES)])
    device = next(network.parameters()).device
    side = getattr(network, "resolution", None) or INPUTS.get(getattr(network, "blueprint", ("",))[0], 256)
    channels = getattr(network, "input_channels", 3)
    noise = torch.Generator().manual_seed(0)
    images = torch.randn(SAMPLES, channels, side, side, generator=noise) if pictures is None else pictures
    label = _label(getattr(network, "condition_width", 0), device)
    answers = []
    for start in range(0, SAMPLES, GROUP):
        few = images[start : start + GROUP].to(device)
        answers.append(network(few) if label is None else network(few, label[start : start + GROUP]))
    return torch.cat(answers)


def _label(classes: int, device: torch.device) -> Tensor | None:
    if not classes:
        return None
    return torch.eye(classes, device=device)[torch.arange(SAMPLES) % classes]
