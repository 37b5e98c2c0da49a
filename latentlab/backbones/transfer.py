"""Going on from a network somebody has trained already, at its own resolution or a larger one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from latentlab.backbones.growth import grow_discriminator, grow_generator
from latentlab.backbones.stylegan import StyleGAN
from latentlab.backbones.stylegan1 import StyleGAN1
from latentlab.backbones.stylegan2 import StyleGAN2
from latentlab.backbones.stylegan3 import StyleGAN3
from latentlab.core.errors import BadFile, BadInput
from latentlab.core.fingerprint import fingerprint
from latentlab.networks.build import build, export
from latentlab.store.bridge import Foreign, read
from latentlab.training.trainer import Trainer

TRAININGS: dict[str, type[StyleGAN]] = {
    "stylegan1": StyleGAN1,
    "stylegan2": StyleGAN2,
    "stylegan3": StyleGAN3,
}


@dataclass(frozen=True, eq=False)
class Parent:
    """The weights a training begins with, and the settings that fit them."""

    model: StyleGAN
    weights: dict[str, dict[str, Tensor]] = field(repr=False)
    """By network of the training: G, G_ema, D."""
    hash: str = ""
    """Fingerprint of the parent's generator as its file has it."""

    def hand_over(self, trainer: Trainer) -> dict[str, Any]:
        """Put the weights into a training that has not begun yet; returns what its files tell of the parent."""
        for name, tensors in self.weights.items():
            trainer.networks[name].load_state_dict(tensors)
        return {"parent": self.hash}


def parent(path: Path | str, model: StyleGAN, discriminator: Path | str | None = None) -> Parent:
    """Read any network file and fit the settings to it; `discriminator` names a second file where the first has none.

    A generator of half the resolution (or a quarter, …) grows block by block, and its discriminator with it.
    """
    parts = read(path)
    if discriminator is not None:
        parts = {**parts, **{key: part for key, part in read(discriminator).items() if key == "D"}}
    generator = parts.get("G") or parts.get("G_ema")
    if generator is None:
        raise BadFile(f"{path} holds no generator, only: {', '.join(parts) or 'nothing'}; transfer needs one")
    average = parts.get("G_ema") or generator
    identity = fingerprint(average.tensors)
    parts = {**parts, "G": _grown(_settled(generator), model), "G_ema": _grown(_settled(average), model)}
    weights = {name: dict(parts[name].tensors) for name in ("G", "G_ema")}
    sizes: Any = {"z_width": 512, "w_width": 512, "condition_width": 0} | generator.arguments
    fitting = replace(
        of_kind(generator.kind, model), extra=_items(parts["G"].arguments), z_width=int(sizes["z_width"]),
        w_width=int(sizes["w_width"]), condition_width=int(sizes["condition_width"]),
    )  # fmt: skip
    if "D" in parts:
        adversary = _grown(_settled(parts["D"]), model)
        weights["D"] = dict(adversary.tensors)
        group: Any = adversary.arguments.get("group_size")
        fitting = replace(
            fitting,
            discriminator_extra=_items(adversary.arguments),
            minibatch_group=int(group or model.minibatch_group),
        )
    else:
        warnings.warn(
            f"{path} has no discriminator: a new one begins, which may cost the generator some of what it knows",
            stacklevel=2,
        )
    return Parent(fitting, weights, identity)


def of_kind(kind: str, model: StyleGAN) -> StyleGAN:
    """Settings that teach a generator of this kind: those given, where they do; else of its own generation.

    Raises:
        BadInput: no training teaches this kind.
    """
    if model.generator_kind == kind:
        return model
    if kind not in TRAININGS:
        raise BadInput(f"no training teaches a {kind}; those that are taught: {', '.join(TRAININGS)}")
    shared = {one.name: getattr(model, one.name) for one in fields(StyleGAN)}
    fitting = TRAININGS[kind](**shared)
    return replace(fitting, body="stylegan1") if isinstance(fitting, StyleGAN1) else fitting


def _items(arguments: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(arguments.items()))


def _settled(part: Foreign) -> Foreign:
    """The part as a network of ours has it: without the filters that NVIDIA's files repeat, complete where they are not."""
    return Foreign(*export(build(part.kind, part.arguments, part.tensors)), part.story)


def _grown(part: Foreign, model: StyleGAN) -> Foreign:
    arguments, tensors = dict(part.arguments), dict(part.tensors)
    resolution: Any = arguments["resolution"]
    if resolution > model.resolution:
        raise BadInput(
            f"the network to begin with makes {resolution}×{resolution} images, the training wants "
            f"{model.resolution}×{model.resolution}; networks grow but do not shrink: pass `resolution` {resolution}"
        )
    grow = grow_discriminator if part.kind.endswith("_discriminator") else grow_generator
    while int(arguments["resolution"]) < model.resolution:  # type: ignore[call-overload]
        if part.kind not in {"stylegan2", "stylegan2_discriminator"}:
            raise BadInput(f"a {part.kind} network cannot grow; train it at its own resolution {resolution}")
        size = 2 * int(arguments["resolution"])  # type: ignore[call-overload]
        base = (model.discriminator_base if part.kind.endswith("_discriminator") else 0) or model.channel_base
        arguments, tensors = grow(arguments, tensors, max(1, min(base // size, model.channel_max)))
    return Foreign(part.kind, arguments, tensors, part.story)
