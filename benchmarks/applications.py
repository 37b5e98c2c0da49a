"""Makeup, frontal view, identity and toon against the rendered truth, beside doing nothing, the backbone and baselines.

    python benchmarks/applications.py                        the 24 faces a task that ship
    python benchmarks/applications.py --faces 100            fresh renders of seed 990301 (needs the face model)
    python benchmarks/applications.py --baselines runs/beautygan runs/ffgan runs/deepfakes runs/ugatit
    python benchmarks/applications.py --sheets docs/images   pictures as well: renders, and scikit-image's astronaut

Means with 95 % bootstrap intervals over the faces. `off target` is the redness of the lips (makeup, bare) or the landmarks' yaw
(frontal); identities are dlib's distances. Needs no face model but for `identity`, whose source is rendered.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from report import table, write

from latentlab.core.image import from_pixels, load_picture, resized, save_image
from latentlab.core.shapes import Images
from latentlab.studio import Benchmark, Picture, Standings, Studio

TASKS = ("makeup", "bare", "frontal", "identity", "toon")
SHOWN = {"psnr": "PSNR", "ssim": "MS-SSIM", "perceptual": "perceptual", "target": "off target", "kept": "rest, sd",
         "identity": "to truth", "source": "to source"}  # fmt: skip
SIDE = 192


def rows(found: Standings) -> list[dict[str, object]]:
    """A row for each method on each task."""
    answer: list[dict[str, object]] = []
    for task, results in found.results.items():
        for one in results:
            figures = {word: _interval(one.measured.interval(name)) for name, word in SHOWN.items()}
            answer.append({"task": task, "method": one.method, **figures, "s a face": one.seconds})
    return answer


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
    parser.add_argument("--baselines", type=Path, nargs="*", default=[])
    parser.add_argument("--sheets", type=Path, help="a folder for pictures")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("default")
    request = Benchmark(
        tuple(given.tasks.split(",")), faces=given.faces or 24, quick=not given.faces,
        methods=("nothing", "backbone", "applications"), baselines=tuple(given.baselines),
    )  # fmt: skip
    found = Studio(device="cpu").compare(request)
    print(table(rows(found)))
    write("applications", {"faces": given.faces or "shipped", **found.as_json()})
    if given.sheets:
        sheet_of_renders(found, given.sheets / "applications.jpg")
        references = found.cases["makeup"].references if "makeup" in found.cases else None
        if references is not None:
            sheet_of_the_astronaut(given.sheets / "applications_photo.jpg", references[1:2])


if __name__ == "__main__":
    main()
