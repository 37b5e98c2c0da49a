"""`latentlab train-baseline` and `latentlab baseline`: published systems, taught and used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.cli.train import FOREVER, Settings, learn
from latentlab.cli.words import parse_wishes
from latentlab.core.ranges import FaceNumber, ImagesShown, SamplesOrNone, Seconds
from latentlab.core.settings import parse_settings

if TYPE_CHECKING:
    from latentlab.cli.session import Session
    from latentlab.studio import OpenBaseline


@dataclass(frozen=True)
class TrainBaseline(Command):
    """Teach a published image-to-image system: caae, g2gan, ffgan, beautygan, deepfakes, pix2pix, cyclegan or ugatit.

    Learns from the face world, or from a folder in the layout that its paper used (utkface, makeup, 300w-lp, faceswap,
    pairs, or trainA and trainB). The run's folder holds checkpoints, a log (log.jsonl, TensorBoard), sheets of samples
    and, in the end or after an interrupt, NAME.safetensors.
    """

    name: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME")]
    """Which one."""
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])]
    """The run's folder."""
    data: Annotated[str, tyro.conf.arg(metavar="world|FOLDER")] = "world"
    """What it learns from."""
    preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "world"
    """world (small, for two cores) or published; caae also has paper, ugatit light."""
    images: Annotated[ImagesShown, tyro.conf.arg(metavar="N")] = 100_000
    """How many images to show in all."""
    seconds: Annotated[Seconds, tyro.conf.arg(metavar="S")] = FOREVER
    """Stop after so long, everything saved."""
    fresh: Annotated[SamplesOrNone, tyro.conf.arg(metavar="N")] = 3000
    """Different samples of the face world; they are rendered once and kept in memory."""
    resume: bool = False
    """Go on from the newest checkpoint in the folder."""
    settings: Settings = ()
    """Any other setting of the method or the training; can be repeated."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab train-baseline pix2pix --images 40000 --out runs/smile",
        "latentlab train-baseline caae --data UTKFace --preset published --out runs/caae",
        "latentlab train-baseline deepfakes --data two-people --out runs/swap --resume",
    )

    def run(self, session: Session) -> None:
        from latentlab.studio import TrainBaseline as Request

        fields = {name: value for name, value in vars(self).items() if name != "settings"}
        request = Request(**fields, device=session.studio.device, settings=parse_settings(self.settings))
        learn(session, self.out, lambda watch: session.studio.train_baseline(request, watch))


@dataclass(frozen=True)
class Baseline(Command):
    """Edit photos with a trained baseline.

    NAME is one that ships, or the file or folder of a training. Faces are aligned, edited, and pasted back into their
    photos. A method that can show where it looked leaves a second picture. A folder stands for the photos in it.
    """

    name: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME|FILE")]
    """Which baseline."""
    photos: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO|FOLDER...")] = ()
    """Photos, or folders of photos."""
    wish: Annotated[
        tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME[=VALUE|PHOTO]")
    ] = ()
    """age=60, smile, frontal, makeup=PHOTO, swap, toon ...; what a baseline cannot grant is said with those that can."""
    aligned: bool = False
    """Write the aligned face alone, not the photo with it."""
    face: FaceNumber | None = None
    """Which face of a photo with several: 1 is the leftmost."""
    profile: bool = False
    """Also accept faces seen from the side."""
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])] = Path("baseline")
    """Where the pictures go."""
    force: bool = False
    """Replace files that latentlab did not make."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab baseline pix2pix photo.jpg --wish smile",
        "latentlab baseline runs/caae photo.jpg --wish age=60 --aligned",
        "latentlab baseline runs/swap/deepfakes.safetensors holiday --wish swap --out swapped",
    )

    def run(self, session: Session) -> int:
        from latentlab.core.errors import BadInput
        from latentlab.studio import ApplyBaseline, photos_of, writable

        if not self.photos:
            raise BadInput("which photos? for example: latentlab baseline pix2pix photo.jpg --wish smile")
        request = ApplyBaseline(self.name, parse_wishes(self.wish), self.aligned, self.face, self.profile)
        opened = session.studio.open_baseline(request)
        writable(self.out)
        photos = photos_of(self.photos)
        with session.progress("editing", len(photos), "photos") as watch:
            for number, photo in enumerate(photos, 1):
                with session.step(photo):
                    self._save(session, opened, photo)
                watch(number / len(photos), photo.name)
        return session.exit_code

    def _save(self, session: Session, opened: OpenBaseline, photo: Path) -> None:
        from latentlab.studio import may_replace

        pictures = {self.out / f"{picture.name}.png": picture for picture in opened.draw(photo)}
        for path in pictures:
            may_replace(path, force=self.force)
        for path, picture in pictures.items():
            picture.save(path)
        files = [str(path) for path in pictures]
        session.answer(f"{photo.name} → {', '.join(files)}", photo=str(photo), files=files)
