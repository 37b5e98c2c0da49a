"""A pickle machine of our own: it knows data and a closed list of names, and can call nothing else."""

from __future__ import annotations

import struct
from typing import Protocol

from latentlab.core.errors import BadFile
from latentlab.store.bridge.instructions import ACTIONS, STOP
from latentlab.store.bridge.limits import LARGEST_TEXT, MOST_MARKS, Budget, printable
from latentlab.store.bridge.records import Global

SCALARS = (str, int, float, bool, type(None))
STEP_BATCH = 256


class Rebuild(Protocol):
    """What the machine may do with the names of the closed list; see `allowed.py`."""

    def find(self, name: str) -> Global: ...
    def call(self, name: str, arguments: tuple) -> object: ...
    def new(self, name: str, arguments: tuple) -> object: ...
    def build(self, target: object, state: object) -> object: ...
    def persistent(self, key: object) -> object: ...


class _Mark:
    """Where a run of items began on the stack."""


class Machine:
    """Reads one pickle out of `data` from `position` on; `run` returns its object and leaves `position` behind it."""

    def __init__(self, data: memoryview, rebuild: Rebuild, budget: Budget, position: int = 0) -> None:
        self.data = data
        self.rebuild: Rebuild = rebuild
        self.budget = budget
        self.position = position
        self.stack: list = []
        self.marks: list[list] = []
        self.memo: dict[int, object] = {}

    def run(self) -> object:
        """The object; BadFile for anything that is not a complete pickle of known things."""
        steps = 0
        try:
            while True:
                code = self.data[self.position]
                self.position += 1
                steps += 1
                if steps % STEP_BATCH == 0:
                    self.budget.step(STEP_BATCH)
                if code == STOP:
                    return self._finish(steps % STEP_BATCH)
                action = ACTIONS.get(code)
                if action is None:
                    raise BadFile(f"it has the pickle instruction 0x{code:02x}, which no weight file needs")
                action(self)
        except (IndexError, struct.error):
            raise BadFile(
                "it ends in the middle of a pickle, or its stack runs dry: it is truncated or damaged"
            ) from None
        except (UnicodeDecodeError, ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
            raise BadFile(f"its pickle is malformed ({printable(str(error))})") from None

    def _finish(self, steps: int) -> object:
        self.budget.step(steps)
        if self.marks or len(self.stack) != 1:
            raise BadFile("its pickle stops with objects left over: it is damaged")
        return self.stack.pop()

    # reading

    def take(self, count: int) -> memoryview:
        """The next `count` bytes, not copied."""
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise BadFile("it ends in the middle of a pickle: it is truncated or damaged")
        piece = self.data[self.position : end]
        self.position = end
        return piece

    def number(self, form: str) -> int:
        """One packed number."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self, count: int, encoding: str = "utf-8") -> str:
        """`count` bytes as text."""
        if count > LARGEST_TEXT:
            raise BadFile("it has a text of more than 256 MB")
        self.budget.step(count >> 10)
        return str(self.take(count), encoding, "surrogatepass" if encoding == "utf-8" else "strict")

    def line(self) -> str:
        """A short line of text, as protocol 0 writes numbers and names."""
        piece = bytes(self.data[self.position : self.position + 512])
        end = piece.find(b"\n")
        if end < 0:
            raise BadFile("its pickle has a line without an end: it is truncated or damaged")
        self.position += end + 1
        return piece[:end].decode("utf-8")

    # the stack

    def push(self, value: object) -> None:
        self.stack.append(value)

    def pop_mark(self) -> list:
        """The items since the last mark."""
        items, self.stack = self.stack, self.marks.pop()
        return items

    def mark(self) -> None:
        if len(self.marks) >= MOST_MARKS:
            raise BadFile(f"its pickle nests deeper than {MOST_MARKS} levels")
        self.marks.append(self.stack)
        self.stack = []

    def remember(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def recall(self, index: int) -> None:
        if index not in self.memo:
            raise BadFile("its pickle recalls an object that it never stored: it is damaged")
        self.stack.append(self.memo[index])

    # containers

    def collect(self, into: object, items: list) -> None:
        """Key and value by turns into a dict."""
        if not isinstance(into, dict) or len(items) % 2:
            raise BadFile("its pickle sets items of something that is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, SCALARS):
                raise BadFile("it has a dict whose keys are no plain values")
            into[key] = value

    def extend(self, into: object, items: list) -> None:
        if not isinstance(into, list):
            raise BadFile("its pickle appends to something that is no list")
        into.extend(items)

    def add(self, into: object, items: list) -> None:
        if not isinstance(into, set) or not all(isinstance(item, SCALARS) for item in items):
            raise BadFile("it has a set of something else than plain values")
        into.update(items)

    # names

    def name(self, module: object, attribute: object) -> Global:
        if not isinstance(module, str) or not isinstance(attribute, str):
            raise BadFile("its pickle asks for a global whose name is no text")
        return self.rebuild.find(f"{module}.{attribute}")

    def invoke(self, target: object, arguments: object) -> object:
        if not isinstance(target, Global) or not isinstance(arguments, tuple):
            raise BadFile("its pickle calls something that is no name of the closed list")
        return self.rebuild.call(target.name, arguments)

    def create(self, target: object, arguments: object, keywords: object = None) -> object:
        if not isinstance(target, Global) or not isinstance(arguments, tuple) or keywords:
            raise BadFile("its pickle makes an object of something that is no class of the closed list")
        return self.rebuild.new(target.name, arguments)
