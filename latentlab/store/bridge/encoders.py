"""Encoders of e4e (Tov et al. 2021), pSp (Richardson et al. 2021) and ArcFace IR-SE50, and the generators stored with them."""

from __future__ import annotations

import re

from torch import Tensor

from latentlab.core.errors import BadFile, BadWeights
from latentlab.store.bridge.checkpoint import StateDict, options
from latentlab.store.bridge.foreign import Foreign, check_finite
from latentlab.store.bridge.limits import Budget, printable
from latentlab.store.bridge.records import StridedTensor
from latentlab.store.bridge.rosinality import generator

DEPTHS = {24: 50, 49: 100, 50: 152}
"""Layers of the trunk by its number of residual units."""
KINDS = {
    "Encoder4Editing": "encoder_e4e",
    "GradualStyleEncoder": "encoder_psp",
    "SingleStyleCodeEncoder": "encoder_w",
    "BackboneEncoderUsingLastLayerIntoW": "encoder_w",
    "BackboneEncoderUsingLastLayerIntoWPlus": "encoder_last",
}


def read_framework(
    state: StateDict, found: dict, budget: Budget, wanted: tuple[str, ...]
) -> dict[str, Foreign]:
    """Encoder and decoder of an e4e or pSp checkpoint."""
    told, average = options(found, "opts"), found.get("latent_avg")
    parts: dict[str, Foreign] = {}
    if "encoder" in wanted:
        inner = {
            name.removeprefix("encoder."): value
            for name, value in state.items()
            if name.startswith("encoder.")
        }
        parts["encoder"] = _encoder(inner, told, average, budget)
    decoder = {
        name.removeprefix("decoder."): value for name, value in state.items() if name.startswith("decoder.")
    }
    if decoder and "G_ema" in wanted:
        parts["G_ema"] = generator(decoder, average, budget)
    return parts


def read_bare(state: StateDict, budget: Budget) -> dict[str, Foreign]:
    """A flat state dict: ArcFace's backbone, or an encoder without its framework."""
    return {"encoder": _encoder(state, {}, None, budget)}


def _encoder(state: StateDict, told: dict, average: object, budget: Budget) -> Foreign:
    kind = _kind(state, told)
    tensors = {name: value.take(budget) for name, value in state.items()}
    arguments = _arguments(kind, tensors)
    starts = told.get("start_from_latent_avg", isinstance(average, StridedTensor))
    arguments["start_from_average"] = bool(starts) and kind != "arcface"
    if isinstance(average, StridedTensor) and arguments["start_from_average"]:
        tensors["latent_avg"] = average.take(budget)
    elif arguments["start_from_average"]:
        raise BadWeights("its encoder adds 'latent_avg' to what it finds, but the file has none")
    check_finite(tensors, "encoder")
    return Foreign(kind, arguments, tensors, {"format": "encoder checkpoint", "part": "encoder"})


def _kind(state: StateDict, told: dict) -> str:
    if "output_layer.3.weight" in state:
        return "arcface"
    if "output_layer_2.3.weight" in state:
        return "encoder_last"
    if not any(name.startswith("styles.") for name in state):
        return "encoder_w"
    name = told.get("encoder_type")
    if isinstance(name, str):
        if KINDS.get(name) not in ("encoder_e4e", "encoder_psp"):
            raise BadFile(
                f"its encoder is a '{printable(name)}', which does not fit its tensors or is not known here"
            )
        return KINDS[name]
    return "encoder_psp" if "output_size" in told else "encoder_e4e"


def _arguments(kind: str, tensors: dict[str, Tensor]) -> dict[str, object]:
    units = {int(match[1]) for name in tensors if (match := re.match(r"body\.(\d{1,3})\.", name))}
    if units != set(range(len(units))) or len(units) not in DEPTHS:
        raise BadWeights(f"its trunk has {len(units)} residual units; 24, 49 and 50 are known")
    if "input_layer.0.weight" not in tensors:
        raise BadWeights("its encoder lacks the tensor 'input_layer.0.weight'")
    return {
        "depth": DEPTHS[len(units)],
        "se": "body.0.res_layer.5.fc1.weight" in tensors,
        "styles": _styles(kind, tensors),
        "input_channels": tensors["input_layer.0.weight"].shape[1],
    }


def _styles(kind: str, tensors: dict[str, Tensor]) -> int:
    if kind in ("encoder_e4e", "encoder_psp"):
        heads = {int(match[1]) for name in tensors if (match := re.match(r"styles\.(\d{1,3})\.", name))}
        if heads != set(range(len(heads))):
            raise BadWeights("its encoder lacks style heads: the file is incomplete")
        return len(heads)
    if kind == "encoder_last":
        return tensors["linear.weight"].shape[0] // 512 if "linear.weight" in tensors else 0
    return 1
