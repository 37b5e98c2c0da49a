"""Reasons why a training stops early; each keeps the last good checkpoint."""

from __future__ import annotations

from latentlab.core.errors import LatentLabError


class Diverged(LatentLabError):
    """A loss became NaN or infinite."""


class OutOfMemory(LatentLabError):
    """The device's memory does not hold a step of this size."""


class OtherArchitecture(LatentLabError):
    """A checkpoint belongs to networks of another shape."""


class DiskFull(LatentLabError):
    """A checkpoint could not be written."""
