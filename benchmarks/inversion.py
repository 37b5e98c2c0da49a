"""Inversion measured: how near, how fast, and how well the result still edits.

    python benchmarks/inversion.py                     the table, on held-out renders and photographs
    python benchmarks/inversion.py --projector         our descent against the published projector, in one run
    python benchmarks/inversion.py --portrait          pivot on scikit-image's portrait, and what its edits still reach
    python benchmarks/inversion.py --step              one projection step at 256² against plain torch

Distances are medians over n faces. `share` is how much of one calibrated step of age, smile and yaw the `judge` reads
after the edit (1 is all of it), `lost` the dlib identity distance that step costs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from report import median, shown, table, write
from subjects import Subjects, astronaut, photographs, renders
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError
from latentlab.core.inversion import Inversion
from latentlab.core.latent import Space
from latentlab.core.shapes import Images
from latentlab.studio import Studio
from latentlab.studio.parts import (
    Auto,
    Descend,
    Encode,
    Given,
    Inverter,
    PivotalTuning,
    Projector,
    Refine,
    apply,
    companions,
    find_direction,
)

METHODS: dict[str, Inverter] = {
    "encode": Encode(),
    "refine": Refine(),
    "descend W": Descend(Space.W),
    "descend W+": Descend(Space.W_PLUS),
    "pivot": PivotalTuning(),
    "auto 20 s": Auto(budget=20),
}
QUICK = ("encode", "refine")
"""Methods without optimisation: they see every face."""
ATTRIBUTES = ("age", "smile", "yaw")
RANGES = {"age": (15.0, 85.0), "smile": (0.0, 1.0), "yaw": (-60.0, 60.0)}
"""Of the factors: nobody can be asked to smile more than fully."""


@dataclass(eq=False)
class Bench:
    """Network, helpers and judges."""

    studio: Studio
    given: Given
    judge: object | None
    directions: dict[str, Direction]
    batch: int

    @classmethod
    def open(cls, network: str, device: str, batch: int) -> Bench:
        studio = Studio(network=network, device=device)
        parts = companions(studio)
        given = Given(encoder=parts.encoder, distance=parts.distance)
        return cls(studio, given, _judge(studio), dict(_directions(studio)), batch)

    def invert(self, method: Inverter, faces: Images) -> Inversion:
        return method.invert(self.studio.generator, faces.to(self.studio.place), self.given)

    @torch.no_grad()
    def edited(self, inversion: Inversion, direction: Direction, strength: float = 1.0) -> Images:
        """The picture after so many calibrated steps."""
        latent = apply(self.studio.generator, inversion.latent, {direction: strength})
        return self.studio.generator.render(latent, inversion.noise, inversion.pivot).clamp(-1, 1)


def _judge(studio: Studio) -> object | None:
    from latentlab.studio.parts import SCORERS

    try:
        return SCORERS["judge"](device=studio.place)
    except LatentLabError as error:
        print(f"no judge: {error}")
        return None


def _directions(studio: Studio) -> Iterator[tuple[str, Direction]]:
    for name in ATTRIBUTES:
        try:
            yield name, find_direction(studio, name)
        except LatentLabError as error:
            print(f"no direction '{name}': {error}")


def batches(bench: Bench, faces: Images, seconds: float, least: int) -> Iterator[Images]:
    """One batch after the other until the time is up, but at least `least` faces."""
    began, done = time.perf_counter(), 0
    for part in faces.split(bench.batch):
        if done >= least and time.perf_counter() - began > seconds:
            return
        yield part
        done += len(part)


def measure(bench: Bench, name: str, subjects: Subjects, seconds: float, least: int) -> dict[str, object]:
    """One row: a method on some faces."""
    columns: dict[str, list[float]] = {}
    done, spent = 0, 0.0
    for faces in batches(bench, subjects.images, float("inf") if name in QUICK else seconds, least):
        inversion = bench.invert(METHODS[name], faces)
        spent += inversion.seconds
        for key, values in [
            *inversion.measures.items(),
            *identity(faces, inversion.image).items(),
            *edits(bench, inversion),
        ]:
            columns.setdefault(key, []).extend(values.flatten().tolist())
        done += len(faces)
    row: dict[str, object] = {"method": name, "n": done}
    named = bench.given.distance_name or "perceptual"
    for key in ("psnr", "ms_ssim", named, "identity", "floor", "typicality"):
        row[key] = median(columns.get(key, []))
    row["seconds"] = spent / max(done, 1)
    for attribute in bench.directions:
        row[f"{attribute} share"] = median(columns.get(f"{attribute} share", []))
        row[f"{attribute} lost"] = median(columns.get(f"{attribute} lost", []))
    return row


def identity(faces: Images, images: Images) -> dict[str, Tensor]:
    """dlib's distance between face and reconstruction, and its floor at this resolution."""
    from latentlab.studio.parts import distances, embed, floor

    first, second = embed(faces.cpu()), embed(images.detach().clamp(-1, 1).cpu())
    return {"identity": distances(first, second), "floor": floor(faces.cpu(), images.shape[-1])}


