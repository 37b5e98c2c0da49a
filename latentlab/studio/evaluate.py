"""Evaluation as a task: fresh faces, judges that discovery never saw, a report that needs no other file."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.direction import Direction
from latentlab.core.errors import MissingPart
from latentlab.core.files import write_text

if TYPE_CHECKING:
    import torch

    from latentlab.core.watch import Watch
    from latentlab.metrics.leakage import Evaluate, Evaluation, Responses
    from latentlab.scorers.scorer import Scorer
    from latentlab.studio.population import Confounder
    from latentlab.studio.studio import Studio

SWEEP_FACES = 3


@dataclass(frozen=True, eq=False)
class Judged:
    """What an evaluation leaves behind."""

    evaluations: list[Evaluation]
    directions: list[Direction]
    """With span and leakage filled in."""
    html: str
    judges: str
    confounders: list[Confounder] = field(default_factory=list)
    """Attributes that come together in the score bank, where there is one."""
    dci: dict[str, Any] = field(default_factory=dict)
    """Disentanglement of Z, W, W+ and S, if it was asked for."""

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


def evaluate(
    studio: Studio,
    names: Sequence[str | Direction],
    *,
    method: Evaluate | None = None,
    scorers: Sequence[Scorer] | None = None,
    identity: bool = True,
    keep: bool = True,
    dci: int = 0,
    out: Path | str | None = None,
    watch: Watch | None = None,
) -> Judged:
    """Measure directions on fresh faces; with `out`, write the HTML report there, with `keep`, the directions' files.

    `dci` is how many samples the disentanglement of the spaces is measured on; 0 leaves it out.
    """
    from latentlab.metrics.leakage import Evaluate
    from latentlab.metrics.report import Report
    from latentlab.studio.discover import keep as keep_directions
    from latentlab.studio.library import find_direction
    from latentlab.studio.population import confounders, disentanglement

    method = method or Evaluate()
    judges = list(scorers) if scorers is not None else default_judges(studio)
    embed = dlib_embedding() if identity else None
    found = [name if isinstance(name, Direction) else find_direction(studio, name) for name in names]
    tell = studio.tell(watch)
    rows, sweeps = [], {}
    for place, direction in enumerate(found):

        def part(done: float, text: str = "", image: object = None, place: int = place) -> None:
            tell((place + done) / len(found), text)

        responses = method.respond(studio.generator, direction, judges, embed, part)
        rows.append(method.judge(direction, responses, target_for(direction, responses)))
        sweeps[direction.name] = sweep(studio, direction, method)
    measured = [_with_measures(direction, row) for direction, row in zip(found, rows, strict=True)]
    if keep:
        keep_directions(
            studio, [d for d, name in zip(measured, names, strict=True) if not isinstance(name, Direction)]
        )
    words = judge_words(judges, identity=embed is not None)
    together = confounders(studio) if scorers is None else []
    spaces = disentanglement(studio, dci, scorers, watch) if dci else {}
    report = Report(
        title=f"Directions of {studio.name}",
        intro=f"{method.samples} fresh faces at ψ {method.psi:g}, seeds from {method.first_seed}; judged by: {words}.",
        evaluations=rows,
        sweeps=sweeps,
        identity_name="dlib identity distance",
        notes=[str(pair) for pair in together],
        spaces=spaces,
    )
    page = report.html()
    if out is not None:
        write_text(out, page)
    return Judged(rows, measured, page, words, together, spaces)


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


def default_judges(studio: Studio) -> list[Scorer]:
    """The judge (another network, seed and set of people than the guide) and the measures that were never trained here."""
    from latentlab.scorers.colour import Colour
    from latentlab.scorers.geometry import Geometry
    from latentlab.studio.companions import judge

    return [judge(studio), *([Geometry(), Colour()] if dlib_embedding() else [])]


def judge_words(judges: Sequence[Scorer], *, identity: bool) -> str:
    """What measured, in words."""
    parts = [f"{type(scorer).__name__.lower()} ({scorer.hash[:8]})" for scorer in judges]
    return ", ".join([*parts, *(["identity by dlib"] if identity else [])])


def dlib_embedding() -> Any:
    """Images to dlib's 128 numbers, NaN where it finds no face; None where dlib is not at hand."""
    from functools import partial

    from latentlab.faces.dlib_models import model_file
    from latentlab.faces.identity import embed

    try:
        model_file("identity")
    except MissingPart:
        return None
    return partial(embed, strict=True)


def sweep(studio: Studio, direction: Direction, method: Evaluate, faces: int = SWEEP_FACES) -> torch.Tensor:
    """Pictures of some faces at each strength, [faces strengths 3 h w]."""
    import torch

    from latentlab.metrics.leakage import fresh_latents

    with torch.no_grad():
        base = fresh_latents(studio.generator, method.first_seed, faces, method.psi, direction)
        rows = [
            studio.generator.render(direction.apply(base, strength)).cpu() for strength in method.strengths
        ]
    return torch.stack(rows, dim=1)


def card(
    studio: Studio, name: str, out: Path | str, *, method: Evaluate | None = None, watch: Watch | None = None
) -> Path:
    """`NAME.md` and its picture `NAME.png` in a folder."""
    from latentlab.core.image import grid, save_image
    from latentlab.metrics.card import card as words
    from latentlab.metrics.leakage import Evaluate

    method = method or Evaluate()
    judged = evaluate(studio, [name], method=method, keep=False, watch=watch)
    direction = judged.directions[0]
    folder = Path(out)
    pictures = sweep(studio, direction, method)
    save_image(
        grid(pictures.flatten(0, 1), columns=pictures.shape[1]),
        folder / f"{direction.name}.png",
        {"command": "card"},
    )
    text = words(direction, judged.evaluations[0], f"{direction.name}.png", judged.judges)
    return write_text(folder / f"{direction.name}.md", text)
