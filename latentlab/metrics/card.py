"""A direction's card in Markdown: what one step does, its span, its leakage, its pictures, and how it was found."""

from __future__ import annotations

from latentlab.core.direction import Direction
from latentlab.core.text import escaped, with_unit
from latentlab.metrics.leakage import Evaluation
from latentlab.metrics.report import interval


def card(
    direction: Direction, evaluation: Evaluation | None = None, picture: str = "", judges: str = ""
) -> str:
    """The card; `picture` is the path of a sweep beside it, `judges` names what measured it."""
    first, last = direction.layers or (None, None)
    lines = [
        f"# {direction.name}",
        "",
        f"- **Space**: {direction.space.name}" + (f", layers {first} to {last}" if direction.layers else ""),
        f"- **One step**: {with_unit(f'{direction.step:g}', direction.unit)}",
        f"- **Span**: {_span(direction)}",
        f"- **Network**: `{direction.model[:16] or 'unknown'}`",
        f"- **Found by**: `{direction.found_by or 'unknown'}`",
    ]
    lines += [
        f"- **{key}**: {value}"
        for key, value in direction.story.items()
        if isinstance(value, str | int | float)
    ]
    if picture:
        lines += ["", f"![{direction.name}, from the lowest to the highest strength]({picture})"]
    if evaluation is not None:
        lines += ["", "## Measured", "", *_measured(evaluation)]
        if judges:
            lines += ["", f"Judged by: {judges}."]
    return "\n".join(map(escaped, lines)) + "\n"  # names and stories are text of files


def _span(direction: Direction) -> str:
    if direction.span is None:
        return "not measured"
    return f"strengths {direction.span[0]:g} to {direction.span[1]:g}"


def _measured(row: Evaluation) -> list[str]:
    lines = [
        f"On {row.n} fresh faces; in brackets 95 % bootstrap intervals.",
        "",
        "| | |",
        "|---|---|",
        f"| {row.target} by one step | {interval(row.step)} |",
        f"| the same in sd | {interval(row.step_sd)} |",
        f"| mean leakage, sd for one sd of {row.target} | {interval(row.total_leakage)} |",
        *_further(row),
        f"| identity distance at one sd | {interval(row.identity) if row.identity else 'not measured'} |",
        f"| monotony | {row.monotony:.0%} |",
        f"| faces for which it works | {row.works:.0%} |",
        *(
            f"| {name}, another measure of it, in sd | {interval(value)} |"
            for name, value in row.confirmed.items()
        ),
        "",
        f"| leaks into | sd for one sd of {row.target} |",
        "|---|---|",
    ]
    ranked = sorted(row.leakage.items(), key=lambda item: -abs(item[1][0]))
    return lines + [f"| {name} | {interval(value)} |" for name, value in ranked]


def _further(row: Evaluation) -> list[str]:
    """Leakage in its other units, and the columns that do not count."""
    lines = []
    if row.per_step is not None:
        lines.append(f"| mean leakage, sd for one step | {interval(row.per_step)} |")
    if row.per_face is not None:
        floor = f", of doing nothing {row.floor:.3g}" if row.floor is not None else ""
        lines.append(f"| face by face, sd for one sd of {row.target} | {interval(row.per_face)}{floor} |")
    return lines + [f"| {name} is no column | {why} |" for name, why in row.left_out.items()]
