"""The flags of a method as its source tells them, so that a page of help names them without importing the method."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path

from latentlab.studio import methods


def flags_of(family: str, name: str) -> list[tuple[str, str]]:
    """How each flag of a method is written, and what it does."""
    registry = methods(family)
    if name not in registry:
        return []
    module, _, kind = registry.entries[name].partition(":")
    found = {ast.unparse(field.target): (field, after) for field, after in _fields(module, kind)}
    return [(_spelled(field), _help(field, after)) for field, after in found.values()]


def _fields(module: str, kind: str) -> Iterator[tuple[ast.AnnAssign, ast.stmt | None]]:
    """The fields of a dataclass, each with what follows it; those of its bases first, as dataclasses have them."""
    found = find_spec(module)
    if found is None or found.origin is None:
        return
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    for node in (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind):
        for base in map(ast.unparse, node.bases):
            home = _home(tree, base) or module
            if home.startswith("latentlab."):
                yield from _fields(home, base)
        for field, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(field.annotation):
                yield field, after


def _home(tree: ast.Module, name: str) -> str | None:
    """The module from which a file takes a name of ours."""
    taken = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module)
    return next((node.module for node in taken if name in {alias.name for alias in node.names}), None)


def _spelled(field: ast.AnnAssign) -> str:
    """`--steps N`; a switch has no value."""
    flag = "--" + ast.unparse(field.target).replace("_", "-")
    hint, default = ast.unparse(field.annotation), field.value and ast.unparse(field.value)
    if default in ("True", "False"):
        return flag if default == "False" else flag.replace("--", "--no-", 1)
    if "Literal[" in hint:
        options = hint.partition("Literal[")[2].partition("]")[0]
        return f"{flag} {{{options.replace(', ', ',').replace(chr(39), '')}}}"
    number = default == "None" or (default or "").lstrip("-").replace(".", "").isdigit()
    return f"{flag} {'N' if number else 'VALUE'}"


def _help(field: ast.AnnAssign, after: ast.stmt | None) -> str:
    """The text below the field, and its default."""
    told = ""
    if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
        told = " ".join(cleandoc(str(after.value.value)).split())
    default = "" if field.value is None else ast.unparse(field.value).strip("'")
    return f"{told} (default: {default})" if default not in ("", "None", "True", "False", "()") else told
