"""Makeup, frontal view, identity and toon against the rendered truth, beside doing nothing, other ways and baselines.

    python benchmarks/applications.py                        the 24 faces a task that ship
    python benchmarks/applications.py --faces 100            fresh renders of seed 990301 (needs the face model)
    python benchmarks/applications.py --baseline assets/baselines/beautygan.safetensors runs/ffgan
    python benchmarks/applications.py --sheets docs/images   pictures as well: renders, and scikit-image's astronaut

Makes every table of docs/applications.md. Means with 95 % bootstrap intervals over the faces. `off target` is the redness of
the lips (makeup, bare) or the landmarks' yaw (frontal); identities are dlib's distances. Needs no face model but for
`people`: 24 targets and 24 sources, where a swap is also asked how far it is from its source, and how far yaw, smile and
open mouth are from the target's.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from report import table, write
from ways import PEOPLE, WAYS, angles, people

from latentlab.core.image import from_pixels, load_picture, resized, save_image
from latentlab.core.shapes import Images
from latentlab.studio import Benchmark, Picture, Standings, Studio
from latentlab.studio.parts import (
    Applications,
    Cases,
    Geometry,
    Measured,
    Measures,
    bootstrap,
    distances,
    embed,
    find_distance,
)

TASKS = ("makeup", "bare", "frontal", "identity", "toon")
BANDS = ((15, 30), (30, 45), (45, 60))
"""Degrees of yaw by which the frontal task is told once more."""
KEPT = ("landmark_yaw", "landmark_smile", "landmark_mouth_open")
"""What a swap leaves to its target."""
SHOWN = {"psnr": "PSNR", "ssim": "MS-SSIM", "perceptual": "perceptual", "target": "off target", "kept": "rest, sd",
         "identity": "to truth", "source": "to source"}  # fmt: skip
SIDE = 192


def row(task: str, method: str, measured: Measured, seconds: float | None = None) -> dict[str, object]:
    """One line of the table."""
    figures = {word: _interval(measured.interval(name)) for name, word in SHOWN.items()}
    return {"task": task, "method": method, **figures, "s a face": seconds}


def rows(found: Standings) -> list[dict[str, object]]:
    """A row for each method on each task."""
    return [
        row(task, one.method, one.measured, one.seconds)
        for task, results in found.results.items()
        for one in results
    ]


def banded(found: Standings) -> list[dict[str, object]]:
    """The frontal task once more, by how far the head was turned."""
    answer: list[dict[str, object]] = []
    turned = angles(len(found.cases["frontal"])) if "frontal" in found.cases else torch.zeros(0)
    for low, high in BANDS:
        inside = (turned >= low) & (turned < high)
        for one in found.results.get("frontal", ()):
            faces = {name: values[inside] for name, values in one.measured.faces.items()}
            told = row(f"{low}-{high}°, n={int(inside.sum())}", one.method, Measured(faces, float("nan")))
            answer.append(told)
    return answer


def other_ways(studio: Studio, found: Standings) -> list[dict[str, object]]:
    """What was tried besides, on the same faces."""
    who, measures = Applications(studio), Measures(find_distance(studio))
    return [
        row(task, name, measures(cases, who.each(cases, job)))
        for task, cases in found.cases.items()
        for name, job in WAYS.get(task, {}).items()
    ]


def swapped(studio: Studio, count: int) -> list[dict[str, object]]:
    """Swaps between people who all differ: near to the source, and what stays the target's."""
    cases = people(count)
    assert cases.truth is not None, "they are rendered"
    who, measures = Applications(studio), Measures(find_distance(studio))
    pictures = {"nothing": cases.before, "the truth": cases.truth}
    pictures |= {name: who.each(cases, job) for name, job in WAYS[PEOPLE].items()}
    return [_swap_row(name, images, cases, measures) for name, images in pictures.items()]


def _swap_row(name: str, images: Images, cases: Cases, measures: Measures) -> dict[str, object]:
    assert cases.references is not None, "every swap has a source"
    reader = Geometry(strict=False)
    seen, source = embed(images), embed(cases.references)
    moved = (reader(images) - reader(cases.before)).abs()
    kept = {
        f"{what.removeprefix('landmark_')} moved": _interval(bootstrap(moved[:, reader.names.index(what)]))
        for what in KEPT
    }
    told = row(PEOPLE, name, measures(cases, images))
    del told["off target"], told["s a face"]
    return (
        told
        | {"to target": told.pop("to source"), "to source": _interval(bootstrap(distances(seen, source)))}
        | kept
    )


