"""Networks side by side on held-out photographs: what they draw, how near their encoders come, what edits of photographs reach.

    python benchmarks/networks.py faces portraits
    python benchmarks/networks.py faces low/difference.safetensors runs/half/difference.safetensors --n 200 --sheet six.jpg

A network is a name or a file, with its encoder beside it (else that of its parent). `found` is the share of samples at ψ .7 in
which dlib finds a face; the Fréchet distances are those of the same samples to all held-out photographs, `floor` that of two
halves of the photographs. Inversions are medians over the photographs, and over held-out renders, with one pass of the encoder
and with five. Edits are those of six photographs (`--edited N`; beyond those there are, of held-out portraits too), inverted and
carried to the photo as `invert` and `edit` do: the share of the wish that the judge reads, the mean change of all else in
standard deviations, and dlib's distance to the photo before. Nobody in the photographs is trained on; the sheet shows people and is never published.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from report import median, table, write
from subjects import Subjects, data_folder, photographs, renders

from latentlab.core.errors import MissingPart
from latentlab.core.image import grid, load_image, save_image
from latentlab.core.shapes import Images
from latentlab.studio import Studio
from latentlab.studio.parts import (
    Encode,
    Given,
    Inverter,
    Refine,
    companions,
    compare_sets,
    distances,
    dlib_space,
    draw_samples,
    embed,
    is_held_out,
    judge,
    resize,
    scorer_space,
)

PSI = 0.7
METHODS: dict[str, Inverter] = {"one pass": Encode(), "five passes": Refine()}
WISHES = {
    "age": 2.0,
    "yaw": 1.0,
    "smile": 1.0,
    "lipstick": 2.0,
    "glasses": 2.0,
}
"""Directions and steps; the judge's name for what they move is in their story."""
BATCH = 16
RENDERS = 96
"""People of the face world, whom no training saw either."""


@dataclass(frozen=True, eq=False)
class Photographs:
    """Held-out people, aligned, and the files of those whose photographs are edited."""

    images: Images
    edited: tuple[Path, ...]


