"""Evaluation as a task: fresh faces, judges that discovery never saw, a report that needs no other file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart, unknown
from latentlab.core.files import write_text
from latentlab.core.image import grid, save_image
from latentlab.core.ranges import ClassNumber, MeasuredSamples, Psi, Reach, SamplesOrNone, check
from latentlab.core.watch import Watch, part
from latentlab.scorers.own import own_scorers
from latentlab.studio.discovery.discover import default_guides
from latentlab.studio.discovery.discover import keep as keep_directions
from latentlab.studio.lab import Lab
from latentlab.studio.reports.population import Confounder, confounders, disentanglement
from latentlab.studio.shelf.directions import find_direction
from latentlab.studio.shelf.networks import of_class

if TYPE_CHECKING:
    from latentlab.core.scorer import Scorer
    from latentlab.metrics.leakage import Evaluate, Evaluation, Responses

SWEEP_FACES = 3
JUDGES = ("judge", "witness")


@dataclass(frozen=True, eq=False)
class Judged:
    """What an evaluation leaves behind."""

    evaluations: list[Evaluation]
    directions: list[Direction]
    """With span and leakage filled in."""
    html: str
    judges: str
    """Who judged, in words."""
    confounders: list[Confounder] = field(default_factory=list)
    """Attributes that come together in the score bank, where there is one."""
    dci: dict[str, Any] = field(default_factory=dict)
    """Disentanglement of Z, W, W+ and S, if it was asked for."""

    def save(self, path: Path | str) -> Path:
        """Write the HTML report."""
        return write_text(Path(path), self.html)

    def as_json(self) -> list[dict[str, Any]]:
        """Plain numbers, one entry for each direction."""
        return [
            {
                **asdict(row),
                "judges": self.judges,
                "confounders": [
                    asdict(pair) for pair in self.confounders if row.target in (pair.one, pair.other)
                ],
            }
            for row in self.evaluations
        ]


@dataclass(frozen=True)
class Judge:
    """How directions are judged."""

    samples: MeasuredSamples = 200
    """How many fresh faces."""
    psi: Psi = 0.7
    """Truncation of the faces."""
    reach: Reach = 3
    """How far to move, up and down, in steps."""
    identity: bool = True
    """Measure the identity distance as well (dlib, about 0.1 s a face)."""
    dci: SamplesOrNone = 0
    """Also measure how disentangled Z, W, W+ and S are, on so many samples; 0 leaves it out."""
    judge: Literal["judge", "witness"] = "judge"
    """The network among the judges: `judge`, which a library is selected by too, or `witness`, made apart from guide and
    judge, which nothing is selected by. The measures that were never trained read beside either."""
    scorers: tuple[str, ...] = ()
    """Scorers of your own instead of the judges: NAME=MODULE:FUNCTION, NAME=FILE.pt or NAME=FILE.onnx."""
    keep: bool = False
    """Write what was measured (span, leakage) into the directions' files."""
    class_: ClassNumber | None = None
    """The class of the fresh faces; needed by conditional networks."""

    def __post_init__(self) -> None:
        check(self)
        if self.judge not in JUDGES:
            raise unknown("judge", self.judge, JUDGES)
        if self.scorers and self.judge != "judge":
            raise BadInput(f"scorers of your own judge instead of the {self.judge}; leave one of the two out")

    def method(self, seed: int = 0) -> Evaluate:
        """The method of evaluation; another seed is other faces."""
        from latentlab.metrics.leakage import Evaluate

        return Evaluate.reaching(self.reach, seed, samples=self.samples, psi=self.psi)


def evaluate(
    studio: Lab,
    names: Sequence[str | Direction],
    request: Judge | None = None,
    *,
    method: Evaluate | None = None,
    scorers: Sequence[Scorer] | None = None,
    watch: Watch | None = None,
) -> Judged:
    """Measure directions on fresh faces; `method` and `scorers` take the place of the request's and of the judges."""
    request = request or Judge()
    method = method or request.method(studio.seed)
    with of_class(studio.generator, request.class_):
        return _evaluate(studio, names, request, method, scorers, watch)


