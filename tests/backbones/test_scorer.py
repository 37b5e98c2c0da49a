"""Scorers learn what is to be seen, say how well, and come back from a file."""

from __future__ import annotations

import pytest
import torch

from latentlab.backbones.scorer import (
    IdentityTraining,
    Labelled,
    ScorerTraining,
    mirrored,
    roughen,
    train_identity,
    train_scorer,
    verification,
)
from latentlab.backbones.scorer_loss import known_absolute, weighted_huber
from latentlab.core.errors import BadFile, BadInput, BadWeights
from latentlab.core.image import from_pixels
from latentlab.networks.build import build, export
from latentlab.scorers.identity import Identity
from latentlab.scorers.learned import Guide, read_twice
from latentlab.scorers.targets import NAMES, mirror_signs
from latentlab.store.archive import Archive, read_story
from latentlab.studio.learning.train_scorer import TrainScorer
from latentlab.teaching.plan import TrainingPlan
from latentlab.training.schedule import TrainingSchedule


def discs(n: int, seed: int) -> Labelled:
    """Pictures whose brightness is the first target and whose redness is the second."""
    draw = torch.Generator().manual_seed(seed)
    values = torch.rand(n, len(NAMES), generator=draw)
    pixels = (values[:, :1, None, None] * 150 + 40).expand(n, 1, 16, 16).repeat(1, 3, 1, 1)
    pixels[:, 0] += values[:, 1, None, None] * 60
    return Labelled(pixels.permute(0, 2, 3, 1).to(torch.uint8), values)


@pytest.mark.parametrize("role", ["guide", "judge", "witness"])
def test_a_scorer_learns_what_is_visible_and_nothing_else(role: str, tmp_path) -> None:
    data, plan = (
        discs(256, 0),
        TrainingPlan(tmp_path, 4000, device="cpu", schedule=TrainingSchedule(batch=32)),
    )
    model = ScorerTraining(role, width=4 if role == "witness" else 8, size=16, images=4000).fitted(
        data.values
    )
    path = train_scorer(model, data, discs(128, 1), plan)
    archive = Archive.load(path)
    assert path.name == f"{role}.safetensors"
    assert archive.story["r2"][NAMES[0]] > 0.6
    assert archive.story["r2"][NAMES[5]] < 0.1
    scorer = Guide(path)
    images = from_pixels(discs(4, 2).pixels)
    network = build(archive.kind, archive.story["arguments"], archive.tensors)
    assert torch.equal(scorer(images), read_twice(network, images, mirror_signs()))
    assert scorer.names == NAMES
    assert scorer.r2 == archive.story["r2"]


def test_an_embedding_tells_people_apart(tmp_path) -> None:
    def people(seed: int) -> Labelled:
        draw = torch.Generator().manual_seed(seed)
        own = torch.randint(0, 256, (12, 1, 4, 4, 3), generator=draw)
        noisy = (
            (own + 12 * torch.randn(12, 8, 4, 4, 3, generator=draw))
            .clamp(0, 255)
            .to(torch.uint8)
            .flatten(0, 1)
        )
        pixels = noisy.repeat_interleave(4, 1).repeat_interleave(4, 2)
        return Labelled(pixels, torch.arange(12).repeat_interleave(8))

    plan = TrainingPlan(tmp_path, 3000, device="cpu", schedule=TrainingSchedule(batch=32))
    path = train_identity(IdentityTraining(12, 8, 16, images=3000), people(0), people(1), plan)
    assert read_story(path)["verification_accuracy"] > 0.85
    assert Identity(path).embed(from_pixels(people(0).pixels[:2])).shape == (2, 128)


def test_verification_is_half_by_chance_and_one_when_clear() -> None:
    people = torch.arange(20).repeat_interleave(5)
    clear = torch.nn.functional.one_hot(people).float()
    chance = torch.nn.functional.normalize(
        torch.randn(100, 16, generator=torch.Generator().manual_seed(0)), dim=1
    )
    assert verification(clear, people) == 1.0
    assert verification(chance, people) < 0.65


def test_roughening_repeats_by_seed_and_keeps_the_range() -> None:
    images = torch.rand(3, 3, 16, 16) * 2 - 1
    one, two, other = roughen(images, 5), roughen(images, 5), roughen(images, 6)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert one.abs().max() <= 1


