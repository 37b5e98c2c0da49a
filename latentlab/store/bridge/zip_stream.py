"""torch.save files in their zip container (since torch 1.6), entries checked before anything is read."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from latentlab.core.errors import BadFile
from latentlab.store.bridge.allowed import Allowed, storage_of
from latentlab.store.bridge.limits import LARGEST_RATIO, MOST_ENTRIES, Budget, printable
from latentlab.store.bridge.machine import Machine
from latentlab.store.bridge.records import Storage

STORED, DEFLATED = 0, 8
FULL = 0xFFFFFFFF


@dataclass(frozen=True)
class Caps:
    """What may come out of compressed entries."""

    free: int = 16 << 20
    """Bytes, whatever the size of the file."""
    ratio: int = LARGEST_RATIO
    """Bytes for each byte of the file beyond that."""
    most: int = 64 << 30
    """Bytes, however large the file."""


@dataclass(frozen=True)
class Entry:
    """One line of the zip's directory."""

    name: str
    method: int
    checksum: int
    packed: int
    size: int
    header: int


def read_zip(data: memoryview, budget: Budget) -> object:
    """The object of a torch zip; its storages point into `data`."""
    entries = read_directory(data)
    pickles = [name for name in entries if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise BadFile("it is a zip file, but not one that torch.save wrote (no data.pkl)")
    root = pickles[0].removesuffix("data.pkl")
    if f"{root}constants.pkl" in entries:
        raise BadFile("it is a TorchScript program, not weights; save the state dict instead")
    if (
        f"{root}byteorder" in entries
        and bytes(extract(data, entries[f"{root}byteorder"])).strip() != b"little"
    ):
        raise BadFile(
            "it was written on a big-endian machine, which is not supported; save it again on another one"
        )
    storages: dict[str, Storage] = {}

    def load_storage(key: object) -> Storage:
        name, dtype, count = storage_of(key)
        entry = entries.get(f"{root}data/{name}")
        if entry is None:
            raise BadFile(f"its tensor data '{printable(name)}' is missing")
        storage = storages.setdefault(name, Storage(dtype, count, lambda: extract(data, entry)))
        if (storage.dtype, storage.count) != (dtype, count) or storage.nbytes != entry.size:
            raise BadFile(
                f"a storage of {storage.nbytes} bytes is declared, the file has {entry.size} for it"
            )
        return storage

    return Machine(extract(data, entries[pickles[0]]), Allowed(budget, load_storage), budget).run()


def extract(data: memoryview, entry: Entry) -> memoryview:
    """The bytes of an entry, checked against its size and checksum; not copied where it is not compressed."""
    head = data[entry.header : entry.header + 30]
    if len(head) < 30 or bytes(head[:4]) != b"PK\x03\x04":
        raise BadFile(f"its entry '{printable(entry.name)}' is not where the directory says: it is damaged")
    name_length, extra_length = struct.unpack("<HH", head[26:30])
    start = entry.header + 30 + name_length + extra_length
    packed = data[start : start + entry.packed]
    if len(packed) != entry.packed:
        raise BadFile(f"its entry '{printable(entry.name)}' is cut off: it is truncated")
    whole = packed if entry.method == STORED else _inflate(packed, entry)
    if zlib.crc32(whole) != entry.checksum:
        raise BadFile(f"the checksum of its entry '{printable(entry.name)}' is wrong: it is damaged")
    return whole


def _inflate(packed: memoryview, entry: Entry) -> memoryview:
    engine = zlib.decompressobj(-15)
    try:
        whole = engine.decompress(packed, entry.size + 1)
    except zlib.error:
        raise BadFile(f"its entry '{printable(entry.name)}' cannot be unpacked: it is damaged") from None
    if len(whole) != entry.size:
        raise BadFile(f"its entry '{printable(entry.name)}' unpacks to another size than declared")
    return memoryview(bytearray(whole))


def read_directory(data: memoryview, caps: Caps = Caps()) -> dict[str, Entry]:
    """The entries by name; caps on their number, names, overlap and compression ratio."""
    start, size, count = _find_directory(data)
    if count > MOST_ENTRIES or size > MOST_ENTRIES * 200:
        raise BadFile(f"it is a zip file with {count} entries; weight files have a few thousand at most")
    entries: dict[str, Entry] = {}
    position = start
    for _ in range(count):
        entry, position = _read_entry(data, position, start + size)
        if entry.name in entries:
            raise BadFile(f"it is a zip file with the entry '{printable(entry.name)}' twice")
        entries[entry.name] = entry
    _check_bomb(list(entries.values()), len(data), caps)
    return entries


def _check_bomb(entries: list[Entry], length: int, caps: Caps) -> None:
    inflated = sum(entry.size for entry in entries if entry.method == DEFLATED)
    packed = sum(entry.packed for entry in entries)
    if inflated > min(caps.free + caps.ratio * length, caps.most):
        raise BadFile(f"it is a zip bomb: {length} bytes would unpack to {inflated}")
    if packed > length or len({entry.header for entry in entries}) != len(entries):
        raise BadFile("it is a zip bomb: its entries overlap")


def _find_directory(data: memoryview) -> tuple[int, int, int]:
    tail_start = max(0, len(data) - 65557)
    end = bytes(data[tail_start:]).rfind(b"PK\x05\x06")
    if end < 0 or tail_start + end + 22 > len(data):
        raise BadFile("it is a zip file without a directory: it is truncated")
    end += tail_start
    count, size, start = struct.unpack("<HII", data[end + 10 : end + 20])
    locator = end - 20
    if locator >= 0 and bytes(data[locator : locator + 4]) == b"PK\x06\x07":
        (record,) = struct.unpack("<Q", data[locator + 8 : locator + 16])
        if record + 56 > len(data) or bytes(data[record : record + 4]) != b"PK\x06\x06":
            raise BadFile("it is a zip file with a damaged directory")
        count, size, start = struct.unpack("<QQQ", data[record + 32 : record + 56])
    if start + size > end:
        raise BadFile("it is a zip file whose directory lies outside of it: it is truncated or damaged")
    return start, size, count


def _read_entry(data: memoryview, position: int, end: int) -> tuple[Entry, int]:
    head = data[position : position + 46]
    if position + 46 > end or bytes(head[:4]) != b"PK\x01\x02":
        raise BadFile("it is a zip file with a damaged directory")
    flags, method = struct.unpack("<HH", head[8:12])
    checksum, packed, size, name_length, extra_length, comment_length = struct.unpack("<IIIHHH", head[16:34])
    (header,) = struct.unpack("<I", head[42:46])
    names = position + 46
    after = names + name_length + extra_length + comment_length
    if after > end or flags & 0x2041 or method not in (STORED, DEFLATED):
        raise BadFile("it is a zip file with a damaged, encrypted or strangely compressed entry")
    name = bytes(data[names : names + name_length]).decode("utf-8", "replace")
    size, packed, header = _wide(
        bytes(data[names + name_length : names + name_length + extra_length]), size, packed, header
    )
    if method == STORED and packed != size:
        raise BadFile(f"its entry '{printable(name)}' has two sizes: it is damaged")
    if header >= len(data) or packed > len(data):
        raise BadFile(f"its entry '{printable(name)}' lies outside of the file: it is truncated or damaged")
    return Entry(name, method, checksum, packed, size, header), after


def _wide(extra: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """Zip64: fields that are full in the short form stand in an extra field of their own."""
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack("<HH", extra[position : position + 4])
        if tag == 1:
            wide = list(
                struct.unpack(f"<{length // 8}Q", extra[position + 4 : position + 4 + length // 8 * 8])
            )
            fields = [wide.pop(0) if value == FULL and wide else value for value in (size, packed, header)]
            return fields[0], fields[1], fields[2]
        position += 4 + length
    return size, packed, header
