"""Text out of files that somebody else made: printed without effect on a terminal, and not parsed where it nests without end."""

from __future__ import annotations

import re
import unicodedata

QUOTED = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|\'[^\'\n]*\'')
DOTTED = re.compile(r"^\s*\[{0,2}([\w. \t-]*)", re.MULTILINE)
"""A key of TOML that stands for tables in tables; of JSON nothing looks like one."""
LONGEST_NUMBER = re.compile(r"[0-9A-Fa-fxob_]{400}")
HIDDEN = ("Cc", "Cf", "Zl", "Zp", "Cs")
"""Control characters, those that turn or hide text, separators of lines, halves of characters."""


def escaped(text: str) -> str:
    """The text on one line, with everything that a terminal would act on written out: `\\x1b`, `\\n`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in HIDDEN else c for c in text)


def with_unit(number: str, unit: str) -> str:
    """`10 years`; a unit that is a scale stands in brackets: `0.25 (0 none .. 1 full)`."""
    return f"{number} ({unit})" if unit[:1].isdigit() else f"{number} {unit}".strip()


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def check_depth(text: str, deepest: int) -> None:
    """Raise ValueError for JSON or TOML that nests deeper, before a parser follows it; also for endless numbers."""
    bare = QUOTED.sub("", text)
    depth = 0
    for match in re.finditer(r"[\[{]+|[\]}]+", bare):
        run = match[0]
        depth = depth + len(run) if run[0] in "[{" else max(0, depth - len(run))
        if depth > deepest:
            raise ValueError(f"it nests deeper than {deepest} levels")
    if any(match[1].count(".") > deepest for match in DOTTED.finditer(bare)):
        raise ValueError(f"it nests deeper than {deepest} levels")
    if LONGEST_NUMBER.search(bare):
        raise ValueError("it has a number of absurd length")
