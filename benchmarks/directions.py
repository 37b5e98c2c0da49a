"""Directions measured: every method on one bank, the joint fit against the boundary, and a million samples.

    python benchmarks/directions.py                    the table of all methods on the default network
    python benchmarks/directions.py --samples 5000 --methods joint interfacegan interfacegan-kept --banks 0 5000 10000
    python benchmarks/directions.py --scale            1,000,000-sample GANSpace and a 100,000-sample supervised run
    python benchmarks/directions.py --scale --wide 100000 --deep 20000

Discovery sees the guide, on seeds from 0 on; the table is judged by the judge and by measures that were never trained, on
seeds from 2,000,000,000 on. Every direction is first stretched, by the guide on discovery's seeds, until one step moves its
attribute by one standard deviation of the population, so that all are compared at equal target change.

`reached` is how much of that the judge reads, `leakage` the mean absolute change of every other attribute in standard
deviations while the judge reads a change of one (measures of the target itself left out), `per face` the same face by face,
so that changes which cancel over the faces count, beside `floor`, what doing nothing twice reads; `untrained` are the two
again by measures that never learned; `witness` are the three again by the witness, a scorer that shares neither
architecture, loss, law of faces nor training pictures with guide and judge and selects nothing (empty where it is not at
hand, or reads the attribute badly); `identity` is dlib's distance at that same change, `works` the share of faces that get
at least half of the mean change, `seconds` the discovery alone. Every figure is of all `--faces`.

`interfacegan-kept` projects the normals of all other attributes off (its conditional manipulation), `steer-w` is `steer` with
one vector for all layers, `library` what ships. With several `--banks` (first seeds) each method is taught from each of them;
the means have the standard deviation between banks beside them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from report import table, write

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.pairs import LatentPairs
from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images, Scores
from latentlab.studio import Studio
from latentlab.studio.parts import (
    DISCOVERERS,
    Bank,
    Counterfactual,
    Discoverer,
    Evaluate,
    Evaluation,
    Responses,
    confounders,
    dlib_embedding,
    filled_bank,
    guide,
    judge,
    judge_words,
    leakage_replicas,
    rendered_pairs,
    slopes,
    spread_of,
    unit_step,
    witness,
)

ATTRIBUTES = {"age": "age", "smile": "smile", "yaw": "yaw", "lipstick": "lip_redness", "glasses": "glasses"}
"""What the table calls it, and what the scorers call it."""
RENDERS = {
    "age": "age=30",
    "smile": "smile=0.8",
    "yaw": "yaw=30",
    "lipstick": "lipstick=1",
    "glasses": "glasses=1",
}
"""How the face world changes it, for `pairs`."""
WISHES = {
    "age": "an old person",
    "smile": "a smiling person",
    "yaw": "a face turned to the right",
    "lipstick": "a person with red lipstick",
    "glasses": "a person with glasses",
}
METHODS = (
    "library", "joint", "interfacegan", "interfacegan-kept", "steer", "steer-w", "regression", "flow", "stylespace", "pairs",
    "sefa", "ganspace", "text",
)  # fmt: skip
"""The claim first, in case the time runs out."""
VARIANTS = {"interfacegan-kept": "interfacegan", "steer-w": "steer"}
"""Methods with other fields than their own."""
LIBRARY = "library"
SHIPPED = {"age": "age_alone"}
"""Of the library where two answer to one attribute: the one that lets nothing else come along, as this table counts."""
UNSUPERVISED = ("sefa", "ganspace")
WITNESS = "witness "


@dataclass(frozen=True, eq=False)
class Witness:
    """The witness with names of its own, so that it reads beside the judge."""

    inner: Scorer

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(WITNESS + name for name in self.inner.names)

    @property
    def units(self) -> dict[str, str]:
        return {WITNESS + name: unit for name, unit in self.inner.units.items()}

    @property
    def hash(self) -> str:
        return self.inner.hash

    def __call__(self, images: Images, /) -> Scores:
        return self.inner(images)

    @classmethod
    def at_hand(cls, studio: Studio) -> list[Scorer]:
        """It alone, or nothing where none ships."""
        try:
            return [cls(witness(studio))]
        except MissingPart:
            return []


@dataclass(eq=False)
class Bench:
    """Network, scorers and bank, and how much is spent."""

    studio: Studio
    guide: Scorer
    judge: Scorer
    options: argparse.Namespace
    witnesses: list[Scorer] = field(default_factory=list)
    """The witness, if it is at hand."""
    bank: Bank | None = None
    """The one that is learned from now."""
    seen: dict[str, tuple[list[Direction], list[Responses], float]] = field(default_factory=dict)
    """Components of the unsupervised methods with the guide's view of them, and the seconds to find them."""

    @classmethod
    def open(cls, options: argparse.Namespace) -> Bench:
        studio = Studio(network=options.network, device=options.device, home=options.home)
        return cls(studio, guide(studio), judge(studio), options, Witness.at_hand(studio))

    def find(self, method: str, attribute: str) -> tuple[Direction, float]:
        """The method's direction for an attribute, and the seconds it took without the bank."""
        if method in UNSUPERVISED:
            return self._component(method, attribute)
        if method == LIBRARY:
            return self.studio.direction(SHIPPED.get(attribute, attribute)), 0.0
        finder = self._finder(method, attribute)
        source: Bank | LatentPairs | None = self.bank
        began = time.perf_counter()
        if method == "pairs":
            source = rendered_pairs(self.studio, Counterfactual.parse(RENDERS[attribute]), self.options.pairs)
        found = finder.discover(self.studio.generator, source if finder.needs != "nothing" else None)[0]
        return found, time.perf_counter() - began

    def _finder(self, method: str, attribute: str) -> Discoverer:
        plain = VARIANTS.get(method, method)
        kind = DISCOVERERS[plain]
        known = kind.__dataclass_fields__
        wanted: dict[str, object] = {
            "attribute": ATTRIBUTES[attribute], "name": ATTRIBUTES[attribute], "samples": self.options.samples,
        }  # fmt: skip
        if method == "steer-w":
            wanted["same"] = True
        if method == "interfacegan-kept":
            wanted["keep"] = tuple(name for name in self.guide.names if name != ATTRIBUTES[attribute])
        if plain == "interfacegan":
            wanted["share"] = max(0.02, 200 / self.options.samples)
        if method == "text":
            wanted |= {
                "wish": f"a photo of {WISHES[attribute]}",
                "weights": self.options.clip,
                "samples": 2000,
            }
        return kind(**{name: value for name, value in wanted.items() if name in known})

    def _component(self, method: str, attribute: str) -> tuple[Direction, float]:
        """The component that moves the attribute most, one standard deviation of w along it, as the guide sees it."""
        if method not in self.seen:
            count = min(self.options.components, self.studio.generator.w_width)
            fields = {"components": count} | ({"samples": self.options.drawn} if method == "ganspace" else {})
            began = time.perf_counter()
            found = DISCOVERERS.build(method, **fields).discover(self.studio.generator)
            stretched = [unit_step(direction, self.studio) for direction in found]
            looking = Evaluate(samples=self.options.look, strengths=(-1.0, 0.0, 1.0), first_seed=0)
            responses = [looking.respond(self.studio.generator, d, [self.guide]) for d in stretched]
            self.seen[method] = stretched, responses, time.perf_counter() - began
        components, responses, seconds = self.seen[method]
        column = list(self.guide.names).index(ATTRIBUTES[attribute])
        effects = [float(slopes(r).nanmean(0)[column] / spread_of(r)[column]) for r in responses]
        best = int(np.abs(effects).argmax())
        return components[best].stretched(float(np.sign(effects[best]) or 1.0)), seconds

    def stretch(self, direction: Direction, attribute: str) -> Direction:
        """One step becomes the guide's standard deviation of the attribute, by two secant steps on discovery's seeds."""
        column = list(self.guide.names).index(ATTRIBUTES[attribute])
        look = Evaluate(samples=self.options.look, strengths=(-1.0, 0.0, 1.0), first_seed=0)
        for _ in range(2):
            seen = look.respond(self.studio.generator, direction, [self.guide])
            change = float(slopes(seen).nanmean(0)[column] / spread_of(seen)[column])
            if abs(change) < 1e-3:
                break
            direction = direction.stretched(min(max(1 / change, -4.0), 4.0))
        return direction

    def judged(self, direction: Direction, attribute: str) -> tuple[dict[str, Evaluation], Responses]:
        """By the judge (its mark is empty), the untrained measures and the witness, on the same fresh faces."""
        method = Evaluate(samples=self.options.faces, strengths=(-1.0, 0.0, 1.0, 1.5), twice=True)
        own, generator = ATTRIBUTES[attribute], self.studio.generator
        embed = dlib_embedding() if self.options.identity else None
        seen = method.respond(generator, direction, [self.judge, *untrained(), *self.witnesses], embed)
        parts = dict(
            zip(("", "untrained "), (_only(seen, names) for names in self._columns(own)), strict=True)
        )
        if any(WITNESS + own in scorer.names for scorer in self.witnesses):
            parts[WITNESS] = _only(seen, {name for scorer in self.witnesses for name in scorer.names})
        return {mark: method.judge(direction, part, own) for mark, part in parts.items()}, parts[""]

    def _columns(self, own: str) -> tuple[set[str], set[str]]:
        """What the judge reads; the target as the judge reads it with all that is measured without training."""
        return set(self.judge.names), {own, *(name for scorer in untrained() for name in scorer.names)}


