"""torch.save streams without a zip around them (before torch 1.6, and inside pickled storages)."""

from __future__ import annotations

import struct

from latentlab.core.errors import BadFile
from latentlab.store.bridge.allowed import Allowed, storage_of
from latentlab.store.bridge.limits import Budget
from latentlab.store.bridge.machine import Machine
from latentlab.store.bridge.records import Storage

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The magic number as protocol 2 pickles it; protocols 3 to 5 differ in the second byte only."""


def is_stream(data: memoryview) -> bool:
    """Whether the data begins with the magic number of torch.save."""
    return bytes(data[:1]) == b"\x80" and bytes(data[2 : len(START)]) == START[2:]


def read_stream(data: memoryview, budget: Budget, depth: int = 0) -> tuple[object, int]:
    """The object and the position behind it; its storages point into `data`, which is not copied."""
    position = _check_head(data, budget)
    storages: dict[str, Storage] = {}

    def load_storage(key: object) -> Storage:
        name, dtype, count = storage_of(key)
        storage = storages.setdefault(name, Storage(dtype, count))
        if (storage.dtype, storage.count) != (dtype, count):
            raise BadFile("it declares one storage twice with different sizes")
        return storage

    machine = Machine(data, Allowed(budget, load_storage, depth), budget, position)
    result = machine.run()
    keys, position = _plain(data, budget, machine.position)
    if (
        not isinstance(keys, list)
        or not all(isinstance(key, str) for key in keys)
        or sorted(keys) != sorted(storages)
    ):
        raise BadFile("its list of storages does not fit its tensors: it is damaged")
    for name in keys:
        position = _attach(data, position, storages[name])
    return result, position


def _check_head(data: memoryview, budget: Budget) -> int:
    magic, position = _plain(data, budget, 0)
    version, position = _plain(data, budget, position)
    system, position = _plain(data, budget, position)
    if magic != MAGIC or version != PROTOCOL or not isinstance(system, dict):
        raise BadFile("its header is not that of a torch.save stream")
    if system.get("little_endian") is not True:
        raise BadFile(
            "it was written on a big-endian machine, which is not supported; save it again on another one"
        )
    return position


def _plain(data: memoryview, budget: Budget, position: int) -> tuple[object, int]:
    machine = Machine(data, Allowed(budget), budget, position)
    return machine.run(), machine.position


def _attach(data: memoryview, position: int, storage: Storage) -> int:
    if position + 8 > len(data):
        raise BadFile("it ends before the data of a tensor: it is truncated")
    (count,) = struct.unpack("<q", data[position : position + 8])
    start, end = position + 8, position + 8 + storage.nbytes
    if count != storage.count:
        raise BadFile(f"a storage holds {count} numbers where {storage.count} are declared")
    if end > len(data):
        raise BadFile("it ends in the middle of a tensor: it is truncated")
    piece = data[start:end]
    storage.fetch = lambda: piece
    return end
