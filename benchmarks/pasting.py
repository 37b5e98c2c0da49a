"""Putting an edited face back into its photo: milliseconds by the crop's size, with what was cut from the photo known or not.

    python benchmarks/pasting.py

An edit of a photo knows it; the best of several runs counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import skimage.data
import torch
from PIL import Image
from report import table, write

from latentlab.studio.parts import cut, face_in_photo, paste_back, square_mask


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--save", action="store_true", help="write results/pasting.json")
    wish = parser.parse_args()
    photo = Image.fromarray(skimage.data.astronaut()).resize((3000, 3000), Image.Resampling.LANCZOS)
    crop = face_in_photo(photo, 256).crop
    rows = []
    for size in (256, 512, 1024):
        before, mask = cut(photo, crop.resized(size)), square_mask(size)
        after = before.clone()
        after[..., size // 2 : size * 3 // 4, size // 4 : size * 3 // 4] *= 0.8
        rows.append({"crop": size, "threads": torch.get_num_threads()})
        for name, known in (("known, ms", before), ("not known, ms", None)):
            rows[-1][name] = milliseconds(
                lambda a=after, m=mask, k=known: paste_back(photo, a, crop, m, match=False, original=k),
                wish.runs,
            )  # type: ignore[misc]
    print(table(rows))
    if wish.save:
        write("pasting", {"rows": rows})


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """Of the quickest run."""
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return round(1000 * min(taken), 1)


if __name__ == "__main__":
    main()
