"""The attention trunk: its shape, that every token sees all others, and that places count."""

from __future__ import annotations

import pytest
import torch

from latentlab.networks.attention_trunk import FINAL, AttentionTrunk, Block


@pytest.mark.parametrize(("size", "halvings", "side"), [(32, 3, 4), (24, 3, 3), (32, 4, 2)])
def test_a_cell_of_the_picture_is_a_token_and_every_weight_learns(
    size: int, halvings: int, side: int
) -> None:
    torch.manual_seed(0)
    trunk = AttentionTrunk(8, size, halvings, 2)
    out = trunk(torch.randn(2, 3, size, size))
    out.square().sum().backward()
    assert out.shape == (2, FINAL, side, side)
    for name, weight in trunk.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_attention_is_the_softmax_of_its_equation() -> None:
    torch.manual_seed(1)
    block = Block(64).eval()
    x = torch.randn(2, 5, 64)
    query, key, value = block.query_key_value(block.norm0(x)).chunk(3, 2)
    heads = []
    for q, k, v in zip(query.split(32, 2), key.split(32, 2), value.split(32, 2), strict=True):
        heads.append((q @ k.transpose(1, 2) / 32**0.5).softmax(2) @ v)
    seen = x + block.out(torch.cat(heads, 2))
    wanted = seen + block.narrow(torch.nn.functional.gelu(block.widen(block.norm1(seen))))
    torch.testing.assert_close(block(x), wanted, rtol=1e-4, atol=1e-5)


def test_a_width_that_heads_do_not_divide_has_fewer_of_them() -> None:
    assert Block(112).heads == 2
    assert Block(112)(torch.randn(1, 3, 112)).shape == (1, 3, 112)


def test_where_something_is_counts() -> None:
    torch.manual_seed(2)
    trunk = AttentionTrunk(8, 32, 3, 1).eval()
    picture = torch.zeros(1, 3, 32, 32)
    picture[..., :16] = 1
    assert not torch.allclose(
        trunk(picture).flatten(2).sort(2)[0], trunk(picture.flip(-1)).flatten(2).sort(2)[0], atol=1e-3
    )
