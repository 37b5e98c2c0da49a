"""Named expressions as blendshape weights."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.world.factors import BLENDSHAPES

NAMED: dict[str, dict[str, float]] = {
    "smile": {
        "mouthSmile": 0.95, "cheekSquint": 0.40, "mouthUpperUp": 0.28, "mouthDimple": 0.15, "eyeSquint": 0.10,
        "mouthStretch": 0.12, "mouthLowerDown": 0.14, "jawOpen": 0.06,
    },
    "mouth_open": {"jawOpen": 0.75, "mouthLowerDown": 0.10},
    "surprise": {"browInnerUp": 0.85, "browOuterUp": 0.95, "eyeWide": 0.85, "jawOpen": 0.30},
    "anger": {
        "browDown": 1.0, "noseSneer": 0.45, "eyeSquint": 0.22, "mouthPress": 0.45, "mouthFrown": 0.35, "jawForward": 0.15,
    },
    "sadness": {"browInnerUp": 0.90, "browDown": 0.20, "mouthFrown": 0.85, "mouthShrugLower": 0.35, "eyeSquint": 0.15},
    "blink": {"eyeBlink": 1.0},
}  # fmt: skip
"""Weight of each blendshape (both sides where it has two) when the named expression is 1."""

REST = {"mouthSmile_L": 0.08, "mouthSmile_R": 0.08, "eyeWide_L": 0.15, "eyeWide_R": 0.15}
"""The model's neutral face looks stern and sleepy; people in photos do not."""

GAZE_SPAN = {"yaw": 32.0, "pitch": 25.0}
"""Degrees of gaze at which the lids' look-blendshapes have weight 1."""


def blend_weights(table: dict[str, Tensor], names: tuple[str, ...]) -> Tensor:
    """Weights in the order of the model's blendshapes, [n, e] in 0..1, from raw and named expressions and gaze."""
    weights = {name: table["blendshapes"][:, i] for i, name in enumerate(BLENDSHAPES)}
    for expression, parts in NAMED.items():
        for part, amount in parts.items():
            for name in (part,) if part in weights else (f"{part}_L", f"{part}_R"):
                weights[name] = weights[name] + amount * table[expression]
    yaw = table["gaze_yaw"] / GAZE_SPAN["yaw"]
    pitch = table["gaze_pitch"] / GAZE_SPAN["pitch"]
    towards = {
        "eyeLookOut_L": yaw, "eyeLookIn_R": yaw, "eyeLookIn_L": -yaw, "eyeLookOut_R": -yaw,
        "eyeLookUp_L": pitch, "eyeLookUp_R": pitch, "eyeLookDown_L": -pitch, "eyeLookDown_R": -pitch,
    }  # fmt: skip
    for name, share in towards.items():
        weights[name] = weights[name] + share.clamp_min(0)
    for name, amount in REST.items():
        weights[name] = weights[name] + amount
    weights["cheekRaiser_L"] = weights["cheekRaiser_R"] = 0.25 * table["smile"]
    nothing = torch.zeros_like(yaw)
    return torch.stack([weights.get(name, nothing).clamp(0, 1) for name in names], 1)


def gaze_angles(table: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Turn of the eyeballs in degrees, right and left eye: [n, 2] each as (yaw, pitch), raw look-weights included."""
    raw = {name: table["blendshapes"][:, i] for i, name in enumerate(BLENDSHAPES)}
    eyes = []
    for side, sign in (("R", -1.0), ("L", 1.0)):
        yaw = table["gaze_yaw"] + sign * GAZE_SPAN["yaw"] * (
            raw[f"eyeLookOut_{side}"] - raw[f"eyeLookIn_{side}"]
        )
        pitch = table["gaze_pitch"] + GAZE_SPAN["pitch"] * (
            raw[f"eyeLookUp_{side}"] - raw[f"eyeLookDown_{side}"]
        )
        eyes.append(torch.stack([yaw.clamp(-35, 35), pitch.clamp(-25, 25)], 1))
    return eyes[0], eyes[1]
