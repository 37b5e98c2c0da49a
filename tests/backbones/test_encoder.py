"""An encoder learns to invert a generator, starts in W, and keeps to those it may see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from small import disc, discs

from latentlab.backbones.difference import whole
from latentlab.backbones.encoder import PRESETS, EncoderTraining, encode, encoder_preset
from latentlab.backbones.latent_discriminator import Pool
from latentlab.backbones.train_encoder import TrainEncoder
from latentlab.core.errors import BadInput, LatentLabError, UnknownName
from latentlab.core.image import save_image
from latentlab.core.latent import Latent, Space
from latentlab.data.mixture import Mixture
from latentlab.data.packed import Packed
from latentlab.inversion.encode import Encode
from latentlab.inversion.inverter import Given
from latentlab.inversion.refine import Refine
from latentlab.networks import build
from latentlab.networks.files import archive
from latentlab.networks.perceptual import DiscriminatorDistance
from latentlab.networks.tiny import tiny_discriminator, tiny_generator
from latentlab.store.archive import Archive
from latentlab.store.bridge import read
from latentlab.teaching.likeness import IdentityDistance, Likeness

SETTINGS: dict[str, Any] = {
    "input_size": 32, "depth": 18, "base_width": 4, "batch": 8, "report_steps": 1, "picture_steps": 0, "progressive_from": 2,
    "progressive_every": 1, "pool": 5, "learning_rate": 2e-3, "save_seconds": 1e9,
}  # fmt: skip


def task(out: Path, **changes: Any) -> TrainEncoder:
    settings = SETTINGS | changes.pop("settings", {})
    return TrainEncoder(**({"out": out, "images": 8 * 6, "device": "cpu", "settings": settings} | changes))


def blank(numbers: Any) -> dict[str, torch.Tensor]:
    return {"images": torch.zeros(len(numbers), 3, 32, 32)}


@pytest.fixture
def generator() -> Any:
    return tiny_generator(resolution=32)


def own_images(generator: Any) -> torch.Tensor:
    w = generator.map(torch.randn(32, generator.z_width, generator=torch.Generator().manual_seed(9)))
    return generator(generator.styles(w[:, None].repeat(1, generator.layers, 1))).clamp(-1, 1)


def test_it_learns_to_invert(tmp_path: Path, generator: Any) -> None:
    settings = {"own": 1.0, "adversary": 0.0, "progressive_from": 10**6, "learning_rate": 1e-2}
    path = task(tmp_path, images=8 * 200, settings=settings).run(generator, source=blank)
    part = read(path)["encoder"]
    encoder = build(part.kind, part.arguments, part.tensors)
    images = own_images(generator)

    def error(codes: torch.Tensor) -> float:
        return float((generator(generator.styles(codes)).clamp(-1, 1) - images).square().mean())

    assert error(encode(encoder, images)) < 0.93 * error(generator.w_average.expand(32, generator.layers, -1))
    assert part.story["parent"] == generator.hash


def test_offsets_are_switched_on_one_by_one(tmp_path: Path, generator: Any) -> None:
    likeness = Likeness()
    settings = encoder_preset("small64").model
    training = EncoderTraining(settings, generator, likeness)
    networks = training.networks()
    encoder: Any = networks["encoder"]
    encoder.stage = 0
    flat = encode(encoder.eval(), torch.randn(2, 3, 64, 64))
    assert (flat - flat[:, :1]).abs().max() < 1e-5
    encoder.stage = 3
    bent = encode(encoder, torch.randn(2, 3, 64, 64))
    assert (bent[:, 3] - bent[:, 0]).abs().max() > 1e-3
    assert (bent[:, 4:] - bent[:, :1]).abs().max() < 1e-5


def test_every_term_is_logged(tmp_path: Path, generator: Any) -> None:
    import json

    identity = IdentityDistance(lambda images: torch.nn.functional.normalize(images.flatten(1), dim=1))
    task(tmp_path).run(generator, tiny_discriminator(resolution=32), identity=identity, source=discs)
    told = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    terms = {"pixels", "perceptual", "identity", "delta", "latent", "adversary"}
    assert {f"encoder/{name}" for name in terms} <= told.keys()
    assert {"codes/encoded", "codes/mapped", "r1/penalty"} <= told.keys()
    story = read(tmp_path / "encoder.safetensors")["encoder"].story
    assert "discriminator features" in str(story["training"]["likeness"])  # type: ignore[index]


def test_stopping_and_resuming_changes_no_bit(tmp_path: Path, generator: Any) -> None:
    whole = task(tmp_path / "whole").run(generator, source=discs)
    task(tmp_path / "legs", images=24).run(generator, source=discs)
    legs = task(tmp_path / "legs", resume=True).run(generator, source=discs)
    assert read(whole)["encoder"].story["hash"] == read(legs)["encoder"].story["hash"]


def test_people_held_out_are_never_shown(tmp_path: Path) -> None:
    names = ["volunteer_001_neutral", "volunteer_003_neutral", "synthetic_male_4", "synthetic_male_5"]
    for index, name in enumerate(names):
        save_image(disc(index)[None].float() / 127.5 - 1, tmp_path / "photos" / f"{name}.png")
    task(tmp_path / "run", photos=tmp_path / "photos").source(16, 0)
    assert len(Packed((tmp_path / "run" / "photos-16.npy",))) == 2


def test_shares_are_kept_and_samples_stay_the_same() -> None:
    dark = lambda numbers: {"images": torch.zeros(len(numbers), 3, 8, 8)}  # noqa: E731
    light = lambda numbers: {"images": torch.ones(len(numbers), 3, 8, 8)}  # noqa: E731
    mixed = Mixture([dark, light], [0.75, 0.25], 16)
    images = mixed(range(2000))["images"]
    assert images.shape == (2000, 3, 16, 16)
    assert images.mean().item() == pytest.approx(0.25, abs=0.04)
    assert torch.equal(mixed([17, 5])["images"], images[[17, 5]])


def test_nothing_to_learn_from_is_said(tmp_path: Path, generator: Any) -> None:
    with pytest.raises(BadInput, match="nothing to learn from"):
        task(tmp_path).run(generator)


def test_an_unknown_setting_is_named(tmp_path: Path, generator: Any) -> None:
    with pytest.raises(UnknownName, match="did you mean 'perceptual'"):
        task(tmp_path, settings={"perceptal": 1}).run(generator, source=discs)


def test_a_conditional_generator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="unconditional"):
        task(tmp_path).run(tiny_generator(resolution=32, condition_width=3), source=discs)


def test_the_pool_hands_on_older_codes() -> None:
    pool = Pool(4, 2)
    assert torch.equal(pool.exchange(torch.ones(4, 2), torch.zeros(4)), torch.ones(4, 2))
    out = pool.exchange(torch.full((3, 2), 2.0), torch.tensor([0.0, 0.9, 0.4]))
    assert out[:, 0].tolist() == [1.0, 2.0, 1.0]
    assert sorted(pool.codes[:, 0].tolist()) == [1.0, 1.0, 2.0, 2.0]


def test_the_discriminators_distance_is_a_distance() -> None:
    distance = DiscriminatorDistance(tiny_discriminator(resolution=32))
    one, other = torch.randn(2, 3, 32, 32), torch.randn(2, 3, 32, 32)
    assert distance(one, one).abs().max() < 1e-6
    assert (distance(one, other) > 0).all()
    torch.testing.assert_close(distance(one, other), distance(other, one))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_complete(name: str) -> None:
    settings, schedule = (chosen := encoder_preset(name)).model, chosen.schedule
    assert settings.input_size % 16 == 0
    assert schedule.batch >= 8


def test_an_iterating_encoder_learns_to_correct_itself(tmp_path: Path, generator: Any) -> None:
    settings = {
        "own": 1.0,
        "adversary": 0.0,
        "progressive_from": 0,
        "learning_rate": 3e-3,
        "iterative": True,
        "passes": (0.2, 0.4, 0.4),
    }
    path = task(tmp_path, images=8 * 200, settings=settings).run(generator, source=blank)
    part = read(path)["encoder"]
    encoder = build(part.kind, part.arguments, part.tensors)
    images = own_images(generator)
    given = Given(encoder=encoder)
    nothing = Latent(Space.W_PLUS, generator.w_average.expand(32, generator.layers, -1))
    before = (generator.render(nothing).clamp(-1, 1) - images).square().mean()
    once, often = (method.invert(generator, images, given).error.mean() for method in (Encode(), Refine(2)))
    assert often < once < 0.97 * before


@pytest.mark.parametrize("iterative", [False, True])
def test_an_encoder_goes_on_from_that_of_a_smaller_generator(
    tmp_path: Path, generator: Any, iterative: bool
) -> None:
    first = task(tmp_path / "first").run(generator, source=blank)
    larger = tiny_generator(resolution=64)
    settings = {"iterative": iterative, "learning_rate": 0.0, "adversary": 0.0}
    path = task(tmp_path / "second", begin=first, settings=settings).run(larger, source=blank)
    old, new = (read(file)["encoder"].tensors for file in (first, path))
    assert read(path)["encoder"].story["training"]["begun_with"] == Archive.load(first).hash
    assert new["styles.0.linear.weight"].equal(old["styles.0.linear.weight"])
    last, added = generator.layers - 1, larger.layers - 1
    assert added > last
    assert new[f"styles.{added}.linear.weight"].equal(old[f"styles.{last}.linear.weight"])
    assert new["input_layer.0.weight"][:, :3].equal(old["input_layer.0.weight"])
    assert not new["input_layer.0.weight"][:, 3:].any()
    assert new["latent_avg"].shape == (larger.layers, larger.w_width)


def test_an_encoder_of_another_size_is_refused_to_begin_with(tmp_path: Path, generator: Any) -> None:
    first = task(tmp_path / "first").run(generator, source=blank)
    with pytest.raises(BadInput, match="same preset"):
        task(tmp_path / "second", begin=first, settings={"base_width": 8}).run(generator, source=blank)


def test_what_is_begun_with_keeps_its_offsets_from_the_first_step(tmp_path: Path, generator: Any) -> None:
    settings = {"progressive_from": 0, "delta": 1.0}
    first = task(tmp_path / "first", settings=settings).run(generator, source=blank)
    plain = {name: value for name, value in SETTINGS.items() if not name.startswith("progressive")}
    TrainEncoder(
        tmp_path / "second", begin=first, images=8 * 30, device="cpu", settings=plain | {"delta": 1.0}
    ).run(generator, source=blank)
    logged = [json.loads(line) for line in (tmp_path / "second" / "log.jsonl").read_text().splitlines()]
    assert logged[-1]["encoder/delta"] > 0


@pytest.mark.parametrize("spoilt", ["missing", "truncated", "a generator", "a difference"])
def test_a_file_that_no_encoder_can_begin_with_is_named(tmp_path: Path, generator: Any, spoilt: str) -> None:
    file = tmp_path / "parent.safetensors"
    if spoilt == "truncated":
        file.write_bytes(task(tmp_path / "first").run(generator, source=blank).read_bytes()[:5000])
    if spoilt == "a generator":
        archive(generator, {}).save(file)
    if spoilt == "a difference":
        whole({"a": torch.zeros(2)}, {"a": torch.ones(2)}).save(file)
    with pytest.raises(LatentLabError, match=r"parent\.safetensors"):
        task(tmp_path / "second", begin=file).run(generator, source=blank)


@pytest.mark.parametrize("setting", [{"heads": -1}, {"passes": ()}, {"passes": (-1.0, 2.0)}])
def test_impossible_heads_and_passes_are_refused(tmp_path: Path, generator: Any, setting: Any) -> None:
    with pytest.raises(BadInput, match=r"heads|passes"):
        task(tmp_path, settings=setting).run(generator, source=blank)


def test_the_finest_styles_can_share_a_head(tmp_path: Path, generator: Any) -> None:
    path = task(tmp_path, settings={"heads": 3, "progressive_from": 0}).run(generator, source=blank)
    part = read(path)["encoder"]
    assert {name.split(".")[1] for name in part.tensors if name.startswith("styles.")} == {"0", "1", "2"}
    codes = encode(build(part.kind, part.arguments, part.tensors), own_images(generator))
    offsets = codes - generator.w_average
    assert codes.shape[1] == generator.layers > 4
    assert torch.allclose(offsets[:, 3:], offsets[:, 2:3].expand_as(offsets[:, 3:]), atol=1e-5)
    assert not torch.allclose(offsets[:, 1], offsets[:, 2], atol=1e-5)
