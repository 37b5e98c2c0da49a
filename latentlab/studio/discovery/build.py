"""The direction library of a network from one recipe: found, stretched to round steps, measured, written or left out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, layer_range
from latentlab.core.text import with_unit
from latentlab.core.watch import Watch
from latentlab.studio.discovery.discover import filled_bank
from latentlab.studio.discovery.plan import LibraryRecipe, Wanted, check, choose, finder
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable
from latentlab.studio.reports.evaluate import judge_words

if TYPE_CHECKING:
    from latentlab.core.scorer import Scorer
    from latentlab.metrics.leakage import Evaluation

CALIBRATION_SEED = 1_500_000_000
"""Apart from the faces of discovery (from 0 on) and of judging (from 2,000,000,000 on)."""
SELECTION_SEED = 1_800_000_000
"""Faces on which it is decided what is written; the figures that are kept come from others."""
PSI = 0.7
NEAR = (-1.0, 0.0, 1.0)
LONGEST = 2.5
"""How many times as long a direction taught by the truth may be made: beyond, pictures are no longer those it was taught by."""
BANK = 0.4
"""Of the progress bar."""


@dataclass(frozen=True, eq=False)
class Built:
    """What became of one direction."""

    name: str
    direction: Direction | None = None
    evaluation: Evaluation | None = None
    reason: str = ""
    """Why it was left out; empty where it was written."""
    kept: bool = False
    """It was there already, from the same recipe."""

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        found: dict[str, Any] = {
            "name": self.name,
            "written": self.direction is not None,
            "reason": self.reason,
        }
        if self.direction is not None:
            one = self.direction
            found |= {
                "unit": one.unit,
                "step": one.step,
                "span": one.span,
                "kept": self.kept,
                "story": dict(one.story),
            }
        return found | ({"judged": asdict(self.evaluation)} if self.evaluation is not None else {})


def build_library(
    studio: Lab, recipe: LibraryRecipe, out: Path | str, *, only: Sequence[str] = (), force: bool = False,
    guides: Sequence[Scorer] | None = None, judges: Sequence[Scorer] | None = None, watch: Watch | None = None,
) -> Iterator[Built]:  # fmt: skip
    """Each direction as it is ready; those that the same recipe wrote for this network before are kept unless forced."""
    from latentlab.studio.discovery.discover import default_guides
    from latentlab.studio.shelf.companions import judge

    wanted = choose(recipe, only)
    guides = list(guides) if guides is not None else default_guides(studio)
    judges = list(judges) if judges is not None else [judge(studio)]
    check(recipe, wanted, guides, judges)
    for one in wanted:
        layer_range(one.layers, studio.generator.layers)
    writable(Path(out))
    maker = _Maker(studio, recipe, Path(out), guides, judges, studio.tell(watch))
    for place, one in enumerate(wanted):
        maker.begins = BANK + (1 - BANK) * place / len(wanted)
        maker.share = (1 - BANK) / len(wanted)
        there = None if force else maker.present(one)
        yield there or maker.make(one)


@dataclass(eq=False)
class _Maker:
    """One run over a recipe."""

    studio: Lab
    recipe: LibraryRecipe
    out: Path
    guides: list[Scorer]
    judges: list[Scorer]
    watch: Watch
    begins: float = BANK
    share: float = 0.0
    _bank: Any = None

    @property
    def bank(self) -> Any:
        """Filled when it is first needed, and once."""

        if self._bank is None:
            self._bank = filled_bank(
                self.studio, self.guides, self.recipe.samples, psi=self.recipe.psi,
                watch=lambda done, text="", image=None: self.watch(BANK * done, text),
            )  # fmt: skip
        return self._bank

    def digest(self, wanted: Wanted) -> str:
        """What a direction follows from: its part of the recipe, the network, the scorers."""
        shared = replace(self.recipe, direction=())
        scorers = [scorer.hash for scorer in (*self.guides, *self.judges)]
        return hashlib.sha256(
            repr((wanted, shared, self.studio.generator.hash, scorers)).encode()
        ).hexdigest()

    def present(self, wanted: Wanted) -> Built | None:
        """What an earlier run with the same recipe wrote."""
        from latentlab.directions.facts import SUFFIX
        from latentlab.directions.library import load_direction

        try:
            found = load_direction(self.out / f"{wanted.name}{SUFFIX}")
        except LatentLabError:
            return None
        same = found.story.get("recipe") == self.digest(wanted)
        return Built(wanted.name, found, kept=True) if same else None

    def make(self, wanted: Wanted) -> Built:
        """Find, stretch, measure, write."""
        from latentlab.directions.library import save_direction
        from latentlab.studio.discovery.discover import in_steps

        names = [name for scorer in self.guides for name in scorer.names]
        method = finder(wanted, self.recipe, names)
        (found,) = method.discover(self.studio.generator, self._source(method))
        found = replace(
            in_steps(found, method.wish) if method.needs == "pairs" else found, layers=wanted.layers
        )
        self._tell(wanted, 0.2, "calibrating")
        try:
            direction = self._calibrated(wanted, found)
        except _TooWeak as weak:
            return self._left_out(wanted, None, str(weak))
        self._tell(wanted, 0.5, "judging")
        row, reached, works = self._judged(wanted, direction)
        told = f"the judge sees {reached:.0%} of a step, {works:.0%} of faces get half of it"
        least = (self.recipe.least(wanted, name) for name in ("least_reached", "least_works"))
        if any(value < wish for value, wish in zip((reached, works), least, strict=True)):
            return self._left_out(wanted, row, told)
        direction = self._measured(wanted, direction, row, reached, works)
        save_direction(direction, self.out)
        return Built(wanted.name, direction, row)

    def _source(self, method: Any) -> Any:
        """The bank, or the pairs of a wish."""
        from latentlab.studio.discovery.counterfactuals import wished_pairs
        from latentlab.world.counterfactuals import find_wish

        if method.needs != "pairs":
            return self.bank
        return wished_pairs(self.studio, find_wish(method.wish), method.people, self.guides)

    def _left_out(self, wanted: Wanted, row: Evaluation | None, reason: str) -> Built:
        """A file of an earlier network or recipe must not stand in for it."""
        from latentlab.directions.facts import SUFFIX

        (self.out / f"{wanted.name}{SUFFIX}").unlink(missing_ok=True)
        return Built(wanted.name, None, row, reason)

    def _calibrated(self, wanted: Wanted, found: Direction) -> Direction:
        """A step of the wished size as the guide reads it, and the span in which pictures stay right."""
        from latentlab.editing.calibrate import Calibrate

        generator, score = self.studio.generator, self.guides[0]
        faces = self._faces(generator, found)
        stretched = self._stretched(wanted, found, faces)
        least = 0.3 if wanted.side == "both" else -0.1  # what a face has already need not grow further
        # the identity that limits the span is dlib's: a small embedding takes an open mouth for somebody else
        measured = Calibrate(least_slope=least).measure(generator, stretched, wanted.target, score, faces)
        span = _within(measured.span or wanted.limits, wanted.limits)
        short = stretched.vector.half().float()  # as the file keeps it: what is judged is what is written
        return replace(stretched, vector=short, step=wanted.step, span=span, name=wanted.name)

    def _stretched(self, wanted: Wanted, found: Direction, faces: Latent) -> Direction:
        """As long as the guide asks for, or as the truth taught where the guide reads enough of that and not too much."""
        from latentlab.editing.calibrate import Calibrate

        generator, score, chosen = self.studio.generator, self.guides[0], faces
        if wanted.side == "up":
            chosen = faces.with_values(faces.values[lacking(score, generator, faces, wanted.target)])
        side: Any = "up" if wanted.side == "up" else "both"

        def length(share: float) -> float:
            """At which the guide reads this share of a step; endless where it never does."""
            if not share:
                return 0.0
            step = share * wanted.step
            found_length = Calibrate().factor(generator, found, wanted.target, score, chosen, step, side)
            return found_length or float("inf")

        if wanted.calibrate == "truth":
            # what a face has or has not comes with a jump, of which a median says little: no shorter for that
            longest = length(1.0) if side == "both" else float("inf")
            factor = min(max(1.0, length(self.recipe.least(wanted, "least_read"))), longest)
            if factor > LONGEST:
                raise _TooWeak(
                    f"the guide reads so little of it that it would have to be more than {LONGEST:g} times as long"
                )
        else:
            factor = length(1.0)
        if factor == float("inf"):
            raise _TooWeak(
                f"no length of it moves '{wanted.target}' by {with_unit(f'{wanted.step:g}', found.unit)}"
            )
        return found.stretched(factor)

    def _faces(self, generator: Generator, direction: Direction) -> Latent:
        from latentlab.metrics.leakage import fresh_latents

        with torch.no_grad():
            return fresh_latents(generator, CALIBRATION_SEED, self.recipe.calibration, PSI, direction)

    def _judged(self, wanted: Wanted, direction: Direction) -> tuple[Evaluation, float, float]:
        from latentlab.metrics.leakage import Evaluate
        from latentlab.metrics.responses import keeps_promise
        from latentlab.studio.reports.evaluate import dlib_embedding

        choosing = Evaluate(samples=self.recipe.faces, psi=PSI, strengths=NEAR, first_seed=SELECTION_SEED)
        seen = choosing.respond(self.studio.generator, direction, self.judges)
        column = seen.names.index(wanted.target)
        scores = seen.unmoved[:, column]
        chosen = scores <= scores.nanmedian() if wanted.side == "up" else None
        reached, works = keeps_promise(seen, wanted.target, wanted.step, chosen)

        method = Evaluate(samples=self.recipe.faces, psi=PSI, twice=True)
        responses = method.respond(self.studio.generator, direction, self.judges, second=self.guides)
        row = method.judge(direction, responses, wanted.target)
        embed = dlib_embedding() if self.recipe.dlib else None
        if embed is not None:
            self._tell(wanted, 0.7, "looking for faces")
            few = Evaluate(
                samples=max(self.recipe.dlib, 10),
                psi=PSI,
                strengths=tuple(map(float, range(-4, 5))),
                least=10,
            )
            few_seen = few.judge(
                direction, few.respond(self.studio.generator, direction, self.judges, embed), wanted.target
            )
            row = replace(row, identity=few_seen.identity, span=few_seen.span)
        else:
            row = replace(row, span=direction.span or row.span)
        return row, reached, works

    def _measured(
        self, wanted: Wanted, direction: Direction, row: Evaluation, reached: float, works: float
    ) -> Direction:
        leakage = {name: round(value[0], 4) for name, value in row.leakage.items()}
        story = dict(direction.story) | {
            "recipe": self.digest(wanted), "calibrated_on": self.recipe.calibration, "judged_on": row.n,
            "judge": judge_words(self.judges, identity=False), "judge_step": round(row.step[0], 4),
            "reached": round(reached, 4), "works": round(works, 4), "monotony": round(row.monotony, 4),
            "total_leakage": round(row.total_leakage[0], 4), "per_face": round((row.per_face or (0.0,))[0], 4),
            "first_seed": row.first_seed, "calibrated_by": wanted.calibrate, "left_out": dict(row.left_out),
        }  # fmt: skip
        if row.identity is not None:
            story["identity_at_one_sd"] = round(row.identity[0], 4)
        span = _within(row.span or wanted.limits, direction.span or wanted.limits)
        return replace(direction, span=span, leakage=leakage, story=story)

    def _tell(self, wanted: Wanted, done: float, text: str) -> None:
        self.watch(self.begins + self.share * done, f"{wanted.name}: {text}")


class _TooWeak(LatentLabError):
    """No honest direction came of it."""


@torch.no_grad()
def lacking(score: Scorer, generator: Generator, faces: Latent, name: str) -> torch.Tensor:
    """The half of the faces with the lowest scores, as places [n]."""
    column = list(score.names).index(name)
    scores = score(generator.render(faces))[:, column].float()
    return scores.argsort()[: max(len(scores) // 2, 1)].cpu()


def _within(span: tuple[float, float], limits: tuple[float, float]) -> tuple[float, float]:
    return max(span[0], limits[0]), min(span[1], limits[1])
