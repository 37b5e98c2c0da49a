"""Measuring a network against pictures: every figure named after its space, what is missing said."""

from __future__ import annotations

import pytest

from latentlab.core.errors import BadInput, LatentLabError, MissingPart
from latentlab.networks import export
from latentlab.networks.tiny import tiny_discriminator
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.write import write
from latentlab.studio import Studio
from latentlab.studio.reports.measure import Compare, measure, picture_files


@pytest.fixture
def with_discriminator(tiny_file, tmp_path) -> Studio:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/generator.safetensors").write_bytes(tiny_file.read_bytes())
    write(Foreign(*export(tiny_discriminator(resolution=32))), tmp_path / "net/discriminator.safetensors")
    return Studio(tmp_path / "net/generator.safetensors", device="cpu", home=tmp_path / "lab")


@pytest.mark.filterwarnings("ignore:left out")
def test_a_network_s_own_samples_are_near_it_and_others_are_far(with_discriminator, tmp_path) -> None:
    for picture in with_discriminator.generate(seeds="500-579"):
        picture.save(tmp_path / "own" / f"{picture.name}.png")
        (picture.show().point(lambda v: 255 - v)).save(_made(tmp_path / "other") / f"{picture.name}.png")
    near, far = (
        measure(with_discriminator, Compare(str(tmp_path / k), 80, dlib=0)).spaces for k in ("own", "other")
    )
    names = [row.frechet_name for row in near]
    assert "Fréchet distance (discriminator features)" in names
    assert not any("FID" in name for name in names)
    place = names.index("Fréchet distance (discriminator features)")
    assert near[place].frechet < far[place].frechet / 3


def _made(folder):
    folder.mkdir(exist_ok=True)
    return folder


def no_judge(*_: object) -> None:
    raise MissingPart("the judge is not here")


def test_what_is_missing_is_said_in_a_line(studio, tmp_path, monkeypatch) -> None:
    for picture in studio.generate(seeds="0-15"):
        picture.save(tmp_path / "p" / f"{picture.name}.png")
    monkeypatch.setattr("latentlab.scorers.learned.Judge", no_judge)
    with pytest.raises(LatentLabError), pytest.warns(UserWarning, match="left out"):
        measure(studio, Compare(str(tmp_path / "p"), 16, dlib=0))


def test_too_few_pictures_or_samples_are_refused(studio, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="0 pictures"):
        measure(studio, Compare(str(tmp_path / "empty"), 16))
    with pytest.raises(BadInput, match="out of range"):
        Compare(n=3)


def test_weights_that_were_asked_for_must_be_there(studio, tmp_path) -> None:
    for picture in studio.generate(seeds="0-15"):
        picture.save(tmp_path / "p" / f"{picture.name}.png")
    with pytest.raises(MissingPart):
        measure(
            studio, Compare(str(tmp_path / "p"), 16, dlib=0, inception=tmp_path / "gone.pth", path_length=0)
        )


def test_masks_of_a_rendered_set_are_not_its_pictures(tmp_path) -> None:
    for name in ("images/0/a.png", "masks/0/a.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "manifest.json").touch()
    assert [path.parent.parent.name for path in picture_files(tmp_path)] == ["images"]
