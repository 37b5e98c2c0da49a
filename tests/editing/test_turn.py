"""A turned head is the photo's own, warped in space: by the angle that the network shows, and not at all at its border."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latentlab.editing.transfer import TRANSFERS
from latentlab.editing.transfer.kinds import MOVES, TURNS, best, kind_of
from latentlab.editing.transfer.transfer import Scene
from latentlab.editing.transfer.turn import TurnTransfer, turned_points
from latentlab.networks.transfer import SIZE
from latentlab.scorers.pose import fit_pose, mean_face, rotation

SIDE = 256


def marks(yaw: float, size: int) -> Tensor:
    """Landmarks [68 2] of the mean face in a picture of this size."""
    points = mean_face().points.double()
    turn = rotation(torch.tensor([yaw]), torch.zeros(1), torch.zeros(1))[0].double()
    flat = ((points - points.mean(0)) @ turn.T)[:, :2] * torch.tensor([1.0, -1.0])
    return (flat * 0.25 * size + torch.tensor([0.5, 0.6]) * size).float()


def scene(drawn: tuple[float, float] | None, photo_marks: bool = True) -> Scene:
    photo = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    picture = torch.zeros(1, 3, 128, 128)
    pair = None if drawn is None else (marks(drawn[0], 128), marks(drawn[1], 128))
    return Scene(photo, picture, picture, pair, marks(0.0, SIDE) if photo_marks else None)


def method() -> TurnTransfer:
    return TurnTransfer(TRANSFERS.build("ratio"))


def test_a_head_that_does_not_turn_is_left_as_it_is() -> None:
    carried = method().carry(scene((10.0, 10.0)))
    assert carried.layers.flow.abs().max() < 1e-3
    assert carried.torn == 0


@pytest.mark.parametrize("yaw", [-15.0, 20.0])
def test_the_photo_s_points_turn_by_the_angle_that_is_asked(yaw: float) -> None:
    source, goal = turned_points(marks(0.0, SIZE), (torch.tensor([yaw]).double(), torch.zeros(1).double()))
    assert float(fit_pose(source[None, :68].double()).yaw) == pytest.approx(0, abs=2)
    assert float(fit_pose(goal[None, :68].double()).yaw) == pytest.approx(yaw, abs=3)


def test_a_turn_moves_the_face_and_dies_away_at_the_border() -> None:
    carried = method().carry(scene((0.0, 15.0)))
    flow = carried.layers.flow
    assert flow[..., 40:90, 40:90].abs().max() > 4
    assert flow[..., 0, :].abs().max() < 0.1 and flow[..., :, -1].abs().max() < 0.1
    assert carried.image.shape == (1, 3, SIDE, SIDE)


@pytest.mark.parametrize("seen", [scene(None), scene((0.0, 15.0), photo_marks=False)])
def test_without_landmarks_another_method_carries_it(seen: Scene) -> None:
    other = TRANSFERS.build("ratio")
    assert torch.equal(method().layers(seen).colour, other.layers(seen).colour)
    torch.testing.assert_close(method().carry(seen).image, seen.photo, atol=1e-5, rtol=0)


def test_turns_go_by_it_unless_another_method_was_chosen() -> None:
    learned, flow = TRANSFERS.build("learned"), TRANSFERS.build("flow")
    assert kind_of("yaw", -1.0) == TURNS
    assert isinstance(best(TURNS, learned), TurnTransfer)
    assert best(TURNS, flow) is flow
    assert not isinstance(best(MOVES, learned), TurnTransfer)
