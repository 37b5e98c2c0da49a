"""What scorers read off the same faces moved by several strengths, and the figures that follow from it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from latentlab.scorers.twins import twins_of


@dataclass(frozen=True, eq=False)
class Responses:
    """Scores of n faces at each strength, and what else was seen on the way."""

    strengths: tuple[float, ...]
    scores: Tensor
    """[strengths n attributes]."""
    identity: Tensor | None
    """Embedding distance to the unmoved face, [strengths n]; NaN where no face was found."""
    names: tuple[str, ...]
    again: Tensor | None = None
    """Scores of the unmoved faces with two other draws of noise, [2 n attributes]."""
    second: Mapping[str, Tensor] = field(default_factory=dict)
    """What other scorers read off the unmoved faces, [n] by name."""

    @property
    def unmoved(self) -> Tensor:
        """Scores at strength 0, [n attributes]."""
        return self.scores[self.strengths.index(0.0)]


def others_of(target: str, names: Sequence[str]) -> list[int]:
    """Places of the attributes into which a move of the target can leak: all but itself and its twins."""
    own = {target, *twins_of(target)}
    return [place for place, name in enumerate(names) if name not in own]


def spread_of(responses: Responses) -> Tensor:
    """Standard deviation of each score over the unmoved faces, [attributes]; NaN rows (no face found) left out."""
    scores = responses.scores[responses.strengths.index(0.0)]
    return (scores - scores.nanmean(0)).square().nanmean(0).nan_to_num(0).sqrt().clamp_min(1e-9)


def slopes(responses: Responses) -> Tensor:
    """Change of each score by one step, between strengths -1 and 1: [n attributes]."""
    low, high = responses.strengths.index(-1.0), responses.strengths.index(1.0)
    return (responses.scores[high] - responses.scores[low]) / 2


def found_span(responses: Responses) -> tuple[float, float] | None:
    """The strengths around 0 at which a face is still found nine times out of ten."""
    if responses.identity is None:
        return None
    zero = responses.strengths.index(0.0)
    found = (~responses.identity.isnan()).float().mean(1)
    if float(found[zero]) == 0:
        return None
    good = (found >= 0.9 * found[zero]).tolist()
    low = high = zero
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(good) - 1 and good[high + 1]:
        high += 1
    return responses.strengths[low], responses.strengths[high]


def keeps_promise(
    responses: Responses, target: str, step: float, chosen: Tensor | None = None
) -> tuple[float, float]:
    """The median change by one step as a share of what the direction promises, and the share of faces with half of it.

    With `chosen` (bool [n]) only these faces count, and only the way from 0 to 1: faces that lack an attribute can get
    it, but cannot lose it.
    """
    column = responses.names.index(target)
    if chosen is None:
        change = slopes(responses)[:, column]
    else:
        zero, one = responses.strengths.index(0.0), responses.strengths.index(1.0)
        change = (responses.scores[one] - responses.scores[zero])[chosen, column]
    return float(change.nanmedian() / step), float((change >= step / 2).float().mean())
