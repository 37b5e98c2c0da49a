"""Reads a weight file of any known format, by its content, without executing anything in it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from latentlab.core.errors import BadFile, BadWeights
from latentlab.store.archive import is_safetensors
from latentlab.store.bridge.allowed import Allowed
from latentlab.store.bridge.families import family_of, not_read
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.limits import Budget
from latentlab.store.bridge.machine import Machine
from latentlab.store.bridge.mapped import map_file
from latentlab.store.bridge.records import Module, TFNetwork
from latentlab.store.bridge.torch_stream import is_stream, read_stream
from latentlab.store.bridge.zip_stream import read_zip

ALL_PARTS = ("G_ema", "G", "D", "encoder")
STRANGERS = {
    b"version https://git-lfs": "it is a Git LFS pointer, not the file itself; run: git lfs pull",
    b"<": "it is a web page, not a weight file; the download link was wrong or asked for a confirmation",
    b"\x1f\x8b": "it is gzip-compressed; unpack it first",
    b"\xfd7zXZ": "it is xz-compressed; unpack it first",
    b"BZh": "it is bzip2-compressed; unpack it first",
    b"7z\xbc\xaf": "it is a 7z archive; unpack it first",
    b"Rar!": "it is a RAR archive; unpack it first",
    b"\x89HDF": "it is an HDF5 file (Keras); such networks are not read",
    b"\x89PNG": "it is a picture, not a weight file",
    b"\xff\xd8\xff": "it is a picture, not a weight file",
}
PICKLE_STARTS = b"\x80\x8c\x95(]}cild)IKMNSUVXG"


def read(
    path: Path | str, parts: tuple[str, ...] = ALL_PARTS, given: Mapping[str, object] | None = None
) -> dict[str, Foreign]:
    """The networks in a file by part: `G_ema`, `G`, `D`, `encoder` (only those the file has, and that are asked for).

    `given` are constructor arguments, in our names, that a bare state dict leaves open.
    Raises BadFile (missing, truncated, foreign, malicious) or BadWeights (tensors that do not fit, NaN); nothing in
    the file is ever executed.
    """
    path = Path(path)
    data = map_file(path)
    budget = Budget(tensor_bytes=4 * len(data) + (256 << 20))
    try:
        found = _read_parts(path, data, budget, parts, given)
    except BadFile as error:
        family = family_of(data)
        message = str(not_read(family) if family else error)
        raise type(error)(message if str(path) in message else f"cannot read {path}: {message}") from None
    except (MemoryError, RecursionError):
        raise BadFile(f"cannot read {path}: it needs more memory than this machine has") from None
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        OverflowError,
        RuntimeError,
        AttributeError,
        struct.error,
    ) as error:
        reason = " ".join(str(error).split())[:120]
        raise BadWeights(f"cannot read {path}: its contents do not fit together ({reason})") from None
    if not found:
        raise BadFile(f"cannot read {path}: it holds none of {', '.join(parts)}")
    for foreign in found.values():
        foreign.story.setdefault("file", path.name)
    return found


def _read_parts(
    path: Path,
    data: memoryview,
    budget: Budget,
    parts: tuple[str, ...],
    given: Mapping[str, object] | None,
) -> dict[str, Foreign]:
    if is_safetensors(bytes(data[:9]), len(data)):
        from latentlab.store.bridge.own import read_own

        return read_own(path, parts)
    found = unpickle(data, budget)
    if isinstance(found, TFNetwork) or (
        isinstance(found, tuple) and found and isinstance(found[0], TFNetwork)
    ):
        from latentlab.store.bridge.tensorflow import read_tuple

        return read_tuple(found, budget, parts)
    if isinstance(found, Module) or (
        isinstance(found, dict) and any(isinstance(v, Module) for v in found.values())
    ):
        from latentlab.store.bridge.nvidia import read_modules

        return read_modules(found, budget, parts)
    if isinstance(found, dict):
        from latentlab.store.bridge.checkpoint import read_checkpoint

        return read_checkpoint(found, budget, parts, given)
    raise BadFile(f"it holds a {type(found).__name__}, no network")


def unpickle(data: memoryview, budget: Budget) -> object:
    """The inert object in a pickle, a torch stream or a torch zip."""
    head = bytes(data[:32])
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return read_zip(data, budget)
    if is_stream(data):
        return read_stream(data, budget)[0]
    reason = next((text for start, text in STRANGERS.items() if head.startswith(start)), None)
    if bytes(data[257:262]) == b"ustar":
        reason = "it is a tar archive (unpack it first, or, from torch before 0.2, save it again)"
    if reason is None and head[:1] not in [bytes([code]) for code in PICKLE_STARTS]:
        reason = "it is no weight file of a known format (pickle, torch.save, safetensors)"
    if reason is not None:
        raise BadFile(reason)
    return Machine(data, Allowed(budget), budget).run()
