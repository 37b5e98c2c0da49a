"""The gradient of the end of a synthesis layer: the definition against autograd, the kernel against the definition."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cuda_ops import native
from cuda_ops.tail import finished
from cuda_ops.tail_gradient import End, tail_gradient

CLOSE = {torch.float32: 2e-5, torch.bfloat16: 1e-2}


def last(x: torch.Tensor) -> torch.Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def some_end(n: int, c: int, h: int, w: int, colours: int, **settings) -> End:
    usual = {"strength": 0.7, "slope": 0.2, "gain": 1.4, "clamp": -1.0, "noise": torch.randn(n, h, w)}
    given = {
        "scale": torch.rand(n, c) + 0.5,
        "bias": torch.randn(c),
        "following": torch.randn(n, c),
        "weight": torch.randn(n, colours, c) if colours else None,
    }
    return End(**(usual | given | settings))


@pytest.mark.parametrize(
    "settings", [{}, {"clamp": 1.1}, {"slope": 1.0, "gain": 1.0}, {"slope": 0.0}, {"noise": None}]
)
def test_the_definition_is_what_autograd_finds(settings):
    torch.manual_seed(0)
    n, c, h, w, k = 2, 5, 4, 6, 3
    end = some_end(n, c, h, w, k, **settings)
    v = torch.randn(n, c, h, w, requires_grad=True)
    scale, following, weight = (
        part.clone().requires_grad_() for part in (end.scale, end.following, end.weight)
    )
    noise = None if end.noise is None else end.noise.clone().requires_grad_()
    numbers = (noise, end.strength, end.bias, end.slope, end.gain, end.clamp)
    y = finished(v, scale, *numbers)
    above, colours = torch.randn_like(y), torch.randn(n, k, h, w)
    product = (y * following[:, :, None, None] * above).sum()
    product = product + (torch.einsum("nkc,nchw->nkhw", weight, y) * colours).sum()
    asking = [v, scale, following, weight] + ([] if noise is None else [noise])
    expected = torch.autograd.grad(product, asking)

    out, at_noise = torch.empty_like(y), None if noise is None else torch.empty_like(noise)
    with native.backend("reference"):
        seen = tail_gradient(above, y.detach(), end, out, colours, at_noise)

    torch.testing.assert_close(out, expected[0])
    torch.testing.assert_close(seen.scale / end.scale, expected[1], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(seen.following, expected[2], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(seen.weight, expected[3], rtol=1e-4, atol=1e-4)
    if at_noise is not None:
        torch.testing.assert_close(at_noise, expected[4], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize(("n", "c", "colours"), [(2, 5, 1), (1, 64, 3), (3, 16, 0), (1, 530, 4), (2, 33, 2)])
def test_the_kernel_is_the_definition(dtype, n, c, colours):
    if native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)
    torch.manual_seed(0)
    rows, h, w = slice(3, 15), 17, 9
    y, above = last(torch.randn(n, c, h, w).to(dtype)), last(torch.randn(n, c, 12, w).to(dtype))
    at_colours = torch.randn(n, colours, h, w) if colours else None
    whole = some_end(n, c, h, w, colours)
    for settings in ({}, {"clamp": 1.1}, {"slope": 0.0}, {"noise": None}, {"noise": whole.noise[:1]}):
        end = replace(whole, **settings).cut(slice(None), rows)
        for gradient in (above, None) if colours else (above,):
            found = []
            for name in ("reference", "native"):
                out, at_noise = last(torch.zeros(n, c, h, w, dtype=dtype)), torch.zeros(n, h, w)
                shown = None if at_colours is None else at_colours[:, :, rows]
                with native.backend(name):
                    sums = tail_gradient(
                        gradient, y[:, :, rows], end, out[:, :, rows], shown, at_noise[:, rows]
                    )
                found.append((out, sums.following, sums.scale, sums.weight, at_noise))
            for expected, seen in zip(*found, strict=True):
                assert seen.shape == expected.shape
                if expected.numel():
                    close = CLOSE[seen.dtype] * max(1.0, float(expected.float().abs().max()))
                    torch.testing.assert_close(seen, expected, rtol=0, atol=close)


def test_shapes_that_do_not_fit_are_refused_before_anything_is_written():
    if native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)
    y = last(torch.zeros(1, 4, 3, 3))
    end, out = some_end(1, 4, 3, 3, 0), torch.ones_like(y)
    wide = last(torch.zeros(1, 4, 3, 4))
    with native.backend("native"):
        for words, call in [
            ("above", lambda: tail_gradient(wide, y, end, out)),
            ("out", lambda: tail_gradient(y, y, end, wide)),
            ("y must be channels_last", lambda: tail_gradient(y, torch.zeros(1, 4, 3, 3), end, out)),
            ("bias", lambda: tail_gradient(y, y, replace(end, bias=torch.zeros(3)), out)),
            ("noise", lambda: tail_gradient(y, y, replace(end, noise=torch.zeros(1, 3, 4)), out)),
            ("colours", lambda: tail_gradient(y, y, end, out, torch.zeros(1, 3, 3, 3))),
            ("at_noise", lambda: tail_gradient(y, y, end, out, None, torch.zeros(1, 3, 4))),
        ]:
            with pytest.raises(RuntimeError, match=words):
                call()
    assert bool((out == 1).all())


@pytest.mark.parametrize("noisy", [True, False])
def test_the_kernel_writes_only_where_its_schema_says(noisy):
    kernels = native.load("cpu").kernels
    if kernels is None:
        pytest.skip(native.load("cpu").reason)
    torch.manual_seed(0)
    end, y = some_end(2, 5, 4, 3, 3), last(torch.randn(2, 5, 4, 3))
    sample = (
        y,
        y.clone(),
        torch.empty_like(y),
        torch.randn(2, 3, 4, 3),
        end.weight,
        end.scale,
        end.following,
    )
    numbers = (end.noise, end.strength, end.bias, end.slope, end.gain, end.clamp)
    torch.library.opcheck(
        kernels.tail_gradient.default,
        (*sample, *numbers, torch.zeros(2, 4, 3) if noisy else None),
        test_utils=("test_schema",),
    )
