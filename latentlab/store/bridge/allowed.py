"""The closed list of names that weight files may use, and what stands in for each of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch

from latentlab.core.errors import BadFile
from latentlab.store.bridge.families import foreign_name
from latentlab.store.bridge.limits import Budget, printable
from latentlab.store.bridge.machine import SCALARS
from latentlab.store.bridge.records import (
    NUMPY_TYPES,
    Global,
    Module,
    Namespace,
    NumpyArray,
    NumpyType,
    Opaque,
    Storage,
    StridedTensor,
    TFNetwork,
)

STORAGE_TYPES: dict[str, torch.dtype] = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")


OBJECTS = ("O", "O8")
"""`numpy.dtype` of arrays of objects."""


class Allowed:
    """Emulates the allowed names with inert records; `load_storage` answers the persistent ids of torch streams."""

    def __init__(
        self, budget: Budget, load_storage: Callable[[object], Storage] | None = None, depth: int = 0
    ) -> None:
        self.budget = budget
        self.load_storage = load_storage
        self.depth = depth

    def find(self, name: str) -> Global:
        """The name as an inert token, if it is on the list."""
        if name not in CALLS and name not in CLASSES and name not in TOKENS:
            raise foreign_name(name)
        return Global(name)

    def call(self, name: str, arguments: tuple) -> object:
        """What `name(*arguments)` stands for."""
        if name not in CALLS:
            raise BadFile(
                f"it calls '{printable(name)}', which is no function of the closed list; nothing was run"
            )
        return CALLS[name](self, *arguments)

    def new(self, name: str, arguments: tuple) -> object:
        """What `name.__new__(name, *arguments)` stands for."""
        if name not in CLASSES:
            raise BadFile(
                f"it makes an object of '{printable(name)}', which is no class of the closed list; nothing was run"
            )
        return CLASSES[name](*arguments)

    def build(self, target: object, state: object) -> object:
        """What `target.__setstate__(state)` stands for."""
        if isinstance(target, NumpyType):
            return _dtype_state(target, state)
        if isinstance(target, NumpyArray):
            return self._array_state(target, state)
        self.pay(state)
        if isinstance(state, dict) and all(isinstance(key, str) for key in state):
            if isinstance(target, dict):
                return target  # attributes of a dict (`_metadata` of a state dict) are not its items
            if isinstance(target, TFNetwork):
                target.state.update(state)
                return target
            if isinstance(target, Namespace):
                target.values.update(state)
                return target
        raise BadFile("its pickle sets the state of an object that has none")

    def pay(self, items: object) -> None:
        """Copies of one large container cost as much as making it anew."""
        if isinstance(items, dict | list | tuple | set):
            self.budget.step(len(items))

    def latin1(self, text: str) -> bytes:
        """Text of old protocols as the bytes it stands for; every copy is paid for."""
        self.budget.tensor(len(text))
        return text.encode("latin-1")

    def _array_state(self, target: NumpyArray, state: object) -> NumpyArray:
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], NumpyType):
            raise BadFile("it has an array whose state is not shape, type and bytes")
        if state[2].code in OBJECTS:
            if not isinstance(state[4], list):
                raise BadFile("it has an array of objects that is no list")
            target.objects = state[4]
            return target
        data = self.latin1(state[4]) if isinstance(state[4], str) else state[4]
        if not isinstance(data, bytes | memoryview):
            raise BadFile("it has an array of objects instead of numbers")
        target.shape, target.dtype, target.fortran, target.data = state[1], state[2], bool(state[3]), data
        target.__post_init__()
        return target

    def persistent(self, key: object) -> object:
        """The storage of a torch stream."""
        if self.load_storage is None:
            raise BadFile("its pickle refers to an object outside of it, which no such weight file does")
        return self.load_storage(key)


def storage_dtype(token: object) -> torch.dtype:
    """The type of the numbers behind `torch.FloatStorage` and the like."""
    name = token.name.rpartition(".")[2] if isinstance(token, Global) else ""
    if name == "UntypedStorage":
        return torch.uint8
    if name not in STORAGE_TYPES:
        raise BadFile("a storage has no known type")
    return STORAGE_TYPES[name]


def _ordered(allowed: Allowed, pairs: object = ()) -> dict:
    allowed.pay(pairs)
    if isinstance(pairs, dict):
        return dict(pairs)
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(p, list | tuple) and len(p) == 2 for p in pairs
    ):
        raise BadFile("it has an ordered dict that is not made of pairs")
    if not all(isinstance(key, SCALARS) for key, _ in pairs):
        raise BadFile("it has a dict whose keys are no plain values")
    return dict(pairs)


def _set(allowed: Allowed, items: object = ()) -> set:
    allowed.pay(items)
    if not isinstance(items, list | tuple) or not all(isinstance(item, SCALARS) for item in items):
        raise BadFile("it has a set of something else than plain values")
    return set(items)


def _module(_: Allowed, meta: object) -> Module:
    if (
        not isinstance(meta, dict)
        or meta.get("type") != "class"
        or not isinstance(meta.get("class_name"), str)
    ):
        raise BadFile("it has a persistent object that is no class instance")
    if not isinstance(meta.get("state"), dict):
        raise BadFile(f"its persistent object '{printable(meta['class_name'])}' has no state")
    return Module(meta["class_name"], meta["state"])  # the source in `module_src` is not looked at


def _parameter(_: Allowed, tensor: object, *rest: object) -> StridedTensor:
    if not isinstance(tensor, StridedTensor):
        raise BadFile("it has a parameter that is no tensor")
    return tensor


def _tensor(
    _: Allowed, storage: object, offset: object, size: object, stride: object, *rest: object
) -> StridedTensor:
    if not isinstance(storage, Storage) or not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise BadFile("it has a tensor without storage, size or stride")
    return StridedTensor(storage, offset, size, stride)  # type: ignore[arg-type]


def _nested(allowed: Allowed, data: object) -> Storage:
    from latentlab.store.bridge.torch_stream import read_stream

    if not isinstance(data, memoryview | bytes) or allowed.depth > 0:
        raise BadFile("it has a storage that is no byte string, or a stream within a stream within a stream")
    inner, _ = read_stream(memoryview(data), allowed.budget, depth=allowed.depth + 1)
    if not isinstance(inner, Storage):
        raise BadFile("it has a nested stream that is no storage")
    return inner


def _encode(allowed: Allowed, text: object, encoding: object = "latin1", *rest: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "iso-8859-1"):
        raise BadFile("it encodes something else than latin-1 text")
    return allowed.latin1(text)


def _dtype(_: Allowed, code: object, *rest: object) -> NumpyType:
    if not isinstance(code, str):
        raise BadFile("it has an array of an unknown type")
    order, bare = (code[0], code[1:]) if code[:1] in ("<", ">", "=", "|") else ("<", code)
    if bare in OBJECTS:
        return NumpyType(bare)
    if bare not in NUMPY_TYPES:
        raise BadFile(f"it has an array of the type '{printable(code, 12)}', no numbers")
    return NumpyType(bare, ">" if order == ">" else "<")


def _dtype_state(target: NumpyType, state: object) -> NumpyType:
    order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
    if not isinstance(order, str) or order not in ("<", ">", "|", "="):
        raise BadFile("it has an array whose order of bytes is not known")
    return NumpyType(target.code, ">") if order == ">" else target


def _empty_array(_: Allowed, kind: object, *rest: object) -> NumpyArray:
    if not isinstance(kind, Global) or kind.name != "numpy.ndarray":
        raise BadFile("it has an array that is no plain numpy.ndarray")
    return NumpyArray()


def _from_buffer(_: Allowed, data: object, dtype: object, shape: object, order: object = "C") -> NumpyArray:
    if (
        not isinstance(dtype, NumpyType)
        or not isinstance(data, bytes | memoryview)
        or order not in ("C", "F")
    ):
        raise BadFile("it has an array that is not made of bytes")
    return NumpyArray(shape, dtype, order == "F", data)  # type: ignore[arg-type]


def _scalar(allowed: Allowed, dtype: object, data: object) -> object:
    raw = allowed.latin1(data) if isinstance(data, str) else data
    if not isinstance(dtype, NumpyType) or not isinstance(raw, bytes | memoryview):
        raise BadFile("it has a numpy number that is not made of bytes")
    return NumpyArray((), dtype, False, raw).array().item()


def _size(allowed: Allowed, items: object = ()) -> tuple:
    allowed.pay(items)
    if not isinstance(items, list | tuple) or any(type(item) is not int for item in items):
        raise BadFile("it has a torch.Size that is not made of integers")
    return tuple(items)


def _opaque(name: str) -> Callable[..., Opaque]:
    return lambda *_: Opaque(name)


CALLS: dict[str, Callable[..., object]] = {
    "collections.OrderedDict": _ordered,
    "dnnlib.util.EasyDict": _ordered,
    "builtins.dict": _ordered,
    "builtins.set": _set,
    "__builtin__.set": _set,
    "builtins.frozenset": _set,
    "torch_utils.persistence._reconstruct_persistent_obj": _module,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor": _tensor,
    "torch.storage._load_from_bytes": _nested,
    "torch.Size": _size,
    "torch.device": _opaque("torch.device"),
    "_codecs.encode": _encode,
    "numpy.dtype": _dtype,
    "argparse.Namespace": lambda _, *rest: Namespace(),
}
for _package in ("numpy.core", "numpy._core"):
    CALLS[f"{_package}.multiarray._reconstruct"] = _empty_array
    CALLS[f"{_package}.multiarray.scalar"] = _scalar
    CALLS[f"{_package}.numeric._frombuffer"] = _from_buffer
CALLS |= {f"pathlib.{name}": _opaque(f"pathlib.{name}") for name in PATHS}

CLASSES: dict[str, Callable[..., object]] = {
    "dnnlib.util.EasyDict": lambda *_: {},
    "collections.OrderedDict": lambda *_: {},
    "builtins.dict": lambda *_: {},
    "argparse.Namespace": lambda *_: Namespace(),
    "dnnlib.tflib.network.Network": lambda *_: TFNetwork(),
}
TOKENS = {"numpy.ndarray"} | {f"torch.{name}" for name in (*STORAGE_TYPES, *DTYPES)}
TOKENS |= {"torch.storage.UntypedStorage", "torch.storage._UntypedStorage"}
ALL_NAMES: Mapping[str, None] = dict.fromkeys(sorted({*CALLS, *CLASSES, *TOKENS}))


def storage_of(key: object) -> tuple[str, torch.dtype, int]:
    """The key, type and count in a persistent id ('storage', type, key, location, count[, view]); the location is not used."""
    if not isinstance(key, tuple) or len(key) not in (5, 6) or key[0] != "storage":
        raise BadFile("its pickle refers to something else than a storage")
    _, token, name, _, count, *view = key
    if not isinstance(name, str) or type(count) is not int or count < 0 or (view and view[0] is not None):
        raise BadFile("it has a storage without a proper key and count, or a view of another storage")
    dtype = storage_dtype(token)
    if count > (1 << 62) // math.ceil(dtype.itemsize):
        raise BadFile("it has a storage of absurd size")
    return name, dtype, count
