"""Recipes are data: loaded, checked and turned into dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest

from latentlab.core.errors import BadFile, BadInput
from latentlab.store.table import Table


class Mode(StrEnum):
    FAST = "fast"
    GOOD = "good"


@dataclass(frozen=True)
class Inner:
    rate: float = 0.1


@dataclass(frozen=True)
class Method:
    steps: int = 100
    rate: float = 0.5
    span: tuple[float, float] = (-1.0, 1.0)
    names: tuple[str, ...] = ()
    limit: int | None = None
    mode: Mode = Mode.GOOD
    kind: Literal["a", "b"] = "a"
    inner: Inner = Inner()


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_a_recipe_comes_back_as_it_was_saved(tmp_path, ending):
    values = {
        "steps": 3,
        "rate": 0.25,
        "text": 'a "quoted" ü',
        "list": [1, 2.5, "x"],
        "inner": {"a": True, "b": {"c": 1}},
    }
    path = Table("r", values).save(tmp_path / f"r.{ending}")
    assert Table.load(path) == Table("r", values)


def test_values_are_fitted_to_the_fields():
    recipe = Table(
        "r", {"rate": 1, "span": [0, 2], "names": ["a"], "limit": 4, "mode": "fast", "inner": {"rate": 2}}
    )
    made = recipe.make(Method, steps=7)
    assert made == Method(7, 1.0, (0.0, 2.0), ("a",), 4, Mode.FAST, "a", Inner(2.0))
    assert isinstance(made.rate, float)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"stepps": 1}, "did you mean 'steps'"),
        ({"steps": "many"}, "steps"),
        ({"steps": 1.5}, "steps"),
        ({"steps": True}, "steps"),
        ({"span": [1]}, "span"),
        ({"mode": "slow"}, "mode"),
        ({"kind": "c"}, "kind"),
        ({"inner": {"speed": 1}}, "speed"),
        ({"names": "abc"}, "names"),
    ],
)
def test_wrong_values_are_refused_in_one_line(values, reason):
    with pytest.raises(BadInput, match=reason) as caught:
        Table("r", values).make(Method)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"), [("r.toml", "a = "), ("r.json", "{"), ("r.json", "[1]"), ("r.toml", "a = 1\na = 2")]
)
def test_damaged_recipes_get_one_line(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadFile, match="r\\."):
        Table.load(path)


def test_a_missing_recipe_gets_one_line(tmp_path):
    with pytest.raises(BadFile, match="no file"):
        Table.load(Path(tmp_path) / "none.toml")
