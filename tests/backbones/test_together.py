"""A generator and its encoder learn together: both repeat what they are shown, and the adversaries go on beside them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small import SMALL, disc, discs, teach

from latentlab.backbones.encoder import encoder_preset
from latentlab.backbones.finetune import Finetune
from latentlab.backbones.stylegan import FILES
from latentlab.backbones.together import Together
from latentlab.backbones.train_encoder import TrainEncoder
from latentlab.core.errors import BadFile, BadInput, UnknownName
from latentlab.networks.build import build
from latentlab.store.bridge import read
from latentlab.teaching.likeness import IdentityDistance
from latentlab.teaching.saving import save_parts
from latentlab.training.errors import OtherArchitecture

ENCODER: dict[str, Any] = {
    "input_size": 16, "depth": 18, "base_width": 4, "pool": 5, "precision": "fp32", "heads": 0, "learning_rate": 2e-3,
}  # fmt: skip
SCHEDULE: dict[str, Any] = {"batch": 16, "report_steps": 1, "picture_steps": 0, "save_seconds": 1e9}


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A generator with its discriminator and an encoder."""
    folder = tmp_path_factory.mktemp("parent")
    files = save_parts(teach(folder / "run", 2).networks, FILES, folder / "parts", {})
    part = read(files["G_ema"])["G_ema"]
    task = TrainEncoder(
        folder / "encoder", images=16, preset="restyle64", device="cpu", settings=ENCODER | SCHEDULE
    )
    generator: Any = build(part.kind, part.arguments, part.tensors)
    return files | {"encoder": task.run(generator, source=discs)}


def task(parent: dict[str, Path], out: Path, **changes: Any) -> Finetune:
    settings = {"learning_rate": 0.005, "ema_images": 8.0, "augment": "none"} | SCHEDULE
    settings |= {f"encoder.{name}": value for name, value in ENCODER.items()}
    given: dict[str, Any] = {
        "parent": parent["G_ema"], "data": Path("unused"), "out": out, "images": 48, "device": "cpu", "form": "whole",
        "freeze_discriminator": 0, "encoder": parent["encoder"],
    }  # fmt: skip
    return Finetune(**(given | changes | {"settings": settings | changes.get("settings", {})}))


def repeated(generator: Path, encoder: Path) -> float:
    """The error of what the two make of images, after one pass."""
    parts: Any = [read(generator)["G_ema"], read(encoder)["encoder"]]
    network, reader = (build(part.kind, part.arguments, part.tensors) for part in parts)
    images = torch.stack([disc(number) for number in range(1000, 1032)]) / 127.5 - 1
    with torch.no_grad():
        codes = network.w_average.expand(len(images), network.layers, -1)  # type: ignore[operator, union-attr]
        made = network(network.styles(codes))  # type: ignore[operator]
        codes = codes + reader.codes(torch.cat([images, made], 1))  # type: ignore[operator]
        return float((network(network.styles(codes)).clamp(-1, 1) - images).square().mean())  # type: ignore[operator]


def test_they_repeat_better_than_an_encoder_alone(parent: dict[str, Path], tmp_path: Path) -> None:
    begun = repeated(parent["G_ema"], parent["encoder"])
    task(parent, tmp_path / "together", images=16 * 60).run(source=discs)
    together = repeated(
        tmp_path / "together/generator.safetensors", tmp_path / "together/encoder.safetensors"
    )
    part = read(parent["G_ema"])["G_ema"]
    generator: Any = build(part.kind, part.arguments, part.tensors)
    alone = TrainEncoder(
        tmp_path / "alone", images=16 * 60, preset="restyle64", begin=parent["encoder"], device="cpu", settings=ENCODER | SCHEDULE
    )  # fmt: skip
    assert together < begun
    assert together < repeated(parent["G_ema"], alone.run(generator, source=discs))


