"""A path through latent space from sample to sample: straight, on the sphere, or a smooth spline through all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from latentlab.core.errors import BadInput
from latentlab.studio.rendering import Rendering, as_list, batch_size

if TYPE_CHECKING:
    from torch import Tensor

    from latentlab.core.generator import Generator
    from latentlab.core.latent import Latent
    from latentlab.core.watch import Watch
    from latentlab.studio.studio import Studio

MOST_FRAMES = 100_000


@dataclass(frozen=True)
class Interpolation:
    """Which samples the video passes, and how it moves between them."""

    seeds: Annotated[str, tyro.conf.arg(metavar="LIST")] = "0-3"
    """Seeds of the samples that the video passes, in this order."""
    space: Literal["w", "z"] = "w"
    """Where the path lies: w moves evenly, z keeps to typical faces."""
    path: Literal["spline", "linear", "slerp"] = "spline"
    """Smooth through all samples, straight, or on the sphere (around the average in w)."""
    frames: Annotated[int, tyro.conf.arg(metavar="N")] = 60
    """Frames from one sample to the next."""
    loop: bool = False
    """Return to the first sample, without a jump."""
    rendering: tyro.conf.OmitArgPrefixes[Rendering] = field(default_factory=Rendering)

    def __post_init__(self) -> None:
        if not 1 <= self.frames <= MOST_FRAMES:
            raise BadInput(f"--frames {self.frames} is out of range; write 1 to {MOST_FRAMES}")

    def keys(self) -> list[int]:
        """The seeds, in order."""
        from latentlab.core.seeds import parse_seeds

        seeds = parse_seeds(self.seeds)
        if len(seeds) < 2:
            raise BadInput(
                f"a video needs at least two seeds, '{self.seeds}' is one; write for example --seeds 0-3"
            )
        if self.frames * len(seeds) > MOST_FRAMES:
            raise BadInput(
                f"{len(seeds)} seeds with {self.frames} frames each are more than {MOST_FRAMES} frames"
            )
        return seeds

    def count(self) -> int:
        """Frames of the whole video; without a loop it ends on the last sample."""
        legs = len(self.keys()) - (0 if self.loop else 1)
        return legs * self.frames + (0 if self.loop else 1)

    def draw(self, studio: Studio, watch: Watch | None = None) -> Iterator[Tensor]:
        """The frames one after another, each [3 h w]; checked before the first."""
        look, seeds = self.rendering.checked(studio.generator), self.keys()
        return self._frames(studio, look, seeds, studio.tell(watch))

    def _frames(self, studio: Studio, look: Rendering, seeds: list[int], tell: Watch) -> Iterator[Tensor]:
        import torch

        from latentlab.core.latent import Latent
        from latentlab.studio.walk import walker

        generator, total = studio.generator, self.count()
        size = (
            1 if look.noise == "random" else batch_size(generator)
        )  # the noise of a batch differs by sample
        keys = self._key_latents(studio, look, seeds)
        walk = walker(self.path, keys.values.double().cpu(), self._centre(generator), loop=self.loop)
        for start in range(0, total, size):
            times = torch.arange(start, min(start + size, total)).double() / self.frames
            with torch.no_grad():
                values = walk(times).to(keys.values)
                images = look.synthesise(
                    generator, look.pull(generator, Latent(keys.space, values)), seeds[0]
                )
            yield from images
            tell((start + len(images)) / total, f"frame {start + len(images)} of {total}")

    def _centre(self, generator: Generator) -> Tensor | None:
        """What a path on the sphere turns around: the average in w, the origin in z."""
        if self.space == "z":
            return None
        average = generator.w_average.double().cpu()
        return average.mean(0) if average.ndim == 2 else average

    def recipe(self, studio: Studio) -> dict[str, object]:
        """What goes into the video's comment."""
        from latentlab.studio.recipe import recipe

        asked = {
            "seeds": self.keys(),
            "space": self.space,
            "path": self.path,
            "frames": self.frames,
            "loop": self.loop,
        }
        return recipe(studio, "interpolate", asked | self.rendering.asked())

    def _key_latents(self, studio: Studio, look: Rendering, seeds: list[int]) -> Latent:
        import torch

        from latentlab.core.latent import Latent, Space
        from latentlab.core.seeds import draw_z
        from latentlab.studio.networks import one_hot

        generator = studio.generator
        latent = Latent(Space.Z, draw_z(seeds, generator.z_width).to(generator.device))
        if self.space == "z":
            return latent
        with torch.no_grad():
            return generator.lift(latent, Space.W, one_hot(generator, look.class_, len(seeds)))


def interpolate(
    studio: Studio,
    seeds: str | Iterable[int] = "0-3",
    out: str | Path = "video.mp4",
    psi: float = 1.0,
    *,
    space: str = "w",
    path: str = "spline",
    frames: int = 60,
    loop: bool = False,
    fps: int = 30,
    cutoff: int | None = None,
    noise: str = "const",
    noise_seed: int | None = None,
    class_: int | None = None,
    watch: Watch | None = None,
) -> Path:
    """Write the video (mp4 or gif, by the file's ending); returns its path."""
    from latentlab.studio.video import Video

    look = Rendering(psi, cutoff, noise, noise_seed, class_)  # type: ignore[arg-type]
    journey = Interpolation(as_list(seeds), space, path, frames, loop, look)  # type: ignore[arg-type]
    return Video(Path(out), fps).save(journey.draw(studio, watch), journey.recipe(studio))
