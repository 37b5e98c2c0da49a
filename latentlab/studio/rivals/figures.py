"""The figures of the benchmark: nearness to the truth, target, everything else, identity; each face by face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
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


@dataclass(frozen=True, eq=False)
class Seen:
    """What the instruments read off some faces, each when it is first asked for."""

    images: Images
    """At the size of the benchmark."""
    judge: Judge
    scorers: Mapping[str, Scorer]
    readings: dict[str, Tensor] = field(default_factory=dict)
    """What was measured already, by task."""

    @cached_property
    def embedding(self) -> Tensor:
        """dlib's, [n 128]; NaN where no face is found."""
        return embed(self.images)

    @cached_property
    def judged(self) -> Tensor:
        """All the judge says, [n attributes]."""
        return self.judge(self.images)

    def reading(self, task: str) -> Tensor:
        """The measured attribute of a task, [n]; NaN where there is none."""
        if task not in TARGETS:
            return torch.full((len(self.images),), float("nan"))
        if task not in self.readings:
            who, what = TARGETS[task]
            scorer = self.scorers[who]
            found = self.judged if scorer is self.judge else scorer(self.images)
            self.readings[task] = found[:, list(scorer.names).index(what)]
        return self.readings[task]


class Measures:
    """The measuring instruments, loaded once; of the faces that all methods share each reads once."""

    def __init__(self, distance: Distance | None) -> None:
        self.distance = distance
        self.judge = Judge()
        self.scorers: dict[str, Scorer] = {"judge": self.judge, "geometry": Geometry(), "colour": Colour()}
        self._shared: tuple[Cases, Seen, Seen | None] | None = None

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
        before, truth = self._of(cases)
        after = before if edited is cases.before else self._see(edited)
        faces: dict[str, Tensor] = dict.fromkeys(FIGURES, torch.full((len(cases),), float("nan")))
        faces["source"] = distances(after.embedding, before.embedding)
        if truth is None:
            faces["moved"] = _moved(cases.task, before, after)
            return faces
        faces |= {
            "psnr": psnr(after.images, truth.images),
            "ssim": ms_ssim(after.images, truth.images),
            "identity": distances(after.embedding, truth.embedding),
            "target": (after.reading(cases.task) - truth.reading(cases.task)).abs(),
            "kept": self._kept(cases.task, after, truth),
        }
        if self.distance is not None:
            pairs = zip(after.images, truth.images, strict=True)
            faces["perceptual"] = torch.cat([self.distance(a[None], b[None]) for a, b in pairs])
        return faces

    def _see(self, images: Images) -> Seen:
        return Seen(fitted(images, SIZE), self.judge, self.scorers)

    def _of(self, cases: Cases) -> tuple[Seen, Seen | None]:
        """The faces before and their truths."""
        if self._shared is None or self._shared[0] is not cases:
            truth = None if cases.truth is None else self._see(cases.truth)
            self._shared = cases, self._see(cases.before), truth
        return self._shared[1:]

    def _kept(self, task: str, after: Seen, truth: Seen) -> Tensor:
        """Mean distance from the truth of all other attributes the judge reads, in standard deviations of people."""
        judge = self.judge
        away = ((after.judged - truth.judged) / judge.network.spread).abs()
        target = TARGETS.get(task, ("", ""))[1]
        others = [
            place
            for place, name in enumerate(judge.names)
            if name not in (target, target.removeprefix("landmark_"))
        ]
        return away[:, others].mean(1)


def _moved(task: str, before: Seen, after: Seen) -> Tensor:
    """How much more of the measured attribute there is; of a turn to either side, how much less it is."""
    was, became = before.reading(task), after.reading(task)
    return became.abs() - was.abs() if task == "frontal" else became - was


def bootstrap(values: Tensor, seed: int = 0) -> Interval:
    """Mean and percentile interval over faces; NaN faces are left out."""
    found = values[~values.isnan()].double().cpu().numpy()
    if len(found) == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    draw = np.random.default_rng(seed).integers(0, len(found), (DRAWS, len(found)))
    means = found[draw].mean(1)
    return Interval(float(found.mean()), *(float(v) for v in np.quantile(means, (0.025, 0.975))))