def _only(seen: Responses, names: set[str]) -> Responses:
    """The responses of some measures."""
    places = [place for place, name in enumerate(seen.names) if name in names]
    again = None if seen.again is None else seen.again[..., places]
    return replace(
        seen, scores=seen.scores[..., places], names=tuple(seen.names[k].removeprefix(WITNESS) for k in places),
        again=again,
    )  # fmt: skip


def untrained() -> list[Scorer]:
    """Measures that never learned from renders."""
    from latentlab.studio.parts import Colour, Geometry

    return [Geometry(), Colour()]


def all_methods(bench: Bench) -> dict[str, object]:
    """The table, and what it says about `joint`."""
    options = bench.options
    began = time.perf_counter()
    rows: list[dict[str, object]] = []
    responses: dict[tuple[str, str], Responses] = {}
    for first_seed in options.banks:
        bench.bank = filled_bank(bench.studio, [bench.guide], options.samples, first_seed=first_seed)
        print(f"bank of {options.samples:,} samples from seed {first_seed}", flush=True)
        for method in options.methods:
            if first_seed != options.banks[0] and method in (LIBRARY, "text", "pairs", *UNSUPERVISED):
                continue  # what learns from no bank
            for attribute in options.attributes:
                if time.perf_counter() - began > options.budget:
                    print(f"{method}, {attribute}: left out, the time is up")
                    continue
                try:
                    found, seconds = bench.find(method, attribute)
                    judged, seen = bench.judged(bench.stretch(found, attribute), attribute)
                except LatentLabError as error:
                    print(f"{method}, {attribute}: left out ({error})")
                    continue
                responses.setdefault((method, attribute), seen)
                rows.append({"bank": first_seed, **as_row(method, attribute, judged, seconds)})
                print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(f"\n{table(rows)}\n\nmeans over the attributes:\n{table(list(means(rows)))}")
    return {
        "hash": bench.studio.generator.hash, "samples": options.samples, "banks": options.banks, "n": options.faces,
        "judges": judge_words([bench.judge, *untrained(), *bench.witnesses], identity=options.identity), "rows": rows,
        "means": list(means(rows)), "joint_against_interfacegan": against(responses, options.attributes),
        "confounders": [str(pair) for pair in confounders(bench.studio, [bench.guide])],
    }  # fmt: skip


