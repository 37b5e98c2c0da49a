"""A direction from two descriptions: samples scored by CLIP, regressed on w (Radford et al. 2021 for the scores)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput, MissingPart, unknown
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.ranges import Batch, Count, Weight
from latentlab.core.seeds import draw_z
from latentlab.core.shapes import Images
from latentlab.core.vision_operators import declare_vision_operators
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Discoverer, Source
from latentlab.directions.steps import scale_to_step

MEAN = (0.48145466, 0.4578275, 0.40821073)
SPREAD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Text(Discoverer):
    """Similarity to the wish minus similarity to the plain description, as a score, then ridge regression."""

    needs: ClassVar[Literal["bank", "pairs", "nothing"]] = "nothing"

    wish: str = "a photo of a smiling person"
    """What the edited face should look like."""
    plain: str = "a photo of a person"
    """What every face looks like."""
    samples: Count = 2000
    """How many faces to score."""
    model: str = "ViT-B-32"
    """Architecture, as open_clip names it."""
    weights: str = ""
    """File with its weights; nothing is downloaded."""
    ridge: Weight = 1e-1
    """Penalty, as a share of the mean variance of a coordinate of w."""
    batch: Batch = 25
    """Faces rendered at once."""
    name: str = "text"
    """What to call the direction."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        if self.samples <= generator.w_width // 4:
            raise BadInput(
                f"{self.samples} samples are too few for {generator.w_width} dimensions: `samples` {4 * generator.w_width}"
            )
        see, read, size = load_clip(self.model, self.weights)
        wish, plain = read([self.wish, self.plain])
        latents, scores = self._score(generator, see, wish - plain, size, watch)

        centred = latents - latents.mean(0)
        covariance = centred.T @ centred / len(centred)
        penalty = (
            self.ridge * covariance.diagonal().mean() * torch.eye(len(covariance), dtype=covariance.dtype)
        )
        weights = torch.linalg.solve(
            covariance + penalty, centred.T @ (scores - scores.mean()) / len(centred)
        )
        vector = scale_to_step(weights, latents, scores, float(scores.std()))
        return [
            Direction(self.name, Space.W, vector.float(), unit="sd", model=generator.hash, found_by=repr(self),
                      story={"attribute": self.name, "wish": self.wish, "plain": self.plain, "n": self.samples})
        ]  # fmt: skip

    @torch.no_grad()
    def _score(
        self, generator: Generator, see: Callable[[Images], Tensor], wish: Tensor, size: int, watch: Watch
    ) -> tuple[Tensor, Tensor]:
        """w [n width] and scores [n] of the samples, double precision."""
        latents, scores = [], []
        for start in range(0, self.samples, self.batch):
            z = draw_z(range(start, min(start + self.batch, self.samples)), generator.z_width).to(
                generator.device
            )
            w = generator.map(z)
            embedded = see(for_clip(generator.render(Latent(Space.W, w)), size))
            latents.append(w.cpu().double())
            scores.append((embedded @ F.normalize(wish, dim=0)).cpu().double())
            watch(min(start + self.batch, self.samples) / self.samples, "reading faces with CLIP")
        return torch.cat(latents), torch.cat(scores)


def for_clip(images: Images, size: int) -> Tensor:
    """Images in [-1, 1] as CLIP reads them."""
    scaled = F.interpolate(images, (size, size), mode="bicubic", antialias=True).clamp(-1, 1) / 2 + 0.5
    mean, spread = (torch.tensor(v).to(scaled)[:, None, None] for v in (MEAN, SPREAD))
    return (scaled - mean) / spread


def clip_tensors(path: str) -> dict[str, Tensor]:
    """The tensors of a weight file (safetensors, or a checkpoint read without executing it), as open_clip names them."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from latentlab.store.bridge import read_tensors

    if not path.endswith(".safetensors"):
        tensors = dict(read_tensors(Path(path)))
    else:
        try:
            tensors = load_file(path)
        except (SafetensorError, OSError) as error:
            raise BadFile(f"cannot read {path}: {str(error).splitlines()[0]}") from None
    wrapped = all(name.startswith("module.") for name in tensors)  # as training on several GPUs leaves them
    return {name.removeprefix("module.") if wrapped else name: value for name, value in tensors.items()}


def load_clip(
    name: str, weights: str
) -> tuple[Callable[[Tensor], Tensor], Callable[[list[str]], Tensor], int]:
    """Functions from images and from texts to unit vectors, and the image size; read through open_clip."""
    declare_vision_operators()
    try:
        import open_clip
    except (ImportError, RuntimeError) as error:
        raise MissingPart(
            f"texts are read by open_clip, which cannot be loaded ({str(error).splitlines()[0]}): pip install open_clip_torch"
        ) from None
    if not weights:
        raise MissingPart(
            f"texts need the weights of CLIP {name} as a file, which is never downloaded unasked: `weights` FILE"
        )
    if name not in open_clip.list_models():
        raise unknown("CLIP architecture", name, open_clip.list_models())
    if not Path(weights).is_file():  # else open_clip takes it for the name of a download
        raise BadFile(f"there is no file {weights}; give the weights of CLIP {name}: `weights` FILE")
    network = open_clip.create_model(name).eval().requires_grad_(False)
    try:
        network.load_state_dict(clip_tensors(weights))
    except RuntimeError as error:
        raise BadFile(
            f"{weights} does not fit a CLIP {name} ({str(error).splitlines()[1].strip()[:160]}); try another `model`"
        ) from None
    tokens = open_clip.get_tokenizer(name)

    home = next(network.parameters()).device

    def see(images: Tensor) -> Tensor:
        return F.normalize(network.encode_image(images.to(home)).float(), dim=1)

    def read(texts: list[str]) -> Tensor:
        return F.normalize(network.encode_text(tokens(texts)).float(), dim=1)

    side = network.visual.image_size
    return see, read, side[0] if isinstance(side, tuple) else side
