"""Identities exchanged: where, by whose pixels, marked as what it is, made again, refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.cli.main import main
from latentlab.core.errors import MissingPart, NoFace
from latentlab.core.latent import Latent, Space
from latentlab.editing.geometry.exchange import Exchange
from latentlab.faces.landmarks import aligned_landmarks
from latentlab.faces.photo import face_in_photo
from latentlab.studio import Studio
from latentlab.studio.applications.person import Person


@pytest.fixture
def faces_studio(tmp_path: Path) -> Studio:
    return Studio("faces", device="cpu", home=tmp_path / "lab")


@pytest.fixture(scope="module")
def seen(portrait: Path) -> tuple[torch.Tensor, torch.Tensor]:
    image = face_in_photo(portrait, 256).image
    return image, aligned_landmarks(image).points[0]


def test_a_face_put_onto_itself_is_itself(seen):
    image, points = seen
    put = Exchange().put(image, image, (points, points), points)
    assert (put.image - image).abs().max() < 0.05
    assert float(put.mask[0, 0, 120, 128]) > 0.9 and float(put.mask[0, 0, 4, 4]) == 0


def test_the_sources_detail_and_the_targets_light(seen):
    image, points = seen
    darker, noise = image * 0.5 - 0.3, torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    put = Exchange().put(darker, (image + 0.2 * noise).clamp(-1, 1), (points, points), points)
    inside = put.mask > 0.95
    assert abs(float((put.image - darker)[inside.expand_as(darker)].mean())) < 0.05
    rough = [
        float((x[..., 1:] - x[..., :-1]).abs()[inside[..., 1:].expand(1, 3, -1, -1)].mean())
        for x in (put.image, darker)
    ]
    assert rough[0] > 2 * rough[1]


def test_one_persons_difference_from_himself_is_nothing():
    draw = torch.Generator().manual_seed(1)
    person = Person(torch.randn(4, 8, generator=draw), torch.randn(3, 4, 4, generator=draw))
    one, other = (Latent(Space.W_PLUS, torch.randn(1, 3, 8, generator=draw)) for _ in range(2))
    assert torch.equal(person.exchanged(one, one).values, one.values)
    full, half = (person.exchanged(one, other, share).values - one.values for share in (1.0, 0.5))
    assert torch.allclose(full, 2 * half, atol=1e-5)


def test_a_swap_is_marked_masked_and_made_again(
    faces_studio: Studio, portrait: Path, two: Path, tmp_path: Path
):
    opened = faces_studio.open_swap(portrait, two, face=2, mask=True)
    mask, picture = opened.draw()
    assert mask.name == "mask" and float(mask.image.max()) > 0.9
    before, after = np.asarray(Image.open(two)), np.asarray(picture.image)
    assert after.shape == before.shape and np.array_equal(after[:, :250], before[:, :250])
    path = picture.save(tmp_path / "swapped.png")
    assert b"compositeWithTrainedAlgorithmicMedia" in path.read_bytes()
    assert faces_studio.replay(path).largest <= 1
    assert any("from the source" in note for note in opened.notes())


def test_what_cannot_be_swapped_is_one_line(
    faces_studio: Studio, studio: Studio, portrait: Path, two: Path, capsys
):
    with pytest.raises(MissingPart, match="no map of identity was learned"):
        studio.swap(portrait, portrait)
    with pytest.raises(NoFace, match="the source: found 2 faces"):
        faces_studio.swap(two, portrait)
    with pytest.raises(NoFace, match="found 2 faces"):
        faces_studio.swap(portrait, two)
    assert main(["swap", str(portrait)]) == 2
    assert "a swap takes two faces" in capsys.readouterr().err
