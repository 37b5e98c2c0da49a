"""What the benchmark ships: test faces of every task, and baselines that load and do what their stories say."""

from __future__ import annotations

import pytest
import torch

from latentlab.baselines.baseline import Wish
from latentlab.baselines.files import load, shipped
from latentlab.store.home import assets_folder
from latentlab.studio.rivals.cases import QUICK, REFERRED, shipped_cases
from latentlab.world.tasks import TASKS

MEGABYTE = 1 << 20


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_test_faces(task: str):
    found = shipped_cases(task)
    assert len(found) == QUICK and found.truth is not None
    assert (found.references is not None) == (task in REFERRED)
    assert (found.before - found.truth).abs().mean() > 0.005


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_baseline_loads_and_is_small(name: str):
    path = shipped()[name]
    trained = load(path, name)
    assert path.stat().st_size <= 4 * MEGABYTE
    assert trained.story["training"]["images"] > 0 and trained.story["training"]["seconds"] > 0


def test_all_of_it_stays_small():
    sizes = {
        folder: sum(p.stat().st_size for p in (assets_folder() / folder).iterdir())
        for folder in ("benchmark", "baselines")
    }
    assert sizes["benchmark"] <= 4 * MEGABYTE and sizes["baselines"] <= 24 * MEGABYTE


def test_the_shipped_smile_brings_the_mouth_nearer_to_a_true_one():
    trained, cases = load(shipped()["pix2pix"]), shipped_cases("smile")
    before, truth = (
        torch.nn.functional.interpolate(x, (64, 64), mode="bicubic", antialias=True)
        for x in (cases.before, cases.truth)
    )
    torch.manual_seed(0)  # its dropout stays on
    with torch.no_grad():
        after = trained.method.edit(trained.networks, before, {"smile": Wish()}).images
    mouth = (slice(None), slice(None), slice(36, 56), slice(16, 48))
    away = [(x[mouth] - truth[mouth]).abs().mean() for x in (before, after)]
    assert away[1] < away[0]
