"""The pictures of the README: samples of the default network, its directions on one face, and the demo's portrait.

python benchmarks/pictures.py [--lab lab]         writes docs/images/faces_*.jpg; the lab of `latentlab demo`, if it is there
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont

import latentlab as ll
from latentlab.core.image import to_pixels
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.studio.parts import apply, find_direction

OUT = Path(__file__).parent.parent / "docs" / "images"
SIDE = 112
SHOWN = {
    "age": (-3, -1.5, 0, 1.5, 3), "smile": (-1, 0, 1, 1.5, 2), "yaw": (-3, -1.5, 0, 1.5, 3), "mouth_open": (-1, 0, 1, 1.5, 2),
    "pitch": (-3, -1.5, 0, 1.5, 3), "beard": (0, 0.5, 1, 1.5, 2), "glasses": (0, 1, 1.5, 2, 3), "lipstick": (-2, 0, 1, 2, 3),
    "skin_tone": (-2, -1, 0, 1, 2), "hair": (-3, -1.5, 0, 1.5, 3), "light": (-3, -1.5, 0, 1.5, 3),
}  # fmt: skip


def picture(image: torch.Tensor, side: int = SIDE) -> Image.Image:
    return Image.fromarray(to_pixels(image[None])[0].numpy()).resize((side, side), Image.Resampling.BICUBIC)


def samples(studio: ll.Studio) -> Image.Image:
    faces = [picture(one.image) for one in studio.generate(seeds="0-35", psi=0.7)]
    sheet = Image.new("RGB", (12 * SIDE, 3 * SIDE))
    for place, face in enumerate(faces):
        sheet.paste(face, (place % 12 * SIDE, place // 12 * SIDE))
    return sheet


@torch.no_grad()
def directions(studio: ll.Studio, seeds: tuple[int, int]) -> Image.Image:
    """Rows of directions, two faces side by side, strengths as numbers."""
    generator, font, left = studio.generator, ImageFont.load_default(13), 92
    w = generator.map(draw_z(list(seeds), generator.z_width).to(generator.device))
    faces = Latent(Space.W, generator.truncate(w[:, None], 0.7)[:, 0])
    sheet = Image.new("RGB", (left + 10 * SIDE + 12, len(SHOWN) * (SIDE + 18)), "white")
    write = ImageDraw.Draw(sheet)
    for row, (name, strengths) in enumerate(SHOWN.items()):
        top = row * (SIDE + 18)
        write.text((6, top + SIDE // 2 - 8), name, fill="black", font=font)
        direction = find_direction(studio, name)
        for column, strength in enumerate(strengths):
            images = (
                generator.render(apply(generator, faces, {direction: float(strength)})).clamp(-1, 1).cpu()
            )
            for one, image in enumerate(images):
                x = left + (one * 5 + column) * SIDE + one * 12
                sheet.paste(picture(image), (x, top))
                write.text((x + SIDE // 2 - 8, top + SIDE + 1), f"{strength:+g}", fill="black", font=font)
    return sheet


def portrait(folder: Path) -> Image.Image | None:
    """What `latentlab demo` left: the aligned portrait, its inversion, its edits."""
    files = [folder / "aligned.png", folder / "reconstruction.png"]
    files += sorted(path for path in folder.glob("*.png") if path not in files and path.stem != "photo")
    if not all(path.is_file() for path in files):
        return None
    sheet = Image.new("RGB", (len(files) * 2 * SIDE, 2 * SIDE))
    for place, path in enumerate(files):
        with Image.open(path) as one:
            sheet.paste(
                one.convert("RGB").resize((2 * SIDE, 2 * SIDE), Image.Resampling.BICUBIC),
                (place * 2 * SIDE, 0),
            )
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lab", type=Path, default=Path("lab"))
    parser.add_argument("--seeds", type=int, nargs=2, default=(9, 21))
    options = parser.parse_args()
    studio = ll.open()
    sheets = {"samples": samples(studio), "directions": directions(studio, tuple(options.seeds)), "portrait": portrait(options.lab / "portrait")}  # fmt: skip
    for name, sheet in sheets.items():
        if sheet is not None:
            sheet.save(OUT / f"faces_{name}.jpg", quality=90)
            print(OUT / f"faces_{name}.jpg")


if __name__ == "__main__":
    main()
