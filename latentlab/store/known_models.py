"""The well-known public weight files: published addresses and licences; sizes and hashes only where they are established."""

from __future__ import annotations

from dataclasses import dataclass

NGC = "https://api.ngc.nvidia.com/v2/models/nvidia/research"
CDN = "https://nvlabs-fi-cdn.nvidia.com"
DRIVE = "https://drive.google.com/file/d"

NVIDIA_NC = "Nvidia Source Code License (non-commercial research and evaluation)"
NVIDIA_SG1 = "CC BY-NC 4.0 (NVIDIA)"
MIT = "MIT (code); trained from NVIDIA's non-commercial StyleGAN2 weights"
IMAGENET = "BSD-3-Clause (torchvision); trained on ImageNet, whose pictures are for non-commercial research"
INSIGHTFACE = "MIT (code); trained on data for non-commercial research"


@dataclass(frozen=True)
class KnownModel:
    """One public file."""

    address: str
    about: str
    licence: str
    size: int | None = None
    """Bytes, where established."""
    sha256: str | None = None
    """Where established; else the hash of the first download is recorded and later ones are held to it."""
    by_hand: bool = False
    """The host hands out large files only through a browser."""

    @property
    def filename(self) -> str:
        """The last part of the address, as far as it is a file's name."""
        return self.address.rpartition("/")[2]


def _ngc(family: str, names: tuple[str, ...], about: str) -> dict[str, KnownModel]:
    return {
        f"{family}-{name}": KnownModel(
            f"{NGC}/{family.partition('-')[0]}/versions/1/files/{family}-{name}.pkl",
            f"{about}, {name}",
            NVIDIA_NC,
        )
        for name in names
    }


def _cdn(folder: str, names: dict[str, tuple[str, str]], licence: str) -> dict[str, KnownModel]:
    return {key: KnownModel(f"{CDN}/{folder}/{file}", about, licence) for key, (file, about) in names.items()}


