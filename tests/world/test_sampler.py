"""Fresh renders for training, and the contact sheet."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice

import torch

from latentlab.core.image import load_picture
from latentlab.world import sheet
from latentlab.world.factors import flat_names
from latentlab.world.sampler import iterate, sample
from latentlab.world.sheet import draw_sheet


def test_batches_go_on_where_the_last_one_ended(renderer):
    first, second = islice(iterate(2, seed=3, size=32, renderer=renderer), 2)
    images, faces = sample(4, seed=3, size=32, renderer=renderer)
    assert first.faces + second.faces == faces
    assert (torch.cat([first.images, second.images]) - images).abs().mean() < 1e-3
    assert first.factors.shape == (2, len(flat_names()))


def test_a_training_can_resume_anywhere(renderer):
    _, second = islice(iterate(2, seed=3, size=32, renderer=renderer), 2)
    resumed = next(iterate(2, seed=3, size=32, start=2, renderer=renderer))
    assert torch.equal(resumed.images, second.images)


def test_the_sheet_is_a_picture_with_a_row_for_each_factor(renderer, tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "SWEEPS", sheet.SWEEPS[:3])
    path = draw_sheet(tmp_path / "sheet.png", size=32, rows=1, renderer=renderer)
    assert load_picture(path).height == 32 * (1 + 3)


def test_every_sweep_changes_one_factor_only():
    people = sheet._models()
    for sweep in sheet.SWEEPS:
        rows = [asdict(face) for face in sweep.faces(people)]
        changed = {name for name in rows[0] if any(row[name] != rows[0][name] for row in rows)}
        assert changed == {sweep.factor or sweep.name}
        assert len(rows) == sheet.COLUMNS
