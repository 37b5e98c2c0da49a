"""LPIPS (Zhang et al. 2018) by the package `lpips`, on the published weights of its backbones; nothing in them is executed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadFile, BadInput, MissingPart
from latentlab.core.shapes import Images
from latentlab.core.vision_operators import declare_vision_operators
from latentlab.networks.perceptual import EPSILON, FeatureDistance
from latentlab.store.bridge.loose import read_tensors
from latentlab.store.known_models import KNOWN
from latentlab.store.models import Models, file_hash

BACKBONES = {"vgg": "lpips-vgg", "alex": "lpips-alex"}
"""Names of the backbones as `models fetch` knows them, the one that losses are better with first."""


class Lpips(FeatureDistance):
    """Features of a classifier, weighted by what people call alike."""

    def __init__(
        self, backbone: str = "vgg", device: torch.device | str = "cpu", weights: Path | None = None
    ) -> None:
        """With the published weights where they are at hand, or others from a file, which its name then tells.

        Raises:
            MissingPart: no weights, or no package `lpips`.
        """
        if backbone not in BACKBONES:
            raise BadInput(f"LPIPS has no backbone '{backbone}'; there are: {', '.join(BACKBONES)}")
        path = weights or published_weights(backbone)
        self.name = (
            f"LPIPS ({backbone})" if weights is None else f"LPIPS ({backbone}, weights of {path.name})"
        )
        self.network = _network(backbone, path).to(device).eval().requires_grad_(False)

    def features(self, images: Images) -> Sequence[Tensor]:
        """Of every stage, scaled to unit length and weighted as learned."""
        maps = self.network.net.forward(self.network.scaling_layer(images))
        normal = [x * (x.square().sum(dim=1, keepdim=True) + EPSILON).rsqrt() for x in maps]
        heads = [
            getattr(self.network, f"lin{i}").model[-1].weight.clamp_min(0).sqrt() for i in range(len(normal))
        ]
        return [x * head for x, head in zip(normal, heads, strict=True)]

    def between(self, one: Sequence[Tensor], other: Sequence[Tensor]) -> Tensor:
        """The sum over stages, as published."""
        return super().between(one, other) * len(one)


def best_lpips(device: torch.device | str = "cpu") -> Lpips:
    """On the best backbone whose weights are at hand; MissingPart where none are."""
    missing = None
    for backbone in BACKBONES:
        try:
            return Lpips(backbone, device)
        except MissingPart as error:
            missing = missing or error
    assert missing is not None, "there are backbones"
    raise missing


def published_weights(backbone: str) -> Path:
    """The file of a backbone: fetched by us, or by torchvision; another file of that name is not taken for it."""
    name = BACKBONES[backbone]
    if (fetched := Models().files().get(name)) is not None:
        return fetched
    known = KNOWN[name]
    path = Path(torch.hub.get_dir()) / "checkpoints" / known.filename
    if not path.is_file():
        raise MissingPart(
            f"the weights of LPIPS ({known.filename}) are not at hand; fetch them: latentlab models fetch {name}; "
            "discriminator features stand in"
        )
    if path.stat().st_size != known.size or file_hash(path) != known.sha256:
        raise MissingPart(
            f"{path} is not the file that was published; delete it: latentlab models fetch {name}"
        )
    return path


def _network(backbone: str, path: Path) -> Any:
    """The package's network with the weights of a file, and its own heads; made without torch.load and without drawing weights."""
    lpips = _package()
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package calls torchvision as it was called in 2020
        network: Any = lpips.LPIPS(net=backbone, pretrained=False, pnet_rand=True, verbose=False)
    network.scaling_layer = lpips.ScalingLayer()  # constants, which a meta device forgets
    heads = Path(lpips.__file__).parent / "weights" / "v0.1" / f"{backbone}.pth"
    tensors = _stages(network.net, read_tensors(path), path) | _heads(network, read_tensors(heads))
    tensors |= {f"scaling_layer.{name}": value for name, value in network.scaling_layer.state_dict().items()}
    try:
        network.load_state_dict(tensors, assign=True)
    except RuntimeError:
        raise BadFile(f"{path} does not hold the weights of LPIPS's backbone '{backbone}'") from None
    return network


def _stages(net: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """torchvision's `features.3.weight` under the package's names, `net.slice2.3.weight`."""
    found = {}
    for name in net.state_dict():
        theirs = f"features.{name.partition('.')[2]}"
        if theirs not in tensors:
            raise BadFile(f"{path} holds no '{theirs}'; it is not the backbone that LPIPS was taught on")
        found[f"net.{name}"] = tensors[theirs]
    return found


def _heads(network: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`lin0.model.1.weight`, and the same under its second name, `lins.0.model.1.weight`."""
    again = {f"lins.{name.removeprefix('lin')}": value for name, value in tensors.items()}
    wanted = network.state_dict()
    return {name: value for name, value in {**tensors, **again}.items() if name in wanted}


def _package() -> Any:
    declare_vision_operators()
    try:
        import lpips
    except (ImportError, RuntimeError) as error:
        raise MissingPart(
            f"the package 'lpips' cannot be imported ({error}); install it: pip install 'latentlab[lpips]'"
        ) from None
    return lpips
