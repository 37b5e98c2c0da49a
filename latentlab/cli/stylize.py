"""`latentlab stylize` and `latentlab style`: faces drawn in a style, and styles of one's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from latentlab.cli.application import Where, need
from latentlab.cli.clips import film
from latentlab.cli.command import Command
from latentlab.cli.words import parse_strengths
from latentlab.core.ranges import Count, FaceNumber, Share

if TYPE_CHECKING:
    from latentlab.cli.session import Session

Name = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME")]


@dataclass(frozen=True)
class Stylize(Command):
    """Draw a face in a style: a fine-tuned child of the network that shares its latent space, or a filter.

    Age, expression and pose stay, and every direction works on the drawing. `latentlab style list` names the styles.
    """

    photo: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="FACE")] = ""
    """A photo, a face of the lab, or a clip, whose frames keep all but the face."""
    style: Annotated[str, tyro.conf.arg(metavar="NAME")] = "toon"
    strength: Share = 1.0
    """How much of the style, 0 to 1: texture comes first, geometry last."""
    colours: Literal["keep", "take"] = "keep"
    """The photo's broad colours, or the style's."""
    direction: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME=S")] = ()
    """S steps along a direction, as in edit."""
    by: Literal["photo", "network"] = "photo"
    """Draw over the photo, where it is known how (toon), or show the picture of the style's network."""
    paste_back: bool = False
    """Put the drawn face into its photo."""
    where: tyro.conf.OmitArgPrefixes[Where] = field(default_factory=Where)

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab stylize photo.jpg",
        "latentlab stylize photo.jpg --direction smile=1 --strength .6",
        "latentlab stylize photo.jpg --style pencil -o drawing.png",
    )

    def run(self, session: Session) -> int:
        from latentlab.studio import EditClip, is_clip
        from latentlab.studio import Stylize as Request

        need(self.photo, "stylize")
        with session.progress("stylizing") as watch:
            if is_clip(self.photo):
                moves = parse_strengths(self.direction)
                wish = Request(self.style, self.strength, self.colours, moves, self.by)
                film(session, Path(self.photo), EditClip(wish, self.where.face), self.where.clip_out(), watch)
                return session.exit_code
            opened = session.studio.open_stylize(
                self.photo, style=self.style, strength=self.strength, colours=self.colours,
                directions=parse_strengths(self.direction), by=self.by, paste_back=self.paste_back, **self.where.choice(),
            )  # fmt: skip
            return self.where.save(session, opened, watch)


@dataclass(frozen=True)
class Add(Command):
    """Learn a style from one picture of a face (JoJoGAN, Chong and Forsyth 2022), a filter, or a text; minutes on two cores.

    It is kept in the lab, at most 2 MB beside the network that it belongs to. After an interruption the same command
    goes on. A text (StyleGAN-NADA, Gal et al. 2021) needs open_clip and a file with CLIP's weights.
    """

    name: Name
    """What to call it."""
    picture: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="PICTURE")] = ""
    """A drawing or painting with a face."""
    filter: Annotated[str, tyro.conf.arg(metavar="NAME")] = ""
    """Learn from a filter instead: pencil or paint."""
    text: Annotated[str | None, tyro.conf.arg(metavar="TEXT")] = None
    """Learn from words instead: what the pictures should look like."""
    plain: Annotated[str, tyro.conf.arg(name="from", metavar="TEXT")] = "a photo"
    """With --text: what the network's own pictures look like."""
    weights: Annotated[str, tyro.conf.arg(metavar="FILE")] = ""
    """With --text: CLIP's weights; nothing is downloaded."""
    model: Annotated[str, tyro.conf.arg(metavar="NAME")] = "ViT-B-32"
    """With --text: architecture of the weights, as open_clip names it."""
    steps: Count = 240
    """How long; each takes about a second."""
    face: FaceNumber | None = None
    """Which face of a picture with several: 1 is the leftmost."""
    force: bool = False
    """Replace a style of the same name."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab style add ink drawing.png",
        "latentlab style add sketch --filter pencil",
        'latentlab style add charcoal --text "a charcoal drawing" --weights ViT-B-32.pt',
    )

    def run(self, session: Session) -> None:
        with session.progress("learning", self.steps, "steps") as watch:
            path = session.studio.add_style(
                self.name, Path(self.picture) if self.picture else None, filter=self.filter, text=self.text,
                plain=self.plain, weights=self.weights, model=self.model, steps=self.steps, face=self.face,
                force=self.force, watch=watch,
            )  # fmt: skip
        session.answer(
            f"{self.name} → {path}; use it: latentlab stylize photo.jpg --style {self.name}", file=str(path)
        )


@dataclass(frozen=True)
class List(Command):
    """List the styles that the network can draw in."""

    def run(self, session: Session) -> None:
        for name in session.studio.styles():
            session.answer(name, name=name)
