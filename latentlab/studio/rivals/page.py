"""The benchmark as one self-contained page: tables with the best marked, rows of pictures, plots."""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING

import torch

from latentlab.core.image import to_picture
from latentlab.studio.rivals.apply import fitted
from latentlab.studio.rivals.figures import BETTER_HIGH, FIGURES, Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from latentlab.core.shapes import Images
    from latentlab.studio.rivals.benchmark import Result, Standings

SIDE = 96
TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Methods compared</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
img { max-width: 100%; height: auto; border-radius: 4px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
.best { font-weight: 700; } small, figcaption { color: #777; } figure { margin: 1rem 0; overflow-x: auto; }
</style></head><body>
<h1>Methods compared</h1>
<p>Test faces that nobody trained on, each with its rendered true answer. Brackets hold 95 % bootstrap intervals over the
faces; a star marks a figure whose paired difference from doing nothing excludes 0. The best of each column is bold.</p>
<table><tr><th>method</th><th>what it is</th><th>weights</th><th>training images</th><th>training seconds</th></tr>
{% for row in methods %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>
{% for task in tasks %}<h2>{{ task.name }} <small>({{ task.n }} faces)</small></h2>
<table><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% for row in task.rows %}<tr>{% for text, best in row %}<td{% if best %} class="best"{% endif %}>{{ text }}</td>{% endfor %}</tr>{% endfor %}</table>
<figure><img alt="{{ task.name }}" src="data:image/jpeg;base64,{{ task.sheet }}"><figcaption>{{ task.caption }}</figcaption></figure>
{% if task.plot %}<figure><img alt="distance against identity" src="data:image/png;base64,{{ task.plot }}"></figure>{% endif %}
{% endfor %}
{% for task in photos %}<h2>{{ task.name }} on photographs</h2>
<figure><img alt="{{ task.name }}" src="data:image/jpeg;base64,{{ task.sheet }}"><figcaption>{{ task.caption }}</figcaption></figure>{% endfor %}
</body></html>
"""


def page(found: Standings) -> str:
    """The HTML text."""
    import jinja2

    environment = jinja2.Environment(autoescape=True)
    heads = ["method", *FIGURES.values(), "Fréchet", "s a face"]
    methods = [
        [name, who.title, f"{who.parameters / 1e6:.2f} M", who.training.get("images", ""), _whole(who.training.get("seconds"))]
        for name, who in found.contestants.items()
    ]  # fmt: skip
    photos = [
        {
            "name": task,
            "sheet": _sheet([(r.method, r.images) for r in results]),
            "caption": ", ".join(_told(results)),
        }
        for task, results in found.photos.items()
        if results
    ]
    tasks = [_task(found, task) for task in found.results]
    return environment.from_string(TEMPLATE).render(heads=heads, methods=methods, tasks=tasks, photos=photos)


def _task(found: Standings, task: str) -> dict[str, object]:
    results, cases = found.results[task], found.cases[task]
    shown: list[tuple[str, Images | None]] = [("source", cases.before[:4])]
    shown += [(r.method, r.images) for r in results if r.method != "nothing"]
    shown += [(f"{r.method}: where it looks", r.heat) for r in results if r.heat is not None]
    if cases.truth is not None:
        shown.append(("truth", cases.truth[:4]))
    return {
        "name": task, "n": len(cases), "rows": _rows(results), "sheet": _sheet(shown),
        "caption": "From left to right: " + ", ".join(name for name, _ in shown) + ".", "plot": _plot(results),
    }  # fmt: skip


def _rows(results: Sequence[Result]) -> list[list[tuple[str, bool]]]:
    best = {name: _best(results, name) for name in FIGURES}
    floor = next((r.measured for r in results if r.method == "nothing"), None)
    rows = []
    for one in results:
        row: list[tuple[str, bool]] = [(one.method, False)]
        for name in FIGURES:
            mean, low, high = one.measured.interval(name)
            gain = None if floor is None or one.method == "nothing" else one.measured.gain(floor, name)
            star = "*" if gain is not None and (gain.low > 0 or gain.high < 0) else ""
            text = "–" if math.isnan(mean) else f"{mean:.3g} [{low:.3g}, {high:.3g}]{star}"
            row.append((text, one.method == best[name]))
        rows.append([*row, (f"{one.measured.frechet:.3g}", False), (f"{one.seconds:.3f}", False)])
    return rows


def _best(results: Sequence[Result], name: str) -> str:
    """The method with the best mean; identity to the source says nothing good or bad by itself."""
    means = {r.method: r.measured.interval(name).mean for r in results}
    means = {method: mean for method, mean in means.items() if not math.isnan(mean)}
    if not means or name == "source":
        return ""
    choose = max if name in BETTER_HIGH else min
    return choose(means, key=lambda method: means[method])


def _sheet(columns: Sequence[tuple[str, Images | None]]) -> str:
    """Columns of pictures, a face in each row, as JPEG in base64."""
    images = [fitted(column, SIDE).cpu() for _, column in columns if column is not None]
    sheet = torch.cat([torch.cat(list(column), dim=1) for column in images], dim=2)
    buffer = io.BytesIO()
    to_picture(sheet).save(buffer, format="JPEG", quality=90)
    return base64.b64encode(buffer.getvalue()).decode()


def _plot(results: Sequence[Result]) -> str:
    """Distance to the truth against identity, a point for each method."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    for one in results:
        x, y = one.measured.interval("ssim"), one.measured.interval("identity")
        if math.isnan(x.mean) or math.isnan(y.mean):
            continue
        across, up = [[x.mean - x.low], [x.high - x.mean]], [[y.mean - y.low], [y.high - y.mean]]
        axes.errorbar(x.mean, y.mean, xerr=across, yerr=up, fmt="o", label=one.method, capsize=2)
    axes.set(xlabel="MS-SSIM to the truth (higher is nearer)", ylabel="dlib distance to the truth")
    axes.legend(fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return base64.b64encode(buffer.getvalue()).decode()


def _told(results: Sequence[Result]) -> list[str]:
    return [f"{r.method}: {_of_photos(r.measured)}" for r in results]


def _of_photos(measured: Measured) -> str:
    moved = measured.interval("moved").mean
    told = f"dlib distance to the photo {measured.interval('source').mean:.2f}"
    return told if math.isnan(moved) else f"{told}, target moved by {moved:+.2g}"


def _whole(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, int | float) else ""
