"""The frame of the command line: help, unknown words, exit codes, interruption, a closed pipe."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

import latentlab
from latentlab.cli import main as frame
from latentlab.cli.command import Command
from latentlab.cli.commands import COMMANDS, groups
from latentlab.core.errors import BadInput

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Fails(Command):
    """Fails in the way it is told to."""

    how: str = "input"

    def run(self, session) -> int | None:
        if self.how == "input":
            raise BadInput("the wish is impossible,\nthis was seen; do that")
        if self.how == "interrupt":
            raise KeyboardInterrupt
        if self.how == "bug":
            raise ZeroDivisionError("a bug")
        session.note("on stderr")
        session.say("for people")
        session.answer("the answer is 3", answer=3)
        return 1


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS.entries, "fails", f"{__name__}:Fails")


def test_without_a_word_the_help_is_shown(run) -> None:
    assert run().out == run("--help").out == frame.HELP.read_text()
    assert run().code == 0


def test_the_version_is_the_package_s(run) -> None:
    assert run("--version").out == f"latentlab {latentlab.__version__}\n"


def test_the_help_names_every_command_and_no_other() -> None:
    page = frame.HELP.read_text()
    named = {
        line[2:21].strip() for line in page.splitlines() if line.startswith("  ") and line[2:3].isalpha()
    }
    assert named == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_a_help_page(name: str, run) -> None:
    shown = run(*name.split(), "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"usage: latentlab {name} ")
    for flag in ("--network", "--device", "--seed", "--home", "--json", "--quiet"):
        assert flag in shown.out
    assert "None" not in shown.out


@pytest.mark.parametrize("name", sorted(name for name in COMMANDS if COMMANDS[name].family))
def test_help_names_the_flags_of_the_method_that_is_taken(name: str, run) -> None:
    """They are read from its source; asked for by name, the method itself tells the same ones."""
    default = next(part.default for part in fields(COMMANDS[name]) if part.name == "method")
    shown, asked = (
        set(
            re.findall(
                r"(?m)^ +(?:-\w [A-Z]+, )?(--[a-z][a-z0-9-]*)", run(*name.split(), *words, "--help").out
            )
        )
        for words in ((), ("--method", default))
    )
    assert shown == asked


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_page_of_help_imports_torch(name: str) -> None:
    code = (
        "import sys; from latentlab.cli.main import main\n"
        f"assert main({[*name.split(), '--help']}) == 0\n"
        "heavy = {'torch', 'sklearn', 'dlib', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("group", sorted(groups()))
def test_a_word_that_needs_a_second_lists_what_can_follow(group: str, run) -> None:
    shown = run(group)
    assert shown.code == 0
    for name in COMMANDS:
        if name.startswith(f"{group} "):
            assert name in shown.out


@pytest.mark.parametrize("group", sorted(groups()))
def test_a_wrong_second_word_is_one_line(group: str, run) -> None:
    failed = run(group, "nonsense")
    assert failed.code == 2
    assert "nonsense" in failed.line


def test_an_unknown_command_suggests_the_nearest(run) -> None:
    failed = run("genrate")
    assert failed.code == 2
    assert "did you mean 'generate'" in failed.line


def test_an_unknown_flag_suggests_the_nearest(run) -> None:
    failed = run("generate", "--sedes", "3")
    assert failed.code == 2
    assert "--seeds" in failed.line


@pytest.mark.parametrize("words", [["--psi"], ["--psi", "much"], ["--noise", "loud"], ["--cutoff", "2.5"]])
def test_a_flag_with_a_wrong_value_is_one_line(words: list[str], run) -> None:
    failed = run("generate", *words)
    assert failed.code == 2
    assert words[0] in failed.line
    assert "latentlab generate --help" in failed.line


def test_a_terminal_without_frames_gets_the_same_line() -> None:
    from latentlab.cli.arguments import _one_line

    rules = "| ------ |\n| Argument helptext: |\n+--------+"
    assert _one_line(f"+- Value error -+\n| Error parsing --psi: no number |\n{rules}") == "--psi: no number"


def test_bad_input_is_one_line_and_exit_code_two(fails, run) -> None:
    failed = run("fails")
    assert (failed.code, failed.line) == (
        2,
        "latentlab fails: the wish is impossible, this was seen; do that",
    )


def test_an_interruption_is_exit_code_130(fails, run) -> None:
    failed = run("fails", "--how", "interrupt")
    assert (failed.code, failed.line) == (130, "latentlab fails: interrupted")


def test_a_bug_keeps_its_traceback(fails, run) -> None:
    with pytest.raises(ZeroDivisionError):
        run("fails", "--how", "bug")


def test_a_command_chooses_its_exit_code(fails, run) -> None:
    assert run("fails", "--how", "talk").code == 1


def test_with_json_stdout_holds_json_alone(fails, run) -> None:
    spoken = run("fails", "--how", "talk", "--json")
    assert json.loads(spoken.out) == {"answer": 3}
    assert spoken.err == "on stderr\n"


def test_quiet_keeps_the_answer_only(fails, run) -> None:
    spoken = run("fails", "--how", "talk", "--quiet")
    assert (spoken.out, spoken.err) == ("the answer is 3\n", "")


def test_a_reader_that_leaves_ends_the_program_without_a_word() -> None:
    code = "import sys; from latentlab.cli.main import main; sys.exit(main(['--help']))"
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    program.stdout.close()
    assert program.stderr.read() == b""
    assert program.wait() == 0


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented(name: str) -> None:
    assert f"latentlab {name}" in (ROOT / "docs" / "commands.md").read_text()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_s_module_and_class_exist(name: str) -> None:
    module, _, kind = COMMANDS.entries[name].partition(":")
    assert issubclass(getattr(importlib.import_module(module), kind), Command)
