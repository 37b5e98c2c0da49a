"""The network that ships is whole: small enough, its parts fit one another, and the main job works on it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentlab.core.face import Photo
from latentlab.core.latent import Latent, Space
from latentlab.directions.library import load_direction
from latentlab.editing.apply import apply
from latentlab.inversion.encode import encode
from latentlab.inversion.resize import resize
from latentlab.metrics.leakage import fresh_latents
from latentlab.scorers import SCORERS
from latentlab.store.home import asset
from latentlab.studio.discovery.plan import load_recipe
from latentlab.studio.learning.training import discriminator_of
from latentlab.studio.portraits.edit import Edit
from latentlab.studio.shelf.companions import companions, likeness
from latentlab.studio.shelf.directions import find_direction, own_names
from latentlab.studio.studio import Studio

LARGEST = 40_000_000


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    return Studio("faces", device="cpu", home=tmp_path_factory.mktemp("lab"))


def test_it_travels_light() -> None:
    assert sum(path.stat().st_size for path in asset("faces").rglob("*") if path.is_file()) <= LARGEST


def test_every_direction_is_of_this_network_and_tells_what_it_costs(studio) -> None:
    names, recipe = own_names(studio), load_recipe()
    wanted = {one.name: one for one in recipe.direction}
    assert {"age", "smile", "yaw", "pitch", "glasses", "lipstick", "hair", "light"} <= set(names)
    for name in names:
        direction = load_direction(asset(f"faces/directions/{name}.direction.safetensors"))
        assert direction.model == studio.generator.hash
        assert direction.step > 0 and direction.span[0] < direction.span[1]
        assert direction.leakage and direction.story["works"] >= recipe.least(wanted[name], "least_works")


def test_a_turned_head_is_read_as_turned_by_a_scorer_that_discovery_never_saw(studio) -> None:
    generator, judge = studio.generator, SCORERS["judge"]()
    yaw = find_direction(studio, "yaw")
    with torch.no_grad():
        faces = fresh_latents(generator, 5_000_000, 12, 0.7, yaw)
        before, after = (
            judge(generator.render(apply(generator, faces, {yaw: s})))[:, judge.names.index("yaw")]
            for s in (-1.0, 1.0)
        )
    assert 10 < float((after - before).median()) < 30  # two steps of ten degrees


def test_its_encoder_and_discriminator_stand_beside_it(studio) -> None:
    parts = companions(studio)
    assert parts.distance_name in {"discriminator features", "LPIPS (vgg)"}
    assert discriminator_of(studio).resolution == studio.generator.resolution
    generator = studio.generator
    w = generator.map(torch.randn(6, generator.z_width, generator=torch.Generator().manual_seed(1)))
    with torch.no_grad():
        faces = generator.render(Latent(Space.W, generator.truncate(w[:, None], 0.7)[:, 0])).clamp(-1, 1)
        again = generator.render(encode(parts.encoder, generator, faces)).clamp(-1, 1)
        blank = generator(generator.styles(generator.w_average.expand(6, generator.layers, -1))).clamp(-1, 1)
    assert (again - faces).square().mean() < 0.4 * (blank - faces).square().mean()


def test_our_embedding_knows_a_face_again(studio) -> None:
    faces = torch.stack([one.image for one in studio.generate(seeds="0-3", psi=0.7)])
    same = likeness(studio)(faces, (faces * 0.95).clamp(-1, 1))
    other = likeness(studio)(faces, faces.roll(1, 0))
    assert same.min() > other.max()


def test_moves_of_two_kinds_are_carried_alike_whoever_draws_the_last_picture(studio) -> None:
    face = studio.sample(seed=3)
    seen = replace(face, photo=Photo(resize(face.image, 256)))
    opened = studio.open_edit(seen, Edit({"age": 1.0, "lipstick": 1.0}))
    moves = {opened.directions[name]: 1.0 for name in ("age", "lipstick")}
    piece = opened.piece
    assert len(piece.carrier.groups(moves)) == 2
    alone, batched = piece.carried(moves), piece.carried(moves, piece.rendered(moves))
    assert torch.equal(alone[0], batched[0]) and alone[1] == batched[1]
    assert not torch.equal(alone[0], piece.carrier.image(piece.rendered(moves), moves, None).image)
