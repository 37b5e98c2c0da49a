"""Evaluation as a task: fresh faces, judges that discovery never saw, a report that needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError, MissingPart

if TYPE_CHECKING:
    import torch

    from latentlab.core.watch import Watch
    from latentlab.metrics.leakage import Evaluate, Evaluation
    from latentlab.scorers.scorer import Scorer
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

    def as_json(self) -> list[dict[str, Any]]:
        """Plain numbers, one entry for each direction."""
        return [{**asdict(row), "judges": self.judges} for row in self.evaluations]


def evaluate(
    studio: Studio,
    names: Sequence[str | Direction],
    *,
    method: Evaluate | None = None,
    scorers: Sequence[Scorer] | None = None,
    identity: bool = True,
    keep: bool = True,
    out: Path | str | None = None,
    watch: Watch | None = None,
) -> Judged:
    """Measure directions on fresh faces; with `out`, write the HTML report there, with `keep`, the directions' files."""
    from latentlab.metrics.leakage import Evaluate
    from latentlab.metrics.report import Report
    from latentlab.studio.discover import keep as keep_directions
    from latentlab.studio.library import find_direction

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
        rows.append(method.judge(direction, responses))
        sweeps[direction.name] = sweep(studio, direction, method)
    measured = [_with_measures(direction, row) for direction, row in zip(found, rows, strict=True)]
    if keep:
        keep_directions(
            studio, [d for d, name in zip(measured, names, strict=True) if not isinstance(name, Direction)]
        )
    words = judge_words(judges, identity=embed is not None)
    report = Report(
        title=f"Directions of {studio.name}",
        intro=f"{method.samples} fresh faces at ψ {method.psi:g}, seeds from {method.first_seed}; judged by: {words}.",
        evaluations=rows,
        sweeps=sweeps,
        identity_name="dlib identity distance",
    )
    page = report.html()
    if out is not None:
        write_text(Path(out), page)
    return Judged(rows, measured, page, words)


def _with_measures(direction: Direction, row: Evaluation) -> Direction:
    leakage = {name: round(value[0], 4) for name, value in row.leakage.items()}
    return replace(direction, span=row.span, leakage=leakage)


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


def write_text(path: Path, text: str) -> Path:
    """Atomic."""
    from latentlab.core.files import atomic

    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def disentanglement(
    studio: Studio, samples: int = 1000, scorers: Sequence[Scorer] | None = None
) -> dict[str, Any]:
    """DCI of Z, W, W+ and S, from the judge's scores of fresh faces (W+ holds one w, as samples do)."""
    import torch

    from latentlab.core.latent import Latent, Space
    from latentlab.core.seeds import draw_z
    from latentlab.metrics.disentanglement import Dci
    from latentlab.metrics.leakage import FRESH_SEED

    generator = studio.generator
    judges = list(scorers) if scorers is not None else default_judges(studio)
    parts: dict[str, list[torch.Tensor]] = {"z": [], "w": [], "w+": [], "s": [], "scores": []}
    with torch.no_grad():
        for start in range(0, samples, 50):
            z = draw_z(
                range(FRESH_SEED + start, FRESH_SEED + min(start + 50, samples)), generator.z_width
            ).to(studio.place)
            w = Latent(Space.W, generator.map(z))
            plus, s = generator.lift(w, Space.W_PLUS), generator.lift(w, Space.S)
            images = generator(s.values)
            for name, value in (("z", z), ("w", w.values), ("w+", plus.values.flatten(1)), ("s", s.values)):
                parts[name].append(value.cpu())
            parts["scores"].append(torch.cat([judge(images).float().cpu() for judge in judges], 1))
    table = {name: torch.cat(values).double().numpy() for name, values in parts.items()}
    return {name: asdict(Dci().measure(table[name], table["scores"])) for name in ("z", "w", "w+", "s")}


def confounders(
    studio: Studio, scorers: Sequence[Scorer] | None = None, samples: int = 2000, above: float = 0.3
) -> list[str]:
    """Attributes that come together in this network's samples, in words: what a plain method will drag along."""
    import torch

    from latentlab.studio.discover import default_guides, filled_bank

    try:
        guides = list(scorers) if scorers is not None else default_guides(studio)
        found = filled_bank(studio, guides, samples).read(samples)
    except LatentLabError:
        return []
    correlation = torch.corrcoef(found.scores.T)
    names = found.names
    pairs = [(abs(float(correlation[i, j])), i, j) for i in range(len(names)) for j in range(i)]
    return [
        f"{names[j]} and {names[i]}: r = {float(correlation[i, j]):+.2f}"
        for size, i, j in sorted(pairs, reverse=True)
        if size > above
    ]
