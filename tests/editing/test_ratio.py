"""What appears is carried as a ratio; each move goes by the method that carries it best."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch

from latentlab.editing.transfer import TRANSFERS
from latentlab.editing.transfer.transfer import Scene
from latentlab.studio.portraits.carry import Carrier


@dataclass(frozen=True, eq=False)
class Named:
    """A direction, as far as a carrier looks at it."""

    name: str
    region: str = ""
    story: dict[str, object] = field(default_factory=dict)


def grey(size: int, level: float):
    return torch.full((1, 3, size, size), float(level))


def test_a_line_that_appears_stands_in_the_photo_and_nothing_else_changes() -> None:
    before, after = grey(32, 0.2), grey(32, 0.2)
    after[..., 16, :] = -0.8
    photo = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * 0.4
    image = TRANSFERS.build("ratio").carry(Scene(photo, before, after)).image
    assert float((image - photo)[..., 64:68, :].mean()) < -0.5
    torch.testing.assert_close(image[..., :56, :], photo[..., :56, :])


def test_two_equal_pictures_change_nothing() -> None:
    photo = torch.rand(1, 3, 64, 64) * 2 - 1
    same = torch.rand(1, 3, 32, 32) * 2 - 1
    carried = TRANSFERS.build("ratio").carry(Scene(photo, same, same))
    torch.testing.assert_close(carried.image, photo, atol=1e-5, rtol=0)
    assert carried.torn == 0


@pytest.mark.parametrize(
    ("method", "strengths", "groups"),
    [
        (
            "learned",
            {"age": 1, "lip_redness": 1, "glasses": 1, "smile": 1, "hair_lightness": 1, "yaw": 1},
            [("yaw",), ("smile",), ("age", "hair_lightness"), ("lip_redness",), ("glasses",)],
        ),
        ("learned", {"glasses": -1, "yaw": 1}, [("yaw",), ("glasses",)]),
        ("learned", {"age": 0, "lip_redness": 1}, [("lip_redness",)]),
        ("learned", {"age": 0}, [()]),
        ("flow", {"age": 1, "lip_redness": 1, "glasses": 1}, [("age", "lip_redness", "glasses")]),
    ],
)
def test_moves_are_grouped_by_what_carries_them(method, strengths, groups) -> None:
    carrier = Carrier(TRANSFERS.build(method), grey(64, 0), grey(32, 0))
    found = carrier.groups({Named(name): value for name, value in strengths.items()})
    assert [tuple(each.name for each in group) for group in found] == groups
