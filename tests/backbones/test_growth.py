"""A grown network shows, and sees, what the small one did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small import SMALL, discs, teach

from cuda_ops import upsample2d
from latentlab.backbones.growth import grow_discriminator, grow_generator
from latentlab.backbones.stylegan import FILES
from latentlab.backbones.train import Train
from latentlab.backbones.transfer import parent
from latentlab.core.errors import BadInput
from latentlab.networks.build import build, export
from latentlab.networks.tiny import tiny_discriminator, tiny_generator
from latentlab.store.bridge import read
from latentlab.teaching.saving import save_parts


def test_a_grown_generator_paints_the_same_picture_at_twice_the_size() -> None:
    small = tiny_generator(resolution=16)
    kind, arguments, tensors = export(small)
    grown = build(kind, *grow_generator(arguments, tensors, 8))
    w_plus = small.map(torch.randn(2, 32, generator=torch.Generator().manual_seed(0)))[:, None]
    before = small(small.styles(w_plus.repeat(1, small.layers, 1)))
    after = grown(grown.styles(w_plus.repeat(1, grown.layers, 1)))
    assert after.shape[-1] == 32
    torch.testing.assert_close(after, upsample2d(before, small.synthesis.b16.resample_filter))


@pytest.mark.parametrize("channels", [16, 8])
def test_a_grown_discriminator_sees_in_enlarged_pictures_what_it_saw(channels: int) -> None:
    small = tiny_discriminator(resolution=16)
    kind, arguments, tensors = export(small)
    larger, values = grow_discriminator(arguments, tensors, channels)
    grown, stranger = build(kind, larger, values), build(kind, larger, None)
    stranger.load_state_dict({**values, "b32.skip.weight": stranger.b32.skip.weight})
    axis = torch.linspace(0, 3, 16)
    waves = torch.stack([(axis[:, None] * k + axis + 2 * c).sin() for k in range(8) for c in range(3)])
    images = waves.reshape(8, 3, 16, 16) * 0.7

    def seen(discriminator: torch.nn.Module, pictures: torch.Tensor) -> torch.Tensor:
        return torch.cat([x.flatten() for size, x in discriminator.features(pictures).items() if size < 16])  # type: ignore[operator]

    before, large = seen(small, images), upsample2d(images, small.b16.resample_filter)
    assert (seen(grown, large) - before).norm() < 0.3 * before.norm()  # what halving and borders cost
    assert (seen(stranger, large) - before).norm() > 0.6 * before.norm()


def test_a_training_grows_from_a_smaller_network(tmp_path: Path) -> None:
    trainer = teach(tmp_path / "small", 2)
    files = save_parts(trainer.networks, FILES, tmp_path, {})
    begun = parent(files["G_ema"], replace(SMALL, resolution=32), files["D"])
    assert begun.model.generator_arguments()["resolution"] == 32
    assert begun.model.generator_arguments()["channels"]["16"] == 8
    assert begun.hash == read(files["G_ema"])["G_ema"].story["hash"]


def test_transfer_begins_where_the_parent_stood(tmp_path: Path) -> None:
    trainer = teach(tmp_path / "parent", 2)
    files = save_parts(trainer.networks, FILES, tmp_path, {})
    settings = {
        "batch": 16,
        "report_steps": 1,
        "learning_rate": 1e-7,
        "r1": 0.0,
        "path_length": 0.0,
        "ema_images": 1.0,
    }
    task = Train(
        data="", out=tmp_path / "child", images=16, preset="auto", resolution=16, transfer=files["G_ema"], transfer_discriminator=files["D"],
        device="cpu", settings=settings | {"ema_ramp": None, "precision": "fp32"},
    )  # fmt: skip
    child = read(task.run(source=discs))["G_ema"]
    begun_with = read(files["G_ema"])["G_ema"]
    assert child.story["parent"] == begun_with.story["hash"]
    for name, value in begun_with.tensors.items():
        if "w_avg" not in name:
            torch.testing.assert_close(child.tensors[name], value, atol=1e-4, rtol=0)


def test_a_larger_parent_does_not_shrink(tmp_path: Path) -> None:
    files = save_parts({"G_ema": tiny_generator(resolution=32)}, FILES, tmp_path, {})
    with pytest.raises(BadInput, match="networks grow but do not shrink: pass `resolution` 32"):
        parent(files["G_ema"], SMALL)


def test_a_parent_without_a_discriminator_is_said(tmp_path: Path) -> None:
    files = save_parts({"G_ema": tiny_generator(resolution=16)}, FILES, tmp_path, {})
    with pytest.warns(UserWarning, match="has no discriminator"):
        assert "D" not in parent(files["G_ema"], SMALL).weights
