"""bias_act: bias, activation, gain and clamp in one pass (Karras et al. 2020), differentiable to any order."""

from __future__ import annotations

from difflib import get_close_matches

import torch
from torch import Tensor

from cuda_ops import native
from cuda_ops.activations import ACTIVATIONS
from cuda_ops.errors import BadArgument, require_floating
from cuda_ops.registration import Gradient, register

NO_CLAMP = -1.0


def bias_act(
    x: Tensor,
    b: Tensor | None = None,
    dim: int = 1,
    act: str = "linear",
    alpha: float | None = None,
    gain: float | None = None,
    clamp: float | None = None,
) -> Tensor:
    """clamp(act(x + b) · gain, ±clamp), elementwise; the result has the shape, dtype and memory format of x.

    Args:
        x: any floating tensor.
        b: bias [x.shape[dim]], or None.
        dim: the dimension of x along which b lies.
        act: linear, relu, lrelu, tanh, sigmoid, elu, selu, softplus or swish.
        alpha: slope of the negative side of lrelu; None means 0.2.
        gain: factor after the activation; None means √2 for relu, lrelu and swish, else 1.
        clamp: largest magnitude of the result; None means no limit.

    Raises:
        BadArgument: unknown activation, wrong bias shape, dim out of range or negative clamp.
        BadTensor: x or b is no floating tensor.
    """
    dim = _checked(x, b, dim, act, clamp)
    kind = ACTIVATIONS[act]
    alpha = kind.alpha if alpha is None else float(alpha)
    gain = kind.gain if gain is None else float(gain)
    limit = NO_CLAMP if clamp is None else float(clamp)
    if b is not None:
        b = b.to(x.dtype)
    if act == "linear" and b is None and gain == 1.0 and limit < 0:
        return x
    return torch.ops.latentlab.bias_act(x, b, dim, act, alpha, gain, limit)


def _checked(x: Tensor, b: Tensor | None, dim: int, act: str, clamp: float | None) -> int:
    require_floating("bias_act", "x", x)
    if act not in ACTIVATIONS:
        nearest = get_close_matches(str(act), ACTIVATIONS, n=1)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
        raise BadArgument(
            f"bias_act: no activation is called '{act}'{hint} (known: {', '.join(ACTIVATIONS)})"
        )
    if clamp is not None and not clamp >= 0:
        raise BadArgument(f"bias_act: clamp is {clamp}; pass a magnitude of at least 0, or None")
    if b is None:
        return dim % x.ndim if x.ndim else 0
    require_floating("bias_act", "b", b)
    if not -x.ndim <= dim < x.ndim:
        raise BadArgument(f"bias_act: dim is {dim}, but x has {x.ndim} dimensions")
    if b.ndim != 1 or b.shape[0] != x.shape[dim]:
        raise BadArgument(
            f"bias_act: b has shape {list(b.shape)}; pass [{x.shape[dim]}], the size of x {list(x.shape)} along dim {dim}"
        )
    if b.device != x.device:
        raise BadArgument(f"bias_act: b is on {b.device}, x on {x.device}; move them to one device")
    return dim % x.ndim


def _biased(x: Tensor, b: Tensor | None, dim: int) -> Tensor:
    """x + b along dim, in single precision for the half types."""
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    if b is None:
        return wide
    return wide + b.to(wide.dtype).reshape([-1 if i == dim else 1 for i in range(x.ndim)])


def reference(
    x: Tensor, b: Tensor | None, dim: int, act: str, alpha: float, gain: float, clamp: float
) -> Tensor:
    """The definition, in plain PyTorch."""
    if x.numel() == 0:
        return torch.empty_like(x)
    y = ACTIVATIONS[act].function(_biased(x, b, dim), alpha) * gain
    if clamp >= 0:
        y = y.clamp(-clamp, clamp)
    return y.to(x.dtype)


def reference_gradient(
    grad: Tensor,
    at: Tensor,
    b: Tensor | None,
    dim: int,
    act: str,
    alpha: float,
    gain: float,
    clamp: float,
    order: int,
    at_output: bool,
) -> Tensor:
    """grad · gain · act⁽ᵒʳᵈᵉʳ⁾(at + b) where the clamp is open; `at` is x, or y if `at_output` (kinked functions)."""
    if grad.numel() == 0:
        return torch.empty_like(grad)
    kind = ACTIVATIONS[act]
    where = _biased(at, b, dim)
    factor = kind.derivative(where, alpha, order) * gain
    if clamp >= 0:
        y = where if at_output else kind.function(where, alpha) * gain
        factor = factor * (y.abs() < clamp)
    return (grad.to(factor.dtype) * factor).to(grad.dtype)


