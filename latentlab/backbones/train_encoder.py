"""`latentlab train-encoder`: an encoder for a generator, from renders, its own samples and unlabelled photographs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from torch import nn

from latentlab.backbones.encoder import EncoderTraining, encoder_preset
from latentlab.backbones.encoder_parent import begin_with
from latentlab.core.device import find_device
from latentlab.core.distance import Distance
from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.ranges import Between, Seconds, Share, check
from latentlab.core.watch import Watch, silent
from latentlab.data.mixture import Mixture
from latentlab.data.open import SourceOptions, open_source
from latentlab.networks.perceptual import best_distance
from latentlab.teaching.likeness import Likeness
from latentlab.teaching.plan import TrainingPlan
from latentlab.teaching.teach import teach
from latentlab.training.ahead import Source
from latentlab.training.trainer import Trainer


@dataclass(frozen=True)
class TrainEncoder:
    """What the encoder learns from, for how long, and where it goes."""

    out: Path
    """The run's folder; `encoder.safetensors` will lie in it."""
    data: Path | str | None = None
    """Packed images, a folder of them, a folder of pictures, or `renders`; None trains on the generator's own samples."""
    photos: Path | tuple[Path, ...] | None = None
    """Folders of unlabelled aligned photographs; people held out are left out by name."""
    photo_share: Share = 0.25
    """How many of the images are photographs, where there are some."""
    where: tuple[str, ...] = ()
    """Which photographs of folders with a `labels.csv`: `inside >= 0.98`, for one folder `portraits: inside >= 0.98`."""
    weights: Mapping[str, Annotated[float, Between(0, 1_000_000)]] = field(default_factory=dict)
    """How often photographs of a set (column `set`) are shown beside the others; 0 leaves a set out."""
    images: Annotated[int, Between(1, 1_000_000_000_000)] = 200_000
    seconds: Seconds = float("inf")
    preset: str = "e4e"
    resume: bool = False
    begin: Path | None = None
    """An encoder to begin with: of a parent or a smaller generator, or one that answers in one pass."""
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the encoder or the schedule to change, by name."""

    def __post_init__(self) -> None:
        check(self)

    def run(
        self,
        generator: Generator,
        discriminator: nn.Module | None = None,
        perceptual: Distance | None = None,
        identity: Distance | None = None,
        source: Source | None = None,
        watch: Watch = silent,
    ) -> Path:
        """Train; returns the encoder's file.

        Args:
            perceptual: a distance for the likeness term; without one LPIPS where its weights are at hand, else the
                features of `discriminator`, and without that none. The file's story says which.
            identity: a distance of faces, e.g. by our identity embedding; never dlib, which judges.
        """
        if generator.condition_width:
            raise BadInput("encoders are trained for unconditional generators; this one has classes")
        device = find_device(self.device)
        chosen = encoder_preset(self.preset)
        if self.begin is not None:  # it has its offsets already
            chosen = chosen.changed({"progressive_from": 0, "progressive_every": 0})
        chosen = chosen.changed(self.settings, "encoder setting")
        settings, schedule = chosen.model, chosen.schedule
        if perceptual is None:
            perceptual = best_distance(
                None if discriminator is None else discriminator.to(device).eval().requires_grad_(False),
                device,
            )
        terms = {"perceptual": (settings.perceptual, perceptual), "identity": (settings.identity, identity)}
        likeness = Likeness.of(settings.pixels, terms)
        told = {
            "parent": generator.hash,
            "generator": generator.hash,
            "settings": repr(settings),
            "likeness": repr(likeness),
        }
        plan = TrainingPlan(
            self.out, self.images, self.seconds, self.resume, self.device, schedule, told, self._begin
        )
        model = EncoderTraining(settings, generator.to(device).eval().requires_grad_(False), likeness)
        source = source or self.source(settings.input_size, schedule.seed, watch)
        return teach(model, source, plan, watch)["encoder"]

    def _begin(self, trainer: Trainer) -> dict[str, Any]:
        if self.begin is None:
            return {}
        return {"begun_with": begin_with(trainer.networks["encoder"], self.begin)}

    def source(self, size: int, seed: int, watch: Watch = silent) -> Source:
        """Renders and photographs, mixed."""
        options = SourceOptions(size, seed, resize=True, hold_out=True)
        sources: list[tuple[float, Source]] = []
        if self.data is not None:
            cache = Path(self.out) / f"images-{size}.npy"
            opened = open_source(self.data, replace(options, cache=cache), watch)
            sources.append((1 - self.photo_share if self.photos else 1.0, opened))
        if self.photos:
            cache = Path(self.out) / f"photos-{size}.npy"
            shown = replace(
                options, mirror=True, drop_broken=True, cache=cache, where=self.where, weights=self.weights
            )
            share = self.photo_share if self.data is not None else 1.0
            sources.append((share, open_source(self.photos, shown, watch)))
        if not sources:
            raise BadInput(
                "there is nothing to learn from; name `data` (pictures, packs or 'renders'), `photos`, or both"
            )
        return Mixture([source for _, source in sources], [share for share, _ in sources], size, seed)