def edits(
    bench: Bench, inversion: Inversion, strengths: tuple[float, ...] = (1.0,)
) -> Iterator[tuple[str, Tensor]]:
    """For every attribute the share of one step that the judge reads, and the identity it costs, at each strength."""
    from latentlab.studio.parts import distances, embed

    if bench.judge is None:
        return
    before = inversion.image.clamp(-1, 1)
    with torch.no_grad():
        read, known = bench.judge(before), embed(before.cpu())
        for attribute, direction in bench.directions.items():
            column = list(bench.judge.names).index(attribute)
            for strength in strengths:
                after = bench.edited(inversion, direction, strength)
                way = "" if len(strengths) == 1 else f" {strength:+g}"
                change = (bench.judge(after) - read)[:, column] / (strength * direction.step)
                yield f"{attribute}{way} share", change
                yield f"{attribute}{way} lost", distances(embed(after.cpu()), known)


def methods_table(bench: Bench, options: argparse.Namespace) -> dict[str, object]:
    """The table on renders and on photographs."""
    found: dict[str, object] = {"network": bench.studio.name, "hash": bench.studio.generator.hash}
    found["perceptual"] = bench.given.distance_name
    for title, make in (
        ("renders", lambda: renders(options.n)),
        ("photographs", lambda: photographs(options.photos)),
    ):
        try:
            subjects = make()
        except LatentLabError as error:
            print(f"{title}: left out ({error})")
            continue
        rows = []
        for name in options.methods:
            try:
                rows.append(measure(bench, name, subjects, options.budget, options.least))
            except LatentLabError as error:
                print(f"{title}, {name}: {error}")
        print(f"\n{title} ({', '.join(subjects.left_out) or 'none left out'}):\n{table(rows)}")
        found[title] = {"rows": rows, "left_out": subjects.left_out}
    return found


def against_projector(bench: Bench, options: argparse.Namespace) -> dict[str, object]:
    """How soon our descent is as near as the published projector ends, face by face."""
    faces = renders(options.least).images if options.renders else photographs(options.least).images
    rows = []
    for number, face in enumerate(faces.split(1)):
        theirs = bench.invert(Projector(steps=options.steps), face)
        named = bench.given.distance_name or "mse"
        goal = float(theirs.measures[named])
        ours, reached = None, None
        for steps in (10, 20, 40, 80, 140, 240):
            ours = bench.invert(Descend(Space.W_PLUS, steps=steps, patience=0), face)
            if float(ours.measures[named]) <= goal:
                reached = ours
                break
        last = reached or ours
        rows.append(
            {
                "face": number, f"{named}, published": goal, f"{named}, ours": float(last.measures[named]),
                "seconds, published": theirs.seconds, "seconds, ours": last.seconds, "steps": last.steps,
                "share of its time": last.seconds / theirs.seconds if reached else None,
            }
        )  # fmt: skip
        print(table(rows[-1:]), flush=True)
    shares = [float(row["share of its time"]) for row in rows if row["share of its time"] is not None]
    print(
        f"\n{table(rows)}\nreached on {len(shares)} of {len(rows)} faces, median share of the time {shown(median(shares))}"
    )
    return {"rows": rows, "reached": len(shares), "median_share": median(shares), "steps": options.steps}


