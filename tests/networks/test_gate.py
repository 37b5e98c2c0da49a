"""The one gate before a network is built: ranges of arguments, then parameters, memory and work."""

from __future__ import annotations

import math
import resource
import time
from dataclasses import fields

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.core.errors import BadInput, BadWeights, LatentLabError
from latentlab.networks import KINDS, build
from latentlab.networks.cost import COSTS, check_cost
from latentlab.networks.ranges import check_ranges, rule
from latentlab.networks.sizes import channels_for
from latentlab.networks.tiny import tiny_discriminator, tiny_generator
from tests.contracts.test_networks import SMALL

BLOCKS = {"resolution": 16, "channels": {"4": 8, "8": 8, "16": 8}}
MAPPED = {"z_width": 8, "w_width": 8}
ENCODER = {"styles": 4, "input_size": 32, "depth": 18, "base_width": 4}
REGRESSOR = {"trunk": "plain", "width": 8, "size": 32, "outputs": 2}
MINIMAL = {
    **SMALL,
    **{kind: BLOCKS for kind in KINDS if kind.endswith("_discriminator")},
    **{kind: ENCODER for kind in KINDS if kind.startswith("encoder")},
    "stylegan1": BLOCKS | MAPPED,
    "stylegan2": BLOCKS | MAPPED,
    "stylegan3": {"resolution": 16, "channel_base": 64, "channel_max": 8} | MAPPED,
    "arcface": {"input_size": 32, "depth": 18, "base_width": 4},
    "scorer": REGRESSOR,
    "embedding": REGRESSOR,
    "unet": {"width": 4, "levels": 3},
    "resnet": {"width": 4, "blocks": 1},
    "patchgan": {"width": 4, "layers": 2},
}
ODD = [
    None, True, -1, 0, 1, 2, 3, 10**6, 10**9, 10**18, 10**300, 0.5, -1.0, 1e308, math.nan, math.inf,
    "", "lrelu", "x" * 10_000, [], [1, 3, 3, 1], [0, 0], [1] * 10**6, {}, {"4": 10**9}, {"4": 8, "8": 0}, [4, 10**9], b"",
]  # fmt: skip


def test_the_gate_knows_every_kind_of_network():
    assert set(COSTS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_argument_of_a_network_has_a_range(kind):
    unknown = [one.name for one in fields(KINDS[kind].Arguments) if rule(kind, one.name) is None]
    assert not unknown


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_value_of_any_argument_ends_in_a_small_network_or_one_line(kind, data):
    names = [one.name for one in fields(KINDS[kind].Arguments)]
    changes = data.draw(st.dictionaries(st.sampled_from(names), st.sampled_from(ODD), min_size=1, max_size=3))
    arguments = MINIMAL[kind] | changes
    refusal = line_of(lambda: check_ranges(kind, arguments)) or line_of(lambda: small(kind, arguments))
    refusal = refusal or line_of(lambda: build(kind, arguments))
    assert refusal is None or ("\n" not in refusal and len(refusal) < 400)


def small(kind: str, arguments: dict) -> None:
    """Larger networks than a test has time for count as refused."""
    try:
        cost = check_cost(kind, KINDS[kind].Arguments(**arguments))
    except (KeyError, TypeError, ValueError, OverflowError):
        return  # the gate says it in words
    if cost.parameters > 1e6 or cost.work > 1e9:
        raise BadWeights("large")


def line_of(act) -> str | None:
    """The one line that a refusal is."""
    try:
        act()
    except LatentLabError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("kind", "changes", "word"),
    [
        ("stylegan2", {"mapping_layers": 10**9}, "mapping_layers"),
        ("stylegan2", {"taps": [1] * 10**6}, "taps"),
        ("stylegan2", {"clamp": -1.0}, "clamp"),
        ("stylegan2", {"channels": {"4": 10**9, "8": 8, "16": 8}}, "channels"),
        ("stylegan2", {"colours": 9}, "colours"),
        ("stylegan1", {"constant": [4, 10**6]}, "constant"),
        ("stylegan3", {"margin_size": 1000}, "margin_size"),
        ("stylegan3", {"filter_size": 10**6}, "filter_size"),
        ("stylegan3", {"num_critical": 100}, "critically"),
        ("stylegan2_discriminator", {"group_channels": 3}, "divides"),
    ],
)
def test_absurd_arguments_are_named_at_once(kind, changes, word):
    start = time.monotonic()
    with pytest.raises((BadWeights, BadInput), match=word):
        build(kind, MINIMAL[kind] | changes)
    assert time.monotonic() - start < 5


def test_a_network_beyond_all_published_ones_is_not_built():
    wide = {"resolution": 4096, "channels": channels_for(4096, 1 << 24, 16384)}
    with pytest.raises(BadWeights, match="at most"):
        build("stylegan2", wide)


def test_arguments_that_ask_for_far_more_than_the_file_holds_are_refused_before_memory_is_taken():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadWeights, match="the file has 1"):
        build(
            "stylegan2",
            {"resolution": 64, "channels": channels_for(64, 1 << 20, 2048)},
            {"x": torch.zeros(1)},
        )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("kind", ["stylegan1", "stylegan2", "stylegan3"])
def test_the_cost_is_near_what_is_built(kind):
    for network, label in (
        (tiny_generator(kind, 64), kind),
        (tiny_discriminator(f"{kind}_discriminator", 64), f"{kind}_discriminator"),
    ):
        there = sum(value.numel() for value in network.state_dict().values())
        cost = check_cost(label, KINDS[label].Arguments(**network.blueprint[1]))
        assert there / 2 < cost.parameters < 3 * there


def test_a_measured_average_does_not_depend_on_how_many_fit_at_once(monkeypatch):
    from latentlab.networks import mapping

    generator = tiny_generator(condition_width=3)
    generator.mapping.measure_average(100)
    whole = generator.w_average.clone()
    monkeypatch.setattr(mapping, "MOST_AT_ONCE", 7 * 32)
    generator.mapping.measure_average(100)
    assert torch.allclose(generator.w_average, whole, atol=1e-6)
