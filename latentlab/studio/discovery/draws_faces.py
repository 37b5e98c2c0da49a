"""Whether a network draws faces: scores of faces mean nothing on pictures of anything else."""

from __future__ import annotations

import torch

from latentlab.core.errors import MissingPart
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.store.home import find_asset
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.companions import own_file

SAMPLES = 12
LEAST = 0.5
"""Share of samples in which a detector has to find a face."""
PSI = 0.7


def check_faces(studio: Lab) -> None:
    """MissingPart unless the network has scorers of its own, ships with latentlab, or a detector finds faces in its samples."""
    if (
        studio.assume_faces
        or own_file(studio, "guide") is not None
        or find_asset(f"{studio.name}/guide.safetensors")
    ):
        return
    found = seen_faces(studio)
    if found is None or found < LEAST * SAMPLES:
        told = (
            "no detector is at hand"
            if found is None
            else f"a detector finds one in {found} of {SAMPLES} samples"
        )
        raise MissingPart(
            f"'{studio.name}' is not known to draw faces ({told}), so no scorer of faces is applied to it; `assume_faces` "
            "overrides, own labels and scorers are in docs/discover.md"
        )


@torch.no_grad()
def seen_faces(studio: Lab) -> int | None:
    """In how many samples a detector finds a face; None without a detector. Asked once of each network."""
    known: dict[str, int | None] = studio.__dict__.setdefault("_faces_seen", {})
    mark = studio.generator.hash
    if mark not in known:
        known[mark] = _count(studio)
    return known[mark]


def _count(studio: Lab) -> int | None:
    from latentlab.faces.landmarks import aligned_landmarks

    generator = studio.generator
    if generator.condition_width:
        z = draw_z(range(SAMPLES), generator.z_width).to(studio.place)
        labels = torch.eye(generator.condition_width)[torch.arange(SAMPLES) % generator.condition_width]
        w = generator.map(z, labels.to(z))
    else:
        w = generator.map(draw_z(range(SAMPLES), generator.z_width).to(studio.place))
    w_plus = generator.truncate(w[:, None].repeat(1, generator.layers, 1), PSI)
    images = generator.render(Latent(Space.W_PLUS, w_plus))
    if images.shape[1] != 3:
        return 0
    try:
        return int(aligned_landmarks(images.cpu()).found.sum())
    except MissingPart:
        return None
