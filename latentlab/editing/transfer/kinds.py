"""What an edit does to a picture decides what carries it best; measured by `benchmarks/transfer.py`."""

from __future__ import annotations

from dataclasses import replace

from latentlab.editing.transfer import TRANSFERS
from latentlab.editing.transfer.flow import FlowTransfer
from latentlab.editing.transfer.learned import LearnedTransfer
from latentlab.editing.transfer.ratio import RatioTransfer
from latentlab.editing.transfer.transfer import Transfer
from latentlab.editing.transfer.turn import TurnTransfer

TURNS, MOVES, PAINTS, TINTS, APPEARS = KINDS = ("turns", "moves", "paints", "tints", "appears")
"""In the order in which they are carried one after the other; whatever is not named below moves."""
BY_ATTRIBUTE = {
    "yaw": TURNS,
    "pitch": TURNS,
    "age": PAINTS,
    "hair_lightness": PAINTS,
    "skin_tone": PAINTS,
    "light_azimuth": PAINTS,
    "lip_redness": TINTS,
    "eye_shadow": TINTS,
    "blush": TINTS,
    "glasses": APPEARS,
    "beard": APPEARS,
}
GAINS = {TURNS: (1.15, 1.15), MOVES: (1.3, 1.3), PAINTS: (1.0, 1.6)}
"""How much of what the learned transfer read is done, movement and colour. A turned head's outline, moved by more than was
read, leaves a double contour; what paints (years, hair, skin, light) hardly moves, and colour is what means make timid."""


def kind_of(attribute: str, strength: float) -> str:
    """The kind of an edit of an attribute; what is taken away is no longer something that appears."""
    kind = BY_ATTRIBUTE.get(attribute, MOVES)
    return MOVES if kind == APPEARS and strength < 0 else kind


def best(kind: str, usual: Transfer) -> Transfer:
    """The transfer for a kind: a spline for turns, the flow for smooth tints, the ratio for thin dark lines; one that was
    chosen stays."""
    if isinstance(usual, FlowTransfer | RatioTransfer):
        return usual
    if kind in (TINTS, APPEARS):
        return TRANSFERS.build("flow" if kind == TINTS else "ratio")
    gain, tint = GAINS[kind]
    steady = replace(usual, gain=gain, tint=tint) if isinstance(usual, LearnedTransfer) else usual
    return TurnTransfer(steady) if kind == TURNS else steady


def apart(usual: Transfer) -> bool:
    """Whether kinds are carried one after the other; one method for all needs no turns."""
    return not isinstance(usual, FlowTransfer | RatioTransfer)