def as_row(method: str, attribute: str, judged: dict[str, Evaluation], seconds: float) -> dict[str, object]:
    """One line of the table."""
    row, few = judged[""], judged["untrained "]
    worst = max(row.leakage, key=lambda name: abs(row.leakage[name][0]))
    told: dict[str, object] = {
        "method": method,
        "attribute": attribute,
        "n": row.n,
        "reached": row.step_sd[0],
    }
    for mark, one in judged.items():
        told |= {
            f"{mark}leakage": one.total_leakage[0], f"{mark}per face": one.per_face[0] if one.per_face else None,
            f"{mark}floor": one.floor,
        }  # fmt: skip
    told[f"{WITNESS}reached"] = judged[WITNESS].step_sd[0] if WITNESS in judged else None
    return {
        **told, "low": row.total_leakage[1], "high": row.total_leakage[2],
        "most": f"{worst} {row.leakage[worst][0]:+.2f}", "identity": row.identity[0] if row.identity else None,
        "works": row.works, "untrained twin": ", ".join(f"{v[0]:+.2f}" for v in few.confirmed.values()) or None,
        "seconds": seconds,
    }  # fmt: skip


AVERAGED = (
    "reached", "leakage", "per face", "untrained leakage", "untrained per face", "witness reached", "witness leakage",
    "witness per face", "identity", "works", "seconds",
)  # fmt: skip


