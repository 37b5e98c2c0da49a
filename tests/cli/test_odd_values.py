"""Every option of every command over a table of odd values: one line and exit code 2, or a value that has meaning."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from latentlab.cli.arguments import parse
from latentlab.cli.commands import COMMANDS
from latentlab.cli.session import Session
from latentlab.core.errors import LatentLabError
from latentlab.core.ranges import _hints, ranges_of

NUMBERS = ("nan", "inf", "-1", "-8", "0", "1e308", "99999999999999999999", "1.5", "one")
WORDS = (
    "",
    "~",
    "~/pictures",
    "a" * 300,
    "directions",
    "CON",
    "age=nan",
    "age=1e308",
    "=",
    "5-2",
    "0x0",
    "é→",
    "-1",
)
NEEDED: dict[str, tuple[str, ...]] = {
    "align": ("a.jpg",), "convert": ("a.pkl", "b.safetensors"), "directions card": ("age",),
    "directions export": ("age", "a.npy"), "directions import": ("a.npy",), "directions port": ("age", "child"),
    "directions show": ("age",), "directions build": ("--out", "x"), "evaluate": ("age",),
    "finetune": ("--data", "photos", "--out", "x"), "invert": ("a.jpg",), "models add": ("mine", "a.pkl"),
    "models card": ("faces",), "models fetch": ("stylegan2-ffhq",), "replay": ("a.png",), "train": ("--out", "x"),
    "train-encoder": ("--out", "x"), "train-scorer": ("--out", "x"), "world import": ("x",),
    "world render": ("--out", "x"),
}  # fmt: skip
"""What each command cannot do without."""
BY_THEMSELVES = ("world", "models", "doctor", "demo", "serve")
"""Commands that do not ask the studio before they work: their flags alone are tried."""
COMMON = ("--json", "--quiet", "--network", "--device", "--home", "--seed")


CASE = 30
"""Seconds that one case may take on a busy machine; most take a tenth of one."""


class Reached(Exception):
    """The command's words made sense to it."""


class Waits:
    """A studio that is asked for its first task, and does none."""

    def __getattr__(self, name: str) -> Any:
        raise Reached(name)


def flags_of(name: str, *words: str) -> set[str]:
    """The flags that the help page tells of."""
    shown = parse(name, COMMANDS[name], [*NEEDED.get(name, ()), *words, "--help"])
    assert isinstance(shown, str)
    return {flag for flag in re.findall(r"(?m)^ +(?:-\w, )?(--[a-z][a-z0-9-]*)", shown) if flag != "--help"}


