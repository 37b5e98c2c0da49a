"""What a clone brings along stays small: all weights of the tree together, and each is a file of ours."""

from __future__ import annotations

from pathlib import Path

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
