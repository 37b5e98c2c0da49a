"""Published files mean here what they mean where they were published."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput, WrongGenerator
from latentlab.core.latent import Latent, Space
from latentlab.directions.exchange import (
    export_direction,
    import_directions,
    port,
)
from latentlab.directions.flow import FlowDirection
from latentlab.directions.interfacegan import project_off
from tests.directions.toy import ToyGenerator


@pytest.fixture
def published(test_data: Path) -> Path:
    return test_data / "fixtures" / "public" / "directions"


@pytest.fixture
def edits(published: Path):
    return np.load(published / "edits.expected.npz")


def test_every_published_file_is_read_as_listed(published: Path) -> None:
    for entry in json.loads((published / "directions.json").read_text())["files"]:
        if "first3" not in entry:
            continue
        direction = import_directions(published / entry["file"])[0]
        assert direction.vector.shape == torch.Size(entry["shape"][1:])
        assert direction.vector.flatten()[:3].tolist() == pytest.approx(entry["first3"], abs=1e-6)


def at_distance(latent: Latent, direction: Direction, distance: float) -> Latent:
    """InterFaceGAN's edit: move until the signed distance to the boundary is `distance` (own projection taken out).

    In W+ the published tools add `distance` times the normal and leave the projection; so does this.
    """
    normal = direction.vector.to(latent.values)
    normal = normal / normal.norm()
    if latent.space is Space.W_PLUS:
        return latent.with_values(latent.values + distance * normal)
    own = latent.values @ normal
    return latent.with_values(latent.values + (distance - own)[:, None] * normal)


def at_coordinate(
    latent: Latent, component: Direction, mean: Tensor, coordinate: float, layers: tuple[int, int]
) -> Latent:
    """GANSpace's edit in W+: the component's coordinate, measured in layer 0 in standard deviations, becomes this;
    layers `layers[0]` to `layers[1]`, both included, are moved."""
    values = latent.values
    vector = component.vector.to(values)
    spread = vector.norm()
    now = (values[:, 0] - mean.to(values)) @ (vector / spread) / spread
    moved = values.clone()
    moved[:, layers[0] : layers[1] + 1] += ((coordinate - now)[:, None] * vector)[:, None]
    return latent.with_values(moved)


def test_interfacegan_edits_match(published: Path, edits) -> None:
    age = import_directions(published / "stylegan_ffhq_age_w_boundary.npy")[0]
    smile = import_directions(published / "stylegan_ffhq_smile_w_boundary.npy")[0]
    z = Latent(Space.W, torch.from_numpy(edits["z"]))
    for row, distance in zip(edits["linear_interpolate_z"], np.linspace(-2.5, 3.5, 7), strict=True):
        assert np.abs(at_distance(z, age, float(distance)).values[0].numpy() - row).max() < 2e-5
    plus = Latent(Space.W_PLUS, torch.from_numpy(edits["wp"]))
    for row, distance in zip(edits["linear_interpolate_wp"], np.linspace(-3, 3, 5), strict=True):
        assert np.abs(at_distance(plus, smile, float(distance)).values[0].numpy() - row).max() < 2e-5


def test_conditional_projection_matches(published: Path, edits) -> None:
    names = ("age_w", "smile_w", "pose", "gender")
    age, *others = (
        import_directions(published / f"stylegan_ffhq_{name}_boundary.npy")[0].vector.double()
        for name in names
    )
    for count in (1, 2, 3):
        assert np.abs(project_off(age, others[:count]).numpy() - edits[f"project_{count}"][0]).max() < 1e-6


def test_ganspace_edits_match(published: Path, edits) -> None:
    components = import_directions(published / "e4e_ffhq_pca.pt")
    latents = torch.from_numpy(edits["ganspace_in"])
    mean = torch.tensor(components[0].story["mean"])
    expected = iter(edits["ganspace_out"])
    for latent in latents:
        for component, first, past, strength in edits["ganspace_dirs"]:
            moved = at_coordinate(
                Latent(Space.W_PLUS, latent[None]),
                components[int(component)],
                mean,
                float(strength),
                (int(first), int(past) - 1),
            )
            assert np.abs(moved.values[0].numpy() - next(expected)).max() < 1e-4


@pytest.mark.parametrize(("suffix", "space"), [(".npy", Space.W), (".pt", Space.W), (".pt", Space.W_PLUS)])
def test_exported_directions_come_home(suffix: str, space: Space, tmp_path: Path) -> None:
    vector = torch.randn(12) if space is Space.W else torch.randn(4, 12)
    path = export_direction(Direction("age", space, vector), tmp_path / f"age{suffix}")
    (again,) = import_directions(path, width=12)
    assert again.space is space
    assert torch.equal(again.vector, vector)
    assert (
        torch.equal(torch.load(path, weights_only=True)[0], vector)
        if suffix == ".pt"
        else np.load(path).shape == (1, 12)
    )


def test_sefa_factors_are_columns(tmp_path: Path) -> None:
    factors = torch.linalg.qr(torch.randn(6, 6)).Q
    torch.save({"ckpt": "stylegan2.pt", "eigvec": factors}, tmp_path / "factor.pt")
    found = import_directions(tmp_path / "factor.pt")
    assert len(found) == 6
    assert torch.equal(found[2].vector, factors[:, 2])


def test_what_is_no_direction_is_one_line(tmp_path: Path) -> None:
    np.save(tmp_path / "wrong.npy", np.zeros((2, 3, 4, 5)))
    np.save(tmp_path / "nan.npy", np.full((1, 12), np.nan))
    np.save(tmp_path / "wide.npy", np.ones((1, 512)))
    (tmp_path / "text.npy").write_text("hello")
    for name, width in [("wrong", None), ("nan", None), ("wide", 12), ("text", None)]:
        with pytest.raises(BadFile) as caught:
            import_directions(tmp_path / f"{name}.npy", width=width)
        assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match=r"write a \.npy or a \.pt"):
        export_direction(Direction("a", Space.W, torch.ones(3)), tmp_path / "a.txt")
    with pytest.raises(BadInput, match="W\\+"):
        export_direction(Direction("a", Space.S, torch.ones(3)), tmp_path / "a.npy")


def test_a_direction_is_ported_to_a_child_of_its_network_only() -> None:
    child = ToyGenerator(correlation=0.1)
    ported = port(Direction("age", Space.W, torch.ones(12), model="parent"), "parent", child)
    assert ported.model == child.hash
    assert ported.story["ported_from"] == "parent"
    with pytest.raises(WrongGenerator, match="fine-tuned child"):
        port(Direction("age", Space.W, torch.ones(12), model="stranger"), "parent", child)


def test_what_a_format_cannot_hold_is_refused_unless_asked_for(tmp_path) -> None:
    deep = Direction("age", Space.W_PLUS, torch.ones(4, 12), layers=(1, 2))
    with pytest.raises(BadInput, match="layers 1 to 2"):
        export_direction(deep, tmp_path / "age.pt")
    assert not (tmp_path / "age.pt").exists()
    assert export_direction(deep, tmp_path / "age.pt", lossy=True).exists()
    flow = FlowDirection("age", Space.W, torch.ones(12))
    with pytest.raises(BadInput, match="flow"):
        export_direction(flow, tmp_path / "age.npy")
