"""The activation functions of bias_act, their usual slopes and gains, and their derivatives of any order."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SELU_SCALE = 1.0507009873554804934193349852946  # Klambauer et al. 2017
SELU_ALPHA = 1.6732632423543772848170429916717


@dataclass(frozen=True)
class Activation:
    code: int
    """Number under which the native kernels know it."""
    alpha: float
    """Usual slope of the negative side (leaky ReLU only)."""
    gain: float
    """Usual gain that keeps the variance."""
    function: Callable[[Tensor, float], Tensor]
    """Value at x for the slope alpha."""
    derivative: Callable[[Tensor, float, int], Tensor]
    """Derivative of order ≥ 1 at x for the slope alpha."""
    kinked: bool = False
    """Piecewise linear: the sign of the output tells the derivative, and all higher ones vanish."""


def _polynomial(coefficients: list[float], x: Tensor) -> Tensor:
    """Horner's rule, lowest power first."""
    value = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = value * x + coefficient
    return value


def _chain(coefficients: list[float], slope: list[float], order: int) -> list[float]:
    """Differentiates p(u(x)) `order` times where u' = slope(u), all three polynomials in u."""
    for _ in range(order):
        derived = [power * value for power, value in enumerate(coefficients)][1:] or [0.0]
        product = [0.0] * (len(derived) + len(slope) - 1)
        for i, left in enumerate(derived):
            for j, right in enumerate(slope):
                product[i + j] += left * right
        coefficients = product
    return coefficients


def _sigmoid_derivative(x: Tensor, order: int) -> Tensor:
    return _polynomial(_chain([0.0, 1.0], [0.0, 1.0, -1.0], order), torch.sigmoid(x))  # s' = s - s²


def _tanh_derivative(x: Tensor, order: int) -> Tensor:
    return _polynomial(_chain([0.0, 1.0], [1.0, 0.0, -1.0], order), torch.tanh(x))  # t' = 1 - t²


def _leaky_derivative(x: Tensor, alpha: float, order: int) -> Tensor:
    if order > 1:
        return torch.zeros_like(x)
    return torch.where(x > 0, torch.ones_like(x), alpha)


def _linear_derivative(x: Tensor, order: int) -> Tensor:
    return torch.ones_like(x) if order == 1 else torch.zeros_like(x)


def _elu_derivative(x: Tensor, scale: float, alpha: float, order: int) -> Tensor:
    positive = scale if order == 1 else 0.0
    return torch.where(x > 0, positive, scale * alpha * torch.exp(x.clamp(max=0)))


def _swish_derivative(x: Tensor, order: int) -> Tensor:
    return x * _sigmoid_derivative(x, order) + order * _sigmoid_derivative(x, order - 1)  # Leibniz


ACTIVATIONS: dict[str, Activation] = {
    "linear": Activation(0, 0.0, 1.0, lambda x, a: x, lambda x, a, n: _linear_derivative(x, n), True),
    "relu": Activation(
        1, 0.0, math.sqrt(2), lambda x, a: torch.relu(x), lambda x, a, n: _leaky_derivative(x, 0.0, n), True
    ),
    "lrelu": Activation(
        2, 0.2, math.sqrt(2), lambda x, a: functional.leaky_relu(x, a), _leaky_derivative, True
    ),
    "tanh": Activation(3, 0.0, 1.0, lambda x, a: torch.tanh(x), lambda x, a, n: _tanh_derivative(x, n)),
    "sigmoid": Activation(
        4, 0.0, 1.0, lambda x, a: torch.sigmoid(x), lambda x, a, n: _sigmoid_derivative(x, n)
    ),
    "elu": Activation(
        5, 0.0, 1.0, lambda x, a: functional.elu(x), lambda x, a, n: _elu_derivative(x, 1.0, 1.0, n)
    ),
    "selu": Activation(
        6,
        0.0,
        1.0,
        lambda x, a: functional.selu(x),
        lambda x, a, n: _elu_derivative(x, SELU_SCALE, SELU_ALPHA, n),
    ),
    "softplus": Activation(
        7,
        0.0,
        1.0,
        lambda x, a: functional.softplus(x),
        lambda x, a, n: _sigmoid_derivative(x, n - 1),
    ),
    "swish": Activation(
        8, 0.0, math.sqrt(2), lambda x, a: x * torch.sigmoid(x), lambda x, a, n: _swish_derivative(x, n)
    ),
}
