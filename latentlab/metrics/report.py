"""One self-contained HTML page: sweeps as pictures, leakage as a heat map, curves, and the table behind them."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import Tensor

from latentlab.core.image import grid, to_picture
from latentlab.metrics.leakage import Evaluation, Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
img { max-width: 100%; height: auto; border-radius: 4px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
small, figcaption { color: #777; } figure { margin: 1rem 0; overflow-x: auto; }
</style></head><body>
<h1>{{ title }}</h1>
<p>{{ intro }}</p>
<table><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>
<p><small>Intervals are 95 % bootstrap intervals over the faces. Leakage is the mean over attributes of |mean change|, in
standard deviations of the population, where the target has changed by one (per sd) or the direction went one step; per face
it is the mean of |change|, which does not cancel, beside what two renders of an unmoved face with other noise give. Identity
is taken at a change of one standard deviation.</small></p>
{% if left_out %}<p>No columns: {% for line in left_out %}{{ line }}{% if not loop.last %}; {% endif %}{% endfor %}.</p>{% endif %}
{% for name, picture, caption in plots %}<h2>{{ name }}</h2>
<figure><img alt="{{ name }}" src="data:image/png;base64,{{ picture }}"><figcaption>{{ caption }}</figcaption></figure>
{% endfor %}
{% if spaces %}<h2>Spaces</h2>
<table><tr><th>space</th><th>disentanglement</th><th>completeness</th><th>informativeness</th><th>n</th></tr>
{% for row in spaces %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>
<p><small>DCI (Eastwood and Williams 2018) with lasso predictors, from the judge's scores; 1 is best. Samples of W+ change
from one w to another at a random layer.</small></p>{% endif %}
{% if notes %}<h2>Confounders</h2><p>What comes together in the samples is what a plain method drags along.</p><ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>{% endif %}
</body></html>
"""
HEADS = (
    "direction", "target", "n", "change by one step", "in sd", "leakage per sd", "leakage per step", "per face, per sd",
    "of doing nothing", "identity distance", "monotony", "works", "span", "other measures of the target, sd",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Report:
    """What goes on the page."""

    title: str
    intro: str
    evaluations: Sequence[Evaluation]
    sweeps: Mapping[str, Tensor] = field(default_factory=dict)
    """By direction: pictures of some faces (rows) at each strength (columns), [rows columns 3 h w]."""
    notes: Sequence[str] = ()
    """Attributes that come together, in words."""
    identity_name: str = "identity distance"
    spaces: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By latent space: its disentanglement, completeness, informativeness and n."""

    def html(self) -> str:
        """The page, with every picture inside it."""
        import jinja2

        plots = [
            ("Leakage", encode(heat_map(self.evaluations)), "Change of each attribute (columns, in standard deviations) "
             "while the target of each direction (rows) changes by one; a dot marks intervals that exclude zero."),
            ("Response", encode(curves(self.evaluations)), "Mean score of the target at each strength."),
        ]  # fmt: skip
        for name, pictures in self.sweeps.items():
            sheet = grid(pictures.flatten(0, 1), columns=pictures.shape[1])
            plots.append(
                (
                    name,
                    encode_picture(sheet),
                    f"Each row is one face; strengths from left to right: {self._strengths(name, pictures)}.",
                )
            )
        environment = jinja2.Environment(autoescape=True)
        rows = [self._row(row) for row in self.evaluations]
        heads = [self.identity_name if head == "identity distance" else head for head in HEADS]
        return environment.from_string(PAGE).render(
            title=self.title,
            intro=self.intro,
            heads=heads,
            rows=rows,
            plots=plots,
            notes=list(self.notes),
            left_out=sorted(
                {f"{name} ({why})" for row in self.evaluations for name, why in row.left_out.items()}
            ),
            spaces=[self._space(name, row) for name, row in self.spaces.items()],
        )

    def _strengths(self, name: str, pictures: Tensor) -> str:
        """Those of a sweep's columns in words, as its evaluation had them."""
        row = next((row for row in self.evaluations if row.direction == name), None)
        known = list(row.curve) if row is not None and len(row.curve) == pictures.shape[1] else []
        return ", ".join(f"{strength:+g}" if strength else "0" for strength in known) or "as evaluated"

    def _space(self, name: str, row: Mapping[str, float]) -> list[str]:
        figures = [f"{row[key]:.3f}" for key in ("disentanglement", "completeness", "informativeness")]
        return [name.upper(), *figures, f"{row['n']:g}"]

    def _row(self, row: Evaluation) -> list[str]:
        return [
            row.direction, row.target, str(row.n), interval(row.step), interval(row.step_sd), interval(row.total_leakage),
            *(interval(value) if value else "not measured" for value in (row.per_step, row.per_face)),
            f"{row.floor:.3g}" if row.floor is not None else "not measured", interval(row.identity) if row.identity else "not measured", f"{row.monotony:.0%}", f"{row.works:.0%}",
            f"{row.span[0]:g} to {row.span[1]:g}" if row.span else "not measured",
            ", ".join(f"{name} {value[0]:.2f}" for name, value in row.confirmed.items()) or "-",
        ]  # fmt: skip


def interval(value: Interval) -> str:
    """`1.23 (1.10–1.36)`."""
    return f"{value[0]:.3g} ({value[1]:.3g} to {value[2]:.3g})"


def heat_map(evaluations: Sequence[Evaluation]) -> Figure:
    """Directions by attributes; the target's own column reads 1."""
    import numpy as np
    from matplotlib.figure import Figure

    names = sorted({name for row in evaluations for name in [*row.leakage, row.target]})
    values = np.full((len(evaluations), len(names)), np.nan)
    figure = Figure(
        figsize=(2.6 + 0.42 * len(names), max(1.8 + 0.42 * len(evaluations), 3.4)), layout="constrained"
    )
    axes = figure.add_subplot()
    for i, row in enumerate(evaluations):
        values[i, names.index(row.target)] = 1.0
        for name, (center, low, high) in row.leakage.items():
            values[i, names.index(name)] = center
            if low > 0 or high < 0:
                axes.plot(names.index(name), i, ".", color="black", markersize=3)
    picture = axes.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axes.set_yticks(range(len(evaluations)), [row.direction for row in evaluations])
    figure.colorbar(picture, ax=axes, label="sd per sd of the target")
    return figure


def curves(evaluations: Sequence[Evaluation]) -> Figure:
    """Mean target score against strength, one small plot for each direction."""
    from matplotlib.figure import Figure

    columns = min(len(evaluations), 4)
    rows = -(-len(evaluations) // columns)
    figure = Figure(figsize=(2.7 * columns, 2.2 * rows), layout="constrained")
    for place, row in enumerate(evaluations):
        axes = figure.add_subplot(rows, columns, place + 1)
        axes.plot(list(row.curve), list(row.curve.values()), marker="o", markersize=3)
        if row.span is not None:
            axes.axvspan(*row.span, alpha=0.08)
        axes.set_title(row.direction, fontsize=9)
        axes.set_xlabel("strength", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
    return figure


def encode(figure: Figure) -> str:
    """A plot as base64 PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return base64.b64encode(buffer.getvalue()).decode()


def encode_picture(image: Tensor) -> str:
    """An image [3 h w] as base64 PNG."""
    buffer = io.BytesIO()
    to_picture(image).save(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode()
