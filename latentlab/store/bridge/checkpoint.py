"""torch.save checkpoints by their layout: rosinality's StyleGAN2, e4e and pSp, ArcFace."""

from __future__ import annotations

from collections.abc import Mapping

from latentlab.core.errors import BadFile
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.limits import Budget, printable
from latentlab.store.bridge.records import Namespace, StridedTensor

StateDict = dict[str, StridedTensor]


PARTS = {"G_ema": ("G_ema", "g_ema", "ema"), "G": ("G", "g", "generator"), "D": ("D", "d", "discriminator")}
"""Names under which checkpoints keep the state dicts of their networks."""
WRAPPERS = ("state_dict", "model", "model_state_dict", "params", "network", "weights")


def read_checkpoint(
    found: dict, budget: Budget, wanted: tuple[str, ...], given: Mapping[str, object] | None = None
) -> dict[str, Foreign]:
    """The wanted parts of an unpickled dict of state dicts and options, or of one flat state dict.

    `given` are arguments that a state dict of NVIDIA's networks does not tell.
    """
    from latentlab.store.bridge import encoders, rosinality, state_dicts

    inner = next((found[name] for name in WRAPPERS if isinstance(found.get(name), dict)), None)
    state = state_dict(inner if isinstance(inner, dict) else found)
    if published := _published(found, state):
        chosen = {part: published[part] for part in PARTS if part in published and part in wanted}
        return state_dicts.read_parts(chosen, budget, given or {})
    if given:
        raise BadFile(
            "`given` tells what a state dict of NVIDIA's networks leaves open; this file is of another layout"
        )
    if any(name.startswith("encoder.") for name in state):
        return encoders.read_framework(state, found, budget, wanted)
    if "input_layer.0.weight" in state:
        return encoders.read_bare(state, budget) if "encoder" in wanted else {}
    if "input.input" in state:
        return rosinality.read_parts({"g_ema": state}, budget, wanted)
    if any(isinstance(found.get(name), dict) for name in ("g_ema", "g", "d")):
        return rosinality.read_parts(found, budget, wanted)
    names = ", ".join(printable(name, 24) for name in list(found)[:4])
    raise BadFile(f"it is a checkpoint of an unknown layout (it begins with: {names})")


def _published(found: dict, state: StateDict) -> dict[str, StateDict]:
    """State dicts under the names of NVIDIA's code, by part; empty where there are none."""
    from latentlab.store.bridge.state_dicts import strip

    parts: dict[str, StateDict] = {}
    for part, names in PARTS.items():
        for values in (found[name] for name in names if isinstance(found.get(name), dict)):
            if (own := strip(state_dict(values))) is not None:
                parts.setdefault(part, own)
    if not parts and (own := strip(state)) is not None:
        parts["D" if "b4.conv.weight" in own else "G_ema"] = own
    return parts


def state_dict(values: dict) -> StateDict:
    """The tensors of a dict by name, without the prefix `module.` of data-parallel training."""
    tensors = {
        name: value
        for name, value in values.items()
        if isinstance(name, str) and isinstance(value, StridedTensor)
    }
    if tensors and all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors


def options(found: dict, name: str) -> dict:
    """Training options stored as a dict or a namespace; empty where there are none."""
    value = found.get(name)
    if isinstance(value, Namespace):
        return value.values
    return value if isinstance(value, dict) else {}
