"""The command `latentlab`: finds the command, reads its flags, runs it, and turns what went wrong into exit codes."""

from __future__ import annotations

import sys
from pathlib import Path

from latentlab.cli.commands import COMMANDS, groups
from latentlab.cli.terminal import give_up, machine_trouble, prepare, put
from latentlab.core.errors import LatentLabError, unknown
from latentlab.core.stops import stoppable

DONE, BUG, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
HELP = Path(__file__).with_name("help.txt")


def main(argv: list[str] | None = None) -> int:
    """Run one command line; the exit code is 0 done, 1 a bug, 2 the user's input, 130 interrupted."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        with stoppable():
            prepare()
            return _run(words)
    except LatentLabError as error:
        from latentlab.cli.words import in_flags

        return _complain(f"{_name(words)}: {in_flags(error)}", BAD_INPUT)
    except KeyboardInterrupt as stop:
        from latentlab.core.files import drop_unfinished

        drop_unfinished()
        return _complain(f"{_name(words)}: interrupted{'; ' if str(stop) else ''}{stop}", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has seen enough
        give_up()
        return DONE
    except (OSError, MemoryError, ImportError, RuntimeError) as error:
        told = machine_trouble(error)
        if told is None:
            raise
        return _complain(f"{_name(words)}: {told}", BAD_INPUT)


def _run(words: list[str]) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        if len(words) > 1 and words[0] == "help":
            return _run([*words[1:], "--help"])
        return _print(HELP.read_text(encoding="utf-8"))
    if words[0] in {"-V", "--version", "version"}:
        from latentlab.core.version import __version__

        return _print(f"latentlab {__version__}\n")
    name, rest = _split(words)
    if name in groups():
        return _print(_list(name)) if not rest or rest[0] in {"-h", "--help"} else _no_such(name, rest[0])
    return _execute(name, rest)


def _split(words: list[str]) -> tuple[str, list[str]]:
    """The command's name (one word or two) and the words after it."""
    pair = " ".join(words[:2])
    if pair in COMMANDS:
        return pair, words[2:]
    if words[0] not in COMMANDS and words[0] not in groups():
        raise unknown(
            "command", words[0], set(COMMANDS.entries) - {n for n in COMMANDS if " " in n} | groups()
        )
    return words[0], words[1:]


def _no_such(group: str, word: str) -> int:
    raise unknown(
        f"'{group}' command", word, [name.split()[1] for name in COMMANDS if name.startswith(f"{group} ")]
    )


def _list(group: str) -> str:
    """The part of the help that is about the subcommands of one word."""
    lines = HELP.read_text(encoding="utf-8").splitlines()
    own = [line for line in lines if line.startswith(f"  {group} ")]
    return f"usage: latentlab {group} COMMAND [options]\n\n" + "\n".join(own) + "\n"


def _execute(name: str, words: list[str]) -> int:
    from latentlab.cli.arguments import inputs_of, parse

    parsed = parse(name, COMMANDS[name], words)
    if isinstance(parsed, str):
        return _print(parsed)

    from latentlab.cli.session import Session
    from latentlab.core.files import writing

    rules = writing(inputs=inputs_of(parsed), force=getattr(parsed.command, "force", False))
    with rules, Session(method=parsed.method, command=f"latentlab {name}", **parsed.options) as session:
        return parsed.command.run(session) or DONE


def _print(text: str) -> int:
    put(text, end="")
    return DONE


def _name(words: list[str]) -> str:
    """How the command is called in a complaint, as far as it is known."""
    for count in (2, 1):
        name = " ".join(words[:count])
        if name in COMMANDS or name in groups():
            return f"latentlab {name}"
    return "latentlab"


def _complain(text: str, code: int) -> int:
    print(" ".join(text.split()), file=sys.stderr)
    return code
