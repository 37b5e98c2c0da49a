"""A photo into which something was pasted stays the kind of file that it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from latentlab.core.image import load_picture, save_image
from latentlab.faces.whole import returned

COPYRIGHT, ORIENTATION = 0x8298, 0x0112


def photo(mode: str, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(30, 200, (12, 8, 4), dtype=np.uint8)
    if mode == "I;16":
        return Image.fromarray(values[..., 0].astype(np.uint16) * 257 + 3)
    return Image.fromarray(values[..., : len(mode)] if len(mode) > 1 else values[..., 0], mode)


def pasted(before: Image.Image) -> Image.Image:
    """A square that is brighter by 20."""
    pixels = np.array(before)
    pixels[2:6, 2:6] = np.minimum(pixels[2:6, 2:6].astype(int) + 20, 255)
    return Image.fromarray(pixels)


def roundtrip(source: Path, out: Path) -> Image.Image:
    before = load_picture(source)
    save_image(returned(source, before, pasted(before)), out)
    return Image.open(out)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "I;16"])
def test_mode_and_untouched_pixels_stay(mode: str, tmp_path: Path) -> None:
    original = photo(mode)
    original.save(tmp_path / "photo.png")
    made = roundtrip(tmp_path / "photo.png", tmp_path / "out.png")
    assert made.mode == original.mode
    old, new = (np.array(picture).astype(int) for picture in (original, made))
    assert np.array_equal(old[7:], new[7:])
    assert (new[2:6, 2:6] != old[2:6, 2:6]).any()
    if "A" in mode:
        assert np.array_equal(old[..., -1], new[..., -1])
    if mode == "I;16":
        assert np.abs(new[2:6, 2:6] - old[2:6, 2:6] - 20 * 257).max() < 257


def test_profile_resolution_and_copyright_stay_and_orientation_is_applied_once(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[COPYRIGHT], exif[ORIENTATION] = "Jane Doe", 6
    photo("RGB").save(tmp_path / "photo.jpg", exif=exif, icc_profile=profile, dpi=(300, 300), quality=95)
    for name in ("out.png", "out.jpg"):
        made = roundtrip(tmp_path / "photo.jpg", tmp_path / name)
        assert made.size == (12, 8)
        assert made.info["icc_profile"] == profile
        assert round(made.info["dpi"][0]) == 300
        assert made.getexif()[COPYRIGHT] == "Jane Doe"
        assert made.getexif().get(ORIENTATION, 1) == 1


def test_a_picture_in_memory_has_nothing_to_keep() -> None:
    before = photo("RGB")
    after = pasted(before)
    assert returned(None, before, after) is after
