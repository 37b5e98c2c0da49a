"""Depth is of brackets and of dotted keys, not of the numbers in them."""

from __future__ import annotations

import json

import pytest

from latentlab.core.text import check_depth


def test_many_decimals_are_not_deep() -> None:
    check_depth(json.dumps({"landmarks": [[1.5, 2.5]] * 68}), 64)
    check_depth("points = [" + "1.5, " * 100 + "]", 64)


@pytest.mark.parametrize("text", ["[" * 65, "a." * 65 + "b = 1", "[" + "a." * 65 + "b]"])
def test_brackets_and_dotted_keys_are(text: str) -> None:
    with pytest.raises(ValueError, match="deeper"):
        check_depth(text, 64)