def test_pictures_without_truth_are_refused() -> None:
    with pytest.raises(BadInput, match="rows of truth"):
        Labelled(torch.zeros(3, 8, 8, 3, dtype=torch.uint8), torch.zeros(2, len(NAMES)))


def test_half_of_the_pictures_are_mirrored_and_only_sided_values_turn_with_them() -> None:
    images = torch.rand(64, 3, 8, 8)
    turned, which = mirrored(images, 3)
    assert 16 < int(which.sum()) < 48
    assert torch.equal(turned[which], images[which].flip(-1))
    assert torch.equal(turned[~which], images[~which])
    sides = {name for name, factor in zip(NAMES, mirror_signs().tolist(), strict=True) if factor < 0}
    assert sides == {"yaw", "gaze_yaw", "light_azimuth"}


@pytest.mark.parametrize("trunk", ["residual", "plain", "attention"])
def test_a_deeper_trunk_is_rebuilt_from_its_arguments(trunk: str) -> None:
    arguments = {"trunk": trunk, "width": 8, "size": 32, "outputs": 3}  # files of before know no depth
    shallow, deep = build("scorer", arguments), build("scorer", arguments | {"depth": 2})
    assert sum(p.numel() for p in deep.trunk.parameters()) > sum(
        p.numel() for p in shallow.trunk.parameters()
    )
    again = build(*export(deep))
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(again(images), deep(images))
    with pytest.raises(BadWeights, match="depth = 0"):
        build("scorer", arguments | {"depth": 0})


def test_what_nobody_knows_teaches_nothing() -> None:
    torch.manual_seed(0)
    guess = torch.randn(6, len(NAMES), requires_grad=True)
    truth = torch.randn(6, len(NAMES))
    truth[2:, 3] = truth[:, 5] = float("nan")
    loss = known_absolute(guess, truth)["absolute"]
    loss.backward()
    assert guess.grad is not None
    assert torch.equal(guess.grad != 0, truth.isfinite())
    alone = [(guess[:, k] - truth[:, k]).abs() for k in range(len(NAMES)) if k not in (3, 5)]
    wanted = (sum(error.mean() for error in alone) + (guess[:2, 3] - truth[:2, 3]).abs().mean()) / (
        len(NAMES) - 1
    )
    assert loss.detach().item() == pytest.approx(float(wanted.detach()), rel=1e-5)
    assert known_absolute(guess, torch.full_like(truth, float("nan")))["absolute"].item() == 0


def test_the_best_constant_of_the_witness_is_the_median() -> None:
    truth = torch.tensor([0.0, 0.0, 0.0, 0.0, 10.0])[:, None].repeat(1, len(NAMES))
    losses = {
        level: known_absolute(torch.full_like(truth, level), truth)["absolute"].item() for level in (0.0, 2.0)
    }
    assert losses[0.0] < losses[2.0]  # 2 is the mean
    assert weighted_huber(truth * 0, truth)["huber"] > weighted_huber(truth * 0 + 0.25, truth)["huber"]


def test_targets_that_some_pictures_lack_are_normalised_by_those_that_have_them() -> None:
    values = torch.zeros(4, len(NAMES))
    values[:, 0] = torch.tensor([1.0, 3.0, float("nan"), float("nan")])
    model = ScorerTraining("witness").fitted(values)
    assert model.mean[0] == 2.0
    assert model.spread[0] == 1.0


@pytest.mark.parametrize(("role", "depth"), [("guide", 0), ("identity", 2)])
def test_a_depth_that_fits_no_scorer_is_refused_before_anything_is_rendered(role, depth, tmp_path) -> None:
    with pytest.raises(BadInput, match=rf"depth of {depth}|`depth` {depth} is out of range"):
        TrainScorer(tmp_path / "run", role=role, depth=depth).run()
    assert not (tmp_path / "run").exists()


def test_only_a_witness_takes_photographs(tmp_path) -> None:
    with pytest.raises(BadInput, match="a judge learns from renders alone"):
        TrainScorer(tmp_path / "run", role="judge", photographs=(tmp_path,)).run()
    with pytest.raises(BadFile, match="no folder or zip"):
        TrainScorer(tmp_path / "run", role="witness", photographs=(tmp_path / "nowhere",)).run()
    assert not (tmp_path / "run").exists()
