"""The code that CONTRIBUTING.md prints passes lint and types as it stands, and does what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import torch

from latentlab.core.direction import Direction
from latentlab.data.batches import TwoDomains
from latentlab.inversion.inverter import Given
from latentlab.networks.build import KINDS, build
from latentlab.networks.cost import COSTS, _counted
from latentlab.networks.files import load, save
from latentlab.networks.tiny import tiny_generator
from latentlab.training.draws import Draws
from latentlab.training.phase import Moment

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```python\n# (latentlab/\w+/\w+\.py)\n(.*?)```", re.DOTALL)
PRINTED = dict(BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files as they are printed."""
    place = tmp_path_factory.mktemp("printed")
    for name, code in PRINTED.items():
        (place / Path(name).name).write_text(code, encoding="utf-8")
    return place


def member(folder: Path, file: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A class of a printed file, imported under the name that the file would have."""
    full = f"latentlab.printed_{file}"
    spec = spec_from_file_location(full, folder / f"{file}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, full, module)
    spec.loader.exec_module(module)
    return getattr(module, name)


def test_each_family_has_an_example() -> None:
    assert {name.split("/")[1] for name in PRINTED} == {"directions", "inversion", "networks", "baselines"}


@pytest.mark.parametrize("words", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)], ids=" ".join)
def test_printed_code_passes_lint_and_types(folder: Path, words: tuple[str, ...]) -> None:
    option = "--config-file" if words[0] == "mypy" else "--config"
    command = [
        sys.executable,
        "-m",
        *words,
        option,
        str(ROOT / "pyproject.toml"),
        *map(str, folder.glob("*.py")),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_discoverer_finds_what_it_learns(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "directions"))
    from toy import toy_bank

    generator, bank = toy_bank(tmp_path / "bank", 400, correlation=0.0)
    method = member(folder, "mean_shift", "MeanShift", monkeypatch)(attribute="smile", samples=400)
    (found,) = method.discover(generator, bank)
    assert isinstance(found, Direction)
    assert found.vector.abs().argmax() == 2  # the coordinate that is the smile
    assert found.step > 0


def test_the_inverter_takes_the_nearest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = tiny_generator(resolution=16)
    method = member(folder, "nearest", "Nearest", monkeypatch)
    fifth = method(tries=1).invert(generator, torch.zeros(1, 3, 16, 16), Given(seed=5))
    found = method(tries=8).invert(generator, fifth.image)
    torch.testing.assert_close(found.latent.values, fifth.latent.values)
    assert not torch.allclose(
        method(tries=3).invert(generator, fifth.image).latent.values, fifth.latent.values
    )


def test_the_network_is_built_saved_and_loaded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = member(folder, "tint", "Tint", monkeypatch)
    monkeypatch.setitem(KINDS.entries, "tint", f"{kind.__module__}:Tint")
    monkeypatch.setitem(COSTS, "tint", _counted("tint"))
    network, pictures = build("tint", {"width": 4}, None, seed=3), torch.rand(2, 3, 8, 8)
    save(network, tmp_path / "tint.safetensors", {})
    assert torch.equal(load(tmp_path / "tint.safetensors")(pictures), network(pictures))


def test_the_baseline_learns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method = member(folder, "l1", "L1", monkeypatch)(size=16, width=4, blocks=1)
    kind, arguments = method.blueprints()["generator"]
    networks = {"generator": build(kind, arguments, None, seed=1, trainable=True)}
    (phase,) = method.phases(networks)
    optimizer = torch.optim.Adam(networks["generator"].parameters(), 0.01)
    batch = TwoDomains(torch.rand(2, 3, 16, 16) - 0.5, torch.zeros(2, 3, 16, 16))
    losses = []
    for step in range(12):
        moment = Moment(step, 2 * step, 2, Draws(range(2), 0))
        loss = phase.losses(batch, moment)["reconstruction"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert method.edit(networks, batch.a, {}).images.shape == batch.a.shape
