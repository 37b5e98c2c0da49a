"""The tails of the synthesis layers: native against the operators they stand for."""

from __future__ import annotations

import itertools

import pytest
import torch

from cuda_ops import bias_act, native, setup_filter, upfirdn2d, upsample2d
from cuda_ops.errors import BadArgument
from cuda_ops.tail import fir_tail, modulated_tail, skip_add

CLOSE = {torch.float32: 3e-6, torch.bfloat16: 2e-2}
FORMATS = [torch.contiguous_format, torch.channels_last]


def agree(call):
    with native.backend("reference"):
        expected = call()
    with native.backend("native"):
        seen = call()
    assert seen.stride() == expected.stride()
    close = CLOSE[seen.dtype] * max(1.0, float(expected.float().abs().max()))
    torch.testing.assert_close(seen, expected, rtol=0, atol=close)


@pytest.fixture(autouse=True)
def kernels():
    if native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("n", "c"), [(2, 5), (1, 64), (1, 530)])
def test_the_native_tails_are_the_plain_ones(dtype, format, n, c):
    torch.manual_seed(0)
    f = setup_filter([1, 3, 3, 1])
    y = torch.randn(n, c, 17, 19).to(dtype).contiguous(memory_format=format)
    scale, bias = torch.randn(n, c), torch.randn(c)
    maps = [None, torch.randn(17, 19), torch.randn(n, 17, 19), torch.randn(1, 1, 17, 19)]
    for noise, (a, b, slope, clamp) in itertools.product(maps, [(scale, bias, 0.2, None), (None, bias, 1.0, 1.0), (scale, None, 0.2, 2.0)]):  # fmt: skip
        settings = (0.7, b, slope, 1.4, clamp)
        agree(lambda: modulated_tail(y, a, noise, *settings))  # noqa: B023
        agree(lambda: (lambda z: modulated_tail(z, a, noise, *settings, out=z))(y.clone()))  # noqa: B023
        cut = None if noise is None else noise[..., :16, :18].contiguous()
        agree(lambda: fir_tail(y, f, (1, 1), 4.0, a, cut, *settings))  # noqa: B023


def test_the_tail_is_what_the_layers_compute():
    y, scale, noise, bias = torch.randn(2, 3, 8, 8), torch.randn(2, 3), torch.randn(8, 8), torch.randn(3)
    expected = bias_act(y * scale[:, :, None, None] + noise * 0.3, bias, act="lrelu", clamp=1.5)
    torch.testing.assert_close(modulated_tail(y, scale, noise, 0.3, bias, clamp=1.5), expected)
    f = setup_filter([1, 3, 3, 1])
    wide = torch.randn(2, 3, 9, 9)
    expected = bias_act(upfirdn2d(wide, f, padding=1, gain=4.0), bias, act="lrelu")
    torch.testing.assert_close(fir_tail(wide, f, bias=bias), expected)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("format", FORMATS)
def test_the_colour_image_is_doubled_and_added_to(dtype, format):
    f, image, bias = setup_filter([1, 3, 3, 1]), torch.randn(2, 3, 9, 8), torch.randn(3)
    rgb = torch.randn(2, 3, 18, 16).to(dtype).contiguous(memory_format=format)
    expected = upsample2d(image, f) + (rgb.float() + bias[:, None, None]).clamp(-1, 1)
    torch.testing.assert_close(skip_add(image, rgb, f, bias, 1.0), expected, rtol=1e-5, atol=1e-5)
    agree(lambda: skip_add(image, rgb, f, bias, 1.0))


def test_shapes_that_do_not_fit_are_refused_before_anything_is_written():
    y = torch.zeros(1, 2, 4, 4)
    for words, call in [
        ("demodulation has shape", lambda: modulated_tail(y, torch.zeros(2, 2))),
        ("noise has shape", lambda: modulated_tail(y, noise=torch.zeros(4, 5))),
        ("bias has shape", lambda: modulated_tail(y, bias=torch.zeros(3))),
        ("out is", lambda: modulated_tail(y, out=torch.zeros(1, 2, 4, 5))),
        ("rgb", lambda: skip_add(y, y, torch.ones(4))),
    ]:
        with pytest.raises(BadArgument, match=words):
            call()