def test_all_learn_but_the_mapping(parent: dict[str, Path], tmp_path: Path) -> None:
    task(parent, tmp_path).run(source=discs)
    before, after = read(parent["G_ema"])["G_ema"], read(tmp_path / "generator.safetensors")["G_ema"]
    for name, value in before.tensors.items():
        if name.startswith("mapping.fc"):
            assert torch.equal(value, after.tensors[name]), name
    assert not torch.equal(
        before.tensors["synthesis.b16.conv1.weight"], after.tensors["synthesis.b16.conv1.weight"]
    )
    first = read(parent["encoder"])["encoder"].tensors
    learnt = read(tmp_path / "encoder.safetensors")["encoder"].tensors
    assert not torch.equal(first["input_layer.0.weight"], learnt["input_layer.0.weight"])
    assert (tmp_path / "difference.safetensors").exists()


def test_every_loss_has_a_name_of_its_own(parent: dict[str, Path], tmp_path: Path) -> None:
    embed = lambda images: torch.nn.functional.normalize(images.flatten(1), dim=1)  # noqa: E731
    task(parent, tmp_path).run(source=discs, identity=IdentityDistance(embed))
    told = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    terms = {"pixels", "perceptual", "identity", "delta", "latent", "adversary"}
    assert {f"encoder/{name}" for name in terms} <= told.keys()
    assert {"encoder codes/encoded", "encoder r1/penalty", "r1/penalty", "generator/fool"} <= told.keys()
    story: Any = read(tmp_path / "encoder.safetensors")["encoder"].story
    assert story["training"]["encoder"]["base_width"] == ENCODER["base_width"]
    assert story["training"]["encoder_begun_with"] == read(parent["encoder"])["encoder"].story["hash"]


def test_stopping_and_resuming_changes_no_bit(parent: dict[str, Path], tmp_path: Path) -> None:
    task(parent, tmp_path / "whole").run(source=discs)
    task(parent, tmp_path / "legs", images=16).run(source=discs)
    task(parent, tmp_path / "legs", resume=True).run(source=discs)
    for name in ("generator", "encoder"):
        whole, legs = (read(tmp_path / run / f"{name}.safetensors") for run in ("whole", "legs"))
        assert [part.story["hash"] for part in whole.values()] == [
            part.story["hash"] for part in legs.values()
        ]


def test_going_on_without_the_encoder_would_lose_it(parent: dict[str, Path], tmp_path: Path) -> None:
    task(parent, tmp_path, images=16).run(source=discs)
    alone = replace(task(parent, tmp_path, resume=True), encoder=None)
    plain = {name: value for name, value in alone.settings.items() if not name.startswith("encoder.")}
    with pytest.raises(OtherArchitecture, match="also taught 'encoder'"):
        replace(alone, settings=plain).run(source=discs)


def test_what_cannot_be_is_one_line(parent: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"depth.*need an encoder"):
        task(parent, tmp_path / "a", encoder=None).run(source=discs)
    with pytest.raises(BadInput, match="same preset"):
        task(parent, tmp_path / "b", settings={"encoder.base_width": 8}).run(source=discs)
    with pytest.raises(BadInput, match="warm start"):
        task(parent, tmp_path / "c", settings={"warm_start": 16}).run(source=discs)
    with pytest.raises(UnknownName, match="input_size"):
        task(parent, tmp_path / "d", settings={"encoder.inputsize": 8}).run(source=discs)
    with pytest.raises(UnknownName, match="batch"):  # the schedule is the generator's
        task(parent, tmp_path / "e", settings={"encoder.batch": 8}).run(source=discs)
    with pytest.raises(BadFile, match=r"nowhere\.safetensors"):
        task(parent, tmp_path / "f", encoder=tmp_path / "nowhere.safetensors").run(source=discs)
    assert not (tmp_path / "f").exists()
    assert not any((tmp_path / name / "generator.safetensors").exists() for name in "abcdef")


@pytest.mark.parametrize(
    ("changes", "said"), [({"colours": 1}, "three colours"), ({"condition_width": 3}, "classes")]
)
def test_generators_that_no_encoder_reads_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Together(replace(SMALL, **changes), encoder_preset("restyle64").changed(ENCODER).model)


def test_its_picture_and_files_are_those_of_both() -> None:
    model = Together(SMALL, encoder_preset("restyle64").changed(ENCODER).model)
    networks = model.networks()
    assert set(model.parts(networks)) >= {"G_ema", "D", "encoder"}
    assert model.picture(networks, {}).shape[0] == 3  # type: ignore[union-attr]
    assert model.group == SMALL.group
