"""Other ways to do an application: what was tried and is not the default, measured on the same faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from latentlab.core.shapes import Images
from latentlab.studio import Edit, Studio, Stylize, Swap
from latentlab.studio.parts import (
    TEST_SEED,
    Applications,
    Cases,
    Job,
    at_rest,
    find_direction,
    fit_pose,
    load_renderer,
    swap,
    task_pairs,
    toon,
)

MIXED = (7, 11)
"""Layers that are taken from the wearer of the makeup."""
BACK = {"lipstick": -2.0}
"""Steps that take makeup off in the latent."""
PEOPLE = "people"


def mixed(who: Applications, face: Images, other: Images | None) -> Images:
    """`edit --mix REFERENCE:7-11 --mask mouth+eyes+face --transfer flow`."""
    assert other is not None, "the task has a reference"
    return _edited(who, face, Edit(mix=(who.face(other), MIXED), mask="mouth+eyes+face", transfer="flow"))


def taken_back(who: Applications, face: Images, other: Images | None) -> Images:
    """`edit --direction lipstick=-2`."""
    return _edited(who, face, Edit(BACK))


def turned(transfer: str) -> Job:
    """`edit --direction yaw=…`, as far as the landmarks say that the head is turned."""

    def done(who: Applications, face: Images, other: Images | None) -> Images:
        sitter = who.sitter(face)
        direction = find_direction(who.lab, "yaw")
        low, high = direction.span or (-4.0, 4.0)
        yaw = float(fit_pose(sitter.landmarks[None].double()).yaw[0])
        strength = min(max(-yaw / direction.step, low), high)
        return _edited(who, face, Edit({"yaw": strength}, transfer=transfer))

    return done


def _edited(who: Applications, face: Images, request: Edit) -> Images:
    from latentlab.core.face import Photo

    sitter = who.sitter(face, latent=True)
    assert sitter.face is not None, "it was asked for"
    seen = replace(sitter.face, photo=Photo(sitter.image))
    studio = who.lab
    assert isinstance(studio, Studio), "benchmarks begin with one"
    return studio.open_edit(seen, request).piece.face_image(
        {find_direction(studio, name): strength for name, strength in request.directions.items()}
    )


WAYS: Mapping[str, Mapping[str, Job]] = {
    "makeup": {"the latent": mixed},
    "bare": {"the latent": taken_back},
    "frontal": {"the network's picture": turned("none"), "the latent, carried": turned("auto")},
    "identity": {"swap --by latent": swap(Swap(by="latent"))},
    PEOPLE: {"swap": swap(Swap()), "swap --by latent": swap(Swap(by="latent"))},
    "toon": {
        "stylize --colours keep": toon(Stylize("toon")),
        "stylize --by network": toon(Stylize("toon", colours="take", by="network")),
    },
}
"""By task."""


def people(count: int, size: int = 256) -> Cases:
    """Targets, each with a source of its own from the front and at rest, and the true answer; needs the face model."""
    renderer, pairs = load_renderer(), task_pairs("identity", count, TEST_SEED)
    rows = []
    for before, after, other in ((p.before, p.after, p.reference) for p in pairs):
        assert other is not None, "the task has one"
        front = replace(at_rest(other), yaw=0.0, pitch=0.0, roll=0.0, glasses="none")
        rows.append(renderer.render([before, after, front], size).images)
    before, truth, references = torch.stack(rows, 1)
    return Cases("identity", before, truth, (1.0,) * count, references)


def angles(count: int) -> torch.Tensor:
    """By how many degrees the heads of the frontal task are turned, [n]."""
    return torch.tensor([abs(pair.before.yaw) for pair in task_pairs("frontal", count, TEST_SEED)])
