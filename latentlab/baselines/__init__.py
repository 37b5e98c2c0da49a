"""Published image-to-image systems, re-implemented from their papers, one file each, behind one interface."""

from typing import Any

from latentlab.core.registry import Registry

BASELINES: Registry[Any] = Registry(
    "baseline",
    {
        "caae": "latentlab.baselines.caae:CAAE",
        "g2gan": "latentlab.baselines.g2gan:G2GAN",
        "ffgan": "latentlab.baselines.ffgan:FFGAN",
        "beautygan": "latentlab.baselines.beautygan:BeautyGAN",
        "deepfakes": "latentlab.baselines.deepfakes:Deepfakes",
        "pix2pix": "latentlab.baselines.pix2pix:Pix2pix",
        "cyclegan": "latentlab.baselines.cyclegan:CycleGAN",
        "ugatit": "latentlab.baselines.ugatit:UGATIT",
    },
)
