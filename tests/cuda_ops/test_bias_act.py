"""bias_act: the definition against formulas of its own, its derivatives, its registration, its refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from cuda_ops import bias_act, fused_bias_act, native
from cuda_ops.activations import ACTIVATIONS
from cuda_ops.errors import BadArgument, BadTensor

FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "lrelu": lambda x: np.where(x > 0, x, 0.2 * x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "swish": lambda x: x / (1 + np.exp(-x)),
}
ROOTED = {"relu", "lrelu", "swish"}


@pytest.fixture(params=["reference", "native"])
def either(request):
    if request.param == "native" and native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)
    with native.backend(request.param):
        yield request.param


@pytest.mark.parametrize("act", FORMULAS)
def test_each_activation_is_its_formula_with_its_usual_gain(act, either):
    x, b = torch.randn(2, 3, 4, 5, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    expected = FORMULAS[act](x.numpy() + b.numpy()[:, None, None]) * (math.sqrt(2) if act in ROOTED else 1.0)
    np.testing.assert_allclose(bias_act(x, b, act=act).numpy(), expected, rtol=1e-12, atol=1e-13)
    clamped = bias_act(x, b, act=act, gain=3.0, clamp=0.5).numpy()
    np.testing.assert_allclose(clamped, np.clip(FORMULAS[act](x.numpy() + b.numpy()[:, None, None]) * 3, -0.5, 0.5), rtol=1e-12, atol=1e-13)  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(2, 3, 9, 7), (1, 33, 4, 5), (2, 5, 90, 80), (0, 3, 5, 5), (5, 6), (7,)])
def test_native_is_the_reference_along_every_dimension_and_layout(dtype, shape):
    if native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)
    torch.manual_seed(0)
    formats = [torch.contiguous_format] + ([torch.channels_last] if len(shape) == 4 else [])
    close = {torch.float32: 3e-6, torch.float64: 1e-14, torch.bfloat16: 1e-2, torch.float16: 2e-3}[dtype]
    for format in formats:
        x = torch.randn(shape).to(dtype).contiguous(memory_format=format)
        for act in ACTIVATIONS:
            for dim in range(len(shape)):
                b = torch.randn(shape[dim]).to(dtype) if act != "tanh" else None
                results = {}
                for name in ("reference", "native"):
                    with native.backend(name):
                        results[name] = bias_act(x, b, dim, act, clamp=0.9)
                assert results["native"].stride() == results["reference"].stride()
                torch.testing.assert_close(results["native"], results["reference"], rtol=close, atol=close)


def test_a_strided_view_is_read_as_it_lies(either):
    x = torch.randn(4, 6, 8, 10)[:, ::2, 1:, ::3]
    b = torch.randn(3)
    torch.testing.assert_close(bias_act(x, b, act="lrelu"), bias_act(x.contiguous(), b, act="lrelu"))


def test_not_a_number_stays_one_and_does_not_spread(either):
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 1, 2] = float("nan")
    for act in ("linear", "lrelu", "relu"):
        y = bias_act(x, act=act, gain=2.0, clamp=1.0)
        assert y.isnan().sum() == 1
        assert y[0, 0, 1, 2].isnan()


@pytest.mark.parametrize("act", FORMULAS)
@pytest.mark.parametrize("clamp", [None, 0.7])
def test_first_and_second_gradients_are_right(act, clamp, either):
    torch.manual_seed(1)
    x = torch.randn(2, 3, 3, 2, dtype=torch.float64, requires_grad=True)
    b = torch.randn(3, dtype=torch.float64, requires_grad=True)

    def operator(x, b):
        return bias_act(x, b, act=act, clamp=clamp)

    assert torch.autograd.gradcheck(operator, (x, b))
    assert torch.autograd.gradgradcheck(operator, (x, b))


def test_the_fourth_derivative_exists():
    x = torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True)
    for act, plain in [
        ("tanh", torch.tanh),
        ("sigmoid", torch.sigmoid),
        ("softplus", torch.nn.functional.softplus),
    ]:
        ours, theirs = bias_act(x, dim=0, act=act), plain(x)
        for _ in range(4):
            (ours,) = torch.autograd.grad(ours.sum(), x, create_graph=True)
            (theirs,) = torch.autograd.grad(theirs.sum(), x, create_graph=True)
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("act", ["lrelu", "swish"])
def test_the_operator_is_registered_as_torch_demands(act):
    x, b = torch.randn(2, 3, 4, 4, requires_grad=True), torch.randn(3, requires_grad=True)
    torch.library.opcheck(torch.ops.latentlab.bias_act.default, (x, b, 1, act, 0.2, 1.4, 1.0))
    at = torch.randn(2, 3, 4, 4, requires_grad=True)
    torch.library.opcheck(
        torch.ops.latentlab.bias_act_gradient.default, (x, at, b, 1, act, 0.2, 1.4, 1.0, 1, False)
    )


def test_the_fused_name_is_the_same_function():
    assert fused_bias_act is bias_act


def test_a_wrong_call_gets_one_line_that_says_what_was_seen():
    x = torch.zeros(2, 3, 4, 4)
    calls = [
        (BadArgument, "did you mean 'lrelu'", lambda: bias_act(x, act="lrlu")),
        (BadArgument, r"\[4\]; pass \[3\]", lambda: bias_act(x, torch.zeros(4))),
        (BadArgument, "dim is 7", lambda: bias_act(x, torch.zeros(3), dim=7)),
        (BadArgument, "clamp is -1", lambda: bias_act(x, clamp=-1.0)),
        (BadTensor, "torch.int64", lambda: bias_act(x.long())),
        (BadTensor, "list", lambda: bias_act([1.0])),  # type: ignore[arg-type]
    ]
    for kind, words, call in calls:
        with pytest.raises(kind, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)
