"""The shape vocabulary is checked at run time in the tests: jaxtyping and beartype, for annotations of tensors alone.

Other annotations are mypy's business; shapes are what no static check sees. `n` in one signature is one number.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from beartype import beartype
from jaxtyping import AbstractArray, install_import_hook

ROOT = Path(__file__).parent.parent
VOCABULARY = "latentlab.core.shapes"


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its annotations of tensors checked by beartype, and no others."""
    scope = vars(sys.modules[function.__module__])
    hints = {name: _resolved(hint, scope) for name, hint in function.__annotations__.items()}
    kept = {name: hint for name, hint in hints.items() if _is_shape(hint)}
    function.__annotations__ = kept
    return beartype(function) if kept else function


def _resolved(hint: Any, scope: dict[str, Any]) -> Any:
    if not isinstance(hint, str):
        return hint
    try:
        return eval(hint, scope)
    except Exception:  # names that exist for mypy alone
        return None


def _is_shape(hint: Any) -> bool:
    if get_origin(hint) in (Union, types.UnionType):
        return all(part is type(None) or _is_shape(part) for part in get_args(hint))
    return isinstance(hint, type) and issubclass(hint, AbstractArray)


def checked_modules() -> list[str]:
    """The modules that speak the vocabulary."""
    paths = [path for path in (ROOT / "latentlab").rglob("*.py") if VOCABULARY in path.read_text("utf-8")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]


def switch_on() -> None:
    """Check every function of those modules that is imported from now on."""
    install_import_hook(checked_modules(), "shape_checks.check")
