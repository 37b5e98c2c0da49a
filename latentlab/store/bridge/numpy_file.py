"""numpy's `.npy` and `.npz` read by hand: what is declared is held against the file before a byte of it is unpacked."""

from __future__ import annotations

import ast
import math
import re
import struct

import numpy as np

from latentlab.core.errors import BadFile
from latentlab.store.bridge.allowed import Allowed
from latentlab.store.bridge.limits import MOST_AXES, Budget, printable
from latentlab.store.bridge.machine import Machine
from latentlab.store.bridge.zip_stream import Caps, extract, read_directory

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000
CAPS = Caps(free=256 << 20, ratio=64, most=4 << 30)
"""Latents repeated for each layer do shrink, to an eighteenth."""
KINDS = re.compile(r"[<>=|]?(?:[fiub][1248]|\?)$")


def read_npz(data: memoryview, budget: Budget) -> dict[str, object]:
    """The arrays of a `.npz` by name; those that are no `.npy` are left out."""
    entries = read_directory(data, CAPS)
    found = {}
    for name, entry in entries.items():
        if name.endswith(".npy"):
            found[name.removesuffix(".npy")] = read_npy(extract(data, entry), budget)
    if not found:
        raise BadFile("it is a zip file without arrays of numpy")
    return found


def read_npy(data: memoryview, budget: Budget) -> object:
    """The array of a `.npy`, over the file's own bytes; of an array of objects what it holds, inert."""
    kind, fortran, shape, start = _header(data)
    if kind == "|O":
        return _objects(data[start:], budget)
    if KINDS.match(kind) is None or kind[-2:] == "f1":
        raise BadFile(f"it holds an array of the type {printable(kind, 20)}, no numbers")
    dtype = np.dtype(kind)
    expected, present = math.prod(shape) * dtype.itemsize, len(data) - start
    if expected != present:
        raise BadFile(f"its array of the shape {shape} needs {expected} bytes, there are {present}")
    budget.tensor(expected)
    flat = np.frombuffer(data[start:], dtype=dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def _header(data: memoryview) -> tuple[str, bool, tuple[int, ...], int]:
    """Type, order, shape, and where the numbers begin."""
    if bytes(data[:6]) != MAGIC or len(data) < 12:
        raise BadFile("it is no array of numpy, or it is truncated")
    wide = data[6] >= 2
    length = struct.unpack("<I" if wide else "<H", data[8:12] if wide else data[8:10])[0]
    start = (12 if wide else 10) + length
    if length > LONGEST_HEADER or start > len(data):
        raise BadFile("its header is far too long, or it is truncated")
    try:
        told = ast.literal_eval(bytes(data[12 if wide else 10 : start]).decode("latin-1").strip())
        kind, fortran, shape = told["descr"], told["fortran_order"], told["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise BadFile("its header is no description of an array") from None
    sound = isinstance(shape, tuple) and len(shape) <= MOST_AXES
    if (
        not isinstance(kind, str)
        or not sound
        or any(type(n) is not int or not 0 <= n < 1 << 62 for n in shape)
    ):
        raise BadFile("its header describes no plain array of numbers")
    return kind, bool(fortran), shape, start


def _objects(data: memoryview, budget: Budget) -> object:
    """What an array of objects holds (`np.save` of a dict), read by the pickle machine."""
    found = Machine(data, Allowed(budget), budget).run()
    items = getattr(found, "objects", None)
    if not isinstance(items, list) or len(items) != 1:
        raise BadFile("it holds an array of objects instead of numbers")
    return items[0]