def bias_act_op(
    x: Tensor, b: Tensor | None, dim: int, act: str, alpha: float, gain: float, clamp: float
) -> Tensor:
    kernels = native.kernels_for(x, "bias_act")
    if kernels is not None:
        code = ACTIVATIONS[act].code
        return kernels.bias_act(x, b, None, dim, code, alpha, gain, clamp, 0, False)
    y = reference(x, b, dim, act, alpha, gain, clamp)
    return y.clone() if y is x else y


def bias_act_gradient_op(
    grad: Tensor,
    at: Tensor,
    b: Tensor | None,
    dim: int,
    act: str,
    alpha: float,
    gain: float,
    clamp: float,
    order: int,
    at_output: bool,
) -> Tensor:
    kernels = native.kernels_for(grad, "bias_act") if order <= 2 else None
    if kernels is not None:
        code = ACTIVATIONS[act].code
        return kernels.bias_act(at, b, grad, dim, code, alpha, gain, clamp, order, at_output)
    return reference_gradient(grad, at, b, dim, act, alpha, gain, clamp, order, at_output)


def _bias_act_shapes(x, b, dim, act, alpha, gain, clamp):
    return torch.empty_like(x)


def _bias_act_gradient_shapes(grad, at, b, dim, act, alpha, gain, clamp, order, at_output):
    return torch.empty_like(grad)


def _sum_to_bias(gradient: Tensor, dim: int) -> Tensor:
    others = [i for i in range(gradient.ndim) if i != dim]
    return gradient.sum(others) if others else gradient


def _remember(ctx, inputs, output):
    x, b, ctx.dim, ctx.act, ctx.alpha, ctx.gain, ctx.clamp = inputs
    kinked = ACTIVATIONS[ctx.act].kinked and ctx.gain > 0 and ctx.alpha >= 0
    ctx.at_output = kinked  # the next convolution keeps y alive anyway, x would be memory of its own
    ctx.save_for_backward(*((output, None) if kinked else (x, b)))


def _backward(ctx, grad):
    at, b = ctx.saved_tensors
    settings = (ctx.dim, ctx.act, ctx.alpha, ctx.gain, ctx.clamp)
    # what is kept of a kinked function only selects slopes: no gradient flows through it
    at = at.detach() if ctx.at_output else at
    grad_x = torch.ops.latentlab.bias_act_gradient(grad, at, b, *settings, 1, ctx.at_output)
    grad_b = _sum_to_bias(grad_x, ctx.dim) if ctx.needs_input_grad[1] else None
    return grad_x, grad_b, None, None, None, None, None


def _remember_gradient(ctx, inputs, output):
    grad, at, b, ctx.dim, ctx.act, ctx.alpha, ctx.gain, ctx.clamp, ctx.order, ctx.at_output = inputs
    ctx.save_for_backward(grad, at, b)


def _backward_gradient(ctx, upstream):
    grad, at, b = ctx.saved_tensors
    settings = (ctx.dim, ctx.act, ctx.alpha, ctx.gain, ctx.clamp)
    derive = torch.ops.latentlab.bias_act_gradient
    grad_grad = grad_at = grad_b = None
    if ctx.needs_input_grad[0]:
        grad_grad = derive(upstream, at, b, *settings, ctx.order, ctx.at_output)
    if not ctx.at_output and (ctx.needs_input_grad[1] or ctx.needs_input_grad[2]):
        grad_at = derive(upstream * grad, at, b, *settings, ctx.order + 1, False)
        grad_b = _sum_to_bias(grad_at, ctx.dim) if ctx.needs_input_grad[2] else None
    return grad_grad, grad_at, grad_b, None, None, None, None, None, None, None


register("bias_act", bias_act_op, _bias_act_shapes, Gradient(_backward, _remember))
register(
    "bias_act_gradient",
    bias_act_gradient_op,
    _bias_act_gradient_shapes,
    Gradient(_backward_gradient, _remember_gradient),
)
