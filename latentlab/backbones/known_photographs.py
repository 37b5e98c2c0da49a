"""Labelled photographs as scorers learn from them: what a list says becomes targets, all else is missing (NaN)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from latentlab.backbones.scorer import Labelled
from latentlab.core.errors import BadFile, BadInput
from latentlab.core.image import to_pixels
from latentlab.data.labels import LIST
from latentlab.data.portraits import Portraits
from latentlab.scorers.targets import NAMES, targets_of
from latentlab.world.factors import Face

PRESENTED = {"female": -0.7, "male": 0.7}
"""Where the natural law has the middle of each."""
SMILES = {"neutral": 0.0, "smiling": 0.65}
"""The factor `smile` of an expression that people were asked for: a natural grin's mean."""
OFTEN = 5
"""How often a photograph with a known age or expression is shown beside one of which only the sex is known."""
AGES = (1.0, 110.0)
UNKNOWN = ("", "NA")


def known_photographs(
    folders: Sequence[Path | str], size: int, split: Literal["train", "held out", "all"] = "train"
) -> Labelled:
    """The photographs of these folders that a `labels.csv` tells a sex, an age or an expression of.

    Raises:
        BadFile: a folder without pictures or without a list, a picture or list that cannot be read.
        BadInput: a list that tells nothing of any picture, or an age that nobody has.
    """
    pixels, values = [], []
    for folder in folders:
        reader = Portraits(Path(folder), size, split)
        if not reader.labels:
            raise BadFile(f"{folder} has no {LIST}; what a scorer is to learn has to be written there")
        for name in reader.names:
            truth = known(name, reader.labels.get(name.rsplit("/", 1)[-1], {}))
            if truth.isfinite().any():
                pixels.append(to_pixels(reader.picture(name))[0])
                values.append(truth)
    if not pixels:
        raise BadInput(
            f"no picture of {', '.join(map(str, folders))} has a known sex, age or expression; fill in the columns "
            "'sex' and 'age'"
        )
    return Labelled(torch.stack(pixels), torch.stack(values))


def known(name: str, row: dict[str, str]) -> Tensor:
    """The targets [names] of a picture by its file name and its row of the list; NaN where they say nothing."""
    truth = torch.full((len(NAMES),), math.nan)
    if row.get("sex", "") in PRESENTED:
        truth[NAMES.index("presentation")] = PRESENTED[row["sex"]]
    if row.get("age", "") not in UNKNOWN:
        truth[NAMES.index("age")] = _age(name, row["age"])
    for word, smile in SMILES.items():
        if f"_{word}_" in name:
            truth[NAMES.index("smile")] = targets_of([Face(smile=smile)])[0, NAMES.index("smile")]
    return truth


def _age(name: str, text: str) -> float:
    try:
        age = float(text.removeprefix("~"))
    except ValueError:
        age = math.nan
    if not AGES[0] <= age <= AGES[1]:
        raise BadInput(f"{LIST} gives '{name}' the age '{text}'; write years, 1 to 110, or nothing")
    return age


def shown_fairly(data: Labelled) -> Labelled:
    """Every photograph once, those with more than a sex `OFTEN` times."""
    more = data.values[:, [NAMES.index("age"), NAMES.index("smile")]].isfinite().any(1)
    rows = torch.arange(len(data.pixels)).repeat_interleave(torch.where(more, OFTEN, 1))
    return Labelled(data.pixels[rows], data.values[rows])


def together(parts: Sequence[Labelled]) -> Labelled:
    """Several sets of pictures as one."""
    return Labelled(torch.cat([part.pixels for part in parts]), torch.cat([part.values for part in parts]))