STYLEGAN3 = (
    "ffhq-1024x1024", "ffhqu-1024x1024", "ffhqu-256x256", "metfaces-1024x1024", "metfacesu-1024x1024", "afhqv2-512x512",
)  # fmt: skip
STYLEGAN2 = (
    "ffhq-1024x1024", "ffhq-512x512", "ffhq-256x256", "ffhqu-1024x1024", "ffhqu-256x256", "metfaces-1024x1024",
    "metfacesu-1024x1024", "afhqv2-512x512", "afhqcat-512x512", "afhqdog-512x512", "afhqwild-512x512",
    "brecahad-512x512", "cifar10-32x32", "celebahq-256x256", "lsundog-256x256",
)  # fmt: skip
ADA = {
    "ada-ffhq": ("ffhq.pkl", "StyleGAN2, FFHQ 1024x1024, as stylegan2-ada-pytorch publishes it"),
    "ada-metfaces": ("metfaces.pkl", "StyleGAN2-ADA, MetFaces 1024x1024"),
    "ada-afhqcat": ("afhqcat.pkl", "StyleGAN2-ADA, AFHQ cats 512x512"),
    "ada-afhqdog": ("afhqdog.pkl", "StyleGAN2-ADA, AFHQ dogs 512x512"),
    "ada-afhqwild": ("afhqwild.pkl", "StyleGAN2-ADA, AFHQ wild animals 512x512"),
    "ada-cifar10": ("cifar10.pkl", "StyleGAN2-ADA, CIFAR-10 32x32, class-conditional"),
    "ada-brecahad": ("brecahad.pkl", "StyleGAN2-ADA, BreCaHAD 512x512"),
    "ada-ffhq-256": (
        "transfer-learning-source-nets/ffhq-res256-mirror-paper256-noaug.pkl",
        "StyleGAN2, FFHQ 256x256, the source net of transfer learning",
    ),
}
TENSORFLOW = {
    f"tf-{name}-config-f": (
        f"stylegan2-{name}-config-f.pkl",
        f"StyleGAN2 (TensorFlow), {about}, configuration F",
    )
    for name, about in {
        "ffhq": "FFHQ 1024x1024",
        "car": "LSUN cars 512x384",
        "cat": "LSUN cats 256x256",
        "church": "LSUN churches 256x256",
        "horse": "LSUN horses 256x256",
    }.items()
}
BY_HAND = {
    "tf-stylegan1-ffhq": (
        "1MEGjdvVpUsu1jB4zrXZN7Y4kBBOzizDQ",
        "StyleGAN1 (TensorFlow), FFHQ 1024x1024",
        NVIDIA_SG1,
    ),
    "tf-stylegan1-celebahq": (
        "1MGqJl28pN4t7SAtSrPdSRJSQJqahkzUf",
        "StyleGAN1 (TensorFlow), CelebA-HQ 1024x1024",
        NVIDIA_SG1,
    ),
    "rosinality-ffhq": (
        "1EM87UquaoQmk17Q8d5kYIAHqu0dkYqdT",
        "StyleGAN2 FFHQ 1024x1024 as rosinality checkpoint",
        NVIDIA_NC,
    ),
    "e4e-ffhq": ("1cUv_reLE6k3604or78EranS7XzuVMWeO", "e4e encoder and generator, FFHQ", MIT),
    "e4e-cars": ("17faPqBce2m1AQeLCLHUVXaDfxMRU2QcV", "e4e encoder and generator, cars", MIT),
    "e4e-horse": ("1TkLLnuX86B_BMo2ocYD0kX9kWh53rUVX", "e4e encoder and generator, horses", MIT),
    "e4e-church": ("1-L0ZdnQLwtdy6-A_Ccgq5uNJGTqE7qBa", "e4e encoder and generator, churches", MIT),
    "psp-ffhq": ("1bMTNWkh5LArlaWSc_wa8VKyq2V42T2z0", "pSp encoder and generator, FFHQ inversion", MIT),
    "psp-frontalization": (
        "1_S4THAzXb-97DbpXmanjHtXRyKxqjARv",
        "pSp encoder and generator, face frontalization",
        MIT,
    ),
    "arcface-irse50": (
        "1KW7bjndL3QG3sxBbZxreGHigcCCpsDgn",
        "ArcFace IR-SE50, the identity network of e4e and pSp",
        INSIGHTFACE,
    ),
}
TORCHVISION = "https://download.pytorch.org/models"
BACKBONES = {
    "lpips-alex": KnownModel(
        f"{TORCHVISION}/alexnet-owt-7be5be79.pth", "AlexNet of torchvision, which LPIPS looks through",
        IMAGENET, 244_408_911, "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    ),
    "lpips-vgg": KnownModel(
        f"{TORCHVISION}/vgg16-397923af.pth", "VGG16 of torchvision, which LPIPS looks through; taken first",
        IMAGENET, 553_433_881, "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    ),
}  # fmt: skip
"""Backbones of a perceptual distance: no networks that draw."""
ESTABLISHED: dict[str, tuple[int | None, str]] = {
    "ada-ffhq": (381_624_121, "a205a346e86a9ddaae702e118097d014b7b8bd719491396a162cca438f2f524c"),
    "ada-ffhq-256": (None, "7aa4ddeee38e007ce92a1a0bccd386fc6abba6b5c8692bdbe813d3f1987c0722"),
    "stylegan3-t-ffhq-1024x1024": (
        294_775_112,
        "efd9fa1f967a11b5390399a8ed512dc32e341c245fa2d4dafa6d94e96222085b",
    ),
}
"""Sizes and hashes that users of these addresses have published."""


def _all() -> dict[str, KnownModel]:
    models = dict(BACKBONES)
    models |= _ngc("stylegan3-t", STYLEGAN3, "StyleGAN3-T") | _ngc("stylegan3-r", STYLEGAN3, "StyleGAN3-R")
    models |= _ngc("stylegan2", STYLEGAN2, "StyleGAN2")
    models |= _cdn("stylegan2-ada-pytorch/pretrained", ADA, NVIDIA_NC) | _cdn(
        "stylegan2/networks", TENSORFLOW, NVIDIA_NC
    )
    for name, (drive, about, licence) in BY_HAND.items():
        models[name] = KnownModel(f"{DRIVE}/{drive}/view", about, licence, by_hand=True)
    for name, (size, sha256) in ESTABLISHED.items():
        old = models[name]
        models[name] = KnownModel(old.address, old.about, old.licence, size, sha256)
    return models


KNOWN: dict[str, KnownModel] = _all()
