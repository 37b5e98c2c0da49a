"""Any truncation and any changed byte gives one line or a valid network, never another exception."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentlab.core.errors import LatentLabError
from latentlab.networks import build, export
from latentlab.networks.tiny import tiny_generator
from latentlab.store.bridge import Foreign, read, write
from tests.store.conftest import recorded
from tests.store.files import PUBLISHED
from tests.store.pickles import module, pickled, torch_file

CHECK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def small_files() -> dict[str, bytes]:
    """One small file of each container."""

    _, arguments, tensors = export(tiny_generator("stylegan2", 8, seed=0))
    state = {"input.input": torch.ones(1, 4, 4, 4), "style.1.weight": torch.ones(4, 4)}
    return {
        "nvidia.pkl": pickled({"G_ema": module("Generator", tensors, recorded(arguments))}, 3),
        "zip.pt": torch_file({"g_ema": state, "latent_avg": torch.zeros(4)}),
        "legacy.pt": torch_file({"g_ema": state, "latent_avg": torch.zeros(4)}, legacy=True),
    }


SMALL = small_files()


def outcome(path) -> dict[str, Foreign] | None:
    """What reading gives; None for an error of ours; any other exception fails the test."""
    try:
        parts = read(path)
        for foreign in parts.values():
            build(foreign.kind, foreign.arguments, foreign.tensors)
    except LatentLabError as error:
        return None if "\n" not in str(error) else pytest.fail("more than one line")
    return parts


@pytest.mark.parametrize("name", SMALL)
@given(share=st.floats(0, 1, exclude_max=True))
@CHECK
def test_any_truncation_gives_one_line(tmp_path_factory, name, share):
    path = tmp_path_factory.mktemp("cut") / name
    path.write_bytes(SMALL[name][: int(share * len(SMALL[name]))])
    assert outcome(path) is None


@pytest.mark.parametrize("name", SMALL)
@given(
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    )
)
@CHECK
def test_any_change_of_bytes_gives_one_line_or_a_valid_network(tmp_path_factory, name, changes):
    data = bytearray(SMALL[name])
    for share, value in changes:
        data[int(share * len(data))] = value
    path = tmp_path_factory.mktemp("changed") / name
    path.write_bytes(data)
    outcome(path)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
@given(share=st.floats(0, 1, exclude_max=True), head=st.integers(0, 4000), value=st.integers(0, 255))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_damaged_published_files_give_one_line_or_a_valid_network(tmp_path_factory, name, share, head, value):
    data = bytearray(PUBLISHED[name].read_bytes())
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(data[: int(share * len(data))])
    assert outcome(path) is None
    data[head] = value
    path.write_bytes(data)
    outcome(path)


@given(code=st.binary(max_size=200))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_pickles_give_one_line(tmp_path_factory, code):
    path = tmp_path_factory.getbasetemp() / "random.pkl"
    path.write_bytes(b"\x80\x04" + code)
    assert outcome(path) is None


@given(
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=3
    ),
    share=st.floats(0, 1),
)
@CHECK
def test_damaged_files_of_our_own_give_one_line(tmp_path_factory, changes, share):
    folder = tmp_path_factory.mktemp("own")
    whole = write(
        Foreign("stylegan2", {"resolution": 8}, {"a": torch.ones(3)}), folder / "own.safetensors"
    ).read_bytes()
    data = bytearray(whole[: max(1, int(share * len(whole)))])
    for place, value in changes:
        data[int(place * len(data))] = value
    path = folder / "damaged.safetensors"
    path.write_bytes(data)
    outcome(path)
