"""`latentlab train`: a generator from a folder of images, packed images, a source, or another network."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from latentlab.backbones.presets import preset
from latentlab.backbones.saving import save_networks
from latentlab.backbones.settings import checked
from latentlab.backbones.transfer import Parent, parent
from latentlab.core.errors import BadInput, LatentLabError, MissingPart
from latentlab.core.watch import Watch, on_stderr, silent
from latentlab.data.folder import Folder
from latentlab.data.source import Source as DataSource
from latentlab.training.ahead import Source
from latentlab.training.distributed import process_group
from latentlab.training.packed import Packed, pack_folder
from latentlab.training.run import Run
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainer import Trainer

Measure = Callable[[nn.Module], Mapping[str, float]]
"""Figures of a generator by name."""


@dataclass(frozen=True)
class Train:
    """What to learn from, for how long, and where it goes."""

    data: Path | str
    """A folder of images, a folder or zip with labels (`dataset.json`), packed images (`.npy`), a folder of such, or `renders`: the face world, endless."""
    out: Path
    """The run's folder; `generator.safetensors` and `discriminator.safetensors` will lie in it."""
    images: int = 1_000_000
    """Images to show in all, earlier legs counted in."""
    seconds: float = float("inf")
    """Stop after so long, everything saved; the same command with `--resume` goes on."""
    preset: str = "auto"
    resolution: int | None = None
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
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the model or the schedule to change, by name."""

    def run(
        self, source: Source | None = None, watch: Watch = silent, measure: Measure | None = None
    ) -> Path:
        """Train; returns the generator's file.

        Args:
            source: replaces `data`: any function from sample numbers to a batch.
            measure: figures of the averaged generator for the log, every `measure_steps` steps.
        """
        if self.images < 1:
            raise BadInput(f"{self.images} images teach nothing; show at least one: --images 1000000")
        device = pick_device(self.device)
        chosen = preset(self.preset, self.resolution)
        model, schedule = chosen.model, chosen.schedule
        theirs = self._settings(model, schedule)
        model, schedule = _replace(model, theirs), _replace(schedule, theirs)
        begun: Parent | None = (
            parent(self.transfer, model, self.transfer_discriminator) if self.transfer else None
        )
        model = begun.model if begun else model
        with process_group(device) as members:
            place = (
                device
                if device.type == "cpu"
                else torch.device("cuda", members.rank % torch.cuda.device_count())
            )
            source = source or self.source(model.resolution, schedule.seed, watch)
            trainer = Trainer(model, Run(self.out, schedule.keep), schedule, place, members)
            trainer.measure = None if measure is None else lambda networks: measure(networks["G_ema"])
            trainer.begin(resume=self.resume)
            if begun:
                begun.hand_over(trainer)
            trainer.story |= self._story(model, source, begun, trainer.story)
            try:
                trainer.fit(source, self.images, seconds=self.seconds, watch=watch)
            finally:
                if members.leads and trainer.sound:
                    files = save_networks(trainer.networks, Path(self.out), training_story(trainer))
        return files["G_ema"]

    def source(self, resolution: int, seed: int, watch: Watch = silent) -> Any:
        """The images, packed beside the run if they lie in a folder."""
        if str(self.data) == "renders":
            return self._renders(resolution, seed)
        data = Path(self.data)
        if data.suffix == ".zip" or (data / "dataset.json").exists():
            return DataSource(Folder(data, resolution if self.resize else None), seed, mirror=self.mirror)
        parts = tuple(sorted(data.glob("*.npy"))) if data.is_dir() else (data,)
        if parts:
            packed = Packed(parts, seed, self.mirror)
        else:
            file = Path(self.out) / f"images-{resolution}.npy"
            if not file.exists():
                pack_folder(
                    Path(self.data),
                    resolution,
                    file,
                    resize=self.resize,
                    drop_broken=self.drop_broken,
                    watch=watch,
                )
            packed = Packed((file,), seed, self.mirror)
        if packed.resolution != resolution:
            raise BadInput(
                f"{self.data} holds images of {packed.resolution}×{packed.resolution}, the training wants "
                f"{resolution}×{resolution}; pass --resolution {packed.resolution} or pack them again"
            )
        return packed

    def _renders(self, resolution: int, seed: int) -> Source:
        from latentlab.backbones.renders import Renders

        return Renders(resolution, seed + 1, device=str(pick_device(self.device)))

    def _settings(self, model: Any, schedule: TrainingSchedule) -> dict[str, Any]:
        return checked(self.settings, (type(model), type(schedule)))

    def _story(
        self, model: Any, source: Source, begun: Parent | None, before: Mapping[str, Any]
    ) -> dict[str, Any]:
        told = {"settings": asdict(model), "preset": self.preset, "data": getattr(source, "fingerprint", ""), "shown": len(source) if hasattr(source, "__len__") else None}  # fmt: skip
        return told | ({"parent": begun.hash} if begun else {"parent": before.get("parent")})


def training_story(trainer: Trainer) -> dict[str, Any]:
    """What a model card needs to know of a training."""
    device = (
        torch.cuda.get_device_name(trainer.device)
        if trainer.device.type == "cuda"
        else platform.processor() or "CPU"
    )
    told = dict(trainer.story)
    return {
        "parent": told.pop("parent", None),
        "training": {
            **told, "images": trainer.images, "steps": trainer.step, "batch": trainer.schedule.batch, "device": device,
            "threads": torch.get_num_threads(), "processes": trainer.processes.size, "seed": trainer.schedule.seed,
        },
    }  # fmt: skip


def pick_device(name: str) -> torch.device:
    """`auto` is the GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise BadInput(f"'{name}' is no device; choose auto, cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise MissingPart("no CUDA device is at hand; choose --device cpu")
    return device


def _replace(settings: Any, changes: Mapping[str, Any]) -> Any:
    from dataclasses import replace

    mine = {one.name for one in fields(settings)}
    return replace(settings, **{name: value for name, value in changes.items() if name in mine})


def main(arguments: list[str] | None = None) -> None:
    """`python -m latentlab.backbones.train`: the same with nothing but torch installed, for GPU legs and background work."""
    import argparse
    import ast
    import sys

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

    def value(text: str) -> Any:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text

    settings = {name: value(text) for name, _, text in (one.partition("=") for one in given.pop("set"))}
    try:
        Train(**given, settings=settings).run(watch=on_stderr)
    except KeyboardInterrupt:  # everything is saved
        sys.exit(130)
    except LatentLabError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
