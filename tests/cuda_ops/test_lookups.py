"""The look-ups of shading: the native passes agree with their definitions, and bad input is refused in one line."""

from __future__ import annotations

import pytest
import torch

from cuda_ops import lookups, native
from cuda_ops.errors import BadArgument


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def both(call):
    with native.backend("reference"):
        expected = call()
    return call(), expected


@pytest.mark.parametrize("channels", [1, 5, 37])
def test_maps_are_read_between_their_texels(channels):
    table, places = drawn(8 * 8, channels), drawn(2, 45, seed=1) * 6 + 4
    seen, expected = both(lambda: lookups.sample(table, 8, places))
    torch.testing.assert_close(seen, expected)
    assert seen.shape == (channels, 45)


def test_a_map_is_itself_at_its_texels_and_goes_on_beyond_its_border():
    table = drawn(16, 3)
    texels = torch.tensor([[0.0, 2.0, -5.0], [0.0, 1.0, -7.0]])
    torch.testing.assert_close(lookups.sample(table, 4, texels).T, table[[0, 6, 0]])


@pytest.mark.parametrize("maps", [1, 3])
def test_light_arrives_as_the_definition_says(maps):
    height = drawn(maps, 9, 9)
    places = drawn(3, 50, seed=2) * torch.tensor([[5.0], [5.0], [1.0]]) + torch.tensor([[4.0], [4.0], [0.0]])
    image = torch.arange(50) % maps if maps > 1 else torch.zeros(1, dtype=torch.int64)
    seen, expected = both(lambda: lookups.lit_share(height, places, image))
    torch.testing.assert_close(seen, expected)
    assert 0 < float(seen.mean()) < 1


def test_what_stands_above_everything_is_lit_and_what_lies_below_is_dark():
    height, image = torch.zeros(1, 8, 8), torch.zeros(1, dtype=torch.int64)
    places = torch.tensor([[3.0, 3.0], [4.0, 4.0], [0.0, -1.0]])
    assert lookups.lit_share(height, places, image).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(("size", "reach"), [((2, 13, 17), 3), ((1, 4, 5), 9), ((1, 6, 6), 0)])
def test_box_means_are_means_of_what_lies_inside(size, reach):
    values = drawn(*size)
    seen, expected = both(lambda: lookups.box_mean(values, reach))
    torch.testing.assert_close(seen, expected)
    first = values[0, : reach + 1, : reach + 1].mean()
    torch.testing.assert_close(seen[0, 0, 0], first)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lookups.sample(drawn(16, 3), 4, drawn(3, 5)), "places is"),
        (lambda: lookups.sample(drawn(15, 3), 4, drawn(2, 5)), "the table is"),
        (lambda: lookups.lit_share(drawn(1, 4, 5), drawn(3, 5), torch.zeros(1)), "height|places"),
        (lambda: lookups.box_mean(drawn(1, 4, 5).double(), 1), "values is"),
        (lambda: lookups.box_mean(drawn(1, 4, 5), -1), "reach is -1"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, words):
    with pytest.raises(BadArgument, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)
