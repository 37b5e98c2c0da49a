"""The portrait that scikit-image ships, found and aligned once."""

from __future__ import annotations

import pytest
from PIL import Image

from latentlab.faces.photo import FaceInPhoto, face_in_photo


@pytest.fixture(scope="session")
def portrait() -> Image.Image:
    from skimage import data

    return Image.fromarray(data.astronaut())


@pytest.fixture(scope="session")
def found(portrait: Image.Image) -> FaceInPhoto:
    return face_in_photo(portrait)
