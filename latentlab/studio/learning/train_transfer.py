"""Teach the network that carries edits over to photographs: make pairs with their truth, then learn from them.

    python -m latentlab.studio.learning.train_transfer --network faces --out runs/transfer --photos portraits/images

Stopped at any moment, the same line goes on.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from latentlab.backbones.carry.learn import Learn, Read
from latentlab.backbones.carry.pairs import (
    PHOTO,
    Teller,
    bent_pairs,
    joined,
    photographed_pairs,
    rendered_pairs,
)
from latentlab.backbones.carry.pool import Pool, save_pairs
from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.image import load_image
from latentlab.core.shapes import Images
from latentlab.data.holdout import is_held_out
from latentlab.inversion.encode import encode
from latentlab.networks.files import halved
from latentlab.networks.transfer import KIND, TransferNet
from latentlab.store.archive import Archive
from latentlab.studio.shelf.companions import companions, guide, identity
from latentlab.studio.shelf.directions import find_direction, own_names
from latentlab.studio.studio import Studio
from latentlab.world.render import load_renderer

SEED = 71
SHARD = 10
"""People of a shard of renders."""
TOGETHER = 8
"""Photographs of a shard."""


def teller(studio: Studio) -> Teller:
    """What the network makes of pictures, by its encoder and its library."""
    encoder = companions(studio, distance="none").encoder
    if encoder is None:
        raise MissingPart(f"'{studio.name}' has no encoder; train one first: latentlab train-encoder")
    found = [find_direction(studio, name) for name in own_names(studio)]
    moved = {str(direction.story.get("attribute", direction.name)): direction for direction in found}
    return Teller(studio.generator, lambda faces: encode(encoder, studio.generator, faces), moved)


def make_pairs(studio: Studio, folder: Path, people: int, photos: Path | None) -> Iterator[Path]:
    """Shards that are not there yet, photographs first."""
    tell, renderer = teller(studio), load_renderer()
    if photos is not None:
        yield from _photographs(tell, folder, photos)
    for number in range(-(-people // SHARD)):
        path = folder / f"render{number:04d}.safetensors"
        if not path.exists():
            yield save_pairs(rendered_pairs(renderer, tell, SHARD, SEED, SHARD * number), path)


def _photographs(tell: Teller, folder: Path, photos: Path) -> Iterator[Path]:
    files = [path for path in sorted(photos.iterdir()) if not is_held_out(path.name)]
    smiles: dict[str, dict[str, Path]] = {}
    for path in files:
        if match := re.match(r"webmorph_(neutral|smiling)_front_(\d+)_", path.name):
            smiles.setdefault(match[2], {})[match[1]] = path
    both = [pair for pair in smiles.values() if len(pair) == 2]
    for start in range(0, len(both), TOGETHER):
        path = folder / f"photographed{start:04d}.safetensors"
        if not path.exists():
            one, two = (
                _read([pair[side] for pair in both[start : start + TOGETHER]])
                for side in ("neutral", "smiling")
            )
            pairs = [photographed_pairs(one, two, tell), photographed_pairs(two, one, tell)]
            yield save_pairs(joined(pairs), path)
    for start in range(0, len(files), TOGETHER):
        path = folder / f"bent{start:04d}.safetensors"
        if not path.exists():
            random = np.random.Generator(np.random.PCG64([SEED, start]))
            yield save_pairs(bent_pairs(_read(files[start : start + TOGETHER]), tell, random), path)


def _read(paths: list[Path]) -> Images:
    return torch.cat([load_image(path, PHOTO) for path in paths])


def readers(studio: Studio) -> list[Read]:
    """The guide and the identity embedding: what they read of the result is to be what they read of the truth."""
    attributes, embedding = guide(studio).network, identity(studio).network
    return [attributes.normalised, lambda images: 6 * embedding(images)]


def _say(done: float, text: str = "", image: torch.Tensor | None = None) -> None:
    print(f"{done:.1%} {text}", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """`python -m latentlab.studio.learning.train_transfer`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="faces")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--photos", type=Path, help="aligned faces; people held out are left out by name")
    parser.add_argument("--people", type=int, default=1000, help="rendered people, six pairs each")
    parser.add_argument("--steps", type=int, default=Learn.steps)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of learning, at most")
    given = parser.parse_args(arguments)
    try:
        studio = Studio(network=given.network)
        for path in make_pairs(studio, given.out / "pairs", given.people, given.photos):
            print(path, flush=True)
        torch.manual_seed(0)
        network = TransferNet()
        kept = Learn(given.steps).train(
            network, Pool(given.out / "pairs"), readers(studio), given.out / "state",
            _say, given.seconds,
        )  # fmt: skip
        story = {"arguments": network.arguments, "generator": studio.generator.hash, "steps": given.steps}
        print(Archive(KIND, halved(dict(kept.state_dict())), story).save(given.out / "transfer.safetensors"))
    except LatentLabError as error:
        print(f"train_transfer: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
