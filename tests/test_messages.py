"""Messages speak the language of whoever called: fields for Python, flags on the command line alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from latentlab.cli.words import in_flags
from latentlab.core.errors import BadInput

ROOT = Path(__file__).parent.parent
FLAG = re.compile(r"(?<![\w-])--([a-z]|$)")
ALLOWED = ("--help", "pip install --force-reinstall")
"""How to get help, and the flag of somebody else; modules that are programs of their own are run with `python -m`."""


def programs(path: Path) -> bool:
    """Whether a file reads a command line of its own."""
    return "ArgumentParser" in path.read_text(encoding="utf-8")


FILES = [
    path
    for path in sorted((ROOT / "latentlab").rglob("*.py"))
    if "cli" not in path.relative_to(ROOT).parts and not programs(path)
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_flag_is_spoken_of_below_the_command_line(path: Path) -> None:
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    for allowed in ALLOWED:
        texts = [text.replace(allowed, "") for text in texts if "python -m latentlab." not in text]
    assert not [text for text in texts if FLAG.search(text)]


def test_a_message_names_fields_and_the_command_line_flags() -> None:
    error = BadInput("`min_identity` limits `goals`; two groups need `paired=False`; `class_` is none")
    assert error.fields == ("min_identity", "goals", "paired", "class_")
    assert in_flags(error) == "--min-identity limits --to; two groups need --no-paired; --class is none"
