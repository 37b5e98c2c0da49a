"""`latentlab compare`: the benchmark of all methods."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import Count

if TYPE_CHECKING:
    from latentlab.cli.session import Session

Several = tyro.conf.UseAppendAction[tuple[str, ...]]


@dataclass(frozen=True)
class Compare(Command):
    """Compare the backbone's edits, the baselines and doing nothing, on faces with a true answer.

    Tasks: older, younger, smile, neutral, frontal, makeup, bare, identity, toon. Distance to the truth, target reached,
    everything else, identity, with 95 % intervals, paired where methods share faces. Writes one HTML page that needs no
    other file, and the same as JSON beside it.
    """

    task: Annotated[Several, tyro.conf.arg(metavar="NAME")] = ()
    """Only this task; can be repeated."""
    method: Annotated[Several, tyro.conf.arg(metavar="NAME")] = ()
    """Only this method; can be repeated."""
    baseline: Annotated[Several, tyro.conf.arg(metavar="FILE")] = ()
    """A further trained baseline; can be repeated."""
    photos: Annotated[Several, tyro.conf.arg(metavar="PHOTO|FOLDER")] = ()
    """Photographs to show the methods on as well, judged by identity and by how far the target moved; can be repeated."""
    faces: Annotated[Count, tyro.conf.arg(metavar="N")] = 200
    """Test faces a task, rendered (needs the face model)."""
    quick: bool = False
    """The 24 faces a task that ship; needs no face model."""
    out: Annotated[Path, tyro.conf.arg(metavar="FILE", aliases=["-o"])] = Path("compare.html")
    """The page."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab compare --quick",
        "latentlab compare --task smile --baseline runs/smile --faces 200 --out smile.html",
        "latentlab compare --quick --photos portraits",
    )

    def run(self, session: Session) -> None:
        from latentlab.studio import Benchmark, writable

        writable(self.out.parent)
        tasks: dict[str, tuple[str, ...]] = {"tasks": self.task} if self.task else {}
        baselines, photos = (tuple(map(Path, words)) for words in (self.baseline, self.photos))
        request = Benchmark(**tasks, faces=self.faces, quick=self.quick, methods=self.method, baselines=baselines, photos=photos)  # fmt: skip
        with session.progress("comparing") as watch:
            compared = session.studio.compare(request, watch)
        compared.save(self.out)
        for row in compared.as_json()["results"]:
            session.answer(sentence(row), **row)
        session.say(f"page: {self.out}")


def sentence(row: dict) -> str:
    """One method on one task; brackets hold 95 % intervals."""

    def told(name: str, unit: str = "") -> str:
        mean, low, high = row[name]
        return "not measured" if mean is None else f"{mean:.2f}{unit} [{low:.2f}, {high:.2f}]"

    return (
        f"{row['task']}, {row['method']}: PSNR {told('psnr', ' dB')}, MS-SSIM {told('ssim')}, off target {told('target')}, "
        f"rest changed {told('kept', ' sd')}, identity to truth {told('identity')}, {row['seconds']:.3f} s a face"
    )