def cases(name: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The words that choose a method, and a flag."""
    own = flags_of(name)
    for flag in sorted(own - set(COMMON) | ({"--seed", "--home"} if name == "generate" else set())):
        yield (), flag
    if COMMANDS[name].family:
        from latentlab.studio import methods

        for method in methods(COMMANDS[name].family):
            chosen = ("--method", method)
            for flag in sorted(flags_of(name, *chosen) - own):
                yield chosen, flag


def test_every_number_of_every_command_has_its_range() -> None:
    for name in COMMANDS:
        for kind in [COMMANDS[name], *(_groups(COMMANDS[name]))]:
            for part in fields(kind):
                hint = _hints(kind).get(part.name)
                if re.search(r"\b(int|float)\b", str(part.type)):
                    assert ranges_of(hint), (
                        f"{name}: {part.name} is any {part.type}; say its range in its type"
                    )


def _groups(kind: type) -> list[type]:
    return [
        type(value)
        for value in (part.default_factory() for part in fields(kind) if callable(part.default_factory))
        if is_dataclass(value)
    ]  # type: ignore[arg-type, misc]


def outcome_of(name: str, words: list[str]) -> str:
    """What came of a command line: a complaint, or a word that it made sense."""
    try:
        parsed = parse(name, COMMANDS[name], words)
        if name.split()[0] not in BY_THEMSELVES and not isinstance(parsed, str):
            session = Session(method=parsed.method, command=name, **parsed.options)
            session.__dict__["studio"] = Waits()
            parsed.command.run(session)
    except Reached:
        return "it was understood"
    except LatentLabError as error:
        return str(error)
    return "it was read"


@contextmanager
def seconds(limit: int, words: object) -> Iterator[None]:
    """One case may take so long; the time that the whole test has goes on meanwhile."""

    def too_long(*_: object) -> None:
        raise AssertionError(f"{words} ran for more than {limit} s")

    before = signal.signal(signal.SIGALRM, too_long)
    left, _ = signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def listens_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app looks at its address and serves nothing."""
    from latentlab.apps import server
    from latentlab.core.hosts import check_port

    def reached(serving: server.Serving, *rest: object, **more: object) -> None:
        check_port(serving.host, serving.port)
        raise Reached("serve")

    monkeypatch.setattr(server, "serve", reached)


def odd_values_mean_something(name: str, step: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Every flag with each `step`-th odd value, another one for each flag."""
    for place, (method, flag) in enumerate(cases(name)):
        for value in (*NUMBERS, *WORDS)[place % step :: step]:
            words = [*NEEDED.get(name, ()), *method, f"{flag}={value}"]
            with seconds(CASE, words):
                told = outcome_of(name, words)
            assert told.strip(), words
            assert "\n" not in told, words
            assert not capsys.readouterr().out, words
        assert not list(Path.cwd().iterdir()), (
            f"{name} {flag}: something was written before the studio was asked"
        )


@pytest.mark.parametrize("name", COMMANDS)
def test_odd_values_are_one_line_or_mean_something(name, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    odd_values_mean_something(name, 11, capsys)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(
    not os.environ.get("LATENTLAB_ALL_ODD_VALUES"), reason="minutes; the short table runs always"
)
@pytest.mark.parametrize("name", COMMANDS)
def test_the_whole_table_of_odd_values(name, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    odd_values_mean_something(name, 1, capsys)


REFUSED = [
    ("train-scorer", "--batch=0"), ("train-scorer", "--width=-4"), ("train-scorer", "--views=0"), ("train", "--seconds=nan"),
    ("discover", "--samples=9999999999999"), ("world render", "--n=100000000000000000000"), ("edit", "--min-identity=2"),
    ("edit", "--min-identity=nan"), ("invert", "--method=refine --passes=0"), ("invert", "--method=encode --passes=-1"),
    ("invert", "--method=pivot --enough-psnr=nan"), ("invert", "--method=pivot --locality=-1"),
    ("invert", "--method=pivot --coarsest=3"), ("invert", "--method=pivot --coarsest=100000"), ("generate", "--seed=4294967296"),
    ("generate", "--psi=1e308"), ("edit", "--direction=age=1e308"), ("invert", "--method=descend --prior=-1"),
    ("invert", "--method=descend --learning-rate=1e300"), ("invert", "--method=projector --w-noise=-1"),
    ("edit", "--blend=anna=2"), ("edit", "--max-change=smile=-1 --to=age=3"), ("train-encoder", "--images=0"),
    ("finetune", "--swap-from=-8"), ("directions build", "--faces=0"), ("world sheet", "--rows=0"), ("generate", "--out=~"),
    ("interpolate", "--fps=0"), ("metrics", "--n=0"), ("demo", "--budget=nan"), ("evaluate", "--psi=nan"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words"), REFUSED, ids=lambda value: str(value))
def test_what_a_trial_found_is_refused_in_one_line(run, name, words) -> None:
    outcome = run(*name.split(), *NEEDED.get(name, ()), *words.split())
    assert outcome.code == 2, outcome
    assert re.search(r"write|must|cannot|whole path|range|0 to 1", outcome.line)
    assert not [path for path in Path.cwd().iterdir() if not path.name.startswith(".")]
