"""The latents of a face through a clip: one pass of the encoder for each frame, smoothed over time, one base for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.crop import Crop
from latentlab.core.errors import LatentLabError
from latentlab.core.exposure import USUAL_EXPOSURE, Exposure
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.faces.steady import smooth
from latentlab.inversion.encode import encode, need_encoder, settle
from latentlab.inversion.inverter import Given
from latentlab.store.archive import Archive
from latentlab.studio.clips.clip import Clip
from latentlab.studio.clips.frames import read_frames
from latentlab.studio.clips.shots import shot
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.companions import find_encoder

KIND = "clip latents"
SEEN = 256
"""Side at which faces are encoded."""
BATCH = 8
DEVIATION = 2.0
"""Of the smoothing, in frames: faster than any expression, slower than the encoder's doubts."""
SHARED = 0.5
"""From this share of the layers on, counted from the coarsest, all frames have one value: whose face it is and its light."""

Runs = Sequence[tuple[Sequence[int], Sequence[Crop]]]


@dataclass(frozen=True)
class Looks:
    """How the faces of a clip are encoded."""

    exposure: Exposure = USUAL_EXPOSURE
    """That of the whole clip."""
    near: bool = False
    """By the passes that pay, not by one."""


def encode_clip(studio: Lab, clip: Clip, runs: Runs, looks: Looks, watch: Watch) -> Tensor:
    """A W+ for every frame of every run, in their order [n layers width]."""
    look = settle if looks.near else encode
    encoder = need_encoder(Given(encoder=find_encoder(studio)), method="encode")
    crops = {number: crop for every, squares in runs for number, crop in zip(every, squares, strict=True)}
    waiting: list[Images] = []
    found: list[Tensor] = []

    def flush() -> None:
        if waiting:
            faces = looks.exposure.stretched(torch.cat(waiting)).to(studio.place)
            found.append(look(encoder, studio.generator, faces).values.cpu())
            waiting.clear()

    with torch.no_grad():
        for frame in read_frames(clip, end=max(crops) + 1):
            if frame.number in crops:
                waiting.append(shot(frame, crops[frame.number].resized(SEEN)).face)
            if len(waiting) == BATCH:
                flush()
                watch(
                    len(found) * BATCH / len(crops),
                    f"inverting frame {frame.number + 1} of {len(clip.times)}",
                )
        flush()
    return torch.cat(found)


def steady_latents(values: Tensor, lengths: Sequence[int]) -> Tensor:
    """Latents [n layers width] of runs of these lengths, smoothed within each; the fine layers are everybody's mean."""
    soft = torch.cat([smooth(run.double(), DEVIATION).float() for run in values.split(list(lengths))])
    first = round(SHARED * values.shape[1])
    soft[:, first:] = values[:, first:].mean(0, keepdim=True)
    return soft


def keep_latents(path: Path, values: Tensor, key: str) -> None:
    """For the next edit of the same clip."""
    Archive(KIND, {"values": values}, {"of": key}).save(path)


def kept_latents(path: Path, key: str, count: int) -> Tensor | None:
    """Those of the very same squares; None where there are none."""
    try:
        archive = Archive.load(path, KIND, finite=True)
    except LatentLabError:
        return None
    values = archive.tensors.get("values")
    fits = archive.story.get("of") == key and values is not None and len(values) == count
    return values if fits else None
