"""The pickle instructions, protocols 0 to 5, as actions on a machine; everything not in the table is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from latentlab.core.errors import BadFile
from latentlab.store.bridge.limits import LARGEST_INTEGER_BYTES

if TYPE_CHECKING:
    from latentlab.store.bridge.machine import Machine

STOP = ord(".")
Action = Callable[["Machine"], None]


def _reduce(machine: Machine) -> None:
    arguments = machine.stack.pop()
    machine.stack[-1] = machine.invoke(machine.stack[-1], arguments)


def _newobj(machine: Machine) -> None:
    arguments = machine.stack.pop()
    machine.stack[-1] = machine.create(machine.stack[-1], arguments)


def _newobj_ex(machine: Machine) -> None:
    keywords = machine.stack.pop()
    arguments = machine.stack.pop()
    machine.stack[-1] = machine.create(machine.stack[-1], arguments, keywords)


def _build(machine: Machine) -> None:
    state = machine.stack.pop()
    machine.stack[-1] = machine.rebuild.build(machine.stack[-1], state)


def _inst(machine: Machine) -> None:
    target = machine.name(machine.line(), machine.line())
    machine.push(machine.invoke(target, tuple(machine.pop_mark())))


def _obj(machine: Machine) -> None:
    target, *arguments = machine.pop_mark()
    machine.push(machine.invoke(target, tuple(arguments)))


def _stack_global(machine: Machine) -> None:
    attribute = machine.stack.pop()
    machine.push(machine.name(machine.stack.pop(), attribute))


def _extension(machine: Machine) -> None:
    raise BadFile("its pickle uses a copyreg extension code, which no weight file needs")


def _proto(machine: Machine) -> None:
    version = machine.number("<B")
    if version > 5:
        raise BadFile(f"it has pickle protocol {version}; 0 to 5 are known")


def _frame(machine: Machine) -> None:
    if machine.number("<Q") > len(machine.data) - machine.position:
        raise BadFile("it ends in the middle of a pickle: it is truncated or damaged")


def _long(machine: Machine, size: int) -> None:
    if not 0 <= size <= LARGEST_INTEGER_BYTES:
        raise BadFile("it has an integer of absurd size")
    machine.push(int.from_bytes(machine.take(size), "little", signed=True))


def _int_line(machine: Machine) -> None:
    line = machine.line()
    machine.push({"00": False, "01": True}[line] if line in ("00", "01") else _whole(line))


def _whole(line: str) -> int:
    if len(line) > 80:
        raise BadFile("it has an integer of absurd size")
    return int(line.removesuffix("L"))


def _string_line(machine: Machine) -> None:
    line = machine.line()
    if len(line) < 2 or line[0] != line[-1] or line[0] not in "'\"" or "\\" in line:
        raise BadFile("it has an escaped text of protocol 0, which no weight file needs")
    machine.push(line[1:-1])


def _unicode_line(machine: Machine) -> None:
    line = machine.line()
    if "\\" in line:
        raise BadFile("it has an escaped text of protocol 0, which no weight file needs")
    machine.push(line)


def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark()


def _into(verb: str) -> Action:
    def act(machine: Machine) -> None:
        items = machine.pop_mark()
        getattr(machine, verb)(machine.stack[-1], items)

    return act


def _setitem(machine: Machine) -> None:
    value = machine.stack.pop()
    key = machine.stack.pop()
    machine.collect(machine.stack[-1], [key, value])


def _append(machine: Machine) -> None:
    value = machine.stack.pop()
    machine.extend(machine.stack[-1], [value])


def _top(count: int) -> Action:
    def act(machine: Machine) -> None:
        if len(machine.stack) < count:
            raise IndexError
        machine.stack[-count:] = [tuple(machine.stack[-count:])]

    return act


def _dict(machine: Machine) -> None:
    items = machine.pop_mark()
    fresh: dict = {}
    machine.collect(fresh, items)
    machine.push(fresh)


def _frozenset(machine: Machine) -> None:
    fresh: set = set()
    machine.add(fresh, machine.pop_mark())
    machine.push(frozenset(fresh))


ACTIONS: dict[int, Action] = {
    ord(code): action
    for code, action in {
        "\x80": _proto,
        "\x95": _frame,
        "(": lambda m: m.mark(),
        "0": _pop,
        "1": lambda m: [m.pop_mark(), None][1],
        "2": lambda m: m.push(m.stack[-1]),
        # plain values
        "N": lambda m: m.push(None),
        "\x88": lambda m: m.push(True),
        "\x89": lambda m: m.push(False),
        "I": _int_line,
        "J": lambda m: m.push(m.number("<i")),
        "K": lambda m: m.push(m.number("<B")),
        "M": lambda m: m.push(m.number("<H")),
        "L": lambda m: m.push(_whole(m.line())),
        "\x8a": lambda m: _long(m, m.number("<B")),
        "\x8b": lambda m: _long(m, m.number("<i")),
        "F": lambda m: m.push(float(m.line())),
        "G": lambda m: m.push(m.number(">d")),
        # text and bytes; what Python 2 wrote as a string is latin-1
        "S": _string_line,
        "T": lambda m: m.push(m.text(m.number("<I"), "latin-1")),
        "U": lambda m: m.push(m.text(m.number("<B"), "latin-1")),
        "V": _unicode_line,
        "X": lambda m: m.push(m.text(m.number("<I"))),
        "\x8c": lambda m: m.push(m.text(m.number("<B"))),
        "\x8d": lambda m: m.push(m.text(m.number("<Q"))),
        "B": lambda m: m.push(m.take(m.number("<I"))),
        "C": lambda m: m.push(m.take(m.number("<B"))),
        "\x8e": lambda m: m.push(m.take(m.number("<Q"))),
        "\x96": lambda m: m.push(m.take(m.number("<Q"))),
        # containers
        "]": lambda m: m.push([]),
        "a": _append,
        "e": _into("extend"),
        "l": lambda m: m.push(m.pop_mark()),
        ")": lambda m: m.push(()),
        "t": lambda m: m.push(tuple(m.pop_mark())),
        "\x85": _top(1),
        "\x86": _top(2),
        "\x87": _top(3),
        "}": lambda m: m.push({}),
        "d": _dict,
        "s": _setitem,
        "u": _into("collect"),
        "\x8f": lambda m: m.push(set()),
        "\x90": _into("add"),
        "\x91": _frozenset,
        # memo
        "p": lambda m: m.remember(_whole(m.line())),
        "q": lambda m: m.remember(m.number("<B")),
        "r": lambda m: m.remember(m.number("<I")),
        "\x94": lambda m: m.remember(len(m.memo)),
        "g": lambda m: m.recall(_whole(m.line())),
        "h": lambda m: m.recall(m.number("<B")),
        "j": lambda m: m.recall(m.number("<I")),
        # names of the closed list
        "c": lambda m: m.push(m.name(m.line(), m.line())),
        "\x93": _stack_global,
        "R": _reduce,
        "\x81": _newobj,
        "\x92": _newobj_ex,
        "b": _build,
        "i": _inst,
        "o": _obj,
        "P": lambda m: m.push(m.rebuild.persistent(m.line())),
        "Q": lambda m: m.push(m.rebuild.persistent(m.stack.pop())),
        "\x82": _extension,
        "\x83": _extension,
        "\x84": _extension,
    }.items()
}
