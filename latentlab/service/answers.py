"""What came of a request, as JSON or as a picture."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from latentlab.core.errors import LatentLabError, TooLarge
from latentlab.core.face import Face
from latentlab.core.image import encode_picture
from latentlab.core.latent import Latent

EFFORT = 1


def told(made: Any, model: str) -> dict[str, Any]:
    """An inversion or an edit as data; raises what it failed with."""
    if isinstance(made, LatentLabError):
        raise made
    return {
        "model": model,
        "latent": None if made.latent is None else latent_as_data(made.latent),
        "measures": {name: float(value) for name, value in made.measures.items()},
        "crop": made.crop,
        "picture": base64.b64encode(png(made.drawn)).decode(),
    }


def png(drawn: Any) -> bytes:
    """The file of a picture, with its recipe."""
    return encode_picture(drawn.image, "PNG", drawn.story, drawn.source, EFFORT)


def told_face(face: Face) -> dict[str, Any]:
    """A face that a slow method inverted, with everything that it changed in the network."""
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().contiguous() for name, value in face.tensors().items()}
    return {
        "model": face.model,
        "latent": latent_as_data(face.latent),
        "tensors": base64.b64encode(save(tensors)).decode(),
        "measures": face.measures,
        "crop": None if face.photo is None or face.photo.crop is None else face.photo.crop.to_json(),
        "picture": base64.b64encode(
            encode_picture(face.image[0], "PNG", dict(face.origin), effort=EFFORT)
        ).decode(),
    }


def latent_as_data(latent: Latent) -> dict[str, Any]:
    """Space, shape, and float32 values (little-endian) in base64."""
    values = latent.values.detach().float().cpu().numpy().astype("<f4")
    return {
        "space": latent.space.name,
        "shape": list(values.shape),
        "values": base64.b64encode(np.ascontiguousarray(values).tobytes()).decode(),
    }


def status_of(error: LatentLabError) -> int:
    """413 for what is too large, else 422: it was understood and cannot be done."""
    return 413 if isinstance(error, TooLarge) else 422
