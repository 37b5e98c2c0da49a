"""The figures of the benchmark: nearness to the truth, target, everything else, identity; each face by face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from latentlab.core.distance import Distance
from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images
from latentlab.faces.identity import distances, embed
from latentlab.metrics.distance import frechet_distance
from latentlab.networks.perceptual import ms_ssim, psnr
from latentlab.scorers.colour import Colour
from latentlab.scorers.geometry import Geometry
from latentlab.scorers.learned import Judge
from latentlab.studio.rivals.apply import fitted
from latentlab.studio.rivals.cases import SIZE, Cases

DRAWS = 2000
TARGETS = {
    "older": ("judge", "age"), "younger": ("judge", "age"), "smile": ("geometry", "landmark_smile"),
    "neutral": ("geometry", "landmark_smile"), "frontal": ("geometry", "landmark_yaw"),
    "makeup": ("colour", "region_lip_redness"), "bare": ("colour", "region_lip_redness"),
}  # fmt: skip
"""Who says whether the target is reached, and by what; no method was trained against these."""
BETTER_HIGH = frozenset({"psnr", "ssim"})
FIGURES = {
    "psnr": "PSNR, dB", "ssim": "MS-SSIM", "perceptual": "perceptual distance", "target": "off target",
    "kept": "rest changed, sd", "identity": "identity to truth", "source": "identity to source",
}  # fmt: skip


class Interval(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Measured:
    """One method on one task."""

    faces: Mapping[str, Tensor]
    """Figure to [n]; NaN where it cannot be taken."""
    frechet: float
    """Of the judge's features of edited faces and truths; biased for few faces, so compare equal counts only."""

    def interval(self, name: str) -> Interval:
        """Over the faces."""
        return bootstrap(self.faces[name])

    def gain(self, other: Measured, name: str) -> Interval:
        """Against another method on the same faces, face by face: paired, so that hard faces count for both."""
        return bootstrap(self.faces[name] - other.faces[name])


class Measures:
    """The measuring instruments, loaded once."""

    def __init__(self, distance: Distance | None) -> None:
        self.distance = distance
        self.judge = Judge()
        self.scorers: dict[str, Scorer] = {"judge": self.judge, "geometry": Geometry(), "colour": Colour()}

    @torch.no_grad()
    def __call__(self, cases: Cases, edited: Images) -> Measured:
        faces = self.faces(cases, edited)
        if cases.truth is None:
            return Measured(faces, float("nan"))
        after, truth = fitted(edited, SIZE), fitted(cases.truth, SIZE)
        near = frechet_distance(self.judge.features(after), self.judge.features(truth))
        return Measured(faces, near)

    @torch.no_grad()
    def faces(self, cases: Cases, edited: Images) -> dict[str, Tensor]:
        """Every figure, face by face [n]; NaN where it cannot be taken."""
        after, before = fitted(edited, SIZE), fitted(cases.before, SIZE)
        faces: dict[str, Tensor] = dict.fromkeys(FIGURES, torch.full((len(cases),), float("nan")))
        seen = embed(after)
        faces["source"] = distances(seen, embed(before))
        if cases.truth is None:
            faces["moved"] = self._moved(cases.task, before, after)
            return faces
        truth = fitted(cases.truth, SIZE)
        faces |= {
            "psnr": psnr(after, truth),
            "ssim": ms_ssim(after, truth),
            "identity": distances(seen, embed(truth)),
        }
        if self.distance is not None:
            faces["perceptual"] = torch.cat(
                [self.distance(a[None], b[None]) for a, b in zip(after, truth, strict=True)]
            )
        faces["target"] = self._target(cases.task, after, truth)
        faces["kept"] = self._kept(cases.task, after, truth)
        return faces

    def _target(self, task: str, after: Images, truth: Images) -> Tensor:
        """How far the measured attribute is from that of the truth, in its own unit."""
        return (self._reading(task, after) - self._reading(task, truth)).abs()

    def _moved(self, task: str, before: Images, after: Images) -> Tensor:
        """How much more of the measured attribute there is; of a turn to either side, how much less it is."""
        was, became = self._reading(task, before), self._reading(task, after)
        return became.abs() - was.abs() if task == "frontal" else became - was

    def _reading(self, task: str, faces: Images) -> Tensor:
        """The measured attribute of a task, [n]; NaN where there is none."""
        if task not in TARGETS:
            return torch.full((len(faces),), float("nan"))
        who, what = TARGETS[task]
        scorer = self.scorers[who]
        return scorer(faces)[:, list(scorer.names).index(what)]

    def _kept(self, task: str, after: Images, truth: Images) -> Tensor:
        """Mean distance from the truth of all other attributes the judge reads, in standard deviations of people."""
        judge = self.judge
        away = ((judge(after) - judge(truth)) / judge.network.spread).abs()
        target = TARGETS.get(task, ("", ""))[1]
        others = [
            place
            for place, name in enumerate(judge.names)
            if name not in (target, target.removeprefix("landmark_"))
        ]
        return away[:, others].mean(1)


def bootstrap(values: Tensor, seed: int = 0) -> Interval:
    """Mean and percentile interval over faces; NaN faces are left out."""
    found = values[~values.isnan()].double().cpu().numpy()
    if len(found) == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    draw = np.random.default_rng(seed).integers(0, len(found), (DRAWS, len(found)))
    means = found[draw].mean(1)
    return Interval(float(found.mean()), *(float(v) for v in np.quantile(means, (0.025, 0.975))))
