"""How a latent space is written on the command line: z, w, w+ or s."""

from __future__ import annotations

import sys
from typing import Any

from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

WORDS = {"Z": "z", "W": "w", "W_PLUS": "w+", "S": "s"}
REGISTRY = ConstructorRegistry()


@REGISTRY.primitive_rule
def _space(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
    """Takes over for the enum Space, without importing it (and torch) where no method has brought it in."""
    core = sys.modules.get("latentlab.core.latent")
    if core is None or info.type is not core.Space:
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="|".join(WORDS.values()),
        instance_from_str=lambda words: _parse(core.Space, words[0]),
        is_instance=lambda value: isinstance(value, core.Space),
        str_from_instance=lambda value: [WORDS[value.name]],
    )


def _parse(space: Any, word: str) -> Any:
    from latentlab.core.errors import BadInput

    try:
        return space.parse(word)
    except BadInput as error:
        raise ValueError(str(error)) from None  # tyro names the flag
