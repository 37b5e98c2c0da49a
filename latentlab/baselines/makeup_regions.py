"""Where makeup sits, and what it should look like there: BeautyGAN's regions and its histogram matching."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.data.batches import ClassMasks

LIPS, SKIN, UNDER_SHADOW, EYES = (7, 9), (1, 6, 13), (1, 6), (4, 5)
REACH = 10
"""Pixels of a 256-pixel picture by which the box of an eye grows to hold its shadow."""
BINS = 256


def regions(masks: ClassMasks) -> dict[str, Tensor]:
    """bool [n 1 h w] each: lips, skin, and the shadow of either eye."""
    answer = {"lips": _of(masks, LIPS), "skin": _of(masks, SKIN)}
    below = _of(masks, UNDER_SHADOW)
    for name, number in zip(("eye_left", "eye_right"), EYES, strict=True):
        answer[name] = boxes(masks == number) & below
    return {name: region[:, None] for name, region in answer.items()}


def usable(masks: ClassMasks) -> Tensor:
    """bool [n]: both eyes and some lips can be seen."""
    parts = [(masks == number).flatten(1).any(1) for number in EYES]
    return torch.stack([*parts, _of(masks, LIPS).flatten(1).any(1)]).all(0)


def boxes(marked: Tensor) -> Tensor:
    """bool [n h w] → the bounding box of each, grown by `REACH`; empty where nothing is marked."""
    reach = round(REACH * marked.shape[-1] / 256)
    rows, columns = _grown(marked.any(2), reach), _grown(marked.any(1), reach)
    return rows[:, :, None] & columns[:, None, :]


def matched(image: Images, reference: Images, region: Tensor, wanted: Tensor) -> Images:
    """The pictures with the colours of a region [n 1 h w] made those of another's: bytes, channel by channel, by their
    cumulated histograms; 0 to 255, without a gradient. Where either region is empty, the picture as it is."""
    own, other = as_bytes(image.detach()), as_bytes(reference.detach())
    answer = own.clone()
    for row in range(len(own)):
        here, there = region[row, 0], wanted[row, 0]
        if not bool(here.any()) or not bool(there.any()):
            continue
        for channel in range(own.shape[1]):
            values, goal = own[row, channel][here], other[row, channel][there]
            answer[row, channel][here] = _transport(values, goal).to(answer.dtype)
    return answer


def as_bytes(images: Images) -> Tensor:
    """[-1, 1] on the scale of bytes, not rounded."""
    return ((images + 1) / 2).clamp(0, 1) * 255


def makeup_distance(image: Images, reference: Images, region: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute distance, on the scale of bytes, of the region from what its histogram should make of it."""
    goal = matched(image, reference, region, wanted)
    inside = region.to(image.dtype)
    return ((as_bytes(image) - goal) * inside).abs().mean()


def _transport(values: Tensor, goal: Tensor) -> Tensor:
    """Each value → the least byte whose share in the goal's cumulated histogram reaches its own share."""
    bins = values.round().long().clamp(0, BINS - 1)
    own = torch.bincount(bins, minlength=BINS).cumsum(0).double() / len(bins)
    other = torch.bincount(goal.round().long().clamp(0, BINS - 1), minlength=BINS).cumsum(0).double() / len(
        goal
    )
    table = torch.searchsorted(other, own - 1e-12).clamp_max(BINS - 1)
    return table[bins]


def _of(masks: ClassMasks, classes: tuple[int, ...]) -> Tensor:
    return torch.isin(masks, torch.tensor(classes, device=masks.device))


def _grown(line: Tensor, reach: int) -> Tensor:
    """bool [n s] → everything from the first to the last, `reach` further on either side."""
    places = torch.arange(line.shape[1], device=line.device)
    first = torch.where(line, places, line.shape[1]).amin(1, keepdim=True) - reach
    last = torch.where(line, places, -1).amax(1, keepdim=True) + reach
    return (places >= first) & (places <= last) & line.any(1, keepdim=True)
