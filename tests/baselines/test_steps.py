"""One optimizer step of each baseline, against the same step written out plainly in float64."""

from __future__ import annotations

import copy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tiny import batch_for, tiny
from torch import Tensor, nn

from latentlab.baselines.baseline import Baseline
from latentlab.baselines.caae import age_labels, gender_labels
from latentlab.baselines.heatmaps import heatmap
from latentlab.baselines.makeup_regions import matched, regions
from latentlab.baselines.warp import Warp
from latentlab.data.batches import Batch
from latentlab.training.draws import Draws
from latentlab.training.run import Run
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainer import Trainer

Nets = dict[str, nn.Module]


@pytest.fixture(autouse=True)
def _no_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentlab.networks.unet.AlwaysDropout.forward", lambda self, x: x)
    torch.manual_seed(0)


def in_doubles(batch: Batch) -> Any:
    values = {f.name: getattr(batch, f.name) for f in fields(batch)}
    return replace(batch, **{n: v.double() if v.is_floating_point() else v for n, v in values.items()})


def stepped(method: Baseline, folder: Path, batch: Any) -> tuple[Nets, Nets]:
    """Networks before and after one step of the trainer."""
    n = len(batch)
    trainer = Trainer(
        method, Run(folder, tensorboard=False), TrainingSchedule(batch=n, picture_steps=0, ahead=0)
    ).begin()
    for network in trainer.networks.values():
        network.double()
    before = copy.deepcopy(trainer.networks)
    trainer.fit(lambda numbers: batch, n)
    return before, trainer.networks


def adam(nets: Nets, names: tuple[str, ...], rate: float, **more: Any) -> torch.optim.Adam:
    parameters = [p for name in names for p in nets[name].parameters()]
    for name, network in nets.items():
        network.requires_grad_(name in names)
    return torch.optim.Adam(parameters, lr=rate, betas=(0.5, 0.999), **more)


