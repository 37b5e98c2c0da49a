"""The model of one's own that docs/train.md prints learns as it stands."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from latentlab.core.image import save_image
from latentlab.store.archive import read_story

PAGE = Path(__file__).parents[2] / "docs" / "train.md"


def test_the_printed_model_learns_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for number in range(10):
        picture = torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(number)) * 2 - 1
        save_image(picture, tmp_path / "photos" / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    page = ModuleType("printed")
    monkeypatch.setitem(sys.modules, "printed", page)  # dataclasses look their module up
    exec(compile(code.replace("100_000", "48"), "docs/train.md", "exec"), page.__dict__)
    assert page.colours(torch.zeros(1, 1, 64, 64)).shape == (1, 3, 64, 64)  # type: ignore[attr-defined]
    told = read_story("runs/colour/colours.safetensors")
    assert (told["kind"], told["arguments"]) == ("unet", {"before": 1, "width": 24, "levels": 5})
    assert told["training"]["images"] == 48  # type: ignore[index]
    assert told["training"]["settings"]["width"] == 24  # type: ignore[index]
    log = (tmp_path / "runs" / "colour" / "log.jsonl").read_text()
    assert "tell/real" in log
    assert (tmp_path / "runs" / "colour" / "discriminator.safetensors").exists()
