"""The CUDA kernels' logic, run thread by thread on the CPU and compared with the definition."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from cuda_ops import bias_act, native, setup_filter, upfirdn2d
from cuda_ops.activations import ACTIVATIONS
from cuda_ops.order import KERNELS

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def host(tmp_path_factory):
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    library = tmp_path_factory.mktemp("host") / "host.so"
    command = [
        compiler,
        "-O1",
        "-std=c++17",
        "-shared",
        "-fPIC",
        f"-I{KERNELS}",
        str(HERE / "host_kernels.cpp"),
    ]
    subprocess.run([*command, "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))
    for name in ("host_first_tap", "host_first_input", "host_reach", "host_output_size"):
        getattr(loaded, name).restype = ctypes.c_int64
    return loaded


def place(tensor):
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


def numbers(values):
    return (ctypes.c_int64 * len(values))(*values)


def test_the_index_arithmetic_finds_the_taps_that_meet_an_input(host):
    for up, down, pad, taps in [(1, 1, 0, 4), (2, 1, 3, 4), (3, 2, -4, 5), (2, 3, 5, 12), (4, 1, -1, 3)]:
        for o in range(-3, 12):
            met = [k for k in range(taps) if (o * down - pad + k) % up == 0]
            first, start = (
                f(*map(ctypes.c_int64, (o, up, down, pad)))
                for f in (host.host_first_tap, host.host_first_input)
            )
            assert met == list(range(first, taps, up))
            assert len(met) <= host.host_reach(ctypes.c_int64(taps), ctypes.c_int64(up))
            if met:
                assert start == (o * down - pad + met[0]) // up


def test_the_output_size_counts_the_places_of_the_filter(host):
    for size, up, down, before, after, taps in [(7, 2, 3, 1, -2, 4), (5, 1, 1, 0, 0, 5), (9, 3, 2, -4, 6, 7)]:
        length = size * up + before + after
        expected = len(range(0, length - taps + 1, down))
        assert host.host_output_size(*map(ctypes.c_int64, (size, up, down, before, after, taps))) == expected


def host_upfirdn2d(host, x, f, up, down, padding, flip, gain, last, busy):
    with native.backend("reference"):
        expected = upfirdn2d(x, f, up, down, padding, flip, gain)
    y = torch.full_like(expected, float("nan"))
    separable = f.ndim == 1
    g = [*x.shape, *y.shape[2:], *up, *down, *padding, f.shape[-1], f.shape[0], int(flip), int(last)]
    ran = host.host_upfirdn2d(
        int(x.dtype == torch.float64), place(x), place(y), place(f), place(f if separable else None),
        numbers(g), ctypes.c_double(gain), ctypes.c_int64(busy),
    )  # fmt: skip
    torch.testing.assert_close(y, expected, rtol=2e-6, atol=2e-6)
    return ran


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2)])
def test_the_streaming_kernels_are_upfirdn2d(host, up, down, dtype, last):
    torch.manual_seed(0)
    outer = setup_filter([1, 3, 3, 1]).to(dtype)
    full = torch.randn(3, 4).to(dtype)
    pads = [(p, q, p, q) for p in range(4) for q in (1, 2)] + [(2, 1, -3, 2)]
    streamed = 0
    for shape in [(2, 8, 12, 16), (1, 4, 9, 13), (1, 8, 21, 32)]:
        x = torch.randn(shape).to(dtype)
        x = x.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
        for f in (outer, full, torch.tensor([1.0, 2.0, 1.0]).to(dtype), torch.randn(4, 4).to(dtype)):
            for padding in pads:
                flip = f is full
                streamed += host_upfirdn2d(
                    host, x, f, (up, up), (down, down), padding, flip, 1.7, last, 1 << 20
                )
    assert streamed > 50


@pytest.mark.parametrize("last", [False, True])
def test_long_walks_of_the_streaming_kernels_agree_too(host, last):
    x = torch.randn(1, 4, 150, 16).contiguous(
        memory_format=torch.channels_last if last else torch.contiguous_format
    )
    f = setup_filter([1, 3, 3, 1])
    for up, down in [(1, 1), (2, 1), (1, 2)]:
        assert host_upfirdn2d(host, x, f, (up, up), (down, down), (2, 1, 2, 1), False, 4.0, last, 0)


@pytest.mark.parametrize("last", [False, True])
def test_the_gathering_kernel_is_upfirdn2d_for_any_geometry(host, last):
    x = torch.randn(2, 3, 7, 9).contiguous(
        memory_format=torch.channels_last if last else torch.contiguous_format
    )
    for f in (torch.randn(5, 3), torch.randn(12), torch.randn(1, 1)):
        for up, down in [((2, 3), (1, 2)), ((1, 1), (3, 2)), ((4, 1), (1, 1))]:
            assert not host_upfirdn2d(host, x, f, up, down, (6, 7, 9, -1), True, 0.5, last, -1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("act", ACTIVATIONS)
def test_the_bias_act_kernel_is_bias_act_and_its_derivatives(host, act, dtype):
    torch.manual_seed(0)
    kind = ACTIVATIONS[act]
    for shape, dim, last in [
        ((2, 8, 5, 8), 1, False),
        ((2, 8, 5, 3), 1, True),
        ((3, 5, 7), 1, False),
        ((6, 7), 1, False),
    ]:
        x = torch.randn(shape, dtype=dtype)
        x = x.contiguous(memory_format=torch.channels_last) if last else x
        b, grad = torch.randn(shape[dim], dtype=dtype), torch.randn_like(x)
        for clamp in (-1.0, 0.7):
            for order in (0, 1, 2):
                for at_output in (False, True) if kind.kinked and order == 1 else (False,):
                    bias = None if at_output else b
                    with native.backend("reference"):
                        if order == 0:
                            expected = bias_act(x, b, dim, act, 0.3, 1.5, None if clamp < 0 else clamp)
                        else:
                            settings = (bias, dim, act, 0.3, 1.5, clamp, order, at_output)
                            expected = torch.ops.latentlab.bias_act_gradient(grad, x, *settings)
                    y = torch.full_like(x, float("nan"))
                    mode = 0 if kind.kinked and order == 0 else (1 if at_output else 2)
                    host.host_bias_act(
                        int(dtype == torch.float64), place(x), place(bias), place(grad), place(y),
                        ctypes.c_int64(x.numel()), ctypes.c_int64(x.stride(dim) if bias is not None else 1),
                        ctypes.c_int64(shape[dim] if bias is not None else 1), kind.code, order, int(at_output),
                        ctypes.c_double(0.3), ctypes.c_double(1.5), ctypes.c_double(clamp), mode,
                    )  # fmt: skip
                    torch.testing.assert_close(y, expected, rtol=3e-6, atol=3e-6)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_filtered_lrelu_kernel_is_filtered_lrelu_with_its_mask(host, dtype, last):
    torch.manual_seed(0)
    format = torch.channels_last if last else torch.contiguous_format
    x = torch.randn(2, 3, 21, 18, dtype=dtype).contiguous(memory_format=format)
    b = torch.randn(3, dtype=dtype)
    filters = [
        torch.randn(12, dtype=dtype) / 3,
        torch.randn(6, 5, dtype=dtype) / 3,
        torch.ones(1, dtype=dtype),
    ]
    for fu, fd in [(filters[0], filters[0]), (filters[0], filters[1]), (filters[1], filters[2])]:
        for up, down, clamp in [(2, 2, -1.0), (4, 2, 0.8), (1, 1, 0.5)]:
            sides = (9, 8, 11, 10)
            with native.backend("reference"):
                expected, codes = torch.ops.latentlab.filtered_lrelu(
                    x, fu, fd, b, up, down, *sides, 1.4, 0.2, clamp, False, True
                )
                masked = torch.ops.latentlab.filtered_lrelu_masked(
                    x, codes, fu, fd, up, down, *sides, -2, 3, 1.7, 0.2, True
                )
            y, mask, m = (
                torch.full_like(expected, float("nan")),
                torch.full_like(codes, 9),
                torch.full_like(masked, float("nan")),
            )
            taps = (fu.shape[-1], fu.shape[0], fd.shape[-1], fd.shape[0])
            common = [*x.shape, *codes.shape[2:], *y.shape[2:], up, down, *sides, *taps]
            pointers = [
                place(t) for t in (fu, fu if fu.ndim == 1 else None, fd, fd if fd.ndim == 1 else None)
            ]
            wide, room = int(dtype == torch.float64), ctypes.c_int64(48 * 1024)
            rest = [ctypes.c_double(v) for v in (up * up, 1.4, 0.2, clamp)]
            g = numbers([*common, 0, int(last), 0, 0, 0, 0])
            assert host.host_filtered_lrelu(
                wide, place(x), place(y), *pointers, place(b), place(mask), place(None), g, *rest, room
            )
            torch.testing.assert_close(y, expected, rtol=5e-6, atol=2e-5)
            seen = mask != 9
            if fd.shape[0] >= down:  # pixels between the taps of a shorter filter matter to nobody
                assert seen[..., : seen.shape[-2] - down, : seen.shape[-1] - down].all()
            assert (mask[seen] != codes[seen]).float().mean() < 1e-3
            g = numbers([*common, 1, int(last), *codes.shape[2:], -2, 3])
            rest = [ctypes.c_double(v) for v in (1.7, 1.0, 0.2, -1.0)]
            assert host.host_filtered_lrelu(
                wide, place(x), place(m), *pointers, place(None), place(None), place(codes), g, *rest, room
            )
            torch.testing.assert_close(m, masked, rtol=5e-6, atol=2e-5)


def test_a_filter_too_large_for_shared_memory_is_refused_not_miscomputed(host):
    f = torch.ones(300, 300)
    x, y = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 1, 1)
    g = numbers([1, 1, 4, 4, 300, 300, 1, 1, 1, 1, 148, 148, 148, 148, 1, 1, 300, 300, 0, 0, 0, 0, 0, 0])
    one = torch.ones(1)
    rest = [ctypes.c_double(v) for v in (1.0, 1.0, 0.2, -1.0)]
    nothing = place(None)
    assert not host.host_filtered_lrelu(
        0, place(x), place(y), place(one), place(one), place(f), nothing, nothing, nothing, nothing, g, *rest,
        ctypes.c_int64(48 * 1024),
    )  # fmt: skip
