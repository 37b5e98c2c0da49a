"""Writes the tables of what the trained scorers explain of pictures they never saw, and how alike their errors are.

    python benchmarks/scorers.py                     from the stories of the files, and what was measured last
    python benchmarks/scorers.py --measure           also measures guide, judge and witness side by side (minutes)
    python benchmarks/scorers.py --measure --photographs PORTRAITS

reads guide.safetensors, judge.safetensors and the story of identity.safetensors (figures measured when they were trained, on
renders held out) and writes docs/scorers.md. With --measure all three read the same natural renders, the network's own
pictures of them, and the people held out of folders of labelled photographs; results/scorers.json keeps what they read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from report import RESULTS, table, write
from scorer_errors import ROLES, on_photographs, on_renders

from latentlab.core.files import atomic
from latentlab.studio import Studio
from latentlab.studio.parts import Archive, read_story

ROOT = Path(__file__).resolve().parent.parent
ASKED = ("yaw", "pitch", "smile", "mouth_open", "age", "lip_colour")
"""Of these at least .9 is asked."""
COMMON = (
    "What they still have in common: the face model, its textures and the renderer's geometry; the definitions of what is "
    "read; small shifts, lost resolution and grain while learning; two readings, straight and mirrored. Of the photographs "
    "nothing was seen by guide and judge. Ages of the synthetic portraits are those that they were asked for, not known ones."
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models", type=Path, default=ROOT / "assets" / "faces", help="folder of the three files"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "scorers.md")
    parser.add_argument("--measure", action="store_true", help="guide, judge and witness side by side")
    parser.add_argument("--renders", type=int, default=250, help="natural renders to read")
    parser.add_argument("--folder", type=Path, default=Path("lab/scorers"), help="where the renders are kept")
    parser.add_argument("--photographs", type=Path, nargs="*", default=[], help="folders with a labels.csv")
    wish = parser.parse_args()

    if wish.measure:
        studio = Studio(network="faces", device="cpu")
        found = on_renders(studio, wish.renders, wish.folder)
        if wish.photographs:
            found["photographs"] = on_photographs(studio, wish.photographs)
        print(write("scorers", found))

    stories = {role: _with_lips(wish.models / f"{role}.safetensors") for role in ("guide", "judge")}
    place, measured = wish.models / "identity.safetensors", RESULTS / "scorers.json"
    page = write_page(stories, read_story(place) if place.exists() else None)
    if measured.exists():
        story = read_story(wish.models / "witness.safetensors")
        page += "\n".join(["", *side_by_side(json.loads(measured.read_text()), story)]) + "\n"
    with atomic(wish.out, own=True) as draft:
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


def side_by_side(found: Mapping[str, Any], story: Mapping[str, Any]) -> Iterator[str]:
    """The section on the witness: the same pictures for all three."""
    yield from (
        "## The witness", "",
        "Guide and judge share renderer, law, labels and loss, and the judge also chooses what ships. The witness only reports "
        "(`latentlab evaluate --judge witness`): attention instead of convolutions alone, absolute instead of Huber's errors, "
        "every attribute weighing the same, faces of the law `loose` (`docs/world.md`), half of them cartoons, and photographs "
        f"with known sex, age or smile. It learnt from {story['pictures']:,} pictures (photographs with an age or a smile "
        f"counted five times), shown {story['images']:,} in all, and was stopped while it still improved. What it explains less "
        f"than half of, on {story['held_out']:,} natural renders held out, it does not say, so it knows nothing of "
        "smiles and most other moods, of most paints, of hair length and of the colour of lips.", "",
        "    python benchmarks/scorers.py --measure --photographs PORTRAITS", "",
        f"R² on {found['renders']:,} natural renders of people that none of them saw. Natural faces vary less in moods and "
        "makeup than those that guide and judge are measured on above, so the same error explains less.", "",
    )  # fmt: skip
    unsaid = {name for name, value in story["r2"].items() if value < 0.5}
    rows = [
        {"factor": f"`{name}`", **{role: f"{found['r2'][role][name]:.3f}" for role in ROLES},
         "said by the witness": "no" if name in unsaid else "yes"}
        for name in found["r2"]["guide"]
    ]  # fmt: skip
    yield table(rows)
    yield from ("", *_alike(found), "")
    if "photographs" in found:
        yield from _people(found["photographs"])
    yield COMMON


def _alike(found: Mapping[str, Any]) -> Iterator[str]:
    """How alike errors are."""
    names = ", ".join(f"`{name}`" for name in found["compared"])
    yield f"Correlation of two scorers' errors, mean over what all three explain at least half of ({names}):"
    yield ""
    places = ("on renders", "on the network's pictures")
    yield table(
        [
            {"": pair, **{place: f"{found[place][pair]['mean']:.2f}" for place in places}}
            for pair in found[places[0]]
        ]
    )
    yield ""
    yield (
        "The network's pictures are what `faces` makes of the same renders through its encoder: where it draws somebody else, "
        "all three are right to read somebody else, so errors agree more there."
    )


def _people(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """What each reads of photographs."""
    first = rows[0]
    yield (
        f"On {first['n']} photographs of people held out ({first['ages']} with an age, {first['smiles']} asked to smile or not). "
        "Right at zero counts sex by the sign of `presentation`; apart is the share of pairs, one of each, that are read in the "
        "right order (.5 is chance). The witness learnt from other people of the same sets, with their light and camera; guide "
        f"and judge never saw a photograph. Guessing the median age errs by {first['age error of the median']:.1f} years."
    )
    yield ""
    yield table([
        {
            "": row["scorer"], "age error, years": f"{row['age error, years']:.1f}", "age, correlation": f"{row['age r']:.2f}",
            "sex right at zero": f"{row['sex right']:.0%}", "sexes apart": f"{row['sex apart']:.3f}",
            "smiling and neutral apart": f"{row['smile apart']:.3f}",
        }
        for row in rows
    ])  # fmt: skip
    yield ""


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
