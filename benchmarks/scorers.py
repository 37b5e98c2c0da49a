"""Writes the table of what the trained scorers explain of pictures they never saw.

    python benchmarks/scorers.py

reads the stories of guide.safetensors, judge.safetensors and identity.safetensors (no tensors, no pictures: the figures are
measured when they are trained, on renders held out) and writes docs/scorers.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from latentlab.core.files import atomic
from latentlab.store.archive import read_story

ROOT = Path(__file__).resolve().parent.parent
ASKED = ("yaw", "pitch", "smile", "mouth_open", "age")
"""Targets of which at least .9 is asked, beside every colour of the lips."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models", type=Path, default=ROOT / "assets" / "faces", help="folder of the three files"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "scorers.md")
    wish = parser.parse_args()

    stories = {role: read_story(wish.models / f"{role}.safetensors") for role in ("guide", "judge")}
    place = wish.models / "identity.safetensors"
    page = write_page(stories, read_story(place) if place.exists() else None)
    with atomic(wish.out) as draft:
        draft.write_text(page)
    print(page)


def write_page(stories: dict[str, dict], identity: dict | None) -> str:
    """The page in Markdown."""
    guide, judge = stories["guide"], stories["judge"]
    rows = [
        f"| `{name}`{' *' if asked(name) else ''} | {unit} | {_share(guide, name)} | {_share(judge, name)} |"
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


def asked(name: str) -> bool:
    """Whether the scorers have to see this one well."""
    return name in ASKED or name.startswith("lip")


def _share(story: dict, name: str) -> str:
    value = story["r2"].get(name)
    return "" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
