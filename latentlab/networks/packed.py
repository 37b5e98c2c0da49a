"""Convolutions with weights laid out once for the processor; without gradients."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def packing_works(dtype: torch.dtype = torch.float32) -> bool:
    """Whether this PyTorch, on this processor, can keep such convolution weights in oneDNN's own layout."""
    known = (
        torch.backends.mkldnn.is_available()
        and torch.backends.mkldnn.enabled
        and hasattr(torch.ops.mkldnn, "_reorder_convolution_weight")
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
    )
    if dtype != torch.bfloat16:
        return bool(known)
    return bool(known and torch.ops.mkldnn._is_mkldnn_bf16_supported())  # not without AVX-512


LAYOUTS = 8
"""Of one weight, at most."""


class Packed:
    """One weight [out in k k]; called with x [n in h w] it convolves.

    Of a 1×1 kernel oneDNN wants another layout for other sizes, and else turns the weight round at every call, at the cost of
    many convolutions: those, a sixteenth of a network's weights, are kept in one layout for each size that comes.
    """

    def __init__(
        self, weight: Tensor, padding: tuple[int, int], size: tuple[int, ...], stride: int = 1
    ) -> None:
        self.padding, self.stride = list(padding), [stride, stride]
        self.weight = weight
        self.laid_out = packing_works(weight.dtype)
        if self.laid_out:
            reorder = torch.ops.mkldnn._reorder_convolution_weight
            self.weight = reorder(weight, self.padding, self.stride, [1, 1], 1, list(size))
        single = self.laid_out and tuple(weight.shape[2:]) == (1, 1)
        self.plain = weight if single else None
        self.layouts = {tuple(size): self.weight}

    def __call__(self, x: Tensor) -> Tensor:
        if not self.laid_out:
            return F.conv2d(x, self.weight, padding=self.padding, stride=self.stride)
        weight = self.weight if self.plain is None else self._laid_out_for(self.plain, tuple(x.shape))
        convolve = torch.ops.mkldnn._convolution_pointwise
        return convolve(x, weight, None, self.padding, self.stride, [1, 1], 1, "none", [], "")

    def _laid_out_for(self, plain: Tensor, size: tuple[int, ...]) -> Tensor:
        known = self.layouts.get(size)
        if known is None:
            if len(self.layouts) >= LAYOUTS:
                return self.weight
            reorder = torch.ops.mkldnn._reorder_convolution_weight
            known = self.layouts[size] = reorder(plain, self.padding, self.stride, [1, 1], 1, list(size))
        return known


ODD, EVEN = slice(1, 2), [2, 0]


def phases_of(weight: Tensor) -> list[Tensor]:
    """The four kernels whose results interleave to the 3×3 convolution transposed with stride 2: (row, column) parities."""
    rows = [weight[:, :, EVEN], weight[:, :, ODD]]
    return [part.contiguous() for row in rows for part in (row[:, :, :, EVEN], row[:, :, :, ODD])]


PHASE_PADDING = ((0, 1), (0, 0), (0, 1), (0, 0))
"""Rows are padded in the buffers, columns by the convolution."""

PHASE_ROWS = (1, 1, 0, 0)
"""Rows that each phase is given beyond those of its band."""
