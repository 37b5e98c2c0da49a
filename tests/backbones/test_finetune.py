"""A child of a generator: what it learnt is small, names its parent, and shares the parent's latent space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from small import disc, discs, teach

from latentlab.backbones.difference import Difference, low_rank, swap_layers, whole
from latentlab.backbones.finetune import Finetune
from latentlab.backbones.stylegan import FILES
from latentlab.core.errors import BadInput, WrongGenerator
from latentlab.core.image import save_image
from latentlab.data.packed import Packed
from latentlab.networks.build import export
from latentlab.networks.tiny import tiny_generator
from latentlab.store.bridge import Foreign, read
from latentlab.teaching.saving import save_parts


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return save_parts(teach(tmp_path / "parent", 2).networks, FILES, tmp_path / "parts", {})


def task(files: dict[str, Path], out: Path, **changes: Any) -> Finetune:
    settings = {"batch": 16, "report_steps": 1, "picture_steps": 0, "learning_rate": 0.01, "ema_images": 8.0}
    given = {
        "parent": files["G_ema"],
        "data": Path("unused"),
        "out": out,
        "images": 80,
        "device": "cpu",
        "freeze_discriminator": 1,
    }
    return Finetune(**(given | changes | {"settings": settings}))  # type: ignore[arg-type]


def moved(seed: int, rank: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    parent = export(tiny_generator(resolution=16))[2]
    draw = torch.Generator().manual_seed(seed)
    child = {}
    for name, value in parent.items():
        step = torch.zeros_like(value)
        if value.ndim >= 2 and "noise" not in name:
            flat = value.flatten(1)
            step = (
                torch.randn(flat.shape[0], rank, generator=draw)
                @ torch.randn(rank, flat.shape[1], generator=draw)
            ).reshape(value.shape)
        child[name] = value + 0.1 * step
    return parent, child


def test_a_low_rank_change_is_kept_by_low_rank() -> None:
    parent, child = moved(0, rank=1)
    made = low_rank(parent, child, budget=100_000)
    assert made.bytes < whole(parent, child).bytes / 3
    for name, value in made.added_to(parent).items():
        torch.testing.assert_close(value, child[name], atol=2e-3, rtol=0)


def test_a_budget_is_kept_and_more_budget_is_closer() -> None:
    parent, child = moved(1, rank=12)

    def gap(budget: int) -> float:
        made = low_rank(parent, child, budget)
        assert made.bytes <= budget
        return sum(
            float((value - child[name]).square().sum()) for name, value in made.added_to(parent).items()
        )

    gaps = [gap(budget) for budget in (3_000, 10_000, 40_000)]
    assert gaps[0] > gaps[1] > gaps[2]


def test_a_whole_difference_falls_back_to_bytes() -> None:
    parent, child = moved(2, rank=8)
    exact = whole(parent, child)
    coarse = whole(parent, child, budget=int(exact.bytes * 0.7))
    assert coarse.bytes <= exact.bytes * 0.7
    for name, value in coarse.added_to(parent).items():
        assert (value - child[name]).abs().max() <= 0.01 * (child[name] - parent[name]).abs().max() + 1e-3
    with pytest.raises(BadInput, match="freeze more layers"):
        whole(parent, child, budget=1000)


def test_another_parent_is_refused() -> None:
    parent, child = moved(3, rank=1)
    other = export(tiny_generator(resolution=16, seed=5))[2]
    with pytest.raises(WrongGenerator, match="give its parent"):
        low_rank(parent, child).added_to(other)


@pytest.mark.parametrize("form", ["auto", "low rank", "whole"])
def test_a_few_images_make_a_child(files: dict[str, Path], tmp_path: Path, form: str) -> None:
    path = task(files, tmp_path / "run", form=form).run(source=discs)
    difference = Difference.load(path)
    parent = read(files["G_ema"])["G_ema"]
    assert difference.parent == parent.story["hash"]
    child = difference.added_to(parent.tensors)
    trained = read(tmp_path / "run" / "generator.safetensors")["G_ema"]
    assert torch.equal(child["mapping.fc0.weight"], parent.tensors["mapping.fc0.weight"])
    changed = trained.tensors["synthesis.b16.conv1.weight"] - parent.tensors["synthesis.b16.conv1.weight"]
    kept = child["synthesis.b16.conv1.weight"] - parent.tensors["synthesis.b16.conv1.weight"]
    assert changed.abs().max() > 1e-3
    torch.testing.assert_close(kept, changed, atol=0.02 * float(changed.abs().max()), rtol=0)


def test_layers_can_be_swapped() -> None:
    parent, child = moved(4, rank=2)
    foreign = Foreign("stylegan2", {}, parent)
    fine = swap_layers(foreign, child, 16)
    assert torch.equal(fine["synthesis.b16.conv1.weight"], child["synthesis.b16.conv1.weight"])
    assert torch.equal(fine["synthesis.b8.conv1.weight"], parent["synthesis.b8.conv1.weight"])
    coarse = swap_layers(foreign, child, 16, coarse_from_child=True)
    assert torch.equal(coarse["synthesis.b16.conv1.weight"], parent["synthesis.b16.conv1.weight"])
    assert torch.equal(coarse["synthesis.b4.const"], child["synthesis.b4.const"])
    assert torch.equal(coarse["mapping.fc0.weight"], parent["mapping.fc0.weight"])


def test_people_held_out_are_not_learnt(files: dict[str, Path], tmp_path: Path) -> None:
    for index, name in enumerate(["volunteer_001_neutral", "volunteer_006_neutral", "synthetic_female_1"]):
        save_image(disc(index)[None].float() / 127.5 - 1, tmp_path / "photos" / f"{name}.png")
    task(files, tmp_path / "run", data=tmp_path / "photos").source(16)
    assert len(Packed((tmp_path / "run" / "images-16.npy",))) == 1


def test_an_unknown_form_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="known: auto, low rank, whole"):
        task(files, tmp_path / "run", form="sparse").run(source=discs)
