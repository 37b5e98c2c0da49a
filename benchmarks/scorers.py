"""Writes the table of what the trained scorers explain of pictures they never saw.

    python benchmarks/scorers.py

reads guide.safetensors, judge.safetensors and the story of identity.safetensors (no pictures: the figures are measured when
they are trained, on renders held out) and writes docs/scorers.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from latentlab.core.files import atomic
from latentlab.studio.parts import Archive, read_story

ROOT = Path(__file__).resolve().parent.parent
ASKED = ("yaw", "pitch", "smile", "mouth_open", "age", "lip_colour")
"""Of these at least .9 is asked."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models", type=Path, default=ROOT / "assets" / "faces", help="folder of the three files"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "scorers.md")
    wish = parser.parse_args()

    stories = {role: _with_lips(wish.models / f"{role}.safetensors") for role in ("guide", "judge")}
    place = wish.models / "identity.safetensors"
    page = write_page(stories, read_story(place) if place.exists() else None)
    with atomic(wish.out) as draft:
        draft.write_text(page)
    print(page)


def write_page(stories: dict[str, dict], identity: dict | None) -> str:
    """The page in Markdown."""
    guide, judge = stories["guide"], stories["judge"]
    rows = [
        f"| `{name}`{' *' if name in ASKED else ''} | {unit} | {_share(guide, name)} | {_share(judge, name)} |"
        for name, unit in zip(guide["names"], guide["units"], strict=True)
    ]
    held_out = {role: f"{story['held_out']:,}" for role, story in stories.items()}
    lines = [
        "# What the scorers see", "",
        "Share of each factor's variance (R²) that the scorers explain on renders they never saw "
        f"(guide: {held_out['guide']}, judge: {held_out['judge']}; other people and another seed than in training). "
        f"The guide learnt from {guide['pictures']:,} renders, shown {guide['images'] / guide['pictures']:.0f} times each, "
        f"the judge from {judge['pictures']:,}, {judge['images'] / judge['pictures']:.0f} times. "
        "Rows with a star are those that are asked to reach .9.", "",
        "    python benchmarks/scorers.py", "",
        "| factor | unit | guide | judge |", "|---|---|---|---|", *rows,
    ]  # fmt: skip
    if identity is not None:
        lines += [
            "",
            "The identity embedding tells one person from two with "
            f"{identity['verification_accuracy']:.1%} accuracy at the best threshold (people it never saw).",
        ]
    return "\n".join(lines) + "\n"


def _with_lips(path: Path) -> dict:
    """The story, with the colour of the lips as one attribute beside its channels: the share of the variance of the vector
    in Lab, each channel's variance that of the renders the scorer learnt from."""
    archive = Archive.load(path)
    story = dict(archive.story)
    names = list(story["names"])
    lips = [place for place, name in enumerate(names) if name.startswith("lip_")]
    variance = archive.tensors["spread"].float()[lips].square()
    missed = sum(float(v) * (1 - story["r2"][names[place]]) for v, place in zip(variance, lips, strict=True))
    r2 = dict(story["r2"]) | {"lip_colour": 1 - missed / float(variance.sum())}
    names.insert(lips[0], "lip_colour")
    units = list(story["units"])
    units.insert(lips[0], "its ΔL*, Δa* and Δb* together")
    return story | {"names": names, "units": units, "r2": r2}


def _share(story: dict, name: str) -> str:
    value = story["r2"].get(name)
    return "" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