def held_out(edited: int) -> Photographs:
    """Everybody who is never trained on: aligned portraits, and photographs aligned here."""
    files = [
        path for path in sorted((data_folder() / "portraits/images").iterdir()) if is_held_out(path.name)
    ]
    seen: Subjects = photographs()
    images = torch.cat([*(load_image(path, seen.images.shape[-1]) for path in files), seen.images])
    photos = sorted((data_folder() / "photos").glob("*.jpg"))
    if edited > len(photos):
        photos += files[:: max(1, len(files) // (edited - len(photos)))]
    return Photographs(images, tuple(photos[:: max(1, len(photos) // edited)][:edited]))


def called(studio: Studio) -> str:
    """A file of the usual name by its folder's."""
    path = Path(studio.network)
    return path.absolute().parent.name if path.stem in ("difference", "generator") else studio.name


def drawn(studio: Studio, photos: Photographs, n: int) -> dict[str, object]:
    """What its samples are."""
    generator = studio.generator
    made = list(draw_samples(generator, n, PSI))
    small = [resize(part, generator.resolution) for part in photos.images.split(BATCH)]
    row: dict[str, object] = {"network": called(studio), "n": n}
    for space in (scorer_space(judge(studio), "judge"), dlib_space()):
        if space.name.startswith("dlib"):
            row["found"] = len(space.of(made)) / n
        (found,) = compare_sets(small, made, [space])
        short = space.name.partition(" ")[0]
        row |= {f"Fréchet {short}": found.frechet, f"floor {short}": found.floor}
        row |= {f"precision {short}": found.precision, f"recall {short}": found.recall}
    return row


def inverted(studio: Studio, kind: str, images: Images) -> Iterator[dict[str, object]]:
    """How near its encoder comes to photographs, or renders."""
    parts = companions(studio)
    given = Given(encoder=parts.encoder, distance=parts.distance)
    known = embed(images)
    for name, method in METHODS.items():
        found = [method.invert(studio.generator, part, given) for part in images.split(BATCH)]
        apart = distances(known, embed(torch.cat([one.image.clamp(-1, 1) for one in found])))
        row: dict[str, object] = {"network": called(studio), "of": kind, "method": name, "n": len(images)}
        for key in ("psnr", "ms_ssim"):
            row[key] = median(torch.cat([one.measures[key] for one in found]))
        yield row | {"identity": median(apart), "below .6": float((apart < 0.6).float().mean())}


@torch.no_grad()
def edited(studio: Studio, photos: Photographs) -> tuple[list[dict[str, object]], Images]:
    """What edits of six photographs reach, and the sheet: a photo a row, before and after."""
    reader = judge(studio)
    sums: dict[str, list[tuple[float, float, float]]] = {}
    cells = []
    for path in photos.edited:
        face = studio.invert(path, keep=False)
        assert face.photo is not None, "it was inverted from one"
        before = resize(face.photo.face(), 256)
        cells.append(before)
        for name, steps in WISHES.items():
            picture = studio.edit(face, {name: steps})
            assert isinstance(picture.image, torch.Tensor), "an aligned face"
            cells.append(resize(picture.image[None].float(), 256))
            sums.setdefault(name, []).append(_read(studio, reader, name, steps, before, cells[-1]))
    rows: list[dict[str, object]] = [
        {"network": called(studio), "n": len(photos.edited), "edit": f"{name}{WISHES[name]:+g}"}
        | dict(zip(("share", "others", "identity"), map(median, zip(*found, strict=True)), strict=True))
        for name, found in sums.items()
    ]
    return rows, torch.cat(cells)


def _read(
    studio: Studio, reader, name: str, steps: float, before: Images, after: Images
) -> tuple[float, float, float]:  # type: ignore[no-untyped-def]
    direction = studio.direction(name)
    names, change = list(reader.names), (reader(after) - reader(before))[0]
    column = names.index(str(direction.story.get("attribute", name)))
    rest = [place for place in range(len(names)) if place != column]
    share = float(change[column]) / (steps * direction.step)
    others = float((change.abs() / reader.network.spread)[rest].mean())
    return share, others, float(distances(embed(before), embed(after)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--n", type=int, default=500, help="samples of each")
    parser.add_argument("--edited", type=int, default=6, help="photographs that are edited")
    parser.add_argument("--skip", default="", help="drawn, inverted, edited: what is left out")
    parser.add_argument("--sheet", type=Path, help="where the edits are shown; outside of the repository")
    options = parser.parse_args()

    torch.set_num_threads(1)
    try:
        photos = held_out(options.edited)
        drawn_people = renders(RENDERS).images if "inverted" not in options.skip else photos.images[:0]
    except MissingPart as error:
        parser.exit(2, f"{error}\n")
    tables, cells = dict[str, list[Mapping[str, object]]](), []
    for name in options.networks:
        studio = Studio(network=name, device="cpu")
        if "drawn" not in options.skip:
            tables.setdefault("drawn", []).append(drawn(studio, photos, options.n))
        if "inverted" not in options.skip:
            for kind, images in (("photographs", photos.images), ("renders", drawn_people)):
                tables.setdefault("inverted", []).extend(inverted(studio, kind, images))
        if "edited" not in options.skip:
            rows, images = edited(studio, photos)
            tables.setdefault("edited", []).extend(rows)
            cells.append(images)
        for rows_of in tables.values():
            print(f"\n{table(rows_of)}", flush=True)
    if options.sheet is not None and cells:
        save_image(grid(torch.cat(cells), len(WISHES) + 1), options.sheet, {"networks": options.networks})
    print(write("networks", {"psi": PSI, "photographs": len(photos.images), **tables}))


if __name__ == "__main__":
    main()
