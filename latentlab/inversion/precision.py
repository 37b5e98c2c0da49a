"""Whether a descent may compute its renders in bf16: where the processor does it fast and the picture is large enough."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import FeatureCorrection
from latentlab.core.noise import Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images, Styles

Precision = Literal["auto", "fp32", "bf16"]
SMALLEST = 64
"""Below this resolution rounding costs more than it saves."""


def expect(precision: str | None) -> None:
    """Raise BadInput for a word that is none of the three; None is fp32."""
    if precision not in (None, "auto", "fp32", "bf16"):
        raise BadInput(f"'{precision}' is no precision; write auto, fp32 or bf16")


def chosen(precision: Precision, generator: Generator) -> bool:
    """True for bf16. Its gradients point the same way (cosine above .999); results are rendered in fp32 in any case."""
    if precision != "auto":
        return precision == "bf16"
    return generator.resolution >= SMALLEST and is_fast(generator.device)


def is_fast(device: torch.device) -> bool:
    """Whether this device multiplies bf16 natively."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and _has_avx512_bf16()


def _has_avx512_bf16() -> bool:
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported()) if supported is not None else False


def synthesise(
    generator: Generator,
    styles: Styles,
    noise: Noise,
    pivot: Pivot | None,
    correction: FeatureCorrection | None,
    *,
    half: bool,
) -> Images:
    """The synthesis, its large layers in bf16 with `half`; styles and picture stay fp32."""
    if not half:
        return generator(styles, noise, pivot, correction)
    with torch.autocast(styles.device.type, torch.bfloat16):
        image: Tensor = generator(styles, noise, pivot, correction)
    return image.float()


def features_in(*, half: bool, device: torch.device) -> AbstractContextManager[object]:
    """Inside, a perceptual distance computes its features in bf16 with `half`; their comparison stays fp32.

    Of a discriminator's features the gradient keeps its direction (cosine .9996), the distance its value within .05 %.
    """
    return torch.autocast(device.type, torch.bfloat16) if half else nullcontext()
