"""Who it is: dlib's 128 numbers for a face (King 2017); two pictures of one person are less than about 0.6 apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from latentlab.core.errors import BadInput
from latentlab.core.image import to_pixels
from latentlab.core.shapes import Images
from latentlab.faces.dlib_models import corner_predictor, identity_network, landmark_predictor
from latentlab.faces.landmarks import aligned_box, standard

SAME_PERSON = 0.6
"""The threshold at which the network was published to verify 99.38 % of LFW."""
BATCH = 8

Embeddings = Float[Tensor, "n 128"]


def embed(images: Images, *, strict: bool = False, quick: bool = False) -> Embeddings:
    """Embeddings of aligned faces [n 3 s s] in [-1, 1], each enlarged to 256 pixels first (bicubic).

    Not differentiable; about 0.1 s a face on one core. A face that no detector sees is looked for where aligned
    faces sit, or its row is NaN if `strict`. `quick` cuts the face out by five points instead of 68, for a process that
    needs the 68 for nothing else: distances are the same on average, some .02 apart face by face; the two kinds do not mix.
    """
    rows = [_embed(to_pixels(standard(part)).numpy(), strict, quick) for part in images.split(BATCH)]
    return torch.cat(rows).to(images.device) if rows else images.new_zeros(0, 128)


def _embed(pixels: np.ndarray, strict: bool, quick: bool) -> Tensor:
    import dlib

    if len(pixels) == 0:
        return torch.zeros(0, 128)
    boxes = [aligned_box(one) for one in pixels]
    predictor = corner_predictor() if quick else landmark_predictor()
    shapes = [predictor(one, box) for one, (box, _) in zip(pixels, boxes, strict=True)]
    chips = [dlib.get_face_chip(one, shape, size=150) for one, shape in zip(pixels, shapes, strict=True)]
    vectors = identity_network().compute_face_descriptor(chips)
    rows = torch.from_numpy(np.array(vectors, dtype=np.float32).reshape(-1, 128))
    lost = torch.tensor([strict and not found for _, found in boxes], dtype=torch.bool)
    return rows.masked_fill(lost[:, None], float("nan"))


def distances(first: Float[Tensor, "_ 128"], second: Float[Tensor, "_ 128"]) -> Tensor:
    """Euclidean distance of each pair of rows; one row on either side stands against all of the other, [n]."""
    if first.shape[-1] != second.shape[-1] or (
        len(first) != len(second) and 1 not in (len(first), len(second))
    ):
        raise BadInput(
            f"embeddings of {tuple(first.shape)} and {tuple(second.shape)} do not pair up row by row"
        )
    return (first - second).norm(dim=1)


def apart(images: Images, *others: Images, quick: bool = False) -> list[Float[Tensor, " n"]]:
    """The distance of each face to the same row of each of the others; one look at every picture; `quick` as in `embed`."""
    every = torch.cat([standard(part) for part in (images, *others)])
    first, *rest = embed(every, quick=quick).split(len(images))
    return [distances(first, rows) for rows in rest]


def lowered(images: Images, resolution: int) -> Images:
    """Faces at `resolution` pixels."""
    return interpolate(images.float(), (resolution, resolution), mode="bicubic", antialias=True).clamp(-1, 1)


def floor(images: Images, resolution: int) -> Float[Tensor, " n"]:
    """The distance that resolution alone makes: each face against itself at `resolution` pixels."""
    return apart(images, lowered(images, resolution))[0]


@dataclass(frozen=True)
class Threshold:
    """The distance that best tells pairs of one person from pairs of two, and the share of pairs it tells rightly."""

    distance: float
    accuracy: float


def best_threshold(same: Tensor, different: Tensor) -> Threshold:
    """Over distances of pairs of one person [n] and of two people [m], both kinds counting alike; NaN pairs are left out."""
    near, far = same[~same.isnan()].cpu().double(), different[~different.isnan()].cpu().double()
    if len(near) == 0 or len(far) == 0:
        raise BadInput(
            f"{len(near)} pairs of one person and {len(far)} of two tell no threshold; give some of each"
        )
    candidates = torch.cat([near, far]).sort().values
    accepted = torch.searchsorted(near.sort().values, candidates, right=True) / len(near)
    refused = 1 - torch.searchsorted(far.sort().values, candidates, right=True) / len(far)
    accuracy = (accepted + refused) / 2
    best = int(accuracy.argmax())
    return Threshold(float(candidates[best]), float(accuracy[best]))


def impostor_distance(embeddings: Embeddings, people: Tensor | None = None, share: float = 0.01) -> float:
    """The distance that only `share` of all pairs of different people fall below; `people` [n] says who is who."""
    who = torch.arange(len(embeddings)) if people is None else people.cpu()
    first, second = torch.triu_indices(len(embeddings), len(embeddings), offset=1)
    strangers = who[first] != who[second]
    if not strangers.any():
        raise BadInput(f"{len(embeddings)} faces hold no two people; an impostor distance needs at least two")
    rows = embeddings.cpu()
    apart = (rows[first[strangers]] - rows[second[strangers]]).norm(dim=1).numpy()
    return float(np.quantile(apart, share))
