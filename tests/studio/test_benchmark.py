"""The benchmark: test faces, figures, the page, and how a new method joins."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from latentlab.core.errors import BadInput, LatentLabError, MissingPart, UnknownName
from latentlab.studio import Benchmark, Studio
from latentlab.studio.rivals import CONTESTANTS, benchmark
from latentlab.studio.rivals.cases import Cases, _tiles, ship
from latentlab.studio.rivals.contestant import Contestant
from latentlab.studio.rivals.figures import Measured, Measures, bootstrap

DOCS = Path(__file__).parents[2] / "docs" / "compare.md"


def cases(task: str = "smile", n: int = 2) -> Cases:
    draw = torch.Generator().manual_seed(2)
    noise = torch.rand(2, n, 3, 8, 8, generator=draw) * 2 - 1
    before, truth = (
        torch.nn.functional.interpolate(part, (64, 64), mode="bicubic").clamp(-1, 1) for part in noise
    )
    return Cases(task, before, truth, (0.9,) * n)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two drawn faces a task instead of renders, and no network of our own to edit them."""
    monkeypatch.setattr(benchmark, "shipped_cases", lambda task: cases(task))
    monkeypatch.setattr("latentlab.studio.shelf.companions.find_distance", lambda lab: (None, ""))


class Perfect(Contestant):
    """Knows a way to the truth that no method may use."""

    title = "the truth itself"

    def can(self, task: str) -> bool:
        return task == "smile"

    def edit(self, cases: Cases) -> torch.Tensor:
        assert cases.truth is not None
        return cases.truth


def test_doing_nothing_is_the_floor_and_the_truth_is_best(
    few: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setitem(CONTESTANTS.entries, "perfect", f"{__name__}:Perfect")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    found = Studio(device="cpu").compare(Benchmark(("smile", "toon"), quick=True, methods=("perfect",)))
    rows = {(row["task"], row["method"]): row for row in found.as_json()["results"]}
    assert set(rows) == {("smile", "nothing"), ("smile", "perfect"), ("toon", "nothing")}
    perfect, floor = rows["smile", "perfect"], rows["smile", "nothing"]
    assert perfect["ssim"][0] == pytest.approx(1) and floor["ssim"][0] < 0.9
    assert perfect["kept"][0] == pytest.approx(0, abs=1e-4) and perfect["ssim_gain"][1] > 0
    page = found.save(tmp_path / "page.html").read_text()
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert page.count("data:image/jpeg") == 2 and '<td class="best">' in page
    assert (tmp_path / "page.json").is_file()


def test_slow_methods_take_part_only_where_they_are_named(few: None):
    asked = [Benchmark(("smile",), quick=True), Benchmark(("smile",), quick=True, methods=("pivot",))]
    without, named = (benchmark.find_contestants(Studio(device="cpu"), one) for one in asked)
    assert "backbone" in without and "pivot" not in without
    assert list(named) == ["nothing", "pivot"]


def test_intervals_hold_the_mean_and_shrink_with_faces():
    draw = torch.Generator().manual_seed(1)
    few, many = (bootstrap(torch.randn(n, generator=draw) + 5) for n in (10, 1000))
    assert few.low < few.mean < few.high and many.high - many.low < (few.high - few.low) / 3
    assert bootstrap(torch.tensor([1.0, float("nan"), 3.0])).mean == 2


def test_differences_are_paired():
    hard = torch.linspace(0, 100, 30)
    one, other = (Measured({"psnr": hard + shift}, 0.0) for shift in (0.5, 0.0))
    gain = one.gain(other, "psnr")
    assert gain.low == pytest.approx(0.5, abs=1e-4) and gain.high == pytest.approx(0.5, abs=1e-4)


def test_shipped_cases_come_back_as_they_were(tmp_path: Path):
    given = cases(n=3)
    rows = _tiles(ship(given, tmp_path), 3)
    assert len(rows) == 2 and rows[0].shape == given.before.shape
    assert (rows[0] - given.before).abs().mean() < 0.05 and (rows[1] - given.truth).abs().mean() < 0.05


def test_what_cannot_be_compared_is_a_line(few: None):
    studio = Studio(device="cpu")
    acts = (
        (lambda: Benchmark(("smiling",)), UnknownName),
        (lambda: studio.compare(Benchmark(("smile",), quick=True, methods=("magic",))), UnknownName),
        (lambda: studio.compare(Benchmark(("smile",), quick=True, baselines=(DOCS,))), LatentLabError),
        (lambda: benchmark.render_cases("smile", 1), BadInput),
    )
    for act, kind in acts:
        with pytest.raises((kind, MissingPart)) as refused:
            act()
        assert "\n" not in str(refused.value)


def test_the_method_of_the_docs_joins_by_a_file_and_a_line(
    few: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    code = re.search(r"```python\n(# brighter\.py.*?)```", DOCS.read_text(), re.DOTALL)
    assert code and len(code[1].splitlines()) <= 20
    (tmp_path / "brighter.py").write_text(code[1])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(CONTESTANTS.entries, "brighter", "brighter:Brighter")
    found = Studio(device="cpu").compare(Benchmark(("older", "toon"), quick=True, methods=("brighter",)))
    assert [r.method for r in found.results["toon"]] == ["nothing", "brighter"]
    assert [r.method for r in found.results["older"]] == ["nothing"]


def test_photographs_are_asked_for_what_the_test_faces_are(few: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(benchmark, "photo_cases", lambda photos: cases().before)
    asked: list[Cases] = []

    class Listens(Contestant):
        title = "keeps what it is asked"

        def can(self, task: str) -> bool:
            return True

        def edit(self, cases: Cases) -> torch.Tensor:
            asked.append(cases)
            return cases.before

    monkeypatch.setitem(CONTESTANTS.entries, "listens", "listens:Listens")
    monkeypatch.setitem(sys.modules, "listens", SimpleNamespace(Listens=Listens))  # type: ignore[arg-type]
    request = Benchmark(("older", "identity"), quick=True, methods=("listens",), photos=(DOCS,))
    found = Studio(device="cpu").compare(request)
    assert [len(one) for one in asked] == [2, 2, 2] and asked[1].truth is None
    judge = Measures(None).judge
    read = judge(cases().before)[:, list(judge.names).index("age")]
    assert asked[1].values == pytest.approx((read + 20).clamp(5, 95).tolist(), abs=1e-3)
    (row,) = found.as_json()["photos"]
    assert row["source"][0] in (None, 0) and row["moved"][0] == pytest.approx(0, abs=1e-4)
