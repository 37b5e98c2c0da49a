"""Image operators of the StyleGAN family: one schema, a plain PyTorch definition, native kernels when they build."""

from cuda_ops import native
from cuda_ops.bias_act import bias_act
from cuda_ops.filtered_lrelu import filtered_lrelu
from cuda_ops.resample import downsample2d, filter2d, setup_filter, upsample2d
from cuda_ops.upfirdn2d import upfirdn2d

fused_bias_act = bias_act

__all__ = [
    "bias_act",
    "downsample2d",
    "filter2d",
    "filtered_lrelu",
    "fused_bias_act",
    "native",
    "setup_filter",
    "upfirdn2d",
    "upsample2d",
]
