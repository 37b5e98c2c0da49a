"""Edits inside a mask, and masks of named regions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.latent import FeatureCorrection, Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.editing.local import Inside, features
from latentlab.editing.regions import REGIONS, region_mask
from latentlab.networks.tiny import tiny_generator


@pytest.fixture(scope="module")
def generator():
    return tiny_generator(resolution=64)


@pytest.fixture(scope="module")
def latents(generator) -> tuple[Latent, Latent]:
    with torch.no_grad():
        both = generator.lift(Latent(Space.Z, draw_z([1, 2], 32)), Space.W_PLUS)
    return both[0], both[1]


@torch.no_grad()
def test_a_mask_of_ones_is_the_edit_and_of_zeros_the_face_before(generator, latents) -> None:
    before, after = latents
    ones, zeros = torch.ones(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)
    assert torch.allclose(Inside().render(generator, before, after, ones), generator.render(after), atol=1e-3)
    assert torch.allclose(
        Inside().render(generator, before, after, zeros), generator.render(before), atol=1e-3
    )


@torch.no_grad()
def test_far_from_the_mask_nothing_changes_and_inside_it_the_edit_shows(generator, latents) -> None:
    before, after = latents
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 40:, 40:] = 1
    picture = Inside(resolution=16).render(generator, before, after, mask)
    old, new = generator.render(before), generator.render(after)

    far = (picture - old)[..., :16, :16].abs().max()
    inside = (picture - old)[..., 48:, 48:].abs().mean()
    assert far < 1e-3
    assert inside > 0.3 * (new - old)[..., 48:, 48:].abs().mean()


@torch.no_grad()
def test_features_are_what_a_correction_adds_to(generator, latents) -> None:
    before, after = latents
    gap = features(generator, after, 64) - features(generator, before, 64)
    corrected = Latent(before.space, before.values, FeatureCorrection(64, gap))
    assert torch.allclose(features(generator, corrected, 64), features(generator, before, 64), atol=1e-5)
    assert not torch.allclose(generator.render(corrected), generator.render(before), atol=1e-2)


@torch.no_grad()
def test_threads_hear_their_own_features_only(generator, latents) -> None:
    expected = [features(generator, latent, 16) for latent in latents]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: features(generator, latents[i % 2], 16), range(32)))
    for i, one in enumerate(found):
        assert torch.allclose(one, expected[i % 2], atol=1e-5)
    assert not any(module._forward_hooks for module in generator.modules())


def test_a_network_without_blocks_says_that_masks_do_not_work_there() -> None:
    other = tiny_generator("stylegan3")
    z = Latent(Space.Z, draw_z([1], 32))
    with pytest.raises(LatentLabError) as caught:
        Inside(resolution=other.resolution).render(other, z, z, torch.ones(1, 1, 32, 32))
    assert isinstance(caught.value, MissingPart)


def points() -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return (torch.rand(1, 68, 2, generator=random) * 30 + 17).float()


@pytest.mark.parametrize("name", [*REGIONS, "mouth+eyes"])
def test_every_region_covers_its_points_and_fades_out(name: str) -> None:
    marks = points()
    mask = region_mask(name, marks, 64)
    assert mask.shape == (1, 1, 64, 64)
    assert mask.min() == 0
    assert mask.max() == 1
    for part in name.split("+"):
        for rows in REGIONS[part]:
            for x, y in marks[0, rows].round().long().tolist():
                assert mask[0, 0, y, x] > 0.5


def test_an_unknown_region_suggests_the_nearest() -> None:
    with pytest.raises(LatentLabError, match="did you mean 'mouth'"):
        region_mask("mouht", points(), 64)