def portrait(bench: Bench, options: argparse.Namespace) -> dict[str, object]:
    """pivot on the portrait: how near, and what edits reach beside those of `encode` (or of a descent without encoder).

    Both ways are shown. What is kept is counted over the ways for which the face has room, as the judge reads the photo:
    who smiles fully cannot smile more.
    """
    face = astronaut().images
    plain = Encode() if bench.given.encoder is not None else Descend()
    rows = []
    for name, method in (("start", plain), ("pivot", PivotalTuning())):
        inversion = bench.invert(method, face)
        row: dict[str, object] = {
            "method": f"{name}: {type(method).__name__}",
            "psnr": float(inversion.measures["psnr"]),
        }
        row |= {key: float(value) for key, value in identity(face, inversion.image).items()}
        row |= {key: float(value) for key, value in edits(bench, inversion, (-1.0, 1.0))}
        row["seconds"] = inversion.seconds
        rows.append(row)
    photo, kept = {}, {}
    for attribute, direction in bench.directions.items() if bench.judge is not None else ():
        with torch.no_grad():
            value = float(bench.judge(face)[0, list(bench.judge.names).index(attribute)])
        low, high = RANGES[attribute]
        ways = [way for way in (-1, 1) if low <= value + way * direction.step <= high]
        first, second = (sum(float(row[f"{attribute} {way:+d} share"]) for way in ways) for row in rows)  # type: ignore[arg-type]
        photo[attribute], kept[f"{attribute} {'/'.join(f'{way:+d}' for way in ways)}"] = value, second / first
    print(table(rows))
    print("the judge reads in the photo: " + ", ".join(f"{k} {shown(v)}" for k, v in photo.items()))
    print(
        "of the target change on the start, pivot keeps: "
        + ", ".join(f"{k} {shown(v)}" for k, v in kept.items())
    )
    return {"rows": rows, "photo": photo, "kept": kept}


def step(options: argparse.Namespace) -> dict[str, object]:
    """One projection step, forward and backward to W+, ours and plain torch on the same weights, interleaved."""
    import plain

    from latentlab.studio.parts import DiscriminatorDistance, Objective, build, channels_for

    size = 256
    channels = channels_for(size, 16384, 512)
    generator = build("stylegan2", {"resolution": size, "channels": channels}, None, 0).to(options.device)
    discriminator = build(
        "stylegan2_discriminator", {"resolution": size, "channels": channels_for(size, 4096, 128)}, None, 1
    ).to(options.device)
    target = torch.rand(1, 3, size, size, device=options.device) * 2 - 1
    objective = Objective(target, torch.ones_like(target[:, :1]), DiscriminatorDistance(discriminator))
    w_plus = torch.randn(1, generator.layers, generator.w_width, device=options.device)

    def ours(dtype: torch.dtype | None) -> float:
        def make(styles: Tensor) -> Images:
            if dtype is None:
                return generator(styles)
            with torch.autocast(styles.device.type, dtype):
                return generator(styles)

        return one(make)

    def one(make) -> float:
        values = w_plus.clone().requires_grad_(True)
        began = _now(options.device)
        loss = objective(make(generator.styles(values)), [0]).sum()
        torch.autograd.grad(loss, [values])
        return _now(options.device) - began

    variants = {
        "plain, grouped": lambda: one(lambda styles: plain.stylegan2(generator, styles, fused=True)),
        "plain, scaled": lambda: one(lambda styles: plain.stylegan2(generator, styles, fused=False)),
        "ours fp32": lambda: ours(None),
        "ours bf16": lambda: ours(torch.bfloat16),
    }
    times = {name: [] for name in variants}
    for turn in range(options.repeats + 1):
        for name, run in variants.items():
            seconds = run()
            if turn:  # the first turn warms up
                times[name].append(seconds)
    best = {name: median(values) for name, values in times.items()}
    base = min(best["plain, grouped"], best["plain, scaled"])
    rows = [{"variant": name, "ms": 1000 * value, "ratio": base / value} for name, value in best.items()]
    print(table(rows))
    return {"rows": rows, "size": size, "repeats": options.repeats}


def _now(device: str) -> float:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="faces")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--n", type=int, default=200, help="held-out renders for encode and refine")
    parser.add_argument("--photos", type=int, default=None, help="at most so many photographs")
    parser.add_argument(
        "--budget", type=float, default=300.0, help="seconds for each optimising method on each set"
    )
    parser.add_argument(
        "--least", type=int, default=8, help="faces that every method sees, whatever the budget"
    )
    parser.add_argument("--batch", type=int, default=None, help="faces at once (1 on a CPU, 16 on a GPU)")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--steps", type=int, default=1000, help="of the published projector")
    parser.add_argument(
        "--renders", action="store_true", help="--projector on renders instead of photographs"
    )
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--projector", action="store_true")
    parser.add_argument("--portrait", action="store_true")
    parser.add_argument("--step", action="store_true")
    options = parser.parse_args()

    if options.step:
        print(write("inversion_step", step(options)))
        return
    bench = Bench.open(
        options.network, options.device, options.batch or (16 if options.device != "cpu" else 1)
    )
    part = "projector" if options.projector else "portrait" if options.portrait else "table"
    run = {"projector": against_projector, "portrait": portrait, "table": methods_table}[part]
    found = run(bench, options)
    print(
        write("inversion" if part == "table" else f"inversion_{part}", found | {"network": bench.studio.name})
    )


if __name__ == "__main__":
    main()
