"""Writes pickles instruction by instruction, so that tests can make any file, also ones that no pickler would write."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass

import numpy as np
import torch

EASY = "dnnlib.util.EasyDict"
PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"


@dataclass
class Name:
    """A global."""

    text: str


@dataclass
class Call:
    """A global applied to arguments (REDUCE)."""

    name: str
    arguments: tuple = ()


@dataclass
class New:
    """An object of a class with a state (NEWOBJ, BUILD)."""

    name: str
    state: object = None


@dataclass
class Raw:
    """Instructions as they are."""

    code: bytes


def encode(value: object) -> bytes:
    """The instructions that push `value`."""
    if isinstance(value, Raw):
        return value.code
    if isinstance(value, Name):
        module, _, name = value.text.rpartition(".")
        return b"c" + module.encode() + b"\n" + name.encode() + b"\n"
    if isinstance(value, Call):
        return encode(Name(value.name)) + encode(tuple(value.arguments)) + b"R"
    if isinstance(value, New):
        state = b"" if value.state is None else encode(value.state) + b"b"
        return encode(Name(value.name)) + b")\x81" + state
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        return b"\x8a" + bytes([10]) + value.to_bytes(10, "little", signed=True)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return b"B" + struct.pack("<I", len(value)) + value
    if isinstance(value, tuple):
        return b"(" + b"".join(map(encode, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(encode, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(encode(key) + encode(item) for key, item in value.items()) + b"u"
    if isinstance(value, torch.Tensor):
        return encode(tensor(value))
    if isinstance(value, np.ndarray):
        return encode(array(value))
    raise TypeError(type(value))


def pickled(value: object, protocol: int = 3) -> bytes:
    """A whole pickle."""
    return b"\x80" + bytes([protocol]) + encode(value) + b"."


def storage_bytes(flat: torch.Tensor) -> bytes:
    """A storage as torch pickles it: a whole legacy torch.save stream."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(flat.contiguous().reshape(-1).storage(), stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def tensor(value: torch.Tensor, size: object = None, stride: object = None, offset: object = 0) -> Call:
    """A tensor over its own nested stream; size, stride and offset may lie."""
    storage = Call("torch.storage._load_from_bytes", (storage_bytes(value),))
    plain = value.contiguous()
    size = tuple(plain.shape) if size is None else size
    stride = plain.stride() if stride is None else stride
    return Call(
        "torch._utils._rebuild_tensor_v2",
        (storage, offset, size, stride, False, Call("collections.OrderedDict")),
    )


def array(value: np.ndarray) -> Raw:
    """A numpy array: reconstruct, then state."""
    kind = encode(Call("numpy.dtype", (value.dtype.str[1:], False, True)))
    kind += encode((3, "<", None, None, None, -1, -1, 0)) + b"b"
    start = encode(Call("numpy.core.multiarray._reconstruct", (Name("numpy.ndarray"), (0,), b"b")))
    state = encode((1, tuple(value.shape), Raw(kind), False, value.tobytes()))
    return Raw(start + state + b"b")


def module(
    class_name: str, tensors: dict[str, object], arguments: dict | None = None, source: str = ""
) -> Call:
    """A persistent module tree made of state-dict names."""
    own = {name: value for name, value in tensors.items() if "." not in name}
    heads = dict.fromkeys(name.partition(".")[0] for name in tensors if "." in name)
    children = {}
    for head in heads:
        inner = {
            name.partition(".")[2]: value for name, value in tensors.items() if name.startswith(f"{head}.")
        }
        children[head] = module(CHILDREN.get(head, "SynthesisLayer"), inner, {}, source)
    state = {
        "training": False,
        "_parameters": own,
        "_buffers": {},
        "_modules": children,
        "_init_args": (),
        "_init_kwargs": arguments or {},
    }
    meta = {"type": "class", "version": 6, "module_src": source, "class_name": class_name, "state": state}
    return Call(PERSISTENT, (meta,))


CHILDREN = {"mapping": "MappingNetwork", "synthesis": "SynthesisNetwork", "affine": "FullyConnectedLayer"}


def torch_file(value: object, *, legacy: bool = False) -> bytes:
    """What torch.save writes."""
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=not legacy)
    return stream.getvalue()
