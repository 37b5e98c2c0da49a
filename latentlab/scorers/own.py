"""A scorer of the user's own: a Python function or class by its name, or a TorchScript or ONNX file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentlab.core.errors import BadFile, BadInput, MissingPart
from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images, Scores


@dataclass(frozen=True, eq=False)
class OwnScorer:
    """Pictures [n 3 h w] in [-1, 1] to one number each, [n], or one for each name, [n names]."""

    names: tuple[str, ...]
    call: Callable[[Images], Any]
    hash: str
    unit: str = "score"

    @property
    def units(self) -> dict[str, str]:
        """The same for all of them."""
        return dict.fromkeys(self.names, self.unit)

    def __call__(self, images: Images) -> Scores:
        scores = torch.as_tensor(self.call(images), dtype=torch.float32)
        scores = scores[:, None] if scores.ndim == 1 else scores
        if tuple(scores.shape) != (len(images), len(self.names)):
            raise BadInput(
                f"the scorer of {', '.join(self.names)} answers {tuple(scores.shape)} for {len(images)} pictures; one "
                f"number for each picture and name is needed: {(len(images), len(self.names))}"
            )
        return scores.to(images.device)


def own_scorer(words: str) -> OwnScorer:
    """`NAME[,NAME]=MODULE:FUNCTION` or `NAME[,NAME]=FILE.pt|FILE.onnx`.

    A Python function is run as what it is: code that its user named. A TorchScript file is run by torch's own interpreter.
    """
    names, equals, place = words.partition("=")
    known = tuple(name.strip() for name in names.split(",") if name.strip())
    if not equals or not known or not place:
        raise BadInput(
            f"'{words}' is no scorer; write its names and where it is: tabby=my_scorers:tabby or tabby=tabby.onnx"
        )
    path = Path(place)
    if path.suffix in {".pt", ".ts", ".onnx"}:
        if not path.is_file():
            raise BadFile(f"there is no file {path}; name a TorchScript (.pt) or ONNX (.onnx) file")
        call = _onnx(path) if path.suffix == ".onnx" else _torchscript(path)
        return OwnScorer(known, call, hashlib.sha256(path.read_bytes()).hexdigest())
    return OwnScorer(known, _entry_point(place), hashlib.sha256(place.encode()).hexdigest())


def _entry_point(place: str) -> Callable[[Images], Any]:
    module, colon, name = place.partition(":")
    try:
        found = getattr(import_module(module), name) if colon else None
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(f"cannot import the scorer {place}: {str(error).splitlines()[0]}") from None
    if not callable(found):
        raise BadInput(f"'{place}' is no function; write MODULE:FUNCTION, a .pt or an .onnx file")
    return found() if isinstance(found, type) else found


def _torchscript(path: Path) -> Callable[[Images], Tensor]:
    try:
        network = torch.jit.load(str(path), map_location="cpu").eval()
    except RuntimeError as error:
        raise BadFile(
            f"{path} is no TorchScript file ({str(error).splitlines()[0][:120]}); write one with torch.jit.save"
        ) from None
    return lambda images: network(images.cpu())


def _onnx(path: Path) -> Callable[[Images], Any]:
    try:
        import onnxruntime
    except ImportError:
        raise MissingPart("ONNX scorers need onnxruntime: pip install onnxruntime") from None
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises types of its own
        raise BadFile(f"{path} is no ONNX file ({str(error).splitlines()[0][:120]})") from None
    entry = session.get_inputs()[0].name
    return lambda images: session.run(None, {entry: images.cpu().numpy()})[0]


def own_scorers(words: Sequence[str]) -> list[Scorer]:
    """Each of them; no name twice."""
    found = [own_scorer(word) for word in words]
    names = [name for scorer in found for name in scorer.names]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"two scorers are called '{name}'; give each a name of its own")
    return list(found)
