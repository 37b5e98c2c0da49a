"""Settings as words, `name=value`, to names and values."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from latentlab.core.errors import BadInput


def parse_settings(words: Iterable[str]) -> dict[str, Any]:
    """`r1=0.5` to names and values; a value is a number, a word, True, False, None, or a tuple of such."""
    settings: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not name.strip() or not equals:
            raise BadInput(f"'{word}' is no setting; write its name and value, for example r1=0.5")
        try:
            settings[name.strip()] = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            settings[name.strip()] = text.strip()
    return settings
