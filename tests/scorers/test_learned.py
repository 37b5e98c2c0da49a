"""What a scorer reads of a face and of its mirror image agrees, whatever its network says."""

from __future__ import annotations

import torch

from latentlab.networks.build import build
from latentlab.networks.files import save
from latentlab.networks.regressor import Regressor, RegressorArguments
from latentlab.scorers.learned import Judge, Witness, read_twice
from latentlab.scorers.targets import NAMES, UNITS, mirror_signs


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


def test_a_witness_does_not_say_what_it_reads_badly(tmp_path) -> None:
    arguments = {"trunk": "attention", "width": 4, "size": 32, "outputs": len(NAMES), "depth": 2}
    facts = {"names": NAMES, "units": UNITS, "r2": dict.fromkeys(NAMES, 0.9) | {"age": 0.49, "blink": -0.2}}
    path = save(build("scorer", arguments, None, 3), tmp_path / "witness.safetensors", facts)
    witness, judge = Witness(path), Judge(path)
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    assert witness.unread == ("age", "blink")
    assert set(witness.names) == set(witness.units) == set(NAMES) - {"age", "blink"}
    assert judge.names == NAMES
    kept = [NAMES.index(name) for name in witness.names]
    assert torch.equal(witness(images), judge(images)[:, kept])
