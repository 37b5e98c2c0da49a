"""Transfer by a small network that was taught with rendered faces, whose true movement is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from latentlab.editing.transfer.transfer import Scene, Transfer
from latentlab.networks.regressor import fit_to
from latentlab.networks.transfer import SIZE, Layers, TransferNet, load_transfer


@dataclass(frozen=True)
class LearnedTransfer(Transfer):
    """One pass of the network at 128 pixels, whatever the photo's size."""

    network: TransferNet | None = None
    """None: the one that ships."""
    path: Path | None = None
    """A file to read it from."""
    gain: float = 1.3
    """A network that learnt from means moves by less than was meant; its movement is made so much larger."""
    tint: float = 1.3
    """And its colour."""

    @torch.no_grad()
    def layers(self, scene: Scene) -> Layers:
        network = self.network or load_transfer(self.path, scene.photo.device)
        seen = (fit_to(images, SIZE) for images in (scene.photo, scene.before, scene.after))
        return network(*seen).stronger(self.gain, self.tint)
