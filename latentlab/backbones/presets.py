"""Settings by name: the published ones (Karras et al. 2020, ADA), and ours for the generator that ships."""

from __future__ import annotations

from typing import Any

from latentlab.backbones.stylegan import StyleGAN
from latentlab.backbones.stylegan1 import StyleGAN1
from latentlab.backbones.stylegan2 import StyleGAN2
from latentlab.backbones.stylegan3 import StyleGAN3
from latentlab.core.errors import unknown
from latentlab.teaching.presets import Preset
from latentlab.training.schedule import TrainingSchedule


def published(
    resolution: int,
    batch: int,
    group: int,
    base: int,
    rate: float,
    gamma: float,
    ema: float,
    mapping: int,
    **more: Any,
) -> Preset[StyleGAN]:
    """A row of the table of the authors' training script; fp16 in the four largest resolutions, clamped at 256."""
    settings: dict[str, Any] = {
        "resolution": resolution, "minibatch_group": group, "channel_base": base, "learning_rate": rate, "r1": gamma,
        "ema_images": ema * 1000, "ema_ramp": None, "mapping_layers": mapping, "precision": "fp16", "half_resolutions": 4,
        "clamp": 256.0,
    }  # fmt: skip
    return Preset(StyleGAN2(**(settings | more)), TrainingSchedule(batch=batch))


def automatic(resolution: int, gpus: int = 1) -> Preset[StyleGAN]:
    """The authors' heuristic for unknown data: batch and γ from the resolution and the number of GPUs."""
    batch = max(min(gpus * min(4096 // resolution, 32), 64), gpus)
    group = min(batch // gpus, 4)
    base = 32768 if resolution >= 512 else 16384
    rate = 0.002 if resolution >= 1024 else 0.0025
    gamma = 0.0002 * resolution**2 / batch
    return published(
        resolution, batch, group, base, rate, gamma, batch * 10 / 32, 2, ema_ramp=0.05, augment="ada"
    )


def stylegan1(resolution: int) -> Preset[StyleGAN]:
    """StyleGAN1's losses on a StyleGAN2 body: R1 at every step with γ 10, no path length, plain discriminator."""
    rate = {128: 0.0015, 256: 0.002, 512: 0.003, 1024: 0.003}.get(resolution, 0.001)
    return Preset(StyleGAN1(resolution=resolution, learning_rate=rate), TrainingSchedule(batch=32))


def stylegan3(resolution: int, rotations: bool = False) -> Preset[StyleGAN]:
    """StyleGAN3-T, or -R with `rotations`: no noise, no mixing, no path length, the discriminator's input blurred at first."""
    gamma = {128: 0.5, 256: 2.0, 512: 8.0, 1024: 32.0}.get(resolution, 0.0002 * resolution**2 / 32)
    double = 2 if rotations else 1
    extra: dict[str, Any] = {"channel_base": 32768 * double, "channel_max": 512 * double}
    if rotations:
        extra |= {"conv_kernel": 1, "use_radial_filters": True}
    model = StyleGAN3(
        resolution=resolution,
        r1=gamma,
        channel_base=32768,
        discriminator_base=32768,
        extra=tuple(extra.items()),
    )
    return Preset(model, TrainingSchedule(batch=32))


def _faces_cpu(resolution: int) -> Preset[StyleGAN]:
    """For two cores: channels as few as faces allow, noise off at first, an autoencoder's quick start.

    Small batches: at 32 a step there were smears after 54,000 images; going on with 16, faces stood 16,000 later.
    """
    model = StyleGAN2(
        resolution=resolution, channel_base=2048 if resolution <= 64 else 4096, channel_max=128, mapping_layers=8,
        learning_rate=0.0025, minibatch_group=4, r1=0.1, r1_every=16, path_length=0.0, mixing=0.5, ema_images=5_000,
        ema_ramp=0.05, reuse_fakes=True, noise_from=100_000, warm_start=30_000, warm_weight=20.0, precision="bf16",
    )  # fmt: skip
    return Preset(model, TrainingSchedule(batch=16, save_seconds=120, report_steps=20, picture_steps=500))


def _faces_gpu() -> Preset[StyleGAN]:
    model = StyleGAN2(
        resolution=256, channel_base=8192, channel_max=256, mapping_layers=8, learning_rate=0.0025, minibatch_group=8, r1=1.0,
        path_length=2.0, ema_images=20_000, ema_ramp=0.05, precision="fp16", half_resolutions=4, clamp=256.0,
    )  # fmt: skip
    return Preset(model, TrainingSchedule(batch=64, save_seconds=120, report_steps=20, picture_steps=400))


def _finetune(resolution: int) -> Preset[StyleGAN]:
    """Few images: augmentation that adapts five times faster, a short memory, no path length (as the authors transfer)."""
    model = StyleGAN2(
        resolution=resolution, learning_rate=0.002, r1=0.0002 * resolution**2 / 16, augment="ada", augment_speed=100.0,
        path_length=0.0, ema_images=2_000, ema_ramp=None, mixing=0.9,
    )  # fmt: skip
    return Preset(model, TrainingSchedule(batch=16, save_seconds=120))


PRESETS = {
    "stylegan2": lambda r: published(r or 1024, 32, 4, 32768, 0.002, 10.0, 10, 8),
    "paper256": lambda r: published(r or 256, 64, 8, 16384, 0.0025, 1.0, 20, 8),
    "paper512": lambda r: published(r or 512, 64, 8, 32768, 0.0025, 0.5, 20, 8),
    "paper1024": lambda r: published(r or 1024, 32, 4, 32768, 0.002, 2.0, 10, 8),
    "cifar": lambda r: published(
        r or 32, 64, 32, 16384, 0.0025, 0.01, 500, 2, ema_ramp=0.05, path_length=0.0, mixing=0.0, discriminator_architecture="orig",
        augment="ada",
    ),
    "auto": lambda r: automatic(r or 256),
    "stylegan1": lambda r: stylegan1(r or 256),
    "stylegan3-t": lambda r: stylegan3(r or 256),
    "stylegan3-r": lambda r: stylegan3(r or 256, rotations=True),
    "finetune": lambda r: _finetune(r or 256),
    "faces64-cpu": lambda r: _faces_cpu(r or 64),
    "faces128-cpu": lambda r: _faces_cpu(r or 128),
    "faces-256": lambda r: _faces_gpu(),
}  # fmt: skip


def preset(name: str, resolution: int | None = None) -> Preset[StyleGAN]:
    """A preset, for another resolution than its own if one is given."""
    if name not in PRESETS:
        raise unknown("training preset", name, PRESETS)
    return PRESETS[name](resolution)
