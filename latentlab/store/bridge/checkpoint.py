"""torch.save checkpoints by their layout: rosinality's StyleGAN2, e4e and pSp, ArcFace."""

from __future__ import annotations

from latentlab.core.errors import BadFile
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.limits import Budget, printable
from latentlab.store.bridge.records import Namespace, StridedTensor

StateDict = dict[str, StridedTensor]


def read_checkpoint(found: dict, budget: Budget, wanted: tuple[str, ...]) -> dict[str, Foreign]:
    """The wanted parts of an unpickled dict of state dicts and options, or of one flat state dict."""
    from latentlab.store.bridge import encoders, rosinality

    inner = found.get("state_dict")
    state = state_dict(inner if isinstance(inner, dict) else found)
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
