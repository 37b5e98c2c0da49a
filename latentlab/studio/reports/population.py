"""What is true of a whole network, whatever the direction: which attributes come together, and how its spaces hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

from latentlab.core.errors import LatentLabError
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.studio.discovery.discover import bank_folder
from latentlab.studio.lab import Lab

if TYPE_CHECKING:
    from latentlab.core.scorer import Scorer

LEAST_SAMPLES = 500
"""Fewer samples in a bank say nothing about correlations."""


@dataclass(frozen=True)
class Confounder:
    """Two attributes that come together in a network's samples: what a plain method will drag along."""

    one: str
    other: str
    correlation: float
    n: int

    def __str__(self) -> str:
        return (
            f"{self.one} and {self.other} come together: r = {self.correlation:+.2f} over {self.n:,} samples"
        )


def confounders(
    studio: Lab, scorers: Sequence[Scorer] | None = None, samples: int = 0, above: float = 0.3
) -> list[Confounder]:
    """From the score bank, the strongest first; `samples` fills it that far, 0 reads what it has (nothing: none)."""

    from latentlab.studio.discovery.discover import default_guides, filled_bank

    try:
        guides = list(scorers) if scorers is not None else default_guides(studio)
        bank = filled_bank(studio, guides, samples) if samples else present_bank(studio, guides)
        count = samples or min(bank.has(), 20_000) if bank is not None else 0
        if bank is None or count < min(LEAST_SAMPLES, samples or LEAST_SAMPLES):
            return []
        scores = torch.stack([bank.column(name, count) for name in bank.key.names])
    except LatentLabError:
        return []
    correlation = torch.corrcoef(scores).nan_to_num(0)
    names = bank.key.names
    pairs = [(abs(float(correlation[i, j])), i, j) for i in range(len(names)) for j in range(i)]
    return [
        Confounder(names[j], names[i], round(float(correlation[i, j]), 4), count)
        for size, i, j in sorted(pairs, reverse=True)
        if size > above
    ]


def present_bank(studio: Lab, scorers: Sequence[Scorer], psi: float = 1.0) -> Any:
    """The bank of these scorers, if it was ever begun."""
    from latentlab.scorers.bank import Bank, bank_key

    key = bank_key(studio.generator, scorers, psi=psi)
    folder = bank_folder(studio, key)
    return Bank.open(folder, key, scorers) if (folder / "bank.json").is_file() else None


def disentanglement(
    studio: Lab, samples: int = 1000, scorers: Sequence[Scorer] | None = None, watch: Watch | None = None
) -> dict[str, Any]:
    """DCI of Z, W, W+ and S from the judge's scores of fresh faces.

    Z, W and S are those of the same samples. In W+ every sample changes from one w to another at a random layer, as in
    training with style mixing: with one w for all layers its coordinates would be copies of those of W.
    """

    from latentlab.metrics.disentanglement import Dci
    from latentlab.studio.shelf.companions import judge

    judges = list(scorers) if scorers is not None else [judge(studio)]
    tell = studio.tell(watch)
    parts: dict[str, list[torch.Tensor]] = {}
    for start in range(0, samples, BATCH):
        for name, value in _batch(studio, start, min(BATCH, samples - start), judges).items():
            parts.setdefault(name, []).append(value)
        tell(0.7 * start / samples, "disentanglement")
    table = {name: torch.cat(values).double().numpy() for name, values in parts.items()}
    found = {}
    for place, (name, scores) in enumerate(
        (("z", "scores"), ("w", "scores"), ("w+", "mixed scores"), ("s", "scores"))
    ):
        keep = ~torch.from_numpy(table[scores]).isnan().any(1).numpy()
        found[name] = asdict(Dci().measure(table[name][keep], table[scores][keep])) | {"n": int(keep.sum())}
        tell(0.7 + 0.3 * (place + 1) / 4, "disentanglement")
    return found


BATCH = 25


def _batch(studio: Lab, start: int, count: int, judges: Sequence[Scorer]) -> dict[str, torch.Tensor]:
    """Latents and scores of some samples, on the CPU."""

    from latentlab.metrics.leakage import FRESH_SEED

    generator = studio.generator

    def score(images: Images) -> torch.Tensor:
        return torch.cat([judge(images).float().cpu() for judge in judges], 1)

    with torch.no_grad():
        first = FRESH_SEED + 2 * start
        z = draw_z(range(first, first + 2 * count), generator.z_width).to(studio.place)
        w = generator.map(z)
        styles = generator.lift(Latent(Space.W, w[:count]), Space.S).values
        draw = torch.Generator().manual_seed(first)
        cut = torch.randint(1, max(generator.layers, 2), (count, 1, 1), generator=draw).to(studio.place)
        layer = torch.arange(generator.layers, device=studio.place)[None, :, None]
        mixed = torch.where(layer < cut, w[:count, None], w[count:, None])
        images, mixtures = generator(styles), generator.render(Latent(Space.W_PLUS, mixed))
        found = {"z": z[:count], "w": w[:count], "s": styles, "w+": mixed.flatten(1)}
        return {
            **{name: value.cpu() for name, value in found.items()},
            "scores": score(images),
            "mixed scores": score(mixtures),
        }
