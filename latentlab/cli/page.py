"""The page of `latentlab COMMAND --help`: tyro knows the flags, this lays them out as plain text."""

from __future__ import annotations

import io
import re
import shutil
import textwrap
from contextlib import redirect_stdout, suppress
from dataclasses import fields
from inspect import cleandoc

import tyro

from latentlab.cli.command import Command, Common
from latentlab.cli.spaces import REGISTRY

COLUMN = 24
METHOD = "flags of the method"
Entry = tuple[str, str]
"""How a flag is written, and what it does."""


def page(shape: type, program: str, kind: type[Command], config: tuple, method: type | None) -> str:
    """Everything about one command, and about the method if one is named."""
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) as raw, suppress(SystemExit):
        tyro.cli(shape, prog=program, args=["--help"], description=" ", config=config, registry=REGISTRY)
    raw.seek(0)
    box = raw.read()
    usage = " ".join(box.partition("\n\n")[0].split()).replace("[-h] ", "").replace("[OPTIONS]", "[flags]")
    sections = [usage, about(kind)]
    told = _sections(_groups(box), method)
    last = {title: told.pop(title) for title in ("for every command",) if title in told}
    for title, entries in (told | _of_the_default(kind, method) | last).items():
        sections.append("\n".join([title, *(_line(entry) for entry in entries)]))
    if kind.examples:
        sections.append("\n".join(["examples", *(f"  {example}" for example in kind.examples)]))
    return "\n\n".join(sections) + "\n"


def _of_the_default(kind: type[Command], method: type | None) -> dict[str, list[Entry]]:
    """The flags of the method that is taken where none is named."""
    default = next((part.default for part in fields(kind) if part.name == "method"), None)  # type: ignore[arg-type]
    if not kind.family or method is not None or not isinstance(default, str):
        return {}
    from latentlab.cli.unimported import flags_of

    common = {f"--{part.name}" for part in fields(Common)}
    own = [entry for entry in flags_of(kind.family, default) if entry[0].split()[0] not in common]
    return {f"flags of {default}, the method unless --method names another": own}


def about(kind: type[Command]) -> str:
    """The command's docstring, and the methods it chooses from."""
    paragraphs = [paragraph for paragraph in cleandoc(kind.__doc__ or "").split("\n\n") if paragraph.strip()]
    if kind.family:
        from latentlab.studio import methods

        names = ", ".join(methods(kind.family))
        paragraphs.append(f"Methods: {names}. What each of them takes: --method NAME --help.")
    return "\n\n".join(textwrap.fill(" ".join(paragraph.split()), _width()) for paragraph in paragraphs)


def _width() -> int:
    return min(shutil.get_terminal_size((100, 24)).columns, 110)


def _groups(box: str) -> list[tuple[str, list[Entry]]]:
    """tyro's boxes: title and entries; the text above a rule inside a box is the class's, not a flag's."""
    groups: list[tuple[str, list[Entry]]] = []
    for line in box.splitlines():
        if line.startswith("╭"):
            groups.append((line.strip("╭─╮ "), []))
        elif line.startswith("│ ") and groups:
            entries, text = groups[-1][1], line[2:].rstrip("│ ").rstrip()
            if text.startswith("──"):
                entries.clear()
            elif text.startswith(" ") and entries:
                entries[-1] = (entries[-1][0], f"{entries[-1][1]} {text.strip()}")
            elif text:
                spec, _, help = text.partition("  ")
                entries.append((spec, help.strip()))
    return groups


def _sections(groups: list[tuple[str, list[Entry]]], method: type | None) -> dict[str, list[Entry]]:
    """The command's own flags together, then the method's, then everyone's."""
    sections: dict[str, list[Entry]] = {}
    theirs = {field.name.replace("_", "-") for field in fields(method)} if method else set()
    for title, entries in groups:
        word = title.removesuffix(" options").partition(".")[0]
        name = {
            "positional arguments": "what",
            "options": "flags",
            "command": "flags",
            "common": "for every command",
        }
        for entry in entries:
            flag = re.match(r"--([a-z0-9-]+)", entry[0])
            section = METHOD if flag and flag[1] in theirs else name.get(word, METHOD)
            if not entry[0].startswith("-h,"):
                sections.setdefault(section, []).append(entry)
    order = sorted(
        sections, key=lambda title: (title != "what", title != "flags", title == "for every command")
    )
    return {title: sections[title] for title in order if sections[title]}


def _line(entry: Entry) -> str:
    spec, help = entry
    spec = re.sub(r"\[+(\S+) \[\1 \.\.\.\]+", r"\1 …", spec)
    help = re.sub(r"\s*\(default: (None|False|)\)", "", help).strip()
    help = re.sub(r"\(default: ", "(default ", help)
    lines = textwrap.wrap(help, _width() - COLUMN - 2) or [""]
    if len(spec) > COLUMN - 2:
        return "\n".join([f"  {spec}", *(" " * (COLUMN + 2) + line for line in lines)])
    return "\n".join([f"  {spec:<{COLUMN}}{lines[0]}", *(" " * (COLUMN + 2) + line for line in lines[1:])])
