"""A lab: a network, a device, a home folder, a seed; what every room of the studio works in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from latentlab.core.ranges import Seed, check
from latentlab.core.watch import Watch, silent
from latentlab.store.defaults import AUTO, defaults
from latentlab.studio.shelf.pool import Pool, shared_pool

if TYPE_CHECKING:
    import torch

    from latentlab.core.generator import Generator


@dataclass(eq=False)
class Lab:
    """Where networks, faces and directions are found; the network is loaded when it is first needed."""

    network: str | Path = AUTO
    """A name (`faces`), the path of any weight file that latentlab reads, or `auto`: the package's own for samples and for photographs."""
    device: str = "auto"
    """`auto` (the GPU if there is one), `cpu`, `cuda`, `cuda:1`."""
    home: str | Path = "lab"
    """The folder that keeps inversions, directions and score banks."""
    seed: Seed = 0
    watch: Watch | None = None
    """Told how far long work is: share done, a line of text, a picture."""
    assume_faces: bool = False
    """Take the network for one that draws faces, whatever a detector finds in its samples."""
    photographs: str | Path | None = None
    """The network that photographs get instead; None leaves them to `network`. `auto` sets it."""
    because: str = ""
    """Why this network was taken, where a rule chose it."""
    pool: Pool = field(default_factory=shared_pool, repr=False)
    """Loaded networks, shared between sessions: a second session, a replay or another seed load nothing twice."""

    def __post_init__(self) -> None:
        check(self)
        self.home = Path(self.home)
        if self.network == AUTO:
            chosen = defaults()
            self.network, self.photographs = chosen.samples, self.photographs or chosen.photographs

    def on(self, network: str | Path, because: str = "") -> Self:
        """The same lab on one network, whatever is brought to it."""
        return replace(self, network=network, photographs=None, because=because)

    @property
    def for_photographs(self) -> Self:
        """The lab on the network that photographs get."""
        if self.photographs is None:
            return self
        return self.on(self.photographs, f"photographs get it; samples and renders get '{self.name}'")

    @property
    def for_samples(self) -> Self:
        """The lab on the network that samples are drawn with, photographs or not."""
        if self.photographs is None:
            return self
        other = Path(self.photographs).name
        return self.on(self.network, f"samples and renders get it; photographs get '{other}'")

    def of_model(self, digest: object) -> Self:
        """The lab on the network with this hash, if photographs get that one; else on its own."""
        photographs = self.for_photographs
        return photographs if self.photographs and photographs.model == digest else self.for_samples

    @cached_property
    def place(self) -> torch.device:
        """The device as torch names it."""
        from latentlab.core.device import find_device

        return find_device(self.device)

    @cached_property
    def generator(self) -> Generator:
        """The network, on the device; shared, so nobody may write to it."""
        from latentlab.studio.shelf.networks import load_generator

        return load_generator(self.network, self.place, self.home, self.pool)

    @property
    def model(self) -> str:
        """The network's hash, without loading the network where a card beside its file tells it."""
        from latentlab.studio.shelf.finding import find, hash_told

        loaded = "generator" in self.__dict__
        return ("" if loaded else hash_told(find(self.network, self.home))) or self.generator.hash

    @property
    def name(self) -> str:
        """The network's name as it goes into pictures: never a path."""
        return Path(self.network).name

    def tell(self, watch: Watch | None = None) -> Watch:
        """The watch for one task: its own, else the lab's, else silence."""
        return watch or self.watch or silent
