"""upfirdn2d and filtered_lrelu: the definition against loops over pixels, native against it, gradients, refusals."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import signal

from cuda_ops import downsample2d, filter2d, filtered_lrelu, native, setup_filter, upfirdn2d, upsample2d
from cuda_ops.errors import BadArgument

FORMATS = [torch.contiguous_format, torch.channels_last]
CLOSE = {torch.float32: 3e-6, torch.float64: 3e-14, torch.bfloat16: 1e-2, torch.float16: 2e-3}


@pytest.fixture(params=["reference", "native"])
def either(request):
    if request.param == "native" and native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)
    with native.backend(request.param):
        yield request.param


def by_scipy(x, f, up, down, padding, flip, gain):
    """The same with NumPy and SciPy alone."""
    f = np.outer(f, f) if f.ndim == 1 else f
    f = f[::-1, ::-1] if flip else f
    n, c, h, w = x.shape
    wide = np.zeros((n, c, h * up[1], w * up[0]))
    wide[:, :, :: up[1], :: up[0]] = x
    x0, x1, y0, y1 = padding
    wide = np.pad(wide, [(0, 0), (0, 0), (max(y0, 0), max(y1, 0)), (max(x0, 0), max(x1, 0))])
    wide = wide[:, :, max(-y0, 0) : wide.shape[2] - max(-y1, 0), max(-x0, 0) : wide.shape[3] - max(-x1, 0)]
    planes = [[signal.convolve2d(plane, f, mode="valid") for plane in image] for image in wide]
    return np.array(planes)[:, :, :: down[1], :: down[0]] * gain


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(
    ("up", "down"), [((1, 1), (1, 1)), ((2, 3), (1, 2)), ((1, 2), (3, 1)), ((3, 2), (2, 3))]
)
def test_upfirdn2d_is_zero_insertion_convolution_and_decimation(up, down, flip, either):
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8, 9, dtype=torch.float64)
    for f in (torch.randn(4, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64)):
        for padding in [(3, 4, 5, 2), (6, -2, -3, 5)]:
            expected = by_scipy(x.numpy(), f.numpy(), up, down, padding, flip, 1.5)
            y = upfirdn2d(x, f, up, down, padding, flip, 1.5)
            np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12, atol=1e-12)


def agree(call, dtype):
    results = {}
    for name in ("reference", "native"):
        with native.backend(name):
            results[name] = call()
    assert results["native"].stride() == results["reference"].stride()
    size = max(1.0, float(results["reference"].abs().max())) if results["reference"].numel() else 1.0
    torch.testing.assert_close(results["native"], results["reference"], rtol=0, atol=size * CLOSE[dtype])


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("format", FORMATS)
def test_native_upfirdn2d_is_the_reference(dtype, format):
    if native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)
    torch.manual_seed(0)
    filters = [
        None,
        setup_filter([1, 3, 3, 1]),
        torch.randn(5, 3),
        torch.randn(12),
        torch.randn(9, 9),
        torch.randn(1, 7),
    ]
    for shape in [(2, 3, 9, 7), (1, 32, 16, 33), (0, 3, 5, 5)]:
        x = torch.randn(shape).to(dtype).contiguous(memory_format=format)
        for f, up, down in itertools.product(filters, (1, 2, (3, 1)), (1, 2, (2, 3))):
            for padding, flip in [((5, 6, 7, 8), False), ((4, 9, -1, 12), True)]:
                agree(lambda: upfirdn2d(x, f, up, down, padding, flip, 1.7), dtype)  # noqa: B023


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("format", FORMATS)
def test_native_filtered_lrelu_is_the_reference(dtype, format):
    if native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)
    torch.manual_seed(0)
    pairs = [
        (torch.randn(12) / 3, torch.randn(12) / 3),
        (None, torch.randn(6, 6) / 3),
        (setup_filter([1, 3, 3, 1]), None),
    ]
    for shape in [(2, 3, 9, 7), (1, 20, 16, 21), (0, 3, 8, 8)]:
        x = torch.randn(shape).to(dtype).contiguous(memory_format=format)
        b = torch.randn(shape[1]).to(dtype)
        for (fu, fd), up, down in itertools.product(pairs, (1, 2, 4), (1, 2)):
            for padding, clamp in [((12, 13, 11, 10), None), ((20, -2, 12, 12), 0.8)]:
                agree(lambda: filtered_lrelu(x, fu, fd, b, up, down, padding, clamp=clamp), dtype)  # noqa: B023


def test_filtered_lrelu_is_its_four_steps(either):
    x, b = torch.randn(2, 3, 9, 8, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    fu, fd = torch.randn(6, dtype=torch.float64), torch.randn(3, 4, dtype=torch.float64)
    y = upfirdn2d(x + b[:, None, None], fu, up=2, padding=(3, 4, 2, 5), gain=4.0)
    y = (torch.nn.functional.leaky_relu(y, 0.1) * math.sqrt(2)).clamp(-0.9, 0.9)
    expected = upfirdn2d(y, fd, down=2)
    torch.testing.assert_close(
        filtered_lrelu(x, fu, fd, b, 2, 2, (3, 4, 2, 5), slope=0.1, clamp=0.9), expected
    )


@pytest.mark.parametrize("up", [1, (2, 3)])
@pytest.mark.parametrize("down", [1, (3, 2)])
def test_upfirdn2d_has_right_gradients_of_both_orders(up, down, either):
    torch.manual_seed(0)
    x = torch.randn(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    f = torch.randn(3, 4, dtype=torch.float64)

    def operator(x):
        return upfirdn2d(x, f, up, down, (2, 3, -1, 4), gain=2.0)

    assert torch.autograd.gradcheck(operator, (x,))
    assert torch.autograd.gradgradcheck(operator, (x,))


@pytest.mark.parametrize(("up", "down", "clamp"), [(2, 2, 0.8), (3, 2, None), (1, 1, 0.5)])
def test_filtered_lrelu_has_right_gradients_of_both_orders(up, down, clamp, either):
    torch.manual_seed(0)
    x = torch.randn(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    b = torch.randn(2, dtype=torch.float64, requires_grad=True)
    fu, fd = torch.randn(5, dtype=torch.float64), torch.randn(3, 4, dtype=torch.float64)

    def operator(x, b):
        return filtered_lrelu(x, fu, fd, b, up, down, (3, 4, 2, 5), clamp=clamp)

    assert torch.autograd.gradcheck(operator, (x, b))
    assert torch.autograd.gradgradcheck(operator, (x, b))


def test_the_operators_are_registered_as_torch_demands():
    x, b, f = (
        torch.randn(2, 3, 6, 6, requires_grad=True),
        torch.randn(3, requires_grad=True),
        torch.randn(4, 4),
    )
    ops = torch.ops.latentlab
    torch.library.opcheck(ops.upfirdn2d.default, (x, f, 2, 1, 1, 2, 1, 2, 2, 2, False, 4.0))
    settings = (2, 2, 4, 4, 4, 4)
    torch.library.opcheck(ops.filtered_lrelu.default, (x, f, f, b, *settings, 1.4, 0.2, 1.0, False, True))
    mask = ops.filtered_lrelu(x, f, f, b, *settings, 1.4, 0.2, 1.0, False, True)[1]
    torch.library.opcheck(
        ops.filtered_lrelu_masked.default, (x, mask, f, f, *settings, 0, 0, 1.4, 0.2, False)
    )


def test_a_constant_image_stays_constant_inside_when_resampled(either):
    x, f = torch.full((1, 2, 16, 16), 3.0), setup_filter([1, 3, 3, 1])
    for y in (filter2d(x, f), upsample2d(x, f), downsample2d(x, f)):
        torch.testing.assert_close(y[..., 3:-3, 3:-3], torch.full_like(y, 3.0)[..., 3:-3, 3:-3])
    assert upsample2d(x, f).shape[-1] == 32
    assert downsample2d(x, f).shape[-1] == 8
    assert filter2d(x, f).shape == x.shape


def test_filters_are_made_as_the_published_tools_make_them():
    assert setup_filter([1, 3, 3, 1]).shape == (4, 4)
    assert setup_filter([1] * 8).shape == (8,)
    assert setup_filter(None).shape == (1, 1)
    assert setup_filter([1, 3, 3, 1], gain=4.0).sum() == pytest.approx(4.0)
    assert setup_filter([1.0] * 8, gain=4.0).sum() == pytest.approx(2.0)  # each pass carries the root
    torch.testing.assert_close(
        setup_filter([1, 2], normalize=False, separable=True, flip_filter=True), torch.tensor([2.0, 1.0])
    )


def test_a_wrong_call_gets_one_line_that_says_what_was_seen():
    x, f = torch.zeros(1, 1, 4, 4), torch.ones(3, 3)
    calls = [
        ("up is 0", lambda: upfirdn2d(x, f, up=0)),
        ("padding is", lambda: upfirdn2d(x, f, padding=(1, 2, 3))),
        ("nothing is left of 4×4", lambda: upfirdn2d(x, f, padding=-2)),
        ("asks for a gradient", lambda: upfirdn2d(x, f.requires_grad_())),
        (r"\[4, 4\]; pass \[n c h w\]", lambda: upfirdn2d(x[0, 0], None)),
        ("sum to zero", lambda: setup_filter([1.0, -1.0], separable=True)),
        ("b has shape", lambda: filtered_lrelu(x, b=torch.zeros(2))),
    ]
    for words, call in calls:
        with pytest.raises(BadArgument, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_network_of_operators_compiles_whole_and_learns():
    f = setup_filter([1, 3, 3, 1])

    def network(x, b):
        y = upfirdn2d(filtered_lrelu(x, f, f, b, 2, 2, 3), f, up=2, padding=(2, 1, 2, 1), gain=4.0)
        from cuda_ops import bias_act

        return bias_act(y, b, act="lrelu")

    x, b = torch.randn(1, 2, 8, 8, requires_grad=True), torch.randn(2, requires_grad=True)
    expected = torch.autograd.grad(network(x, b).square().sum(), (x, b))
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    seen = torch.autograd.grad(compiled(x, b).square().sum(), (x, b))
    torch.testing.assert_close(seen, expected)
