"""`train` from folders, packs and bad data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small import disc

from latentlab.backbones.train import Train
from latentlab.core.errors import BadFile, BadInput, MissingPart, UnknownName
from latentlab.core.image import save_image
from latentlab.data.packed import Packed, pack, pack_folder
from latentlab.store.bridge import read

SETTINGS: dict[str, Any] = {
    "channel_base": 128, "channel_max": 8, "z_width": 8, "w_width": 8, "batch": 8, "precision": "fp32", "report_steps": 1,
    "minibatch_group": 4, "picture_steps": 0,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(10):
        save_image(disc(number)[None].float() / 127.5 - 1, tmp_path / "data" / f"{number:02d}.png")
    return tmp_path / "data"


def task(data: Path, out: Path, **changes: Any) -> Train:
    return Train(
        **(
            {"data": data, "out": out, "images": 24, "resolution": 16, "device": "cpu", "settings": SETTINGS}
            | changes
        )
    )


def test_a_folder_of_pictures_becomes_a_generator(folder: Path, tmp_path: Path) -> None:
    file = task(folder, tmp_path / "run", mirror=True).run()
    generator = read(file)["G_ema"]
    told = generator.story["training"]
    assert told["images"] == 24  # type: ignore[index]
    assert told["settings"]["r1"] > 0  # type: ignore[index]
    assert told["threads"] == torch.get_num_threads()  # type: ignore[index]
    assert "D" in read(tmp_path / "run" / "discriminator.safetensors")


def test_it_goes_on_where_it_stopped(folder: Path, tmp_path: Path) -> None:
    task(folder, tmp_path / "legs").run()
    legs = task(folder, tmp_path / "legs", images=48, resume=True).run()
    whole = task(folder, tmp_path / "whole", images=48).run()
    assert read(legs)["G_ema"].story["hash"] == read(whole)["G_ema"].story["hash"]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="holds no pictures"):
        task(tmp_path / "empty", tmp_path / "run").run()


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="there is no"):
        task(tmp_path / "nowhere", tmp_path / "run").run()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    folder.chmod(0)
    with pytest.raises(BadFile):
        task(folder, tmp_path / "run").run()


def test_mixed_sizes_are_said_with_a_remedy(folder: Path, tmp_path: Path) -> None:
    save_image(torch.zeros(1, 3, 20, 24), folder / "other.png")
    with pytest.raises(
        BadInput, match=r"other.png has 24×20 pixels, the training wants 16×16; pass `resize`"
    ):
        task(folder, tmp_path / "run").run()
    assert task(folder, tmp_path / "run", resize=True).run().exists()


def test_one_corrupt_picture_is_named_before_anything_is_learnt(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "03.png").read_bytes()
    (folder / "03.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadFile, match=r"03.png.*`drop_broken`"):
        task(folder, tmp_path / "run").run()
    assert not (tmp_path / "run" / "checkpoints").exists()
    task(folder, tmp_path / "run", drop_broken=True).run()
    assert len(Packed((tmp_path / "run" / "images-16.npy",))) == 9


def test_a_pack_of_another_size_is_refused(tmp_path: Path) -> None:
    file = pack((disc(k) for k in range(4)), 4, 16, tmp_path / "pack.npy")
    with pytest.raises(BadInput, match="pass `resolution` 16"):
        task(file, tmp_path / "run", resolution=32).run()


def test_a_damaged_pack_is_refused(tmp_path: Path) -> None:
    file = pack((disc(k) for k in range(4)), 4, 16, tmp_path / "pack.npy")
    file.write_bytes(file.read_bytes()[:700])
    with pytest.raises(BadFile, match="cannot read"):
        Packed((file,)).resolution  # noqa: B018


def test_a_generator_learns_in_bfloat16_where_asked(folder: Path, tmp_path: Path) -> None:
    file = task(folder, tmp_path / "run", settings=SETTINGS | {"precision": "bf16"}).run()
    assert read(file)["G_ema"].story["training"]["settings"]["precision"] == "bf16"  # type: ignore[index]


def test_an_unknown_setting_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'learning_rate'"):
        task(folder, tmp_path / "run", settings={"learning_rat": 1}).run()


def test_a_gpu_that_is_not_there_is_said(folder: Path, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(MissingPart, match="write cpu"):
        task(folder, tmp_path / "run", device="cuda").run()


def test_every_picture_is_shown_once_in_an_epoch(tmp_path: Path) -> None:
    first = pack((torch.full((3, 4, 4), k, dtype=torch.uint8) for k in range(5)), 5, 4, tmp_path / "a.npy")
    second = pack(
        (torch.full((3, 4, 4), k, dtype=torch.uint8) for k in range(5, 12)), 7, 4, tmp_path / "b.npy"
    )
    source = Packed((first, second), seed=3)
    epochs = [source(range(start, start + 12))["images"][:, 0, 0, 0].tolist() for start in (0, 12)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(12))
    assert epochs[0] != epochs[1]
    assert source([17, 3])["images"][:, 0, 0, 0].tolist() == [epochs[1][5], epochs[0][3]]


def test_packing_keeps_the_bytes(folder: Path, tmp_path: Path) -> None:
    file = pack_folder(folder, 16, tmp_path / "pack.npy")
    assert np.abs(np.load(file)[4].astype(int) - disc(4).numpy()).max() <= 1


def test_pictures_can_be_left_out_by_name(folder: Path, tmp_path: Path) -> None:
    file = pack_folder(folder, 16, tmp_path / "pack.npy", skip=lambda path: path.stem in {"01", "02"})
    assert len(Packed((file,))) == 8


def test_a_folder_with_labels_trains_a_conditional_network(folder: Path, tmp_path: Path) -> None:
    import json

    labels = [[f"{number:02d}.png", number % 3] for number in range(10)]
    (folder / "dataset.json").write_text(json.dumps({"labels": labels}))
    file = task(folder, tmp_path / "run", settings=SETTINGS | {"condition_width": 3}).run()
    assert read(file)["G_ema"].arguments["condition_width"] == 3
