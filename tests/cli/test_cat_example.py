"""The example of docs/discover.md, as it stands there, on a tiny network: labels, a direction, an own scorer, a verdict."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import torch

PAGE = Path(__file__).parents[2] / "docs" / "discover.md"


def commands() -> list[list[str]]:
    """The lines of the page that name the cats."""
    return [
        line.split()[1:]
        for line in PAGE.read_text().splitlines()
        if re.match(r"latentlab .*cats\.safetensors", line)
    ]


def fur(images):
    return images.mean((1, 2, 3))


def test_the_cats_of_the_page(run, network, tmp_path, monkeypatch) -> None:
    from latentlab.studio import Studio

    shutil.copy(network, tmp_path / "cats.safetensors")
    own = ModuleType("cat_scorers")
    own.fur = fur
    monkeypatch.setitem(sys.modules, "cat_scorers", own)
    with torch.no_grad():
        labels = [
            float(fur(picture.image[None]))
            for picture in Studio(network, home=tmp_path / "h").generate(range(200))
        ]
    rows = [f"{seed},{label:.6f}" for seed, label in enumerate(labels)]
    (tmp_path / "cats.csv").write_text("\n".join(["seed,fur", *rows]))

    found = [run(*words) for words in commands()]
    assert [one.code for one in found] == [0, 0, 0], found
    assert "fur: one step is" in found[0].out
    assert "monotony" in found[1].out
    assert (tmp_path / "evaluation.html").is_file()
    refused = run("discover", "--network", "cats.safetensors", "--attribute", "age")
    assert refused.code == 2
    assert "not known to draw faces" in refused.line
