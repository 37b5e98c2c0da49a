"""Which measures see the same thing: a head that turns is no leak of the landmarks' yaw into the scorer's yaw."""

from __future__ import annotations

TWINS: tuple[frozenset[str], ...] = (
    frozenset({"yaw", "landmark_yaw"}),
    frozenset({"pitch", "landmark_pitch"}),
    frozenset({"smile", "landmark_smile"}),
    frozenset({"mouth_open", "landmark_mouth_open"}),
    frozenset({"blink", "landmark_eye_open"}),
    frozenset({"surprise", "landmark_eye_open"}),
    frozenset({"lip_lightness", "region_lip_lightness"}),
    frozenset({"lip_redness", "region_lip_redness"}),
    frozenset({"lip_yellowness", "region_lip_yellowness"}),
    frozenset({"blush", "region_cheek_redness"}),
    *(
        frozenset({"eye_shadow", f"region_lid_{channel}"})
        for channel in ("lightness", "redness", "yellowness")
    ),
)
"""Pairs of a trained score and an untrained measure of the same attribute."""


def twins_of(name: str) -> frozenset[str]:
    """The other measures of this attribute."""
    return frozenset().union(*(pair for pair in TWINS if name in pair)) - {name}
