"""`latentlab train`, `train-encoder`, `train-scorer`, `finetune`: learning, on one device or, under torchrun, on many."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from latentlab.cli.command import Command
from latentlab.cli.words import parse_weights
from latentlab.core.ranges import (
    Batch,
    Channels,
    Count,
    Depth,
    Halvings,
    ImagesShown,
    Pixels,
    Resolution,
    Seconds,
    Share,
    SideOrNone,
    Views,
)

if TYPE_CHECKING:
    from latentlab.cli.session import Session

Settings = Annotated[
    tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(name="set", metavar="NAME=VALUE")
]
Words = tyro.conf.UseAppendAction[tuple[str, ...]]
Folders = tyro.conf.UseAppendAction[tuple[Path, ...]]
FOREVER = float("inf")


@dataclass(frozen=True)
class Choice:
    """Which photographs of folders with a labels.csv are shown, and how often."""

    where: Annotated[Words, tyro.conf.arg(metavar="CONDITION")] = ()
    """Only photographs of which labels.csv says so: 'inside>=0.98', 'set!=paintings', for one folder 'more:inside>=0.98'."""
    weights: Annotated[
        Words, tyro.conf.arg(name="weight", aliases=("--weights",), metavar="SET=NUMBER")
    ] = ()  # messages call it by the field's name, which elsewhere is the flag of a file
    """How often photographs of a set are shown beside the others: volunteers=3; 0 leaves a set out."""

    def fields(self) -> dict[str, Any]:
        """What these words say, as values."""
        return {"where": self.where, "weights": parse_weights(self.weights)}


Chosen = tyro.conf.OmitArgPrefixes[Choice]
Mixed = Annotated[Share, tyro.conf.arg(metavar="SHARE")]


@dataclass(frozen=True)
class Train(Command):
    """Train a generator from scratch, or on from another network.

    Learns from a folder of pictures, a packed set, or the face world itself. The run's folder holds checkpoints, a log
    (log.jsonl, TensorBoard), sheets of samples and, in the end, generator.safetensors and discriminator.safetensors. Stopped
    at any moment, the same command with --resume goes on. On many GPUs: torchrun --nproc-per-node N -m latentlab train ...
    """

    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])]
    """The run's folder."""
    data: Annotated[Words, tyro.conf.arg(metavar="PATH")] = ()
    """Folders of pictures (repeated), a packed set (.npy), or 'renders': the face world, endless, which is the default."""
    preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "auto"
    """auto, stylegan2, paper256, paper512, paper1024, cifar, stylegan1, stylegan3-t, stylegan3-r, faces-256, faces64-cpu or faces128-cpu."""
    resolution: Annotated[Resolution | None, tyro.conf.arg(metavar="PIXELS")] = None
    """Another resolution than the preset's."""
    images: Annotated[ImagesShown, tyro.conf.arg(metavar="N")] = 1_000_000
    """How many images to show in all."""
    seconds: Annotated[Seconds, tyro.conf.arg(metavar="S")] = FOREVER
    """Stop after so long, everything saved."""
    resume: bool = False
    """Go on from the newest checkpoint in the folder."""
    transfer: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Begin with the weights of this network; a smaller one grows."""
    transfer_discriminator: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """The discriminator's file, where the network's has none."""
    resize: bool = False
    """Take pictures of any size: their central square, resized."""
    mirror: bool = False
    """Show half of the images mirrored."""
    drop_broken: bool = False
    """Leave unreadable pictures out instead of stopping."""
    hold_out: bool = False
    """Leave out people who are kept for measuring, by the names of their pictures."""
    choice: Chosen = field(default_factory=Choice)
    render_share: Mixed = 0.0
    """How many of the images are renders of the face world, mixed in."""
    encoder: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """An encoder to teach beside the generator, beginning with this file: both learn to repeat the pictures."""
    encoder_preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "restyle64"
    """The preset that this encoder was taught by; single settings of it with --set encoder.NAME=VALUE."""
    settings: Settings = ()
    """Any other setting of the preset; can be repeated."""

    aliases: ClassVar[dict[str, str]] = {"--transfer-critic": "--transfer-discriminator"}
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab train --data photos --resize --resolution 256 --out runs/photos",
        "latentlab train --preset faces64-cpu --images 300000 --out runs/faces --resume",
        "latentlab train --data cats --preset paper256 --set r1=2 --set augment=ada --out runs/cats",
        "latentlab train --data portraits --data more --weight volunteers=3 --render-share 0.25 --out runs/portraits",
    )

    def run(self, session: Session) -> None:
        from latentlab.core.settings import parse_settings

        settings = parse_settings(self.settings)
        options = _options(self) | {"data": self.data or "renders"}
        learn(session, self.out, lambda watch: session.studio.train(settings, watch=watch, **options))


@dataclass(frozen=True)
class TrainEncoder(Command):
    """Train an encoder for a generator, as e4e does: from a photo to a latent in one pass.

    Learns from renders, from the generator's own samples and from unlabelled aligned photographs (people held out are
    left out by name). The run's folder gets encoder.safetensors; put it beside the generator's file.
    """

    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])]
    """The run's folder."""
    data: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    """Pictures, packed sets, or 'renders'."""
    photos: Annotated[Folders, tyro.conf.arg(metavar="FOLDER")] = ()
    """Aligned photographs, several folders if repeated."""
    photo_share: Annotated[Share, tyro.conf.arg(metavar="SHARE")] = 0.25
    """How many of the images are photographs, where there are some."""
    choice: Chosen = field(default_factory=Choice)
    preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "e4e"
    """The published settings, or ours."""
    images: Annotated[ImagesShown, tyro.conf.arg(metavar="N")] = 200_000
    """How many images to show in all."""
    seconds: Annotated[Seconds, tyro.conf.arg(metavar="S")] = FOREVER
    """Stop after so long, everything saved."""
    resume: bool = False
    """Go on from the newest checkpoint in the folder."""
    begin: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """An encoder to begin with: of a parent or smaller network, or one that answers once."""
    settings: Settings = ()
    """Any other setting of the preset; can be repeated."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab train-encoder --data renders --photos portraits --out runs/encoder",
        "latentlab train-encoder --data renders --preset restyle64 --begin old/encoder.safetensors --out runs/encoder",
    )

    def run(self, session: Session) -> None:
        from latentlab.core.settings import parse_settings

        settings = parse_settings(self.settings)
        options = _options(self) | {"photos": self.photos or None}
        learn(session, self.out, lambda watch: session.studio.train_encoder(settings, watch=watch, **options))


@dataclass(frozen=True)
class Finetune(Command):
    """Take --network to a new domain with few images.

    Learns with adaptive augmentation, the upper layers of the discriminator frozen, and (unless told otherwise) the mapping
    frozen, so that parent and child share their latent space and directions move both. What it learnt is a small file,
    difference.safetensors, that names its parent by hash and can be given as --network wherever the parent is known.
    """

    data: Annotated[Folders, tyro.conf.arg(metavar="PATH")]
    """Pictures of the new domain: folders (repeated), or packed images."""
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])]
    """The run's folder."""
    discriminator: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """The discriminator's file, where it is neither inside the network's file nor beside it."""
    images: Annotated[ImagesShown, tyro.conf.arg(metavar="N")] = 50_000
    """How many images to show in all."""
    seconds: Annotated[Seconds, tyro.conf.arg(metavar="S")] = FOREVER
    """Stop after so long, everything saved."""
    freeze_discriminator: Annotated[Halvings, tyro.conf.arg(metavar="N")] = 2
    """How many of the discriminator's largest resolutions stay as they are."""
    learn_mapping: bool = False
    """Let the mapping learn too; directions of the parent then fit the child less."""
    swap_from: Annotated[SideOrNone, tyro.conf.arg(metavar="PIXELS")] = 0
    """Take the child's layers from this resolution on, the parent's below; 0 takes all of the child's."""
    form: Literal["auto", "low rank", "whole"] = "auto"
    """How the difference is kept: at most 2 MB, at most 8 MB, or whichever measures better."""
    drop_broken: bool = False
    """Leave unreadable pictures out instead of stopping."""
    choice: Chosen = field(default_factory=Choice)
    render_share: Mixed = 0.0
    """How many of the images are renders of the face world, mixed in."""
    encoder: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """An encoder of the network to teach beside it: both learn to repeat the pictures, and the child draws photographs better."""
    encoder_preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "restyle64"
    """The preset that this encoder was taught by; single settings of it with --set encoder.NAME=VALUE."""
    resume: bool = False
    """Go on from the newest checkpoint in the folder."""
    settings: Settings = ()
    """Any other setting of the training; can be repeated."""

    aliases: ClassVar[dict[str, str]] = {
        "--critic": "--discriminator",
        "--freeze-critic": "--freeze-discriminator",
    }
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab finetune --data sketches --images 20000 --out runs/sketches",
        "latentlab finetune --data portraits --data more --where 'more:inside>=0.98' --weight faker=2 --render-share 0.25 --out runs/p",
    )

    def run(self, session: Session) -> None:
        from latentlab.core.settings import parse_settings

        settings = parse_settings(self.settings)
        options = _options(self, "learn_mapping") | {"freeze_mapping": not self.learn_mapping}
        learn(session, self.out, lambda watch: session.studio.finetune(settings, watch=watch, **options))