def means(rows: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Each method's mean over the attributes and banks, and how far the banks' means lie apart."""
    for method in dict.fromkeys(str(row["method"]) for row in rows):
        own = [row for row in rows if row["method"] == method]
        banks = list(dict.fromkeys(row["bank"] for row in own))
        by_bank = [_mean_of([row for row in own if row["bank"] == bank]) for bank in banks]
        apart = {
            f"{key} ±": float(np.std([one[key] for one in by_bank], ddof=1)) if len(banks) > 1 else None
            for key in ("leakage", "untrained leakage")
        }
        yield {
            "method": method,
            "attributes": len(own) // len(banks),
            "banks": len(banks),
            **_mean_of(own),
            **apart,
        }


def _mean_of(rows: list[dict[str, object]]) -> dict[str, float]:
    return {
        key: float(np.mean([float(row[key]) for row in rows if row.get(key) is not None] or [np.nan]))  # type: ignore[arg-type]
        for key in AVERAGED
    }


def against(responses: dict[tuple[str, str], Responses], attributes: list[str]) -> dict[str, object] | None:
    """Mean leakage of `joint` and `interfacegan` over the attributes, with 95 % bootstrap intervals over the faces."""
    both = [a for a in attributes if ("joint", a) in responses and ("interfacegan", a) in responses]
    if not both:
        return None
    found: dict[str, np.ndarray] = {}
    for method in ("joint", "interfacegan"):
        parts = [
            leakage_replicas(responses[method, a], ATTRIBUTES[a]) for a in both
        ]  # the same resampled faces for all
        found[method] = np.mean(parts, axis=0)
    intervals = {m: (float(v[0]), *map(float, np.percentile(v[1:], [2.5, 97.5]))) for m, v in found.items()}
    ratio = found["joint"] / found["interfacegan"]
    apart = intervals["joint"][2] < intervals["interfacegan"][1]
    by_attribute = {
        a: float(
            leakage_replicas(responses["joint", a], ATTRIBUTES[a])[0]
            / leakage_replicas(responses["interfacegan", a], ATTRIBUTES[a])[0]
        )
        for a in both
    }
    low, high = map(float, np.percentile(ratio[1:], [2.5, 97.5]))
    print(
        f"\njoint leaks {ratio[0]:.2f} [{low:.2f}, {high:.2f}] of interfacegan over {', '.join(both)} "
        f"({intervals['joint'][0]:.3f} against {intervals['interfacegan'][0]:.3f} sd); the intervals "
        f"{'do not overlap' if apart else 'OVERLAP'}; above one half: "
        f"{', '.join(a for a, value in by_attribute.items() if value > 0.5) or 'none'}"
    )
    return {
        **intervals, "ratio": (float(ratio[0]), low, high), "apart": apart, "ratio_by_attribute": by_attribute,
        "attributes": both,
    }  # fmt: skip


def scale(options: argparse.Namespace) -> dict[str, object]:
    """Time and peak memory, each run in a process of its own."""
    from directions_scale import RUNS, measured

    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in RUNS:
            row = measured(name, options, Path(scratch))
            rows.append(row)
            print(table(rows[-1:]), flush=True)
    print(f"\n{table(rows)}")
    return {"rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="faces")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--home", default="lab", help="where the bank is kept")
    parser.add_argument("--samples", type=int, default=20_000, help="samples of the bank")
    parser.add_argument("--faces", type=int, default=100, help="fresh faces for the judge")
    parser.add_argument(
        "--no-identity", dest="identity", action="store_false", help="without dlib's distance"
    )
    parser.add_argument("--banks", type=int, nargs="+", default=[0], help="first seeds of the banks")
    parser.add_argument(
        "--look", type=int, default=32, help="faces of discovery's seeds on which steps are made equal"
    )
    parser.add_argument("--pairs", type=int, default=32, help="rendered pairs for `pairs`")
    parser.add_argument("--components", type=int, default=24, help="of sefa and ganspace")
    parser.add_argument("--drawn", type=int, default=100_000, help="samples of w for ganspace in the table")
    parser.add_argument("--budget", type=float, default=900.0, help="seconds, the bank included")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--attributes", nargs="+", default=list(ATTRIBUTES), choices=list(ATTRIBUTES))
    parser.add_argument("--clip", default="", help="weights of CLIP ViT-B-32, for `text`")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--wide", type=int, default=1_000_000, help="--scale: samples of GANSpace")
    parser.add_argument("--deep", type=int, default=100_000, help="--scale: samples of the supervised run")
    parser.add_argument(
        "--fill", type=int, default=0, help="--scale: samples to render and score (0: as many as --deep)"
    )
    parser.add_argument("--svc", type=int, default=4000, help="--scale: samples that scikit-learn's SVC gets")
    options = parser.parse_args()

    found = scale(options) if options.scale else all_methods(Bench.open(options))
    name = Path(str(options.network)).name
    print(write("directions_scale" if options.scale else "directions", {"network": name, **found}))


if __name__ == "__main__":
    main()
