"""`latentlab batch TASK`: one task over any number of photos, unattended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from latentlab.cli.batched import MANIFEST, Batched, OverPhotos, Running, Sought
from latentlab.cli.makeup import Paint
from latentlab.cli.words import Look, Wish
from latentlab.core.ranges import Pixels, Share

if TYPE_CHECKING:
    from latentlab.cli.session import Session

Run = tyro.conf.OmitArgPrefixes[Running]
Seek = tyro.conf.OmitArgPrefixes[Sought]


@dataclass(frozen=True)
class Align(OverPhotos):
    """Find the face of every photo and cut it out as FFHQ does.

    The manifest is a folder, a glob in quotes, or a table (.parquet, .csv) with the columns id and path; paths may be
    any address that fsspec has a driver for. Rows and pictures go into shards; photos that fail are rows with their reason.
    """

    size: Pixels = 256
    """Side of the aligned pictures in pixels."""
    sought: Seek = field(default_factory=Sought)
    running: Run = field(default_factory=Running)

    verb: ClassVar[str] = "aligning"
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab batch align photos/ --out aligned --workers 4",
        "latentlab batch align 's3://bucket/photos/*.jpg' --out aligned",
    )

    def task(self, session: Session) -> Any:
        from latentlab.studio import Align as Request
        from latentlab.studio import AlignPhotos

        return AlignPhotos(Request(self.size), self.sought.look())


@dataclass(frozen=True)
class Invert(OverPhotos):
    """Find the latent of every face.

    Each row holds the latent; pictures are the network's of it. Only the error is measured unless --measured. The
    manifest is what it is for 'batch align'.
    """

    method: Annotated[str, tyro.conf.arg(metavar="NAME")] = "encode"
    """How to invert: encode, refine, descend or projector."""
    encoder: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Another encoder than the network's own."""
    measured: bool = False
    """Measure each as 'invert' does: perceptual distance, identity, editability."""
    sought: Seek = field(default_factory=Sought)
    running: Run = field(default_factory=Running)

    family: ClassVar[str] = "inverter"
    verb: ClassVar[str] = "inverting"
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab batch invert photos/ --out latents --workers 4",
        "latentlab batch invert people.parquet --out latents --resume",
        "latentlab batch invert people.csv --out latents --engine ray --pictures none",
    )

    def task(self, session: Session) -> Any:
        from latentlab.studio import Invert as Request
        from latentlab.studio import InvertPhotos

        request = Request(session.method, encoder=self.encoder, keep=False)
        return InvertPhotos(request, self.sought.look(), measured=self.measured)


@dataclass(frozen=True)
class Edit(OverPhotos):
    """The same edit of every photo.

    Flags of the edit are those of 'edit'; each photo is inverted first. The manifest is what it is for 'batch align'.
    """

    wish: tyro.conf.OmitArgPrefixes[tyro.conf.UseAppendAction[Wish]] = field(default_factory=Wish)
    method: Annotated[str, tyro.conf.arg(metavar="NAME")] = "encode"
    """How each photo is inverted first."""
    encoder: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Another encoder than the network's own."""
    sought: Seek = field(default_factory=Sought)
    running: Run = field(default_factory=Running)

    family: ClassVar[str] = "inverter"
    verb: ClassVar[str] = "editing"
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab batch edit photos/ --direction age=2 --out older",
        "latentlab batch edit people.csv --direction smile --paste-back --pictures files --out smiling",
    )

    def task(self, session: Session) -> Any:
        from latentlab.studio import EditPhotos
        from latentlab.studio import Invert as Request

        request = Request(session.method, encoder=self.encoder, keep=False)
        return EditPhotos(self.wish.edit(), request, self.sought.look())


@dataclass(frozen=True)
class Stylize(OverPhotos):
    """Every face in a style, as 'stylize' draws it.

    The manifest is what it is for 'batch align'.
    """

    style: Annotated[str, tyro.conf.arg(metavar="NAME")] = "toon"
    """'latentlab style list' names them."""
    strength: Share = 1.0
    """How much of the style, 0 to 1."""
    colours: Literal["keep", "take"] = "keep"
    """The photo's broad colours, or the style's."""
    paste_back: bool = False
    """Put the drawn faces into their photos."""
    method: Annotated[str, tyro.conf.arg(metavar="NAME")] = "refine"
    """How each photo is inverted first."""
    sought: Seek = field(default_factory=Sought)
    running: Run = field(default_factory=Running)

    family: ClassVar[str] = "inverter"
    verb: ClassVar[str] = "stylizing"
    examples: ClassVar[tuple[str, ...]] = ("latentlab batch stylize photos/ --style toon --out drawings",)

    def task(self, session: Session) -> Any:
        from latentlab.studio import Invert as Request
        from latentlab.studio import Stylize as Wish
        from latentlab.studio import StylizePhotos

        wish = Wish(self.style, self.strength, self.colours, paste_back=self.paste_back)
        return StylizePhotos(wish, Request(session.method, keep=False), self.sought.look())


