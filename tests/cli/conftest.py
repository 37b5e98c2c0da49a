"""A command line as a user has it: an empty folder, a small network in a file, and what came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from latentlab.cli.main import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line that an error is."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, f"an error is one line, this was:\n{self.err}"
        return lines[0]


Run = Callable[..., Outcome]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("generate", "--seeds", 3)` in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path / ".data"))

    def call(*words: object) -> Outcome:
        capfd.readouterr()
        code = main([str(word) for word in words])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny StyleGAN2 of 32×32 pixels and 8 layers."""
    return _saved(tmp_path_factory.mktemp("networks") / "tiny.safetensors")


@pytest.fixture(scope="session")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with three classes."""
    return _saved(tmp_path_factory.mktemp("networks") / "classes.safetensors", condition_width=3)


def _saved(path: Path, **arguments: int) -> Path:
    from latentlab.networks import export
    from latentlab.networks.tiny import tiny_generator
    from latentlab.store.bridge.foreign import Foreign
    from latentlab.store.bridge.write import write

    return write(Foreign(*export(tiny_generator("stylegan2", 32, **arguments))), path)
