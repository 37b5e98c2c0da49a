"""`latentlab train`: a generator from a folder of images, packed images, a source, or another network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from torch import nn

from latentlab.backbones.encoder import EncoderSettings, encoder_preset
from latentlab.backbones.presets import preset
from latentlab.backbones.stylegan import StyleGAN
from latentlab.backbones.together import Together
from latentlab.backbones.transfer import Parent, parent
from latentlab.core.device import find_device
from latentlab.core.distance import Distance
from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.ranges import Between, PowerOfTwo, Seconds, Share, check
from latentlab.core.settings import parse_settings
from latentlab.core.watch import Watch, on_stderr, silent
from latentlab.data.open import SourceOptions, open_source
from latentlab.store.archive import read_story
from latentlab.teaching.plan import Begin, TrainingPlan
from latentlab.teaching.settings import checked
from latentlab.teaching.teach import teach
from latentlab.training.ahead import Source
from latentlab.training.trainable import Trainable
from latentlab.training.trainer import Trainer

MARK = "encoder."
"""Settings that begin so are those of an encoder beside the generator."""
Measure = Callable[[nn.Module], Mapping[str, float]]
"""Figures of a generator by name."""


@dataclass(frozen=True)
class Train:
    """What to learn from, for how long, and where it goes."""

    data: Path | str | tuple[Path | str, ...]
    """A folder of images (or several), a folder or zip with labels (`dataset.json`), packed images (`.npy`), a folder of such, or `renders`: the face world, endless."""
    out: Path
    """The run's folder; `generator.safetensors` and `discriminator.safetensors` will lie in it."""
    images: Annotated[int, Between(1, 1_000_000_000_000)] = 1_000_000
    """Images to show in all, earlier legs counted in."""
    seconds: Seconds = float("inf")
    """Stop after so long, everything saved; the same command with `--resume` goes on."""
    preset: str = "auto"
    resolution: Annotated[int, PowerOfTwo(4, 4096)] | None = None
    """Another resolution than the preset's."""
    resume: bool = False
    """Go on from the newest checkpoint in the run's folder, if there is one."""
    transfer: Path | None = None
    """Begin with the weights of this network; a smaller one grows."""
    transfer_discriminator: Path | None = None
    """The discriminator's file, where the generator's has none."""
    resize: bool = False
    """Take pictures of any size: their central square, resized."""
    mirror: bool = False
    """Show half of the images mirrored."""
    drop_broken: bool = False
    """Leave unreadable pictures out instead of stopping."""
    hold_out: bool = False
    """Leave people held out out, by the names of their pictures."""
    where: tuple[str, ...] = ()
    """Which photographs of folders with a `labels.csv`: `inside >= 0.98`, for one folder `portraits: inside >= 0.98`."""
    weights: Mapping[str, Annotated[float, Between(0, 1_000_000)]] = field(default_factory=dict)
    """How often photographs of a set (column `set`) are shown beside the others; 0 leaves a set out."""
    render_share: Share = 0.0
    """How many of the images are renders of the face world, mixed in."""
    encoder: Path | None = None
    """An encoder to teach beside the generator, beginning with this file: both learn to repeat the images that are shown."""
    encoder_preset: str = "restyle64"
    """The preset that this encoder was taught by."""
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the model or the schedule to change, by name; those of the encoder as `encoder.NAME`."""

    def __post_init__(self) -> None:
        check(self)

    def run(
        self,
        source: Source | None = None,
        watch: Watch = silent,
        measure: Measure | None = None,
        identity: Distance | None = None,
    ) -> Path:
        """Train; returns the generator's file.

        Args:
            source: replaces `data`: any function from sample numbers to a batch.
            measure: figures of the averaged generator for the log, every `measure_steps` steps.
            identity: a distance of faces for the encoder's part, e.g. by our identity embedding; never dlib, which judges.
        """
        chosen = preset(self.preset, self.resolution).changed(_of_generator(self.settings))
        model, schedule = chosen.model, chosen.schedule
        begun: Parent | None = None
        if self.transfer:
            begun = parent(self.transfer, model, self.transfer_discriminator)
            model = begun.model
        taught = self._with_encoder(model, identity)
        plan = TrainingPlan(
            self.out, self.images, self.seconds, self.resume, self.device, schedule,
            story={"settings": asdict(model), "preset": self.preset} | _told_of(taught),
            begin=_in_turn([one.hand_over for one in (begun, taught) if isinstance(one, Parent | Together)]),
            measure=None if measure is None else lambda networks: measure(networks["G_ema"]),
        )  # fmt: skip
        source = source or self.source(model.image_shape, schedule.seed, watch)
        return teach(taught, source, plan, watch)["G_ema"]

    def _with_encoder(self, model: StyleGAN, identity: Distance | None) -> Trainable:
        changes = _of_encoder(self.settings)
        if self.encoder is None:
            if changes:
                raise BadInput(
                    f"settings of an encoder ({', '.join(sorted(changes))}) need an encoder; name its file as `encoder`"
                )
            return model
        read_story(self.encoder)  # whatever is wrong with the file is said before any picture is packed
        whole = {"progressive_from": 0, "progressive_every": 0}  # it has its offsets already
        changed = checked(changes, (EncoderSettings,), "encoder setting")
        chosen = replace(encoder_preset(self.encoder_preset).model, **whole | changed)
        return Together(model, chosen, identity, self.encoder)

    def source(self, shape: tuple[int, int, int], seed: int, watch: Watch = silent) -> Source:
        """The images (channels, height, width), packed beside the run if they lie in a folder."""
        channels, height, width = shape
        name = (
            f"images-{height}" if (channels, height) == (3, width) else "images-" + "x".join(map(str, shape))
        )
        options = SourceOptions(
            height, seed, self.mirror, self.resize, self.drop_broken, self.hold_out,
            cache=Path(self.out) / f"{name}.npy", device=str(find_device(self.device)), where=self.where,
            weights=self.weights, render_share=self.render_share, shape=shape,
        )  # fmt: skip
        return open_source(self.data, options, watch)


def _of_encoder(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(MARK): value for name, value in settings.items() if name.startswith(MARK)}


def _of_generator(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if not name.startswith(MARK)}


def _told_of(taught: Trainable) -> dict[str, Any]:
    """What the story tells of an encoder that learns beside the generator."""
    return {"encoder": asdict(taught.encoder)} if isinstance(taught, Together) else {}


def _in_turn(begins: Sequence[Begin]) -> Begin | None:
    """One beginning after the other, what they tell taken together."""

    def begin(trainer: Trainer) -> dict[str, Any]:
        return {name: value for one in begins for name, value in (one(trainer) or {}).items()}

    return begin if begins else None


def main(arguments: list[str] | None = None) -> None:
    """`python -m latentlab.backbones.train`: the same with nothing but torch installed, for GPU legs and background work."""
    import argparse
    import sys

    import torch

    torch.backends.cudnn.benchmark = True  # this process is ours: let cuDNN try what is fastest
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--resolution", type=int)
    parser.add_argument("--transfer", type=Path)
    parser.add_argument("--transfer-discriminator", type=Path)
    parser.add_argument("--device", default="auto")
    for flag in ("--resume", "--resize", "--mirror", "--drop-broken"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any setting of model or schedule"
    )
    given = vars(parser.parse_args(arguments))

    settings = parse_settings(given.pop("set"))
    try:
        Train(**given, settings=settings).run(watch=on_stderr)
    except KeyboardInterrupt:  # everything is saved
        sys.exit(130)
    except LatentLabError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
