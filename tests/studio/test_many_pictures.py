"""Pictures written while others are drawn are the same files as one after another."""

from __future__ import annotations

import latentlab
from latentlab.studio.pictures.gallery import open_gallery
from latentlab.studio.pictures.generate import Generate


def test_a_gallery_holds_the_same_bytes_as_pictures_saved_one_by_one(tmp_path):
    studio = latentlab.open("faces", home=tmp_path / "lab")
    gallery = open_gallery(studio, Generate(tuple(range(6))), tmp_path / "gallery")
    written = dict(gallery.fill())
    (tmp_path / "alone").mkdir()
    alone = {picture.name: picture.save(tmp_path / "alone") for picture in gallery.plan.draw()}
    assert list(written) == list(alone)
    for name, path in alone.items():
        assert written[name].read_bytes() == path.read_bytes()
