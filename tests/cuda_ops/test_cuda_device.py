"""The CUDA kernels on a CUDA device, against the definition on the CPU; skipped elsewhere."""

from __future__ import annotations

import pytest
import torch

from cuda_ops import bias_act, filtered_lrelu, native, setup_filter, upfirdn2d
from cuda_ops.activations import ACTIVATIONS

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

CLOSE = {torch.float32: 1e-5, torch.float64: 1e-13, torch.bfloat16: 2e-2, torch.float16: 3e-3}
FORMATS = [torch.contiguous_format, torch.channels_last]


def agree(call, x, *others):
    """call on the device with native kernels, and on the CPU by the definition."""
    with native.backend("reference"):
        expected = call(x, *others)
    with native.backend("native"):
        seen = call(x.cuda(), *(None if other is None else other.cuda() for other in others))
    assert seen.stride() == expected.stride()
    size = max(1.0, float(expected.double().abs().max())) if expected.numel() else 1.0
    torch.testing.assert_close(seen.cpu(), expected, rtol=0, atol=size * CLOSE[x.dtype])


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("act", ACTIVATIONS)
def test_bias_act(act, dtype, format):
    for shape in [(2, 16, 8, 8), (2, 5, 7, 9), (0, 3, 4, 4)]:
        x = torch.randn(shape).to(dtype).contiguous(memory_format=format)
        b = torch.randn(shape[1]).to(dtype)
        agree(lambda x, b: bias_act(x, b, act=act, clamp=0.9), x, b)
        agree(lambda x: bias_act(x, act=act), x)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2), (2, 3), ((3, 1), (1, 2))])
def test_upfirdn2d(up, down, dtype, format):
    filters = [setup_filter([1, 3, 3, 1]), torch.randn(3, 4), torch.randn(12), torch.tensor([1.0, 2.0, 1.0])]
    for shape in [(2, 16, 32, 48), (1, 8, 130, 64), (2, 3, 9, 13), (0, 3, 16, 16)]:
        x = torch.randn(shape).to(dtype).contiguous(memory_format=format)
        for f in filters:
            for padding in [(6, 7, 5, 8), (2, 1, 2, 1), (1, 2, -1, 3)]:
                if x.shape[2] + padding[2] + padding[3] >= f.shape[0] and x.shape[3] + padding[0] + padding[1] >= f.shape[-1]:  # fmt: skip
                    agree(lambda x, f, p=padding: upfirdn2d(x, f, up, down, p, gain=1.7), x, f)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dtype", CLOSE)
def test_filtered_lrelu(dtype, format):
    for fu, fd in [
        (torch.randn(12) / 3, torch.randn(12) / 3),
        (setup_filter([1, 3, 3, 1]), torch.randn(6, 6) / 3),
    ]:
        for shape in [(2, 8, 33, 40), (0, 3, 24, 24)]:
            x = torch.randn(shape).to(dtype).contiguous(memory_format=format)
            b = torch.randn(shape[1]).to(dtype)
            agree(
                lambda x, fu, fd, b: filtered_lrelu(x, fu, fd, b, 2, 2, (9, 8, 11, -3), clamp=0.8),
                x,
                fu,
                fd,
                b,
            )


def test_both_gradients_on_the_device():
    f = setup_filter([1, 3, 3, 1], device="cuda")
    x = torch.randn(1, 2, 6, 5, dtype=torch.float64, device="cuda", requires_grad=True)
    b = torch.randn(2, dtype=torch.float64, device="cuda", requires_grad=True)
    with native.backend("native"):
        for operator in (
            lambda x, b: bias_act(x, b, act="lrelu", clamp=0.8),
            lambda x, b: bias_act(x, b, act="swish"),
            lambda x, b: upfirdn2d(x * b[:, None, None], f, 2, 1, (2, 1, 2, 1)),
            lambda x, b: filtered_lrelu(x, f, f, b, 2, 2, 3, clamp=0.8),
        ):
            assert torch.autograd.gradcheck(operator, (x, b))
            assert torch.autograd.gradgradcheck(operator, (x, b))


def test_the_operators_can_be_captured_in_a_graph():
    f = setup_filter([1, 3, 3, 1], device="cuda")
    x, b = torch.randn(1, 8, 16, 16, device="cuda"), torch.randn(8, device="cuda")

    def work():
        return bias_act(filtered_lrelu(upfirdn2d(x, f, 2, 1, (2, 1, 2, 1)), f, f, b, 2, 2, 3), b, act="lrelu")

    with torch.inference_mode(), native.backend("native"):
        expected = work()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            captured = work()
        graph.replay()
    torch.testing.assert_close(captured, expected)
