"""Networks that latentlab does not read, told by what only they have, so that a refusal names them."""

from __future__ import annotations

import mmap
import sys

from latentlab.core.errors import BadFile
from latentlab.store.bridge.limits import printable

LOOKED_AT = 32 << 20
"""Bytes at either end of a file: names stand before the weights or, in a zip, among the first entries."""
FAMILIES: dict[str, tuple[bytes, ...]] = {
    "StyleGAN-XL": (
        b"SuperresGenerator", b"networks_stylegan3_resetting", b"path_stem", b"head_layers", b"rand_embedding", b"in_embeddings",
    ),
    "StyleGAN-T": (b"train_mode", b"StyleGAN-T", b"stylegan_t", b"CLIPEncoder", b"StyleSplit", b"ProjectionHead", b"DinoV"),
    "Projected GAN": (b"ProjectedDiscriminator", b"pg_modules", b"FastganSynthesis", b"networks_fastgan"),
    "EG3D": (b"TriPlaneGenerator", b"OSGDecoder", b"rendering_kwargs", b"ImportanceRenderer"),
    "StyleNeRF": (b"CameraQueriedSampler", b"NeRFBlock", b"StyleNeRF"),
    "StyleGAN-V": (b"MotionMappingNetwork", b"motion_encoder", b"TemporalDifferenceEncoder"),
    "StyleSwin": (b"StyleSwin", b"StyleBasicLayer"),
    "SWAGAN": (b"HaarTransform", b"dwt.ll", b"iwt.ll"),
    "GFPGAN": (b"stylegan_decoder.", b"StyleGAN2GeneratorCSFT", b"StyleGAN2GeneratorClean", b"condition_scale."),
    "MobileStyleGAN": (b"MobileSynthesisNetwork", b"mapping_net.", b"student."),
    "GenForce": (b"generator_smooth", b"mapping.dense0.", b"synthesis.layer0."),
    "stylegan2-pytorch (lucidrains)": (b"GE.initial_block", b"G.initial_block", b"SE.net.", b"GE.blocks."),
    "alias-free-gan-pytorch": (b"AliasFree", b"alias_free_gan"),
    "diffusion": (b"model.diffusion_model.", b"UNet2DConditionModel", b"time_embed.", b"first_stage_model."),
}  # fmt: skip
"""By name: strings that occur in no file of a family that is read. They are looked for only when reading failed."""


def family_of(data: memoryview) -> str | None:
    """The family that a file is of, as far as its names tell."""
    whole = data.obj
    if not isinstance(whole, bytes | bytearray | mmap.mmap):
        return None
    late = max(LOOKED_AT, len(whole) - LOOKED_AT)
    for family, markers in FAMILIES.items():
        if any(whole.find(m, 0, LOOKED_AT) >= 0 or whole.find(m, late) >= 0 for m in markers):
            return family
    return None


def not_read(family: str) -> BadFile:
    """The refusal of a family."""
    return BadFile(f"this is a {family} network, a family that latentlab does not read")


def foreign_name(name: str) -> BadFile:
    """The refusal of a class or function that is not on the closed list: of some other network, or of a trap."""
    top = name.partition(".")[0]
    dangerous = top in sys.stdlib_module_names or top in (
        "__builtin__",
        "nt",
        "commands",
        "numpy",
        "dnnlib",
        "",
    )
    if dangerous or (top == "torch" and not name.startswith("torch.nn.")):
        return BadFile(
            f"it asks for '{printable(name)}', which is not on the closed list of harmless names; nothing was run"
        )
    return BadFile(
        f"it is made of '{printable(name)}', of a family or fork that latentlab does not read; "
        "its state dict may be: torch.save(G_ema.state_dict(), FILE)"
    )


def foreign_class(name: str) -> BadFile:
    """The refusal of a module that no known network has."""
    return BadFile(
        f"it has layers of the class '{printable(name)}', of a fork of StyleGAN that latentlab does not read"
    )
