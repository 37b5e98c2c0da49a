"""Guide, judge and witness on pictures that none of them saw: what they explain, and how alike their errors are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.errors import MissingPart
from latentlab.core.image import from_pixels
from latentlab.core.shapes import Images
from latentlab.studio import Studio
from latentlab.studio.parts import (
    NAMES,
    FaceSet,
    Portraits,
    companions,
    correlation,
    guide,
    judge,
    known,
    labelled,
    read_twice,
    settle,
    witness,
)

ROLES = {"guide": guide, "judge": judge, "witness": witness}
SEED, SIZE, BATCH = 523, 128, 50
"""Natural faces of a seed that no training uses, at the side that guide and judge read and the network draws."""
LEAST = 0.5
"""Errors are compared in attributes that every scorer explains so far (R² on the renders)."""
AGE, SEX, SMILE = (NAMES.index(name) for name in ("age", "presentation", "smile"))


@dataclass(frozen=True, eq=False)
class Read:
    """What each scorer says of some pictures."""

    truth: Tensor
    """[n names], NaN where nobody knows."""
    said: Mapping[str, Tensor]
    """[n names] by role."""

    def explained(self, role: str) -> dict[str, float]:
        """R² of each attribute."""
        left = (self.said[role] - self.truth).square().mean(0)
        share = 1 - left / self.truth.var(0, unbiased=False).clamp_min(1e-12)
        return dict(zip(NAMES, share.tolist(), strict=True))

    def alike(self, one: str, other: str, names: Sequence[str]) -> dict[str, float]:
        """Correlation of two scorers' errors, by attribute."""
        errors = [self.said[role] - self.truth for role in (one, other)]
        return {name: correlation(*(e[:, NAMES.index(name)] for e in errors)) for name in names}


@torch.no_grad()
def read(studio: Studio, images: Images, truth: Tensor) -> Read:
    """All three on the same pictures; every attribute, also what the witness would rather not say."""
    said = {}
    for role, find in ROLES.items():
        scorer = find(studio)
        parts = [read_twice(scorer.network, part, scorer.signs).float() for part in images.split(BATCH)]
        said[role] = torch.cat(parts)
    return Read(truth, said)


@torch.no_grad()
def redrawn(studio: Studio, images: Images) -> Images:
    """The network's own pictures of these faces, by its encoder: the same truth, as a generator draws it."""
    encoder = companions(studio).encoder
    if encoder is None:
        raise MissingPart(f"no encoder came with the network '{studio.name}'")
    return torch.cat(
        [studio.generator.render(settle(encoder, studio.generator, part)) for part in images.split(BATCH)]
    )


def on_renders(studio: Studio, count: int, folder: Path) -> dict[str, object]:
    """What each explains of natural renders, and how alike errors are on them and on the network's pictures of them."""
    data = labelled(FaceSet(count, SEED, SIZE, "natural"), folder)
    images = from_pixels(data.pixels)
    plain = read(studio, images, data.values)
    drawn = read(studio, redrawn(studio, images), data.values)
    r2 = {role: plain.explained(role) for role in ROLES}
    common = [name for name in NAMES if all(r2[role][name] >= LEAST for role in ROLES)]
    found: dict[str, object] = {"renders": count, "r2": r2, "compared": common}
    for place, one in (("on renders", plain), ("on the network's pictures", drawn)):
        pairs = {f"{a} and {b}": one.alike(a, b, common) for a, b in combinations(ROLES, 2)}
        found[place] = {
            pair: {"mean": sum(each.values()) / len(each), **each} for pair, each in pairs.items() if each
        }
    return found


def on_photographs(studio: Studio, folders: Sequence[Path]) -> list[dict[str, object]]:
    """What each reads of the age, sex and smile of people held out."""
    readers = [Portraits(folder, SIZE, "held out") for folder in folders if _holds_out(folder)]
    rows = [
        (reader.picture(name), known(name, reader.labels.get(name.rsplit("/", 1)[-1], {})))
        for reader in readers
        for name in reader.names
    ]
    one = read(studio, torch.cat([image for image, _ in rows]), torch.stack([truth for _, truth in rows]))
    return [_told(role, one) for role in ROLES]


def _holds_out(folder: Path) -> bool:
    everybody = Portraits(folder, SIZE, "all")
    return len(everybody) > len(Portraits(folder, SIZE, "train"))


def _told(role: str, one: Read) -> dict[str, object]:
    said, truth = one.said[role], one.truth
    aged, sexed, posed = (truth[:, place].isfinite() for place in (AGE, SEX, SMILE))
    ages = truth[aged, AGE]
    men, smiling = truth[:, SEX] > 0, truth[:, SMILE] > 0.3
    return {
        "scorer": role, "n": len(truth), "ages": int(aged.sum()),
        "age error, years": float((said[aged, AGE] - ages).abs().mean()),
        "age error of the median": float((ages - ages.median()).abs().mean()),
        "age r": correlation(said[:, AGE], truth[:, AGE]),
        "sexes": int(sexed.sum()),
        "sex right": float(((said[:, SEX] > 0) == men)[sexed].float().mean()),
        "sex apart": apart(said[sexed & men, SEX], said[sexed & ~men, SEX]),
        "smiles": int(posed.sum()),
        "smile apart": apart(said[posed & smiling, SMILE], said[posed & ~smiling, SMILE]),
    }  # fmt: skip


def apart(higher: Tensor, lower: Tensor) -> float:
    """Share of pairs in which the first is read higher (the area under the curve of Green and Swets 1966)."""
    difference = higher[:, None] - lower[None]
    return float((difference > 0).float().mean() + 0.5 * (difference == 0).float().mean())