@dataclass(frozen=True)
class TrainScorer(Command):
    """Teach a scorer on renders: guide, judge, witness or identity.

    Renders what it needs first (kept, and gone on with after an interruption). The file's story holds what it reaches
    on people it never saw. Guide, judge, witness and identity never share a person.
    """

    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])]
    """The run's folder; ROLE.safetensors will lie in it."""
    role: Literal["guide", "judge", "witness", "identity"] = "guide"
    """guide (discovery and closed loops see it), judge, witness (only reports; learns from cartoons and photographs too),
    or identity."""
    faces: Annotated[Count, tyro.conf.arg(metavar="N")] = 20_000
    """Renders to learn from."""
    held_out: Annotated[Count, tyro.conf.arg(metavar="N")] = 5_000
    """Renders to measure with."""
    images: Annotated[ImagesShown, tyro.conf.arg(metavar="N")] = 400_000
    """Pictures to show in all."""
    batch: Annotated[Batch, tyro.conf.arg(metavar="N")] = 64
    """Pictures at once."""
    size: Annotated[Pixels, tyro.conf.arg(metavar="PIXELS")] = 96
    """Side of the pictures that the network reads."""
    width: Annotated[Channels, tyro.conf.arg(metavar="N")] = 32
    """Channels of its first stage."""
    depth: Annotated[Depth, tyro.conf.arg(metavar="N")] = 1
    """Convolutions of a judge, residual units of a guide, at each size; blocks of attention of a witness."""
    views: Annotated[Views, tyro.conf.arg(metavar="N")] = 10
    """Pictures of each person, for identity."""
    renders: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    """Keeps the renders, so that roles can share the held-out ones; OUT/renders if left out."""
    photographs: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], tyro.conf.arg(metavar="FOLDER")] = ()
    """For a witness: aligned photographs with a labels.csv (sex, age); can be repeated. People held out stay out."""
    face_model: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """The morphable face; else LATENTLAB_FACE_MODEL, else the user data folder."""
    engine: Literal["local", "ray"] = "local"
    """Where the renders are made."""
    resume: bool = False
    """Go on from the newest checkpoint in the folder."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab train-scorer --role judge --out runs/judge --renders runs/renders",
        "latentlab train-scorer --role witness --out runs/witness --photographs portraits --width 16 --depth 4",
    )

    def run(self, session: Session) -> None:
        learn(session, self.out, lambda watch: session.studio.train_scorer(watch=watch, **vars(self)))


def _options(command: Train | TrainEncoder | Finetune, *beside: str) -> dict[str, Any]:
    """The fields of the request, by name, but for the settings and those named."""
    own = {
        name: value for name, value in vars(command).items() if name not in ("settings", "choice", *beside)
    }
    return own | command.choice.fields()


def learn(session: Session, folder: Path, work: Callable[[Any], Path]) -> None:
    """Run a training: a bar for people, the log's lines for scripts; only the first process of a team speaks."""
    from latentlab.studio import LogReader, writable

    leads = os.environ.get("RANK", "0") == "0"
    session.quiet = session.quiet or not leads
    writable(folder)
    log = LogReader(folder)
    with session.progress("training") as bar:

        def watch(done: float, text: str = "", image: object = None) -> None:
            bar(done, text)
            for line in log.new() if leads and session.json else ():
                session.emit(**line)
            if leads and not session.live:
                session.note(f"{done:6.1%} {text}")

        path = work(watch)
    if leads:
        session.answer(str(path), file=str(path))
