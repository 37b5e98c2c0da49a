"""The networks that are timed: random weights of the published shapes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    kind: str
    resolution: int
    batch: int
    channel_base: int = 32768
    channel_max: int = 512
    plain: tuple[str, ...] = ("plain", "plain-fused")
    """The settings of fused modulation that the plain network has."""


CASES = {
    "1024": Case("stylegan2", 1024, 1),
    "256": Case("stylegan2", 256, 1, 16384),
    "64x16": Case("stylegan2", 64, 16, 4096, 256),
    "sg3t-256": Case("stylegan3", 256, 1, plain=("plain-fused",)),
}
FLOORED = ("1024", "256", "64x16", "sg3t-256")


def network(name: str):
    """The network of a case with its noise switched on, and the styles of its batch."""
    import torch

    from latentlab.studio.parts import build, channels_for

    case = CASES[name]
    if case.kind == "stylegan3":
        arguments = {
            "resolution": case.resolution,
            "channel_base": case.channel_base,
            "channel_max": case.channel_max,
        }
    else:
        channels = channels_for(case.resolution, case.channel_base, case.channel_max)
        arguments = {"resolution": case.resolution, "channels": channels, "clamp": 256, "half_resolutions": 4}
    generator = build(case.kind, arguments, None, seed=0)
    with torch.no_grad():
        for key, value in generator.named_parameters():
            if key.endswith("noise_strength"):
                value.fill_(0.1)
        z = torch.randn(case.batch, generator.z_width, generator=torch.Generator().manual_seed(1))
        w_plus = generator.map(z)[:, None].repeat(1, generator.layers, 1)
        return generator, generator.styles(w_plus)


def gflop(generator, batch: int) -> float:
    """Arithmetic of the convolutions of one batch, 10⁹ multiplications and additions."""
    total = 0
    for layer in generator.style_layers:
        if layer.kind == "input":
            continue
        module = generator.synthesis.get_submodule(layer.name)
        geometry = getattr(module, "geometry", None)
        if geometry is not None:
            side = geometry.before.size + geometry.kernel - 1
        else:
            side = layer.resolution // getattr(module, "up", 1)
        total += 2 * module.weight.numel() * side**2
    return batch * total / 1e9
