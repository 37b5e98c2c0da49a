"""Each baseline learns one sample by heart: what is not adversarial in its losses goes to nearly nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import batch_for, tiny

from latentlab.baselines import BASELINES
from latentlab.training.draws import Draws
from latentlab.training.phase import Moment

SMALLER: dict[str, Any] = {"size": 16, "width": 8}
CASES: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "caae": ("autoencoder", "reconstruction", {"width": 32, "rate": 1e-3}, 100),
    "g2gan": ("generators", "synthesis_pixel", {"width": 8, "rate": 1e-2, "identity": 0.0, "cycle": 0.0}, 60),
    "ffgan": ("generator", "distance", {"width": 8, "rate": 5e-3, "symmetry": 0.0, "identity": 0.0}, 80),
    "beautygan": ("generator", "cycle", {**SMALLER, "rate": 1e-2, "perceptual": 0.0}, 100),
    "deepfakes": ("person_b", "reconstruction", {"width": 8, "rate": 3e-3, "hidden": 32}, 100),
    "pix2pix": ("generator", "reconstruction", {"width": 16, "rate": 1e-2}, 60),
    "cyclegan": ("generators", "cycle_a", {**SMALLER, "rate": 1e-2}, 100),
    "ugatit": ("generators", "cycle", {**SMALLER, "rate": 1e-2, "light": True, "attention": 1.0, "global_layers": 3}, 150),
}  # fmt: skip
SHARE = 0.2
"""What may be left of the first error."""


@pytest.mark.parametrize("name", BASELINES)
def test_one_sample_is_learned_by_heart(name: str, monkeypatch: pytest.MonkeyPatch):
    phase, term, settings, steps = CASES[name]
    monkeypatch.setattr("latentlab.networks.unet.AlwaysDropout.forward", lambda self, x: x)
    torch.manual_seed(0)
    method = tiny(name, **settings)
    networks, batch = method.networks(), batch_for(method, 1)
    for value in (
        p for part in networks.values() for p in part.parameters() if name == "caae" and p.ndim > 1
    ):
        torch.nn.init.kaiming_normal_(
            value
        )  # a deviation of .02 is for a thousand channels, not for these few
    learn = next(one for one in method.phases(networks) if one.name == phase)
    rules = [method.optimizers(networks)[part] for part in learn.learners]
    errors = []
    for step in range(steps):
        for rule in rules:
            for group in rule.param_groups:
                group["lr"] = method.rate * (1 - step / steps)
        moment = Moment(step, step, 1, Draws([0], 0))  # one view of it: augmentation draws the same each time
        losses = learn.losses(batch, moment)
        errors.append(float(losses[term].detach()))
        sum(loss for key, loss in losses.items() if "fool" not in key).backward()
        for rule in rules:
            rule.step()
            rule.zero_grad()
    assert errors[-1] < SHARE * errors[0]
