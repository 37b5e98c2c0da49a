"""What the methods of the studio take by name is what their requests take, and nobody has to guess it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from latentlab.backbones.finetune import Finetune
from latentlab.backbones.train import Train
from latentlab.backbones.train_encoder import TrainEncoder
from latentlab.directions import DISCOVERERS
from latentlab.studio import fields as told
from latentlab.studio.applications.frontalize import Frontalize
from latentlab.studio.applications.makeup import Makeup
from latentlab.studio.applications.sitter import Choice
from latentlab.studio.applications.style_add import AddStyle
from latentlab.studio.applications.stylize import Stylize
from latentlab.studio.applications.swap import Swap
from latentlab.studio.discovery.discover import Discover
from latentlab.studio.discovery.spans import MeasureSpans
from latentlab.studio.lab import Lab
from latentlab.studio.learning.train_scorer import TrainScorer
from latentlab.studio.pictures.interpolate import Interpolate
from latentlab.studio.pictures.rendering import Rendering
from latentlab.studio.portraits.edit import Edit
from latentlab.studio.portraits.request import Invert
from latentlab.studio.reports.evaluate import Judge
from latentlab.studio.reports.measure import Compare
from latentlab.studio.rivals.benchmark import Benchmark

ROOT = Path(__file__).parent.parent.parent
FIELDS = {
    told.StudioFields: ([Lab], {"network"}),
    told.RenderingFields: ([Rendering], {"psi"}),
    told.InterpolateFields: ([Interpolate, Rendering], {"psi", "seeds", "rendering"}),
    told.InvertFields: ([Invert], {"method"}),
    told.EditFields: ([Edit], {"directions"}),
    told.SweepFields: ([Edit], {"sweeps"}),
    told.MakeupFields: ([Makeup, Choice], {"choice"}),
    told.FrontalizeFields: ([Frontalize, Choice], {"choice"}),
    told.StylizeFields: ([Stylize, Choice], {"choice", "style"}),
    told.AnyStyleFields: ([Stylize, Choice], {"choice"}),
    told.SwapFields: ([Swap, Choice], {"choice"}),
    told.AddStyleFields: ([AddStyle], {"name", "picture"}),
    told.BenchmarkFields: ([Benchmark], set()),
    told.JudgeFields: ([Judge], set()),
    told.MeasureSpansFields: ([MeasureSpans], set()),
    told.CompareFields: ([Compare], set()),
    told.TrainFields: ([Train], {"device", "settings"}),
    told.TrainEncoderFields: ([TrainEncoder], {"device", "settings"}),
    told.FinetuneFields: ([Finetune], {"parent", "device", "settings"}),
    told.TrainScorerFields: ([TrainScorer], set()),
    told.DiscoverFields: ([Discover, *(DISCOVERERS[name] for name in DISCOVERERS)], {"method"}),
}
WRONG = """
import latentlab

studio = latentlab.open("faces", seed=1)
face = studio.sample(seed=7)
picture = studio.edit(face, {"age": 2}, min_identity=0.5)
picture.save("older.png")
studio.edit(studio.invert("photo.jpg", method="encode"))
names: list[str] = [face.name for face in studio.invert("one.jpg", "two.jpg")]
studio.edit(face, {"age": 2}, min_identity="much")
studio.edit(face, {"age": 2}, least_identity=0.5)
"""


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.__name__)
def test_the_fields_of_a_method_are_those_of_its_request(kind: type) -> None:
    requests, taken = FIELDS[kind]
    wanted = {}
    for request in requests:
        hints = get_type_hints(request)
        for field in fields(request):
            assert wanted.setdefault(field.name, hints[field.name]) == hints[field.name], field.name
    assert get_type_hints(kind) == {name: hint for name, hint in wanted.items() if name not in taken}


def test_a_type_checker_knows_what_an_edit_takes(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(WRONG)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    faults = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(faults) == 2, done.stdout
    assert (
        '"min_identity" to "edit" of "Studio" has incompatible type "str"; expected "float | None"'
        in faults[0]
    )
    assert "least_identity" in faults[1]
