"""The path that only inference can take computes what the general path computes, whatever the network and the batch."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading

import pytest
import torch

from cuda_ops import native
from latentlab.core.noise import FIXED, NO_NOISE, Noise, NoiseMode
from latentlab.core.pivot import Pivot
from latentlab.networks import inference, packed, plan
from latentlab.networks.tiny import tiny_generator


@pytest.fixture(autouse=True)
def _native_operators() -> None:
    if not hasattr(native.load("cpu").kernels, "band_phases"):
        pytest.skip("the native operators are not built here")


def styles_for(generator, count: int, seed: int = 0) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    w_plus = torch.randn(count, generator.layers, generator.w_width, generator=source) + generator.w_average
    with torch.no_grad():
        return generator.styles(w_plus)


def general(generator, styles, noise=FIXED, pivot=None) -> torch.Tensor:
    with torch.no_grad(), native.backend("reference"):
        return generator(styles, noise, pivot)


def relative(seen: torch.Tensor, expected: torch.Tensor) -> float:
    return float((seen - expected).abs().max() / expected.abs().max())


def random_pivot(generator, layers=("b4.conv1", "b8.conv0", "b16.conv1", "b32.torgb"), seed=5) -> Pivot:
    source = torch.Generator().manual_seed(seed)
    factors = {}
    for name in layers:
        weight = generator.get_submodule(f"synthesis.{name}").weight
        up = torch.randn(weight.shape[0], 2, generator=source) * 0.3
        factors[name] = (up, torch.randn(2, weight[0].numel(), generator=source) * 0.3)
    return Pivot(factors, {"b8.conv1": torch.randn(8, 8, generator=source)})


NETWORKS = {
    "usual": {},
    "uneven channels": {"resolution": 64, "channels": {4: 32, 8: 32, 16: 24, 32: 20, 64: 7}},
    "original wiring": {"architecture": "orig"},
    "three taps": {"taps": [1, 2, 1]},
    "eight taps": {"taps": [1, 7, 21, 35, 35, 21, 7, 1]},
    "asymmetric taps": {"taps": [1, 2, 3, 4]},
    "relu and a clamp": {"activation": "relu", "clamp": 1.5},
    "one colour": {"colours": 1},
    "no noise": {"noise": False},
    "four by four": {"resolution": 4},
}


@pytest.mark.parametrize("band", [4 << 20, 20_000], ids=["whole layers", "bands"])
@pytest.mark.parametrize("name", NETWORKS)
def test_images_are_those_of_the_general_path(name, band, monkeypatch):
    monkeypatch.setattr(plan, "BAND_BYTES", band)
    generator = tiny_generator(**NETWORKS[name])
    for count in (1, 3):
        styles = styles_for(generator, count)
        for noise in (Noise(), Noise(NoiseMode.RANDOM, seed=3), NO_NOISE):
            with torch.no_grad():
                image = inference.synthesise(generator, styles, noise, None, None)
            assert image is not None
            assert relative(image, general(generator, styles, noise)) <= 1e-5


def test_pivots_count():
    generator = tiny_generator()
    styles, pivot = styles_for(generator, 2), random_pivot(generator)
    with torch.no_grad():
        image = inference.synthesise(generator, styles, Noise(), pivot, None)
    assert relative(image, general(generator, styles, pivot=pivot)) <= 1e-5


@pytest.mark.parametrize("band", [4 << 20, 20_000], ids=["whole layers", "bands"])
@pytest.mark.parametrize("kind", ["stylegan2", "wide"])
def test_weights_are_laid_out_for_the_sizes_that_come(kind, band, monkeypatch):
    """Another size may want another layout, and the weights would be turned round at every call."""
    monkeypatch.setattr(plan, "BAND_BYTES", band)
    laid_out, given = {}, {}
    pack, convolve = packed.Packed.__init__, packed.Packed.__call__

    def noted(self, weight, padding, size, stride=1):
        laid_out[self] = size
        pack(self, weight, padding, size, stride)

    def called(self, x):
        given.setdefault(self, tuple(x.shape))  # the last band of a layer may be thinner
        return convolve(self, x)

    monkeypatch.setattr(packed.Packed, "__init__", noted)
    monkeypatch.setattr(packed.Packed, "__call__", called)
    generator = tiny_generator(**({"channels": {4: 64, 8: 64, 16: 64, 32: 32}} if kind == "wide" else {}))
    styles = styles_for(generator, 1).requires_grad_(True)
    torch.autograd.grad(generator(styles).sum(), styles)
    assert len(given) > 20
    assert {each: laid_out[each] for each in given} == given


def test_bf16_on_a_processor_that_cannot_lay_it_out_takes_the_general_path():
    code = (
        "import torch; from latentlab.networks.tiny import tiny_generator; from latentlab.networks.packed import packing_works\n"
        "generator = tiny_generator(); generator.compute_dtype = torch.bfloat16\n"
        "styles = torch.ones(1, sum(layer.width for layer in generator.style_layers))\n"
        "assert packing_works() and not packing_works(torch.bfloat16)\n"
        "with torch.no_grad(): half = generator(styles); generator.compute_dtype = None; whole = generator(styles)\n"
        "assert 0 < float((half - whole).abs().max()) < 0.1 * float(whole.abs().max())"
    )
    older = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "LATENTLAB_OPS_ISA": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **older}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_no_batch_turns_a_weight_round_at_its_call(capfd):
    generator = tiny_generator(channels={4: 512, 8: 512, 16: 512, 32: 256})
    for count in (1, 2, 3):
        styles = styles_for(generator, count)
        with torch.no_grad():
            generator(styles)
            with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
                generator(styles)
    told = capfd.readouterr().out
    if ",convolution," not in told:
        pytest.skip("this PyTorch does not say what oneDNN does")
    assert ",reorder," not in told


def test_bf16_stays_near_fp32():
    generator = tiny_generator()
    styles = styles_for(generator, 2)
    expected = general(generator, styles)
    generator.compute_dtype = torch.bfloat16
    with torch.no_grad():
        image = generator(styles)
    assert image.dtype == torch.float32
    mean_square = float((image - expected).square().mean())
    assert 10 * torch.log10((expected.max() - expected.min()) ** 2 / mean_square) >= 50


def test_autocast_asks_for_bf16():
    generator = tiny_generator()
    styles = styles_for(generator, 1)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        image = generator(styles)
    assert 1e-4 < relative(image, general(generator, styles)) < 5e-2


def test_own_noise_maps_and_a_pivots_maps_count():
    generator = tiny_generator()
    styles, pivot = styles_for(generator, 2), random_pivot(generator)
    noise = Noise(maps={"b16.conv0": torch.randn(2, 1, 16, 16), "b32.conv1": torch.randn(32, 32)})
    with torch.no_grad():
        image = inference.synthesise(generator, styles, noise, pivot, None)
    assert relative(image, general(generator, styles, noise, pivot)) <= 1e-5


def test_weights_that_change_are_noticed():
    generator = tiny_generator()
    styles = styles_for(generator, 1)
    with torch.no_grad():
        before = generator(styles)
        generator.synthesis.b8.conv0.weight.mul_(1.1)
        generator.synthesis.b8.conv0.weight[0].add_(1)
        after = generator(styles)
    assert not torch.equal(before, after)
    assert relative(after, general(generator, styles)) <= 1e-5


def test_gradients_take_another_path():
    generator = tiny_generator()
    styles = styles_for(generator, 1).requires_grad_(True)
    assert inference.synthesise(generator, styles, Noise(), None, None) is None
    assert generator(styles).requires_grad
    generator.requires_grad_(True)
    assert generator(styles.detach()).requires_grad


def test_hooks_on_inner_layers_are_heard():
    generator, heard = tiny_generator(), []
    handle = generator.synthesis.b16.register_forward_hook(lambda *_: heard.append(1))
    with torch.no_grad():
        generator(styles_for(generator, 1))
    handle.remove()
    assert heard == [1]


def test_plans_stay_out_of_copies_pickles_and_state_dicts():
    generator = tiny_generator()
    styles, names = styles_for(generator, 1), set(generator.state_dict())
    with torch.no_grad():
        image = generator(styles)
        twin = pickle.loads(pickle.dumps(generator))
        other = copy.deepcopy(generator)
        assert torch.equal(twin(styles), image)
        other.synthesis.b4.const.zero_()
        assert not torch.equal(other(styles), image)
    assert set(generator.state_dict()) == names


def test_results_do_not_share_memory():
    generator = tiny_generator()
    with torch.no_grad():
        first = generator(styles_for(generator, 1, seed=1))
        kept = first.clone()
        generator(styles_for(generator, 1, seed=2))
    assert torch.equal(first, kept)


def test_inference_mode_works_and_leaves_ordinary_tensors():
    generator = tiny_generator()
    styles = styles_for(generator, 1)
    with torch.inference_mode():
        image = generator(styles)
    assert not image.is_inference()
    assert relative(image, general(generator, styles)) <= 1e-5


def test_eight_threads_render_two_pivots_without_mixing_them():
    generator = tiny_generator()
    styles = styles_for(generator, 2)
    pivots = [random_pivot(generator, seed=1), random_pivot(generator, seed=2)]
    expected = [general(generator, styles, pivot=pivot) for pivot in pivots]
    failures: list[float] = []

    def work(index: int) -> None:
        with torch.no_grad():
            for turn in range(6):
                chosen = (index + turn) % 2
                error = relative(generator(styles, Noise(), pivots[chosen]), expected[chosen])
                if error > 1e-5:
                    failures.append(error)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
