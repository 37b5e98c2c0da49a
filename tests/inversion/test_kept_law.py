"""The law of w on disk is the law that was measured; a damaged or foreign file is measured anew."""

from __future__ import annotations

import pytest
import torch

from latentlab.inversion import statistics
from latentlab.inversion.kept_law import keep_law, read_law
from latentlab.inversion.statistics import WStatistics


@pytest.fixture
def law(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path))
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(300, 5, generator=generator)
    return statistics._measure(draws, torch.randn(200, 5, generator=generator))


def test_what_is_read_is_what_was_kept(law):
    keep_law(law, "a" * 64)
    again = read_law(WStatistics, "a" * 64, torch.zeros(1))
    assert again is not None
    for name in ("mean", "centre", "components", "deviations"):
        assert torch.equal(getattr(again, name), getattr(law, name))
    assert again.spread == pytest.approx(law.spread, abs=0)
    assert again.limit == pytest.approx(law.limit, abs=0)


def test_nothing_kept_or_a_damaged_file_is_none(law, tmp_path):
    assert read_law(WStatistics, "b" * 64, torch.zeros(1)) is None
    keep_law(law, "b" * 64)
    file = next(tmp_path.rglob("*.safetensors"))
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)
    assert read_law(WStatistics, "b" * 64, torch.zeros(1)) is None


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(law, tmp_path, monkeypatch):
    (tmp_path / "laws").write_text("a file in the way")
    keep_law(law, "c" * 64)
    assert read_law(WStatistics, "c" * 64, torch.zeros(1)) is None
