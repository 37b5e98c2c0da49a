"""`latentlab train-encoder`: an encoder for a generator, from renders, its own samples and unlabelled photographs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from torch import nn

from latentlab.backbones.encoder import EncoderTraining, encoder_preset
from latentlab.backbones.encoder_parent import begin_with
from latentlab.backbones.likeness import Distance, Likeness
from latentlab.backbones.mixture import Mixture
from latentlab.backbones.saving import archive
from latentlab.backbones.settings import checked
from latentlab.backbones.train import pick_device, training_story
from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.watch import Watch, silent
from latentlab.data.holdout import is_held_out
from latentlab.networks.perceptual import best_distance
from latentlab.training.ahead import Source
from latentlab.training.distributed import process_group
from latentlab.training.packed import Packed, pack_folder
from latentlab.training.run import Run
from latentlab.training.trainer import Trainer


@dataclass(frozen=True)
class TrainEncoder:
    """What the encoder learns from, for how long, and where it goes."""

    out: Path
    """The run's folder; `encoder.safetensors` will lie in it."""
    data: Path | str | None = None
    """Packed images, a folder of them, a folder of pictures, or `renders`; None trains on the generator's own samples."""
    photos: Path | None = None
    """Unlabelled aligned photographs; people held out are left out by name."""
    photo_share: float = 0.25
    """How many of the images are photographs, where there are some."""
    images: int = 200_000
    seconds: float = float("inf")
    preset: str = "e4e"
    resume: bool = False
    begin: Path | None = None
    """An encoder to begin with: of a parent or a smaller generator, or one that answers in one pass."""
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the encoder or the schedule to change, by name."""

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
        device = pick_device(self.device)
        settings, schedule = encoder_preset(self.preset)
        if self.begin is not None:  # it has its offsets already
            settings = replace(settings, progressive_from=0, progressive_every=0)
        theirs = checked(self.settings, (type(settings), type(schedule)), "encoder setting")
        settings = replace(settings, **_of(settings, theirs))
        schedule = replace(schedule, **_of(schedule, theirs))
        if perceptual is None:
            perceptual = best_distance(
                None if discriminator is None else discriminator.to(device).eval().requires_grad_(False),
                device,
            )
        chosen = {"perceptual": (settings.perceptual, perceptual), "identity": (settings.identity, identity)}
        terms = {
            name: (weight, distance)
            for name, (weight, distance) in chosen.items()
            if distance is not None and weight
        }
        likeness = Likeness(settings.pixels, terms)
        model = EncoderTraining(settings, generator.to(device), likeness)
        with process_group(device) as members:
            source = source or self.source(settings.input_size, schedule.seed, watch)
            trainer = Trainer(model, Run(self.out, schedule.keep), schedule, device, members).begin(
                resume=self.resume
            )
            if self.begin is not None and not trainer.step:
                trainer.story["begun_with"] = begin_with(trainer.networks["encoder"], self.begin)
            trainer.story |= {
                "parent": generator.hash, "generator": generator.hash, "settings": repr(settings), "likeness": repr(likeness),
                "data": getattr(source, "fingerprint", ""),
            }  # fmt: skip
            try:
                trainer.fit(source, self.images, seconds=self.seconds, watch=watch)
            finally:
                if members.leads and trainer.sound:
                    file = archive(
                        trainer.networks["encoder"], {**training_story(trainer), "part": "encoder"}
                    )
                    path = file.save(Path(self.out) / "encoder.safetensors")
        return path

    def source(self, size: int, seed: int, watch: Watch = silent) -> Source:
        """Renders and photographs, mixed."""
        sources: list[tuple[float, Source]] = []
        if self.data is not None:
            sources.append((1 - self.photo_share if self.photos else 1.0, self._images(size, seed, watch)))
        if self.photos:
            file = Path(self.out) / f"photos-{size}.npy"
            if not file.exists():
                pack_folder(
                    Path(self.photos),
                    size,
                    file,
                    resize=True,
                    skip=lambda path: is_held_out(path.name),
                    drop_broken=True,
                    watch=watch,
                )
            sources.append(
                (self.photo_share if self.data is not None else 1.0, Packed((file,), seed, mirror=True))
            )
        if not sources:
            raise BadInput(
                "there is nothing to learn from; name --data (pictures, packs or 'renders'), --photos, or both"
            )
        return Mixture([source for _, source in sources], [share for share, _ in sources], size, seed)

    def _images(self, size: int, seed: int, watch: Watch) -> Source:
        if str(self.data) == "renders":
            from latentlab.backbones.renders import Renders

            return Renders(size, seed + 1)
        data = Path(str(self.data))
        parts = tuple(sorted(data.glob("*.npy"))) if data.is_dir() else (data,)
        if parts:
            return Packed(parts, seed)
        file = Path(self.out) / f"images-{size}.npy"
        if not file.exists():
            pack_folder(data, size, file, resize=True, skip=lambda path: is_held_out(path.name), watch=watch)
        return Packed((file,), seed)


def _of(settings: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    mine = {one.name for one in fields(settings)}
    return {name: value for name, value in changes.items() if name in mine}