def go(optimizer: torch.optim.Adam, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def same(plain: Nets, trained: Nets) -> None:
    moved = 0
    for name, network in plain.items():
        state = trained[name].state_dict()
        for key, value in network.state_dict().items():
            if value.is_floating_point():
                assert torch.allclose(value, state[key], rtol=1e-6, atol=1e-8), f"{name}.{key}"
                moved += 1
    assert moved


def yes(logits: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def no(logits: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def test_pix2pix(tmp_path):
    method = tiny("pix2pix")
    batch = in_doubles(batch_for(method))
    nets, after = stepped(method, tmp_path, batch)
    assert not torch.equal(next(nets["generator"].parameters()), next(after["generator"].parameters()))
    g, d = nets["generator"], nets["discriminator"]
    rule = adam(nets, ("discriminator",), 2e-4)
    fake = g(batch.a).detach()
    go(rule, yes(d(torch.cat([batch.a, batch.b], 1))) + no(d(torch.cat([batch.a, fake], 1))))
    rule = adam(nets, ("generator",), 2e-4)
    fake = g(batch.a)
    go(rule, yes(d(torch.cat([batch.a, fake], 1))) + 100 * F.l1_loss(fake, batch.b))
    same(nets, after)


def test_cyclegan(tmp_path):
    method = tiny("cyclegan")
    batch = in_doubles(batch_for(method))
    nets, after = stepped(method, tmp_path, batch)
    f, g, da, db = (nets[n] for n in ("a_to_b", "b_to_a", "discriminator_a", "discriminator_b"))
    a, b = batch.a, batch.b
    fake_a, fake_b = (
        g(b).detach(),
        f(a).detach(),
    )  # of before the generators' step; the pools have room: fakes pass
    rule = adam(nets, ("a_to_b", "b_to_a"), 2e-4)
    loss = ((db(f(a)) - 1) ** 2).mean() + ((da(g(b)) - 1) ** 2).mean()
    loss = loss + 10 * (F.l1_loss(g(f(a)), a) + F.l1_loss(f(g(b)), b))
    go(rule, loss + 5 * (F.l1_loss(g(a), a) + F.l1_loss(f(b), b)))
    rule = adam(nets, ("discriminator_a", "discriminator_b"), 2e-4)
    loss = ((da(a) - 1) ** 2).mean() + (da(fake_a) ** 2).mean()
    go(rule, (loss + ((db(b) - 1) ** 2).mean() + (db(fake_b) ** 2).mean()) / 2)
    nets["pool_a"].kept[:2], nets["pool_b"].kept[:2] = fake_a, fake_b
    same(nets, after)


def test_ugatit(tmp_path):
    method = tiny("ugatit")
    batch = in_doubles(batch_for(method))
    nets, after = stepped(method, tmp_path, batch)
    f, g = nets["a_to_b"], nets["b_to_a"]
    a, b = batch.a, batch.b
    judges = ("global_a", "local_a", "global_b", "local_b")
    rule = adam(nets, judges, 1e-4, weight_decay=1e-4)
    fakes = {"b": f(a).images.detach(), "a": g(b).images.detach()}
    loss = torch.zeros((), dtype=torch.float64)
    for name in ("global_a", "local_a", "global_b", "local_b"):
        real, fake = nets[name](a if name.endswith("a") else b), nets[name](fakes[name[-1]])
        loss = loss + ((real.patches - 1) ** 2).mean() + (fake.patches**2).mean()
        loss = loss + ((real.logits - 1) ** 2).mean() + (fake.logits**2).mean()
    go(rule, loss)
    rule = adam(nets, ("a_to_b", "b_to_a"), 1e-4, weight_decay=1e-4)
    to_b, to_a, same_a, same_b = f(a), g(b), g(a), f(b)
    loss = 10 * (F.l1_loss(g(to_b.images).images, a) + F.l1_loss(f(to_a.images).images, b))
    loss = loss + 10 * (F.l1_loss(same_a.images, a) + F.l1_loss(same_b.images, b))
    loss = loss + 1000 * (yes(to_b.logits) + no(same_b.logits) + yes(to_a.logits) + no(same_a.logits))
    for name in ("global_a", "local_a", "global_b", "local_b"):
        fake = nets[name]((to_a if name.endswith("a") else to_b).images)
        loss = loss + ((fake.patches - 1) ** 2).mean() + ((fake.logits - 1) ** 2).mean()
    go(rule, loss)
    for side in ("a_to_b", "b_to_a"):
        for key, value in nets[side].named_parameters():
            if key.endswith("rho"):
                value.data.clamp_(0, 1)
    same(nets, after)


def test_caae(tmp_path):
    method = tiny("caae", code_weight=0.5, smoothness=0.25)
    batch = in_doubles(batch_for(method))
    nets, after = stepped(method, tmp_path, batch)
    e, g, dz, di = (nets[n] for n in ("encoder", "generator", "code_discriminator", "image_discriminator"))
    age, gender = age_labels(batch.ages), gender_labels(batch.genders)
    x = batch.images
    prior = 2 * Draws([0, 1], 0, "code_discriminator").uniform(20).double() - 1
    rule = adam(nets, ("code_discriminator",), 2e-4)
    go(rule, yes(dz(prior)) + no(dz(e(x).detach())))
    rule = adam(nets, ("image_discriminator",), 2e-4)
    go(rule, yes(di(x, age, gender)) + no(di(g(e(x), age, gender).detach(), age, gender)))
    rule = adam(nets, ("encoder", "generator"), 2e-4)
    z = e(x)
    y = g(z, age, gender)
    smooth = F.mse_loss(y[:, :, 1:], y[:, :, :-1]) + F.mse_loss(y[..., 1:], y[..., :-1])
    go(rule, F.l1_loss(y, x) + 1e-4 * yes(di(y, age, gender)) + 0.5 * yes(dz(z)) + 0.25 * smooth)
    same(nets, after)


def test_g2gan(tmp_path):
    method = tiny("g2gan")
    batch = in_doubles(batch_for(method))
    nets, after = stepped(method, tmp_path, batch)
    s, r = nets["synthesis"], nets["removal"]
    ds, dr, who = nets["synthesis_discriminator"], nets["removal_discriminator"], nets["recogniser"]
    n, e, h = batch.neutral, batch.expressive, heatmap(batch.landmarks, 32)

    def told(network: nn.Module, image: Tensor) -> Tensor:
        return network(torch.cat([image, h], 1))

    rule = adam(nets, ("synthesis_discriminator", "removal_discriminator"), 2e-4)
    loss = yes(ds(torch.cat([n, h, e], 1))) + no(ds(torch.cat([n, h, told(s, n).detach()], 1)))
    loss = loss + yes(dr(torch.cat([e, h, n], 1))) + no(dr(torch.cat([e, h, told(r, e).detach()], 1)))
    go(rule, loss)
    rule = adam(nets, ("synthesis", "removal"), 2e-4)
    on, off = told(s, n), told(r, e)
    loss = yes(ds(torch.cat([n, h, on], 1))) + yes(dr(torch.cat([e, h, off], 1)))
    loss = loss + 10 * (F.l1_loss(on, e) + F.l1_loss(off, n))
    loss = loss + 5 * (F.l1_loss(told(r, on), n) + F.l1_loss(told(s, off), e))
    go(rule, loss + 0.1 * (F.l1_loss(who(on), who(e)) + F.l1_loss(who(off), who(n))))
    same(nets, after)


def test_ffgan(tmp_path):
    method = tiny("ffgan")
    batch = in_doubles(batch_for(method))
    nets, after = stepped(method, tmp_path, batch)
    r, g, d, who = (nets[n] for n in ("regressor", "generator", "discriminator", "recogniser"))
    x, y, p = batch.images, batch.frontal, batch.coefficients
    nets["scale"].mean.copy_(p.mean(0))
    nets["scale"].square.copy_(p.square().mean(0))
    nets["scale"].count.fill_(2)
    deviation = p.var(0, correction=0).sqrt()
    rule = adam(nets, ("regressor",), 2e-4)
    error = (r(x) - (p - p.mean(0)) / deviation) ** 2
    go(rule, error[:, :8].mean() + error[:, 8:11].mean() + error[:, 11:].mean())
    rule = adam(nets, ("discriminator",), 2e-4)
    fake = g(x, r(x)).detach()
    go(rule, -F.log_softmax(d(y), 1)[:, 1].mean() - F.log_softmax(d(fake), 1)[:, 0].mean())
    rule = adam(nets, ("generator",), 2e-4)
    fake = g(x, r(x))
    loss = F.l1_loss(fake, y) - 0.01 * F.log_softmax(d(fake), 1)[:, 1].mean()
    loss = loss + 1e-3 * (
        F.l1_loss(fake[:, :, 1:], fake[:, :, :-1]) + F.l1_loss(fake[..., 1:], fake[..., :-1])
    )
    loss = loss + 0.1 * (batch.seen * (fake - fake.flip(3)).abs()).mean()
    go(rule, loss + 0.05 * ((who(fake) - who(x)) ** 2).sum(1).mean())
    same(nets, after)


def test_beautygan(tmp_path):
    method = tiny("beautygan")
    batch = in_doubles(batch_for(method))
    nets, after = stepped(method, tmp_path, batch)
    g, look = nets["generator"], nets["perception"]
    dm, db = nets["made_up_discriminator"], nets["bare_discriminator"]
    a, b = batch.bare, batch.made_up
    rule = adam(nets, ("made_up_discriminator", "bare_discriminator"), 2e-4)
    fake_b, fake_a = (x.detach() for x in g(a, b))
    loss = ((dm(b) - 1) ** 2).mean() + (dm(fake_b) ** 2).mean()
    go(rule, (loss + ((db(a) - 1) ** 2).mean() + (db(fake_a) ** 2).mean()) / 2)
    rule = adam(nets, ("generator",), 2e-4)
    fake_b, fake_a = g(a, b)
    rec_b, rec_a = g(fake_a, fake_b)
    loss = 0.5 * 10 * (F.l1_loss(rec_a, a) + F.l1_loss(rec_b, b))
    loss = loss + 0.5 * 10 * 0.005 * (F.mse_loss(look(fake_b), look(a)) + F.mse_loss(look(fake_a), look(b)))
    for x in (a, b):
        loss = loss + 0.5 * 5 * sum(F.l1_loss(y, x) for y in g(x, x))
    loss = loss + ((dm(fake_b) - 1) ** 2).mean() + ((db(fake_a) - 1) ** 2).mean()
    own, other = regions(batch.bare_masks), regions(batch.made_up_masks)
    for name, weight in (("lips", 1), ("skin", 0.1), ("eye_left", 1), ("eye_right", 1)):
        for fake, goal, here, there in ((fake_b, b, own, other), (fake_a, a, other, own)):
            wanted = matched(fake, goal, here[name], there[name])
            loss = loss + weight * F.l1_loss((fake + 1) * 127.5 * here[name], wanted * here[name])
    go(rule, loss)
    same(nets, after)


def test_deepfakes(tmp_path):
    method = tiny("deepfakes")
    batch = in_doubles(batch_for(method))
    nets, after = stepped(method, tmp_path, batch)
    a = batch.a + batch.b.mean((0, 2, 3), keepdim=True) - batch.a.mean((0, 2, 3), keepdim=True)
    moments: dict[str, Any] = {}
    rule = torch.optim.Adam(nets["encoder"].parameters(), lr=5e-5, betas=(0.5, 0.999))
    for side, images in (("a", a), ("b", batch.b)):
        draws = Draws([0, 1], 0, f"person_{side}")
        warped, target = Warp(centre_y=142)((images + 1) / 2, draws, 32)
        nets["encoder"].requires_grad_(True)
        own = torch.optim.Adam(nets[f"decoder_{side}"].parameters(), lr=5e-5, betas=(0.5, 0.999))
        rule.zero_grad()
        F.l1_loss(nets[f"decoder_{side}"](nets["encoder"](warped)), target).backward()
        rule.step()
        own.step()
        moments[side] = target
    assert not torch.equal(moments["a"], moments["b"])
    same(nets, after)
