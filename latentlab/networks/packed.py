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


class Packed:
    """One weight [out in k k]; called with x [n in h w] it convolves."""

    def __init__(
        self, weight: Tensor, padding: tuple[int, int], size: tuple[int, ...], stride: int = 1
    ) -> None:
        self.padding, self.stride = list(padding), [stride, stride]
        self.weight = weight
        self.laid_out = packing_works(weight.dtype)
        if self.laid_out:
            reorder = torch.ops.mkldnn._reorder_convolution_weight
            self.weight = reorder(weight, self.padding, self.stride, [1, 1], 1, list(size))

    def __call__(self, x: Tensor) -> Tensor:
        if not self.laid_out:
            return F.conv2d(x, self.weight, padding=self.padding, stride=self.stride)
        convolve = torch.ops.mkldnn._convolution_pointwise
        return convolve(x, self.weight, None, self.padding, self.stride, [1, 1], 1, "none", [], "")


ODD, EVEN = slice(1, 2), [2, 0]


def phases_of(weight: Tensor) -> list[Tensor]:
    """The four kernels whose results interleave to the 3×3 convolution transposed with stride 2: (row, column) parities."""
    rows = [weight[:, :, EVEN], weight[:, :, ODD]]
    return [part.contiguous() for row in rows for part in (row[:, :, :, EVEN], row[:, :, :, ODD])]


PHASE_PADDING = ((0, 1), (0, 0), (0, 1), (0, 0))
"""Rows are padded in the buffers, columns by the convolution."""

PHASE_ROWS = (1, 1, 0, 0)
"""Rows that each phase is given beyond those of its band."""
