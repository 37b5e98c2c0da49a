"""What a scorer reads of a face and of its mirror image agrees, whatever its network says."""

from __future__ import annotations

import torch

from latentlab.networks.regressor import Regressor, RegressorArguments
from latentlab.scorers.learned import read_twice
from latentlab.scorers.targets import NAMES, mirror_signs


def test_a_mirrored_face_reads_mirrored() -> None:
    torch.manual_seed(0)
    network = Regressor(RegressorArguments("residual", 4, 32, len(NAMES))).eval()
    images = torch.rand(3, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        straight, turned = (read_twice(network, one, mirror_signs()) for one in (images, images.flip(-1)))
        once = network(images)
    torch.testing.assert_close(turned, straight * mirror_signs())
    assert not torch.allclose(once, straight, atol=1e-3)
    assert not straight[:, NAMES.index("yaw")].eq(0).any()
