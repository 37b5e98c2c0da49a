"""Files for shipping are half the size and draw the same pictures."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.errors import BadInput
from latentlab.networks.files import archive, halved
from latentlab.networks.tiny import tiny_generator
from latentlab.studio.shelf.networks import load_generator
from tools.halve import halve_folder, main


def test_a_halved_generator_draws_the_same(tmp_path) -> None:
    before = tiny_generator("stylegan2", 16, seed=0)
    path = archive(before, {"part": "G_ema"}).save(tmp_path / "generator.safetensors")
    (small,) = halve_folder(tmp_path, tmp_path / "ship")
    assert small.stat().st_size < 0.6 * path.stat().st_size
    after = load_generator(small)
    w = torch.randn(2, 1, before.w_width, generator=torch.Generator().manual_seed(0)).repeat(
        1, before.layers, 1
    )
    assert next(after.parameters()).dtype == torch.float32
    assert (before(before.styles(w)) - after(after.styles(w))).abs().max() < 0.02


def test_statistics_stay_exact_and_what_does_not_fit_is_refused() -> None:
    found = halved(
        {"a.weight": torch.ones(3), "norm.running_var": torch.full((3,), 1e-9), "n": torch.ones(3).long()}
    )
    assert found["a.weight"].dtype == torch.float16
    assert torch.equal(found["norm.running_var"], torch.full((3,), 1e-9))
    assert found["n"].dtype == torch.int64
    with pytest.raises(BadInput, match="fp16"):
        halved({"a": torch.full((2,), 1e6)})


def test_a_damaged_file_is_one_line_and_nothing_is_written(tmp_path, capsys) -> None:
    whole = archive(tiny_generator("stylegan2", 16, seed=0), {}).save(tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), "--out", str(tmp_path / "ship")])
    assert ended.value.code == 2
    assert "b.safetensors" in (complaint := capsys.readouterr().err) and complaint.count("\n") == 1
    assert not (tmp_path / "ship").exists()
