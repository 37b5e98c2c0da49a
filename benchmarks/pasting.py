"""From a generator's pictures to the edited photo: milliseconds of each stage by the crop's size, in a warm process.

    python benchmarks/pasting.py

`transfer` is what the network sees and answers, `compose` moves and tints the crop by it, `paste` puts the crop back into a
photo of 9 megapixels; `edit of a photo` is the three together. An edit knows what was cut from the photo; who does not has
it cut again (`paste, cut again`). The quickest of several runs counts; with --clock cpu processor time of all threads, for a
machine that others use too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import skimage.data
import torch
from PIL import Image
from report import table, write

from latentlab.core.allocator import tune_allocator
from latentlab.core.crop import Crop
from latentlab.studio.parts import TRANSFERS, Scene, cut, face_in_photo, paste_back, resize, square_mask

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--save", action="store_true", help="write results/pasting.json")
    parser.add_argument("--clock", choices=tuple(CLOCKS), default="wall")
    wish = parser.parse_args()
    tune_allocator()
    photo = Image.fromarray(skimage.data.astronaut()).resize((3000, 3000), Image.Resampling.LANCZOS)
    crop = face_in_photo(photo, 256).crop
    rows = []
    for size in (256, 512, 1024):
        stages = stages_of(photo, crop, size)
        taken = {name: milliseconds(work, wish.runs, CLOCKS[wish.clock]) for name, work in stages.items()}
        whole = sum(taken[name] for name in ("transfer", "compose", "paste"))
        rows.append({"crop": size, **taken, "edit of a photo": round(whole, 1)})
    print(f"milliseconds ({wish.clock}), {torch.get_num_threads()} threads\n{table(rows)}")
    if wish.save:
        write("pasting", {"clock": wish.clock, "rows": rows})


def stages_of(photo: Image.Image, crop: Crop, size: int) -> dict[str, Callable[[], object]]:
    """What is timed, by name: a patch of the face made darker."""
    before, mask = cut(photo, crop.resized(size)), square_mask(size)
    after = before.clone()
    after[..., size // 2 : size * 3 // 4, size // 4 : size * 3 // 4] *= 0.8
    scene, method = Scene(before, resize(before, 128), resize(after, 128)), TRANSFERS.build("learned")
    layers = method.layers(scene)
    return {
        "transfer": lambda: method.layers(scene),
        "compose": lambda: layers.compose(before),
        "paste": lambda: paste_back(photo, after, crop, mask, match=False, original=before),
        "paste, cut again": lambda: paste_back(photo, after, crop, mask, match=False),
    }


def milliseconds(work: Callable[[], object], runs: int, now: Callable[[], float]) -> float:
    """Of the quickest run."""
    taken = []
    for _ in range(runs):
        begun = now()
        work()
        taken.append(now() - begun)
    return round(1000 * min(taken), 1)


if __name__ == "__main__":
    main()
