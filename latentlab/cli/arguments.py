"""Words to values: the flags of a command, its method and everyone's, by tyro; a usage error is one line."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr
from dataclasses import dataclass, field, fields, is_dataclass, make_dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import tyro

from latentlab.cli.command import Command, Common
from latentlab.cli.page import page
from latentlab.cli.spaces import REGISTRY
from latentlab.core.errors import BadInput
from latentlab.core.ranges import check

CONFIG = (tyro.conf.FlagCreatePairsOff, tyro.conf.DisallowNone)


@dataclass(frozen=True)
class Parsed:
    """What the words on the command line meant."""

    command: Command
    method: Any
    """The chosen member of the command's family, its fields set; None where the command has none."""
    options: dict[str, Any]
    """The fields of `Common`, wherever they were declared."""


def parse(name: str, kind: type[Command], words: list[str]) -> Parsed | str:
    """The command ready to run, or its help text where that was asked for."""
    words = [_translate(word, kind.aliases) for word in words]
    asks = bool({"-h", "--help"} & set(words))
    method = _method(kind, words, only_spoken=asks)
    shape, program = _shape(kind, method), f"latentlab {name}"
    if asks:
        return page(shape, program, kind, CONFIG, method and method[1])

    found, left = _read(shape, program, words)
    if left:
        near = _nearest(left[0], page(shape, program, kind, CONFIG, None))
        raise BadInput(f"'{name}' does not know {left[0]!r}{near}; see: {program} --help")
    parts = [getattr(found, part.name) for part in fields(found)]
    for part in parts:
        check_words(part)
    options = {part.name: _first(parts, part.name) for part in fields(Common)}
    return Parsed(found.command, parts[1] if method else None, options)


def check_words(value: Any, name: str = "") -> None:
    """Ranges of all flags, those of their groups too; and paths that only a shell would understand."""
    if is_dataclass(value):
        check(value)
        for one in fields(value):
            check_words(getattr(value, one.name), one.name)
    elif isinstance(value, tuple | list):
        for item in value:
            check_words(item, name)
    elif isinstance(value, Path) or name == "home":
        text = str(value)
        if text.startswith("~"):
            raise BadInput(
                f"`{name}` is {text}: a shell knows ~, files do not; write the whole path (./~ for a folder called ~)"
            )
        if "\0" in text or not text:
            raise BadInput(f"`{name}` is no path; name a file or folder")


OUTPUTS = ("out", "target")
"""Fields that name what is written; every other word that names a file is an input."""


def inputs_of(parsed: Parsed) -> list[Path]:
    """The files that a command was told to read: they are never written over."""
    words: list[Any] = list(parsed.options.values())
    for part in (parsed.command, parsed.method):
        words += _words_of(part)
    return [Path(word) for word in words if isinstance(word, str | Path) and _is_file(word)]


def _words_of(value: Any) -> list[Any]:
    if is_dataclass(value):
        return [
            word
            for one in fields(value)
            if one.name not in OUTPUTS
            for word in _words_of(getattr(value, one.name))
        ]
    if isinstance(value, tuple | list):
        return [word for item in value for word in _words_of(item)]
    return [value]


def _is_file(word: str | Path) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):
        return False


def _first(parts: list[Any], name: str) -> Any:
    return next(getattr(part, name) for part in parts if hasattr(part, name))


def _translate(word: str, aliases: dict[str, str]) -> str:
    flag, equals, value = word.partition("=")
    return aliases.get(flag, flag) + equals + value


def _method(kind: type[Command], words: list[str], *, only_spoken: bool) -> tuple[str, type] | None:
    """Name and class of the method; its module is imported here, so help without --method stays fast."""
    if not kind.family:
        return None
    from latentlab.studio import methods

    spoken = [w.partition("=")[2] for w in words if w.startswith("--method=")]
    spoken += [after for word, after in pairwise(words) if word == "--method"]
    default = next(part.default for part in fields(kind) if part.name == "method")  # type: ignore[arg-type]
    name = spoken[0] if spoken else None if only_spoken else default
    return (str(name), methods(kind.family)[str(name)]) if name else None


def _shape(kind: type[Command], method: tuple[str, type] | None) -> type:
    """A dataclass of the command, its method and what is left of the common flags, without prefixes."""
    flat = tyro.conf.OmitArgPrefixes
    own = [kind, method[1]] if method else [kind]
    taken = {part.name for own_part in own for part in fields(own_part)}
    hints = get_type_hints(Common, include_extras=True)
    rest = [
        (part.name, hints[part.name], field(default=part.default))
        for part in fields(Common)
        if part.name not in taken
    ]
    common = make_dataclass("Common", rest, frozen=True)

    parts: list[tuple[str, Any]] = [("command", flat[kind])]
    if method:
        parts.append((method[0].replace("-", "_"), Annotated[method[1], tyro.conf.arg(name="")]))
    return make_dataclass("Arguments", [*parts, ("common", flat[common])])


def _read(shape: type, program: str, words: list[str]) -> tuple[Any, list[str]]:
    complaint = io.StringIO()
    try:
        with redirect_stderr(complaint):
            return tyro.cli(
                shape, prog=program, args=words, config=CONFIG, registry=REGISTRY, return_unknown_args=True
            )
    except SystemExit:
        raise BadInput(f"{_one_line(complaint.getvalue())}; see: {program} --help") from None


def _one_line(box: str) -> str:
    """tyro's box as a line: what stands above its first rule, without the frame."""
    lines = [line.strip("│| ").strip() for line in box.splitlines() if not line.startswith(("╭", "╰", "+-"))]
    end = next((number for number, line in enumerate(lines) if line.startswith(("──", "---"))), None)
    text = " ".join(line for line in lines[:end] if line)
    return text.removeprefix("Error parsing ").rstrip(".") or "these words make no command"


def _nearest(word: str, page: str) -> str:
    flags = sorted(set(re.findall(r"--[a-z][a-z0-9-]*", page)))
    near = get_close_matches(word.partition("=")[0], flags, n=1)
    return f" (did you mean {near[0]}?)" if near and word.startswith("-") else ""