def _interval(values: tuple[float, float, float]) -> str:
    mean, low, high = values
    return "-" if mean != mean else f"{mean:.3g} [{low:.3g}, {high:.3g}]"


def sheet_of_renders(found: Standings, path: Path) -> None:
    """Four faces of each task: before, what the application makes of them, the truth."""
    columns = []
    for task, results in found.results.items():
        cases, made = (
            found.cases[task].some(4),
            next((r for r in results if r.method == "applications"), None),
        )
        if made is not None and cases.truth is not None:
            columns += [_column(x) for x in (cases.before, made.images, cases.truth)]
    save_image(torch.cat(columns, dim=2).clamp(-1, 1), path, source="algorithmicMedia")


def _column(images: Images) -> torch.Tensor:
    return torch.cat(list(resized(images[:4].float(), SIDE // 2)), dim=1)


def sheet_of_the_astronaut(path: Path, person: Images) -> None:
    """Every application on scikit-image's portrait: as it is, made up, bare, frontal, three styles, and as a rendered person."""
    import numpy as np
    from PIL import Image
    from skimage.data import astronaut

    with TemporaryDirectory() as folder:
        photo, studio = Path(folder) / "astronaut.png", Studio(device="cpu", home=Path(folder) / "lab")
        Image.fromarray(astronaut()[:340, 60:400]).save(photo)
        source = save_image(resized(person, 256)[0].clamp(-1, 1), Path(folder) / "person.png")
        made: list[Picture] = [
            studio.makeup(photo, colours={"lips": "#a01030", "lids": "#405070"}, aligned=True),
            studio.makeup(photo, remove=True, aligned=True),
            studio.frontalize(photo),
            studio.stylize(photo, "toon"),
            studio.stylize(photo, "pencil", colours="take"),
            studio.stylize(photo, "paint"),
            studio.swap(source, photo, aligned=True),
        ]
        plain = studio.align(photo, SIDE).face.image
        cells = [plain, *(from_pixels(np.asarray(one.show().convert("RGB"))[None]) for one in made)]
        assert load_picture(photo).size == (340, 340), "the portrait was not written over"
    strip = torch.cat([resized(cell, SIDE)[0] for cell in cells], dim=2)
    save_image(strip.clamp(-1, 1), path, source="compositeWithTrainedAlgorithmicMedia")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--faces", type=int, default=0, help="fresh renders a task; 0: those that ship")
    parser.add_argument(
        "--baseline", type=Path, nargs="*", default=[], help="files or folders of trained baselines"
    )
    parser.add_argument("--ways", action=argparse.BooleanOptionalAction, default=True, help="other ways too")
    parser.add_argument("--people", type=int, default=24, help="swaps between people who all differ; 0: none")
    parser.add_argument("--sheets", type=Path, help="a folder for pictures")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("default")
    request = Benchmark(
        tuple(given.tasks.split(",")), faces=given.faces or 24, quick=not given.faces,
        methods=("nothing", "backbone", "applications"), baselines=tuple(given.baseline),
    )  # fmt: skip
    with TemporaryDirectory() as folder:
        studio = Studio(device="cpu", home=Path(folder) / "lab")
        found = studio.compare(request)
        more = {"all": rows(found), "by yaw": banded(found)}
        more["other ways"] = other_ways(studio, found) if given.ways else []
        more["swaps"] = swapped(studio, given.people) if given.people else []
    for name, lines in more.items():
        print(f"\n{name}\n{table(lines)}")
    write("applications", {"faces": given.faces or "shipped", **found.as_json(), "tables": more})
    if given.sheets:
        sheet_of_renders(found, given.sheets / "applications.jpg")
        references = found.cases["makeup"].references if "makeup" in found.cases else None
        if references is not None:
            sheet_of_the_astronaut(given.sheets / "applications_photo.jpg", references[1:2])


if __name__ == "__main__":
    main()
