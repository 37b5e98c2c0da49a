"""Training on what people have besides squares in three colours: grey, RGBA, masks, other sides; from scratch and from a parent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.backbones.train import Train
from latentlab.core.errors import BadInput
from latentlab.data.packed import Packed, pack, pack_folder
from latentlab.networks.build import build
from latentlab.store.bridge import read
from latentlab.training.augment import Pipe
from latentlab.training.draws import Draws

REPORTED = Path(__file__).parents[1] / "fixtures" / "reported"
SMALL = {
    "channel_base": 128, "channel_max": 16, "z_width": 16, "w_width": 16, "mapping_layers": 1, "batch": 4, "r1_every": 2,
    "path_every": 2, "augment": "fixed", "minibatch_group": 2,
}  # fmt: skip


def folder(path: Path, mode: str, size: tuple[int, int] = (16, 16)) -> Path:
    path.mkdir()
    for number in range(4):
        values = np.random.default_rng(number).integers(0, 255, (size[1], size[0], 4), dtype=np.uint8)
        Image.fromarray(values, "RGBA").convert(mode).save(path / f"{number}.png")
    return path


def trained(tmp_path: Path, data: Path, **fields: object) -> dict:
    settings = {**SMALL, **fields.pop("settings", {})}  # type: ignore[dict-item]
    file = Train(data, tmp_path / "run", images=8, device="cpu", settings=settings, **fields).run()  # type: ignore[arg-type]
    generator, discriminator = read(file)["G_ema"], read(file.with_name("discriminator.safetensors"))["D"]
    return {
        "G": build(generator.kind, generator.arguments, generator.tensors),
        "D": build(discriminator.kind, discriminator.arguments, discriminator.tensors),
    }


@pytest.mark.parametrize(("mode", "count"), [("L", 1), ("LA", 2), ("RGBA", 4)])
def test_a_network_learns_from_pictures_of_its_channels(mode: str, count: int, tmp_path: Path) -> None:
    found = trained(tmp_path, folder(tmp_path / "data", mode), resolution=16, settings={"colours": count})
    assert found["G"].picture_shape == (count, 16, 16)
    assert found["D"].colours == count


def test_masks_beside_the_colours_come_packed(tmp_path: Path) -> None:
    images = (torch.randint(0, 255, (6, 16, 16), dtype=torch.uint8) for _ in range(4))
    data = pack(images, 4, (6, 16, 16), tmp_path / "data.npy")
    found = trained(tmp_path, data, resolution=16, settings={"colours": 6})
    assert found["G"].picture_shape == (6, 16, 16)


@pytest.mark.parametrize(
    ("name", "size", "mode"), [("gray.pkl", (32, 32), "L"), ("eps696_nonsquare.pkl", (40, 24), "RGB")]
)
def test_a_parent_of_other_channels_or_sides_goes_on(
    name: str, size: tuple[int, int], mode: str, tmp_path: Path
) -> None:
    data = folder(tmp_path / "data", mode, size)
    found = trained(tmp_path, data, resolution=32, transfer=REPORTED / name, settings={"augment": "none"})
    assert found["G"].picture_shape[1:] == size[::-1]
    assert found["G"].colours == (1 if mode == "L" else 3)
    assert (found["D"].colours, found["D"].constant) == (found["G"].colours, found["G"].constant)


def test_pictures_keep_their_alpha_and_are_cut_to_shape(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", "RGBA")
    packed = Packed((pack_folder(data, (4, 16, 16), tmp_path / "a.npy"),))
    there = {np.asarray(Image.open(file)).tobytes() for file in data.iterdir()}
    rows = packed(range(4))["images"].permute(0, 2, 3, 1).numpy()
    assert {row.tobytes() for row in rows} == there
    wide = Packed((pack_folder(data, (1, 8, 16), tmp_path / "b.npy", resize=True),))
    assert wide.shape == (1, 8, 16)


def test_what_does_not_fit_the_network_is_refused_in_words(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", "RGBA")
    for count, words in ((6, "no picture file has 6 channels"), (3, "in 4 channels")):
        source = data if count == 6 else pack_folder(data, (4, 16, 16), tmp_path / "rgba.npy")
        with pytest.raises(BadInput, match=words):
            trained(tmp_path, source, resolution=16, settings={"colours": count})
    with pytest.raises(BadInput, match="learns from one folder"):
        trained(tmp_path, Path("renders"), resolution=16, settings={"colours": 1})


def test_augmentation_changes_colours_and_leaves_alpha(tmp_path: Path) -> None:
    pipe = Pipe(blit=False, geometry=False)
    images = torch.rand(4, 4, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    colours, grey = images[:, :3], images[:, :1]
    drawn = [
        pipe(one, 1.0, Draws(range(4), 0)) for one in (images, colours, grey.expand(-1, 3, -1, -1), grey)
    ]
    assert torch.equal(drawn[0][:, 3:], images[:, 3:])
    assert torch.allclose(drawn[0][:, :3], drawn[1])
    assert torch.allclose(drawn[2].mean(1, keepdim=True), drawn[3], atol=1e-5)
