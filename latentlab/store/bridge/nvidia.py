"""Pickles of NVlabs' stylegan2-ada-pytorch and stylegan3: persistent modules with recorded arguments and tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from latentlab.core.errors import BadFile
from latentlab.store.bridge.families import foreign_class
from latentlab.store.bridge.foreign import Foreign, check_finite
from latentlab.store.bridge.limits import DEEPEST_MODULE, MOST_MODULES, MOST_TENSORS, Budget, printable
from latentlab.store.bridge.nvidia_arguments import discriminator, stylegan2, stylegan3
from latentlab.store.bridge.recorded import Recorded
from latentlab.store.bridge.records import Module, StridedTensor
from latentlab.store.bridge.shapes import check_discriminator, check_stylegan2, check_stylegan3

PARTS = ("G_ema", "G", "D")
CLASSES = {
    "Generator", "MappingNetwork", "SynthesisNetwork", "SynthesisBlock", "SynthesisLayer", "SynthesisInput",
    "ToRGBLayer", "FullyConnectedLayer", "Conv2dLayer", "Discriminator", "DiscriminatorBlock",
    "DiscriminatorEpilogue", "MinibatchStdLayer",
}  # fmt: skip
GENERATOR_SIGNATURE = (
    "z_dim", "c_dim", "w_dim", "img_resolution", "img_channels", "mapping_kwargs", "synthesis_kwargs",
)  # fmt: skip
DISCRIMINATOR_SIGNATURE = (
    "c_dim", "img_resolution", "img_channels", "architecture", "channel_base", "channel_max", "num_fp16_res",
    "conv_clamp", "cmap_dim", "block_kwargs", "mapping_kwargs", "epilogue_kwargs",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Leaf:
    """A tensor under its state-dict name."""

    name: str
    tensor: StridedTensor


def read_modules(found: object, budget: Budget, wanted: tuple[str, ...]) -> dict[str, Foreign]:
    """The wanted parts of an unpickled dict of networks (or of one bare network)."""
    networks = {"G_ema": found} if isinstance(found, Module) else found
    if not isinstance(networks, dict):
        raise BadFile("it holds no networks")
    if isinstance(found, Module) and found.class_name == "Discriminator":
        networks = {"D": found}
    chosen = [part for part in PARTS if part in wanted and isinstance(networks.get(part), Module)]
    return {part: _read_network(part, networks[part], budget) for part in chosen}


def _read_network(part: str, module: Module, budget: Budget) -> Foreign:
    tensors = {leaf.name: leaf.tensor.take(budget) for leaf in leaves(module)}
    check_finite(tensors, part)
    if module.class_name == "Discriminator":
        recorded = _arguments(module, DISCRIMINATOR_SIGNATURE, part)
        kind, arguments = "stylegan2_discriminator", discriminator(recorded, module)
        check_discriminator(arguments, tensors, part)
    elif module.class_name == "Generator":
        recorded = _arguments(module, GENERATOR_SIGNATURE, part)
        new = "synthesis.input.weight" in tensors
        kind, arguments = (
            ("stylegan3", stylegan3(recorded)) if new else ("stylegan2", stylegan2(recorded, module))
        )
        (check_stylegan3 if new else check_stylegan2)(arguments, tensors, part)
    else:
        raise BadFile(
            f"its part '{part}' is a '{printable(module.class_name)}', no generator or discriminator"
        )
    return Foreign(kind, arguments, tensors, {"format": "nvidia pickle", "part": part}, tuple(recorded.notes))


def _arguments(module: Module, signature: tuple[str, ...], part: str) -> Recorded:
    positional, named = module.state.get("_init_args", ()), module.state.get("_init_kwargs")
    if not isinstance(positional, tuple) or not isinstance(named, dict) or len(positional) > len(signature):
        raise BadFile(f"its part '{part}' does not record the arguments it was made with")
    return Recorded({**dict(zip(signature, positional, strict=False)), **named}, part)


def leaves(module: Module) -> list[Leaf]:
    """Parameters and buffers by their state-dict names; a tree that is too deep or too wide is refused."""
    found: list[Leaf] = []
    waiting: list[tuple[str, Module, int]] = [("", module, 0)]
    seen = 0
    while waiting:
        prefix, node, depth = waiting.pop()
        seen += 1
        if max(seen, len(waiting)) > MOST_MODULES or len(found) > MOST_TENSORS or depth > DEEPEST_MODULE:
            raise BadFile("its modules nest without end")
        if node.class_name not in CLASSES:
            raise foreign_class(node.class_name)
        for group in ("_parameters", "_buffers"):
            for name, value in _named(node, group):
                if not isinstance(value, StridedTensor):
                    raise BadFile(f"its '{printable(prefix + name)}' is no tensor")
                found.append(Leaf(prefix + name, value))
        for name, child in _named(node, "_modules"):
            if not isinstance(child, Module):
                raise BadFile(f"its '{printable(prefix + name)}' is no module")
            waiting.append((f"{prefix}{name}.", child, depth + 1))
    return found


def _named(node: Module, group: str) -> Iterator[tuple[str, object]]:
    values = node.state.get(group, {})
    if not isinstance(values, dict) or len(values) > MOST_TENSORS:
        raise BadFile(f"the {group} of a module are no dict, or far too many")
    for name, value in values.items():
        if not isinstance(name, str) or len(name) > 100 or not name:
            raise BadFile(f"the {group} of a module have a name that is no name")
        if value is not None:
            yield name, value