@dataclass(frozen=True)
class Swap(OverPhotos):
    """Every photo with the identity of one source, as 'swap' does it, for people who agreed to it.

    The manifest is what it is for 'batch align'.
    """

    source: Annotated[str, tyro.conf.arg(metavar="FACE")] = ""
    """Whose identity: a photo, or a face of the lab."""
    by: Literal["detail", "latent"] = "detail"
    """The source's own detail where the latent says that its features go, or the latent's picture alone."""
    strength: Share = 1.0
    """How far the face's proportions go towards the source's, 0 to 1."""
    skin: Share = 0.0
    """How much of the source's skin tone is taken."""
    method: Annotated[str, tyro.conf.arg(metavar="NAME")] = "encode"
    """How each photo is inverted first."""
    sought: Seek = field(default_factory=Sought)
    running: Run = field(default_factory=Running)

    family: ClassVar[str] = "inverter"
    verb: ClassVar[str] = "swapping"
    examples: ClassVar[tuple[str, ...]] = ("latentlab batch swap photos/ --source anna.jpg --out swapped",)

    def task(self, session: Session) -> Any:
        from latentlab.studio import Invert as Request
        from latentlab.studio import Swap as Wish
        from latentlab.studio import SwapPhotos

        wish = Wish(self.by, self.strength, self.skin)
        return SwapPhotos(self.source, wish, Request(session.method, keep=False), self.sought.look())


@dataclass(frozen=True)
class Makeup(OverPhotos):
    """The makeup of a reference on every face, a colour for a region, or none at all.

    Flags of the makeup are those of 'makeup'. The manifest is what it is for 'batch align'.
    """

    reference: Annotated[str, tyro.conf.arg(metavar="FACE")] = ""
    """Whose makeup: a photo, or a face of the lab."""
    paint: tyro.conf.OmitArgPrefixes[Paint] = field(default_factory=Paint)
    sought: Seek = field(default_factory=Sought)
    running: Run = field(default_factory=Running)

    verb: ClassVar[str] = "makeup"
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab batch makeup photos/ --reference anna.jpg --out made-up",
        "latentlab batch makeup photos/ --remove --out bare",
    )

    def task(self, session: Session) -> Any:
        from latentlab.studio import Makeup as Request
        from latentlab.studio import MakeupPhotos

        return MakeupPhotos(self.reference, Request(**self.paint.fields()), self.sought.look())


@dataclass(frozen=True)
class Frontalize(OverPhotos):
    """Every head turned to the front, as 'frontalize' does it.

    Rows say by how many degrees. The manifest is what it is for 'batch align'.
    """

    paste_back: bool = False
    """Put the turned heads back into their photos, in the photos' own tilt."""
    sought: Seek = field(default_factory=Sought)
    running: Run = field(default_factory=Running)

    verb: ClassVar[str] = "turning"
    examples: ClassVar[tuple[str, ...]] = ("latentlab batch frontalize photos/ --out fronts --workers 4",)

    def task(self, session: Session) -> Any:
        from latentlab.studio import Frontalize as Request
        from latentlab.studio import FrontalizePhotos

        return FrontalizePhotos(Request(self.paste_back), self.sought.look())


@dataclass(frozen=True)
class Score(OverPhotos):
    """What the guide scorer reads on every face.

    Rows hold every attribute in its unit. The manifest is what it is for 'batch align'.
    """

    sought: Seek = field(default_factory=Sought)
    running: Run = field(default_factory=Running)

    verb: ClassVar[str] = "scoring"
    examples: ClassVar[tuple[str, ...]] = ("latentlab batch score photos/ --out scores --workers 4",)

    def task(self, session: Session) -> Any:
        from latentlab.studio import ScorePhotos

        return ScorePhotos(self.sought.look())


@dataclass(frozen=True)
class Render(Batched):
    """The network's picture of every seed, or of every row of a batch of inversions.

    The manifest is a list of seeds, 0-9999, a table with the columns id and seed, or the folder of 'batch invert'.
    """

    manifest: Annotated[tyro.conf.Positional[str], MANIFEST] = ""
    """Seeds as 0-9999, a table with the columns id and seed, or a folder that 'batch invert' wrote."""
    look: tyro.conf.OmitArgPrefixes[Look] = field(default_factory=Look)
    running: Run = field(default_factory=Running)

    verb: ClassVar[str] = "drawing"
    unit: ClassVar[str] = "samples"
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab batch render 0-99999 --psi .7 --out faces --workers 4",
        "latentlab batch render latents/ --out pictures",
    )

    def task(self, session: Session) -> Any:
        from latentlab.studio import RenderSamples

        return RenderSamples(self.look.rendering())
