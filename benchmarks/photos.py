"""Rendered faces as photos, for measurements that need many and may not show people: few files, named as often as wanted."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SIDE = 256
DISTINCT = 48


def photos(folder: Path, side: int = SIDE, distinct: int = DISTINCT) -> list[Path]:
    """JPEG files of rendered faces, `side` pixels wide, made once."""
    from PIL import Image

    from latentlab.studio import render_dataset

    files = [folder / f"face{number:03d}.jpg" for number in range(distinct)]
    if not all(file.exists() for file in files):
        rendered = render_dataset(folder / "rendered", distinct, size=side, seed=4_000_000)
        pictures = sorted((rendered / "images").rglob("*.png"))
        for file, picture in zip(files, pictures, strict=True):
            Image.open(picture).convert("RGB").save(file, quality=95)
    return files


def manifest(folder: Path, n: int, broken: dict[str, Path] | None = None, share: float = 0.01) -> Path:
    """A table of n ids that name the photos in turn; a share of them the broken files, kind after kind."""
    files = [str(file.absolute()) for file in photos(folder)]
    paths = [files[number % len(files)] for number in range(n)]
    kinds = list((broken or {}).values())
    step = round(1 / share)
    for turn, number in enumerate(range(step // 2, n, step) if kinds else ()):
        paths[number] = str(kinds[turn % len(kinds)].absolute())
    place = folder / f"manifest-{n}{'-broken' if kinds else ''}.parquet"
    pq.write_table(pa.table({"id": [f"p{number:08d}" for number in range(n)], "path": paths}), place)
    return place


def broken_photos(folder: Path) -> dict[str, Path]:
    """One file of each kind of trouble; the kinds are those of a row."""
    import numpy as np
    from PIL import Image

    good = photos(folder.parent / "photos")[0]
    folder.mkdir(parents=True, exist_ok=True)
    content, noise = good.read_bytes(), np.random.default_rng(0).integers(0, 255, (48, 48, 3), dtype=np.uint8)
    two = Image.new("RGB", (2 * SIDE, SIDE))
    for place in (0, SIDE):
        two.paste(Image.open(good), (place, 0))
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture at all")
    (folder / "cut.jpg").write_bytes(content[: len(content) // 2])
    (folder / "folder.jpg").mkdir(exist_ok=True)
    Image.new("L", (12_000, 12_000)).save(folder / "huge.png")
    Image.fromarray(noise).save(folder / "noise.png")
    two.save(folder / "two.png")
    names = {
        "empty file": "empty.jpg", "no picture": "text.jpg", "damaged picture": "cut.jpg", "bad file": "folder.jpg",
        "too large": "huge.png", "no face": "noise.png", "several faces": "two.png", "missing file": "gone.jpg",
    }  # fmt: skip
    return {kind: folder / name for kind, name in names.items()}
