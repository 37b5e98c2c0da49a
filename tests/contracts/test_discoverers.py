"""What every discovery method promises, over the registry."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
import torch

from latentlab.core.latent import Latent, Space
from latentlab.core.pairs import LatentPairs
from latentlab.core.registry import Registry
from latentlab.directions import DISCOVERERS
from latentlab.directions.discoverer import Discoverer
from latentlab.directions.library import load_direction, same, save_direction
from tests.directions.toy import ToyGenerator, ToyScorer, toy_bank

SMALL = {"samples": 1000, "share": 0.1, "components": 2, "epochs": 3, "batch": 250}
NAMES = [name for name in DISCOVERERS if name != "text"]  # needs CLIP; see tests/directions/test_text.py


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    generator, bank = toy_bank(tmp_path_factory.mktemp("bank"), 1000)
    return generator, replace(bank, scorers=(ToyScorer(),))


def build(family: Registry, name: str) -> Discoverer:
    known = {field.name for field in fields(family[name])}
    return family.build(name, **{key: value for key, value in SMALL.items() if key in known})


def source_of(finder: Discoverer, generator: ToyGenerator, bank):
    if finder.needs == "pairs":
        before = torch.randn(10, 2, 12, generator=torch.Generator().manual_seed(0))
        return LatentPairs(Latent(Space.W_PLUS, before), Latent(Space.W_PLUS, before + torch.eye(12)[2]))
    return bank if finder.needs == "bank" else None


@pytest.mark.parametrize("name", DISCOVERERS)
def test_a_method_is_a_frozen_dataclass_whose_fields_are_explained(name: str) -> None:
    method = DISCOVERERS[name]
    assert is_dataclass(method)
    assert method.__dataclass_params__.frozen
    for field in fields(method):
        owner = next(one for one in method.__mro__ if field.name in inspect.get_annotations(one))
        body = inspect.getsource(owner)
        assert re.search(rf"    {field.name}: [^\n]+\n    \"\"\"", body), (
            f"{name}: the field {field.name} has no docstring"
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_method_repeats_names_its_network_and_survives_its_file(name: str, toy, tmp_path) -> None:
    generator, bank = toy
    finder = build(DISCOVERERS, name)
    found = finder.discover(generator, source_of(finder, generator, bank))
    again = finder.discover(generator, source_of(finder, generator, bank))
    assert found
    for direction, twin in zip(found, again, strict=True):
        assert same(direction, twin)
        assert direction.model == generator.hash
        assert direction.found_by == repr(finder)
        assert torch.isfinite(direction.vector).all()
        assert same(direction, load_direction(save_direction(direction, tmp_path)))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("sefa", "ganspace")])
def test_a_method_that_is_told_what_to_find_raises_it(name: str, toy) -> None:
    generator, bank = toy
    finder = build(DISCOVERERS, name)
    direction = finder.discover(generator, source_of(finder, generator, bank))[0]
    latent = generator.lift(Latent(Space.W, torch.zeros(1, 12)), direction.space)
    moved = (
        generator.lift(direction.apply(latent, 1.0), Space.S).values - generator.lift(latent, Space.S).values
    )
    assert float(moved.reshape(2, 12).mean(0)[2]) > 0


def test_the_method_of_the_docs_keeps_the_contract(toy, tmp_path, monkeypatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "discover.md").read_text()
    code = next(
        block for block in re.findall(r"```python\n(.*?)```", page, re.S) if "class MeanDifference" in block
    )
    (tmp_path / "mean_difference.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    family = Registry("discovery method", {"mean-difference": "mean_difference:MeanDifference"})
    generator, bank = toy
    direction = build(family, "mean-difference").discover(generator, bank)[0]
    assert float(direction.vector[2]) > 0.9 * float(direction.vector.norm())
