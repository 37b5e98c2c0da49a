"""One leg of a training that travels: begins from the last leg's files, runs for some minutes, leaves files of 16 MiB.

    python -m tools.leg --recipe assets/recipes/faces-256.toml --state STATE --out OUT
    python -m tools.leg --recipe … --stage encoder --generator GENERATOR --discriminator DISCRIMINATOR --state … --out …

Runs with torch and the scientific libraries alone. OUT gets the state, `leg.json` and `samples.png`; once all images
were shown, also the networks, in fp16.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from latentlab.backbones.encoder import EncoderTraining, encoder_preset
from latentlab.backbones.presets import preset
from latentlab.backbones.stylegan import StyleGAN
from latentlab.core.device import find_device
from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import make_folder, write_text
from latentlab.core.image import save_image
from latentlab.core.watch import Watch, on_stderr, silent
from latentlab.data.live_renders import LiveRenders
from latentlab.data.packed import Packed
from latentlab.networks.build import build
from latentlab.networks.files import save
from latentlab.networks.perceptual import DiscriminatorDistance
from latentlab.store.bridge import read
from latentlab.teaching.likeness import Likeness
from latentlab.teaching.story import training_story
from latentlab.training.ahead import Source
from latentlab.training.run import Run
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainer import Trainer
from tools.compact import load_compact, save_compact

FILES = 8
PAIRS = {"G": "G_ema"}


@dataclass(frozen=True)
class Leg:
    """What one leg does."""

    recipe: Path
    out: Path
    state: Path | None = None
    """The last leg's files; absent or empty at first."""
    stage: str = "generator"
    """`generator`, then `encoder`."""
    generator: Path | None = None
    """For the encoder: the generator's file."""
    discriminator: Path | None = None
    """For the encoder: the discriminator's file; its features are the perceptual distance."""
    seconds: float | None = None
    """Another length than the recipe's."""
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings to change, by name."""

    def run(self, source: Source | None = None, watch: Watch = silent) -> dict[str, Any]:
        """Train for a leg; returns what `leg.json` says."""
        recipe = _read(self.recipe)
        stage = recipe.get(self.stage)
        if not isinstance(stage, dict):
            raise BadInput(f"{self.recipe} has no stage '{self.stage}'; its parts are: {', '.join(recipe)}")
        device = find_device(self.device)
        model, schedule, size = self._model(stage, device)
        source = source or _source(recipe.get("data", {}), size, device)
        begun = time.monotonic()
        with TemporaryDirectory() as folder:
            trainer = Trainer(
                model,
                Run(Path(folder), 1, tensorboard=False),
                replace(schedule, save_seconds=1e9, picture_steps=0),
                device,
            )
            trainer.begin()
            if self.state is not None:
                load_compact(trainer, self.state)
            trainer.story |= {
                "recipe": self.recipe.name,
                "settings": asdict(model) if isinstance(model, StyleGAN) else repr(model),
                "data": getattr(source, "fingerprint", ""),
            }
            before = trainer.step
            seconds = self.seconds or float(recipe.get("leg", {}).get("seconds", 420.0))
            trainer.fit(source, int(stage["images"]), seconds=seconds, watch=watch)
            lines = _lines(Path(folder) / "log.jsonl")
        return self._leave(trainer, lines, before, int(stage["images"]), time.monotonic() - begun)

    def _model(self, stage: Mapping[str, Any], device: torch.device) -> tuple[Any, TrainingSchedule, int]:
        changes = {**stage.get("settings", {}), **self.settings}
        if self.stage == "generator":
            chosen = preset(str(stage["preset"])).changed(changes)
            schedule = chosen.schedule
            schedule = replace(schedule, ahead=0 if device.type == "cuda" else schedule.ahead)
            return chosen.model, schedule, chosen.model.resolution
        if self.generator is None:
            raise BadInput("the encoder's stage needs the generator's file: --generator")
        encoder = encoder_preset(str(stage["preset"])).changed(changes, "encoder setting")
        settings, schedule = encoder.model, encoder.schedule
        part = read(self.generator)["G_ema"]
        generator: Any = build(part.kind, part.arguments, part.tensors).to(device)
        terms: dict[str, Any] = {}
        if self.discriminator is not None:
            adversary = read(self.discriminator)["D"]
            terms["perceptual"] = (
                settings.perceptual,
                DiscriminatorDistance(
                    build(adversary.kind, adversary.arguments, adversary.tensors).to(device)
                ),
            )
        return (
            EncoderTraining(settings, generator, Likeness(settings.pixels, terms)),
            schedule,
            settings.input_size,
        )

    def _leave(
        self, trainer: Trainer, lines: list[dict[str, Any]], before: int, total: int, seconds: float
    ) -> dict[str, Any]:
        out = make_folder(self.out)
        told = {
            "stage": self.stage, "images": trainer.images, "of": total, "steps": trainer.step - before, "seconds": seconds,
            "images_per_second": (trainer.step - before) * trainer.schedule.batch / max(seconds, 1e-9), "last": lines[-1] if lines else {},
            "done": trainer.images >= total,
        }  # fmt: skip
        sheet = trainer.picture()
        if sheet is not None:
            save_image(sheet, out / "samples.png", {"kind": "training samples", "step": trainer.step})
        write_text(out / "leg.json", json.dumps(told, indent=1), own=True)
        if not told["done"]:
            warmed = trainer.images >= getattr(trainer.model, "warm_start", 0)
            pairs = PAIRS if self.stage == "generator" else {}
            save_compact(trainer, out, pairs, FILES - 2, ["E"] if warmed and "E" in trainer.networks else [])
            return told
        for old in out.glob("state-*.safetensors"):
            old.unlink()
        for part, name in {"G_ema": "generator", "D": "discriminator", "encoder": "encoder"}.items():
            if part in trainer.networks:
                told_of = {**training_story(trainer), "part": part}
                save(trainer.networks[part], out / f"{name}.safetensors", told_of, half=True)
        return told


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


class Recent:
    """Renders shown again while they are new: a ring on the device, refilled a little at each step."""

    def __init__(self, renders: LiveRenders, hold: int, fill: int = 16) -> None:
        self.renders, self.hold, self.fill = renders, hold, fill
        self.fingerprint = f"{renders.fingerprint}, the newest {hold} shown again"
        self._images: torch.Tensor | None = None
        self._count = 0

    def __call__(self, numbers: Any) -> dict[str, torch.Tensor]:
        """{"images": [n 3 r r]} in bytes on the renderer's device; at first as many new ones as are asked for."""
        numbers = list(numbers)
        first = numbers[0]
        if self._images is None:
            side = self.renders.size
            self._images = torch.zeros(
                self.hold, 3, side, side, dtype=torch.uint8, device=self.renders.device
            )
            self._start = first
        new = len(numbers) if self._count < 4 * len(numbers) else min(self.fill, len(numbers))
        made = self.renders(range(self._start + self._count, self._start + self._count + new))["images"]
        places = torch.arange(self._count, self._count + new) % self.hold
        self._images[places.to(made.device)] = (made * 127.5 + 128).clamp(0, 255).to(torch.uint8)
        self._count += new
        random = torch.Generator().manual_seed(first)
        chosen = torch.randperm(min(self._count, self.hold), generator=random)[: len(numbers)]
        return {"images": self._images[chosen.to(made.device)]}


def _source(data: Mapping[str, Any], size: int, device: torch.device) -> Source:
    if "packs" in data:
        return Packed(tuple(sorted(Path(str(data["packs"])).glob("*.npy"))), int(data.get("seed", 1)))
    renders = LiveRenders(
        size, int(data.get("seed", 1)), str(data.get("law", "natural")), str(device), chunk=64
    )
    return Recent(renders, int(data["fresh"])) if data.get("fresh") else renders


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadFile(f"there is no recipe {path}") from None
    except (OSError, ValueError) as error:
        raise BadFile(f"cannot read the recipe {path}: {error}") from None


def main(arguments: list[str] | None = None) -> None:
    """`python -m tools.leg`."""
    import argparse

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--stage", default="generator", choices=["generator", "encoder"])
    parser.add_argument("--generator", type=Path)
    parser.add_argument("--discriminator", type=Path)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--device", default="auto")
    given = parser.parse_args(arguments)
    torch.backends.cudnn.benchmark = True  # this process is ours: let cuDNN try what is fastest
    told = Leg(**vars(given)).run(watch=on_stderr)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
