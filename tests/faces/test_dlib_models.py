"""The detector that the cache keeps is dlib's own; a damaged one is made anew."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from latentlab.faces import dlib_models

dlib = pytest.importorskip("dlib")


def test_the_kept_detector_sees_what_dlibs_own_sees(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path))
    pixels = np.ascontiguousarray(skimage.data.astronaut()[::2, ::2])
    seen = [dlib_models._frontal(dlib).run(pixels, 0, -0.5)[:2] for _ in range(2)]
    assert len(list(tmp_path.glob("*.svm"))) == 1
    assert [str(boxes) for boxes, _ in seen] == [str(seen[0][0])] * 2
    assert list(seen[0][1]) == list(seen[1][1])
    next(tmp_path.glob("*.svm")).write_bytes(b"cut off")
    assert len(dlib_models._frontal(dlib).run(pixels, 0, -0.5)[0]) == len(seen[0][0])


def test_without_a_place_to_keep_it_dlibs_own_is_taken(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path / "file"))
    assert dlib_models._frontal(dlib) is not None
