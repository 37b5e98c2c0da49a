"""Settings that users give: the right type comes through, everything else is one line."""

from __future__ import annotations

import pytest

from latentlab.backbones.stylegan2 import StyleGAN2
from latentlab.core.errors import BadInput, UnknownName
from latentlab.teaching.settings import checked
from latentlab.training.schedule import TrainingSchedule

KINDS = (StyleGAN2, TrainingSchedule)


def test_values_come_as_the_settings_want_them() -> None:
    given = {"r1": 2, "augment": "ada", "batch": 8, "ema_ramp": None, "channels_last": False}
    assert checked(given, KINDS) == given
    assert isinstance(checked({"r1": 2}, KINDS)["r1"], float)


@pytest.mark.parametrize(
    "given",
    [
        {"learning_rate": "fast"},
        {"batch": 8.5},
        {"augment": "loud"},
        {"r1": -1},
        {"channels_last": 1},
        {"batch": True},
    ],
    ids=str,
)
def test_values_of_another_kind_are_refused_by_name(given) -> None:
    with pytest.raises(BadInput, match=next(iter(given))):
        checked(given, KINDS)


def test_an_unknown_setting_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'learning_rate'"):
        checked({"learnin_rate": 1.0}, KINDS)
