"""Inert records that stand in for the objects of a weight file: they hold data and do nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from latentlab.core.errors import BadFile
from latentlab.store.bridge.limits import MOST_AXES, Budget

NUMPY_TYPES = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f2", "f4", "f8", "b1"}


@dataclass(frozen=True)
class Global:
    """A name from the closed list; calling it runs our emulation, never the original."""

    name: str


@dataclass(eq=False)
class Module:
    """A persistent object of NVIDIA's PyTorch code (`torch_utils.persistence`): its class name and its attributes."""

    class_name: str
    state: dict


@dataclass(eq=False)
class TFNetwork:
    """`dnnlib.tflib.network.Network`: the state dict that the pickle builds it from."""

    state: dict = field(default_factory=dict)


@dataclass(eq=False)
class Namespace:
    """`argparse.Namespace`, the training options: a bag of attributes."""

    values: dict = field(default_factory=dict)


@dataclass(eq=False)
class Opaque:
    """An object that may be in the file and that nobody reads (a path, a device)."""

    name: str


@dataclass(eq=False)
class Storage:
    """A flat run of numbers; its bytes may come later in the stream."""

    dtype: torch.dtype
    count: int
    fetch: Callable[[], memoryview] | None = None
    """Hands out the little-endian bytes; None until the stream has brought them."""
    data: memoryview | None = field(default=None, repr=False)
    """The bytes, once fetched and checked."""

    @property
    def nbytes(self) -> int:
        return self.count * self.dtype.itemsize

    def flat(self) -> Tensor:
        """All numbers as a tensor over the file's own bytes."""
        if self.fetch is None:
            raise BadFile("it ends before the data of a tensor: it is truncated")
        if self.data is None:
            self.data = self.fetch()
        data = self.data
        if len(data) != self.nbytes:
            raise BadFile(f"a storage has {len(data)} bytes where {self.nbytes} are declared")
        if self.count == 0:
            return torch.empty(0, dtype=self.dtype)
        if self.dtype is torch.bool:
            return torch.frombuffer(data, dtype=torch.uint8) != 0
        return torch.frombuffer(data, dtype=self.dtype)


@dataclass(frozen=True, eq=False)
class StridedTensor:
    """A view of a storage, checked when the record is made: no tensor exists before that."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.size) != len(self.stride) or len(self.size) > MOST_AXES:
            raise BadFile(f"a tensor has {len(self.size)} sizes and {len(self.stride)} strides")
        if any(type(n) is not int or n < 0 for n in (self.offset, *self.size, *self.stride)):
            raise BadFile("a tensor has a negative offset, size or stride, or one that is no integer")
        numbers = math.prod(self.size)
        last = self.offset + sum(
            (size - 1) * stride for size, stride in zip(self.size, self.stride, strict=True)
        )
        if numbers > self.storage.count or (
            last >= self.storage.count if numbers else self.offset > self.storage.count
        ):
            raise BadFile(
                f"a tensor of {_short(numbers)} numbers, offset {_short(self.offset)}, reaches to number {_short(last + 1)}; "
                f"its storage has {self.storage.count}"
            )

    def take(self, budget: Budget) -> Tensor:
        """A contiguous copy, floating types as float32."""
        dtype = torch.float32 if self.storage.dtype.is_floating_point else self.storage.dtype
        budget.tensor(math.prod(self.size) * dtype.itemsize)
        view = self.storage.flat().as_strided(self.size, self.stride, self.offset)
        return view.to(dtype, copy=True, memory_format=torch.contiguous_format)


def _short(number: int) -> str:
    return str(number) if abs(number) < 10**15 else "more than 10^15"


@dataclass(eq=False)
class NumpyType:
    """`numpy.dtype`, from a closed list of codes."""

    code: str
    order: str = "<"

    def numpy(self) -> np.dtype:
        return np.dtype(("|" if self.code[1:] == "1" else self.order) + self.code)


@dataclass(eq=False)
class NumpyArray:
    """`numpy.ndarray`: shape, type and bytes; checked before an array exists."""

    shape: tuple[int, ...] = ()
    dtype: NumpyType | None = None
    fortran: bool = False
    data: bytes | memoryview = b""
    objects: list | None = None
    """What an array of objects holds, as numpy saves a dict; such an array has no numbers."""

    def __post_init__(self) -> None:
        if self.dtype is None:
            return
        shape = self.shape
        if (
            not isinstance(shape, tuple)
            or len(shape) > MOST_AXES
            or any(type(n) is not int or n < 0 for n in shape)
        ):
            raise BadFile("an array has a negative size, or one that is no integer")
        if math.prod(shape) * self.dtype.numpy().itemsize != len(self.data):
            raise BadFile(
                f"an array has {len(self.data)} bytes, its shape {tuple(map(_short, shape))} needs another number"
            )

    def array(self) -> np.ndarray:
        """The numbers, over the file's own bytes."""
        if self.dtype is None:
            raise BadFile("an array has no data")
        flat = np.frombuffer(self.data, dtype=self.dtype.numpy())
        return flat.reshape(self.shape, order="F" if self.fortran else "C")

    def take(self, budget: Budget) -> Tensor:
        """A contiguous copy as a tensor, floating types as float32."""
        array = self.array()
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        kind = np.float32 if array.dtype.kind == "f" else array.dtype
        budget.tensor(array.size * np.dtype(kind).itemsize)
        return torch.from_numpy(np.array(array, dtype=kind, order="C", copy=True))
