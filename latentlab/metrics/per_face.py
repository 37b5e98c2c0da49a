"""Leakage face by face: changes that cancel over the faces do not cancel here, and doing nothing has a size of its own.

The signed leakage of an attribute is |mean over faces of its change|: an edit that makes half of all faces older and the
other half younger leaks nothing by it. Here it is the mean over faces of |change|. That is never zero, so it stands beside
its floor: the same figure for two renders of an unmoved face whose noise inputs were drawn anew.
"""

from __future__ import annotations

import numpy as np

Interval = tuple[float, float, float]
"""Mean, lower and upper end of its 95 % bootstrap interval."""


def interval(center: float, replicas: np.ndarray) -> Interval:
    """A value and the middle 95 % of its replicas."""
    low, high = np.percentile(replicas, [2.5, 97.5])
    return float(center), float(low), float(high)


def per_face(
    changes: np.ndarray, scale: float, scales: np.ndarray, draws: np.ndarray
) -> tuple[float, np.ndarray]:
    """Mean over attributes of the mean absolute change over faces, for a target change of one standard deviation.

    `changes` [n others] by one step, in standard deviations, NaN where a face was not measured; `scale` the target's mean
    change by one step, `scales` [bootstraps] the same on the resampled faces `draws` [bootstraps n]. Returns the figure
    and its replicas [bootstraps].
    """
    if not changes.shape[1]:
        return 0.0, np.zeros(len(draws))
    size = np.abs(changes)
    means = np.stack([np.nanmean(size[picks], axis=0).mean() for picks in draws])
    return float(np.nanmean(size, axis=0).mean() / scale), means / scales


def floor(again: np.ndarray, spread: np.ndarray, scale: float) -> float | None:
    """What `per_face` reads where nothing was done: `again` [2 n others], own units, from two renders of the same faces
    with other noise; None where a network has no noise inputs, so that both are the same picture."""
    if not again.shape[2]:
        return None
    change = np.abs(again[1] - again[0]) / 2 / spread
    value = float(np.nanmean(change, axis=0).mean() / scale)
    return value if value > 0 else None
