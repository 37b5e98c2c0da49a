"""`latentlab finetune`: a generator taken to a new domain by few images; what it learnt is a small file beside its parent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor

from latentlab.backbones.difference import Difference, held, low_rank, swap_layers, whole
from latentlab.backbones.train import Train
from latentlab.core.device import find_device
from latentlab.core.distance import Distance
from latentlab.core.errors import BadFile, BadInput
from latentlab.core.ranges import Between, PowerOfTwo, Seconds, Share, check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch, silent
from latentlab.data.open import SourceOptions, open_source
from latentlab.networks.build import build
from latentlab.store.beside import beside
from latentlab.store.bridge import Foreign, read
from latentlab.training.ahead import Source

Unlikeness = Callable[[Callable[[int], Images]], float]
"""How far samples are from the new domain, the lower the better; given a function from a seed to images."""


@dataclass(frozen=True)
class Finetune:
    """The new domain and how carefully it is approached."""

    parent: Path
    """The network to begin with; its discriminator's file lies beside it or is named."""
    data: Path | tuple[Path, ...]
    """A folder of images of the new domain, or several (people held out are left out by name), or packed images."""
    out: Path
    discriminator: Path | None = None
    images: Annotated[int, Between(1, 1_000_000_000_000)] = 50_000
    seconds: Seconds = float("inf")
    freeze_discriminator: Annotated[int, Between(0, 12)] = 2
    """Largest resolutions of the discriminator that stay as they are (freeze-D, Mo et al. 2020)."""
    freeze_mapping: bool = True
    """Keep the mapping: parent and child then share their latent space, and directions move both."""
    swap_from: Annotated[int, PowerOfTwo(4, 4096, zero=True)] = 0
    """Take the child's layers from this resolution on, the parent's below; 0 takes all of the child's."""
    form: str = "auto"
    """`low rank` (at most 2 MB), `whole` (at most 8 MB), or whichever measures better."""
    resize: bool = True
    drop_broken: bool = False
    """Leave unreadable pictures out instead of stopping."""
    where: tuple[str, ...] = ()
    """Which photographs of folders with a `labels.csv`: `inside >= 0.98`, for one folder `portraits: inside >= 0.98`."""
    weights: Mapping[str, Annotated[float, Between(0, 1_000_000)]] = field(default_factory=dict)
    """How often photographs of a set (column `set`) are shown beside the others; 0 leaves a set out."""
    render_share: Share = 0.0
    """How many of the images are renders of the face world, mixed in."""
    encoder: Path | None = None
    """An encoder of the parent to teach beside the generator: both learn to repeat the images that are shown."""
    encoder_preset: str = "restyle64"
    """The preset that this encoder was taught by."""
    resume: bool = False
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check(self)

    def run(
        self,
        unlikeness: Unlikeness | None = None,
        source: Source | None = None,
        watch: Watch = silent,
        identity: Distance | None = None,
    ) -> Path:
        """Train; returns the difference's file, `difference.safetensors` in the run's folder.

        With `form="auto"`, both forms are measured (`unlikeness`, else how closely they repeat the child's images), and the
        smaller one is kept unless the larger is better by a fiftieth.
        """
        if self.form not in ("auto", "low rank", "whole"):
            raise BadInput(f"no form of a difference is called '{self.form}' (known: auto, low rank, whole)")
        parts = read(self.parent)
        parent = parts.get("G_ema") or parts.get("G")
        if parent is None:
            raise BadFile(f"{self.parent} holds no generator; finetune needs one")
        resolution: Any = parent.arguments["resolution"]
        settings = {
            "freeze_discriminator": self.freeze_discriminator,
            "freeze_mapping": self.freeze_mapping,
            **self.settings,
        }
        task = Train(
            data=self.data, out=self.out, images=self.images, seconds=self.seconds, preset="finetune", resolution=resolution,
            resume=self.resume, transfer=self.parent, transfer_discriminator=self.discriminator or _beside(self.parent, parts), device=self.device,
            settings=settings, encoder=self.encoder, encoder_preset=self.encoder_preset,
        )  # fmt: skip
        source = source or self.source(resolution, watch)
        file = task.run(source=source, watch=watch, identity=identity)
        child = read(file)["G_ema"]
        tensors = held(parent.tensors, child.tensors)
        if self.swap_from:
            tensors = swap_layers(parent, tensors, self.swap_from)
        chosen, told = self._choose(parent, tensors, unlikeness)
        story = {
            "kind of network": parent.kind,
            "training": child.story.get("training"),
            "measured": told,
            "swap_from": self.swap_from,
        }
        return chosen.save(Path(self.out) / "difference.safetensors", story)

    def source(self, resolution: int, watch: Watch = silent) -> Source:
        """The images, without people held out."""
        options = SourceOptions(
            resolution, mirror=True, resize=self.resize, drop_broken=self.drop_broken, hold_out=True,
            cache=Path(self.out) / f"images-{resolution}.npy", device=str(find_device(self.device)), where=self.where,
            weights=self.weights, render_share=self.render_share,
        )  # fmt: skip
        return open_source(self.data, options, watch)

    def _choose(
        self, parent: Foreign, child: dict[str, Tensor], unlikeness: Unlikeness | None
    ) -> tuple[Difference, dict[str, float]]:
        makers = {"low rank": low_rank, "whole": whole}
        names = list(makers) if self.form == "auto" else [self.form]
        forms = {name: makers[name](parent.tensors, child) for name in names}
        whole_child = _renderer(parent, child)
        unlikeness = unlikeness or (lambda render: _unlikeness(render, whole_child))
        told = {
            name: unlikeness(_renderer(parent, form.added_to(parent.tensors))) for name, form in forms.items()
        }
        told |= {f"{name} bytes": float(form.bytes) for name, form in forms.items()}
        best = names[0]
        for name in names[1:]:
            if told[name] < 0.98 * told[best]:
                best = name
        return forms[best], told


def _beside(parent: Path, parts: Mapping[str, Foreign]) -> Path | None:
    file = beside(parent, "discriminator")
    return file if "D" not in parts and file.exists() else None


def _renderer(parent: Foreign, tensors: Mapping[str, Tensor]) -> Callable[[int], Images]:
    from latentlab.core.seeds import draw_z

    network: Any = build(parent.kind, parent.arguments, tensors)

    @torch.no_grad()
    def render(seed: int) -> Images:
        w = network.map(draw_z(range(seed * 8, seed * 8 + 8), network.z_width))
        return network(network.styles(w[:, None].repeat(1, network.layers, 1)))

    return render


def _unlikeness(render: Callable[[int], Images], truth: Callable[[int], Images], batches: int = 4) -> float:
    return sum(float((render(seed) - truth(seed)).square().mean()) for seed in range(batches)) / batches
