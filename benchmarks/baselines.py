"""The pictures of docs/baselines.md: what each baseline that ships makes of two test faces, and of scikit-image's portrait.

python benchmarks/baselines.py                     writes docs/images/baselines.jpg and baselines_photo.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from pictures import OUT, picture
from PIL import Image, ImageDraw, ImageFont
from skimage.data import astronaut

from latentlab.studio import Studio
from latentlab.studio.parts import (
    TASKS,
    Rival,
    as_asked,
    face_in_photo,
    judge,
    shipped_baselines,
    shipped_cases,
)

SIDE = 124
FACES = (0, 2)
"""Of the test faces of each task."""
TASK_OF = {
    "caae": "older", "g2gan": "smile", "ffgan": "frontal", "beautygan": "makeup", "deepfakes": "identity", "pix2pix": "smile",
    "cyclegan": "toon", "ugatit": "toon",
}  # fmt: skip
"""What each is shown at."""


def columns(studio: Studio) -> dict[str, list[torch.Tensor]]:
    """Before, after and truth of two faces, for each method."""
    found = {}
    for name, path in shipped_baselines().items():
        cases, rival = shipped_cases(TASK_OF[name]), Rival(studio, path)
        parts = [cases.one(number) for number in FACES]
        assert all(one.truth is not None for one in parts)
        found[f"{name}: {TASK_OF[name]}"] = [
            image for one in parts for image in (one.before[0], rival.edit(one)[0], one.truth[0])
        ]
    return found


def of_photo(studio: Studio) -> dict[str, list[torch.Tensor]]:
    """The portrait as it is, and after every task that a method can do."""
    face, reader = face_in_photo(Image.fromarray(astronaut()), 128).image, judge(studio)
    found = {"the photo": [face[0]]}
    for name, path in shipped_baselines().items():
        rival = Rival(studio, path)
        for task in (task for task in TASKS if rival.can(task)):
            asked = as_asked(task, face, shipped_cases(task), reader)
            found[f"{name}: {task}"] = [rival.edit(asked)[0]]
    return found


def sheet(columns: dict[str, list[torch.Tensor]], across: int) -> Image.Image:
    """Columns of pictures under their names, so many side by side."""
    font, head = ImageFont.load_default(12), 18
    high = head + SIDE * max(map(len, columns.values()))
    drawn = Image.new("RGB", (across * SIDE, -(-len(columns) // across) * high), "white")
    write = ImageDraw.Draw(drawn)
    for place, (name, images) in enumerate(columns.items()):
        left, top = place % across * SIDE, place // across * high
        write.text((left + 4, top + 2), name, fill="black", font=font)
        for row, image in enumerate(images):
            drawn.paste(picture(image.clamp(-1, 1), SIDE), (left, top + head + row * SIDE))
    return drawn


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    studio = Studio(device="cpu")
    sheet(columns(studio), 8).save(options.out / "baselines.jpg", quality=90)
    sheet(of_photo(studio), 7).save(options.out / "baselines_photo.jpg", quality=90)


if __name__ == "__main__":
    main()
