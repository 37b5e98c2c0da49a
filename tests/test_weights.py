"""What a clone brings along stays small, and no network in it draws somebody it learnt from."""

from __future__ import annotations

import json
from pathlib import Path

from latentlab.metrics.model_card import reproduced
from latentlab.store.archive import read_story

ROOT = Path(__file__).parents[1]
MOST = 60_000_000
"""Bytes."""


def test_all_weights_together_fit() -> None:
    files = [path for folder in ("assets", "checkpoints") for path in (ROOT / folder).rglob("*.safetensors")]
    assert files
    sizes = {str(path.relative_to(ROOT)): path.stat().st_size for path in files}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:5]
    assert sum(sizes.values()) <= MOST, (
        f"{sum(sizes.values()) / 1e6:.1f} MB of weights; shrink some: python -m tools.shrink. Largest: {largest}"
    )
    assert all(read_story(path)["hash"] for path in files)


def test_no_network_draws_somebody_it_learnt_from() -> None:
    for card in [path for folder in ("assets", "checkpoints") for path in (ROOT / folder).rglob("card.json")]:
        figures = json.loads(card.read_text())
        assert reproduced(figures) is None, card
        if card.parent.name == "portraits":  # taught on photographs
            assert figures["nearest"]["psi 0.7"]["n"] > 500