def _evaluate(
    studio: Lab, names: Sequence[str | Direction], request: Judge, method: Evaluate, scorers: Sequence[Scorer] | None,
    watch: Watch | None,
) -> Judged:  # fmt: skip
    if request.scorers and scorers is None:
        scorers = own_scorers(request.scorers)
    judges = list(scorers) if scorers is not None else default_judges(studio, request.judge)
    second = [] if scorers is not None else default_guides(studio)  # where both guess apart, neither counts
    embed = dlib_embedding() if request.identity else None
    found = [name if isinstance(name, Direction) else find_direction(studio, name) for name in names]
    tell = studio.tell(watch)
    rows, sweeps = [], {}
    for place, direction in enumerate(found):
        share = part(tell, place / len(found), (place + 1) / len(found))
        responses = method.respond(studio.generator, direction, judges, embed, share, second)
        rows.append(method.judge(direction, responses, target_for(direction, responses)))
        sweeps[direction.name] = sweep(studio, direction, method)
    measured = [_with_measures(direction, row) for direction, row in zip(found, rows, strict=True)]
    if request.keep:
        keep_directions(
            studio, [d for d, name in zip(measured, names, strict=True) if not isinstance(name, Direction)]
        )
    together = confounders(studio) if scorers is None else []
    spaces = disentanglement(studio, request.dci, scorers, watch) if request.dci else {}
    words = judge_words(judges, identity=embed is not None)
    judged = Judged(rows, measured, "", words, together, spaces)
    return replace(judged, html=_page(studio, judged, method, sweeps))


def _page(studio: Lab, judged: Judged, method: Evaluate, sweeps: Mapping[str, torch.Tensor]) -> str:
    """The report that needs no other file."""
    from latentlab.metrics.report import Report

    seeds = f"{method.samples} fresh faces at ψ {method.psi:g}, seeds from {method.first_seed}"
    return Report(
        title=f"Directions of {studio.name}",
        intro=f"{seeds}; judged by: {judged.judges}.",
        evaluations=judged.evaluations,
        sweeps=sweeps,
        identity_name="dlib identity distance",
        notes=[str(pair) for pair in judged.confounders],
        spaces=judged.dci,
    ).html()


def _with_measures(direction: Direction, row: Evaluation) -> Direction:
    leakage = {name: round(value[0], 4) for name, value in row.leakage.items()}
    return replace(direction, span=row.span or direction.span, leakage=leakage)


def target_for(direction: Direction, responses: Responses) -> str:
    """What a direction was made for, if a judge sees it; else what it changes most, and a note."""
    from latentlab.metrics.leakage import strongest

    wanted = str(direction.story.get("attribute", direction.name))
    if wanted in responses.names:
        return wanted
    found = strongest(responses)
    warnings.warn(
        f"no judge sees '{wanted}'; '{direction.name}' is judged by what it changes most: {found}",
        stacklevel=2,
    )
    return found


def default_judges(studio: Lab, role: str = "judge") -> list[Scorer]:
    """The judge (another network, seed and set of people than the guide) or the witness (another renderer setting, law and
    loss too), and the measures that were never trained here."""
    from latentlab.scorers.colour import Colour
    from latentlab.scorers.geometry import Geometry
    from latentlab.studio.discovery.draws_faces import check_faces
    from latentlab.studio.shelf.companions import judge, witness

    check_faces(studio)
    network = witness(studio) if role == "witness" else judge(studio)
    return [network, *([Geometry(), Colour()] if dlib_embedding() else [])]


def judge_words(judges: Sequence[Scorer], *, identity: bool) -> str:
    """What measured, in words."""
    parts = [f"{type(scorer).__name__.lower()} ({scorer.hash[:8]})" for scorer in judges]
    return ", ".join([*parts, *(["identity by dlib"] if identity else [])])


def dlib_embedding() -> Any:
    """Images to dlib's 128 numbers, NaN where it finds no face; None where dlib is not at hand."""

    from latentlab.faces.dlib_models import model_file
    from latentlab.faces.identity import embed

    try:
        model_file("identity")
    except MissingPart:
        return None
    return partial(embed, strict=True)


def sweep(studio: Lab, direction: Direction, method: Evaluate, faces: int = SWEEP_FACES) -> torch.Tensor:
    """Pictures of some faces at each strength, [faces strengths 3 h w]."""

    from latentlab.metrics.leakage import fresh_latents

    with torch.no_grad():
        base = fresh_latents(studio.generator, method.first_seed, faces, method.psi, direction)
        rows = [
            studio.generator.render(direction.apply(base, strength)).cpu() for strength in method.strengths
        ]
    return torch.stack(rows, dim=1)


def direction_card(
    studio: Lab, name: str, out: Path | str, request: Judge | None = None, watch: Watch | None = None
) -> Path:
    """`NAME.md` and its picture `NAME.png` in a folder."""
    from latentlab.metrics.card import card as words

    request = replace(request or Judge(), keep=False)
    judged = evaluate(studio, [name], request, watch=watch)
    direction, folder = judged.directions[0], Path(out)
    pictures = sweep(studio, direction, request.method())
    rows = grid(pictures.flatten(0, 1), columns=pictures.shape[1])
    save_image(rows, folder / f"{direction.name}.png", {"command": "card"})
    text = words(direction, judged.evaluations[0], f"{direction.name}.png", judged.judges)
    return write_text(folder / f"{direction.name}.md", text)
