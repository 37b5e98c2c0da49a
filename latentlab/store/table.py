"""Tables: the settings of methods and trainings as data, in TOML or JSON; read, checked, never executed."""

from __future__ import annotations

import json
import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from latentlab.core.errors import BadFile, BadInput, unknown
from latentlab.core.files import write_text
from latentlab.core.reading import read_bytes
from latentlab.core.text import check_depth
from latentlab.store.story import plain

Method = TypeVar("Method")
LARGEST = 1 << 20
DEEPEST = 32
"""Lists and tables within each other."""


@dataclass(frozen=True)
class Table:
    """A named set of values; `make(Class)` fills a dataclass with them."""

    name: str
    values: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | str) -> Table:
        """From a `.toml` or `.json` file."""
        path = Path(path)
        values = _parse(path, _read(path))
        if not isinstance(values, dict):
            raise BadFile(f"{path} holds no table of names and values")
        return cls(path.stem, values)

    def save(self, path: Path | str) -> Path:
        """As TOML or JSON, by the file's ending."""
        path = Path(path)
        values: Any = plain(dict(self.values))
        text = json.dumps(values, indent=2) + "\n" if path.suffix == ".json" else to_toml(values)
        return write_text(path, text)

    def part(self, name: str) -> Table:
        """A table inside the table; empty where there is none."""
        values = self.values.get(name, {})
        if not isinstance(values, Mapping):
            raise BadFile(f"'{name}' in '{self.name}' must be a table of names and values")
        return Table(f"{self.name}.{name}", values)

    def make(self, kind: type[Method], **overrides: object) -> Method:
        """The dataclass with these values; unknown names and wrong types are refused in one line."""
        values = {**self.values, **overrides}
        known = {item.name: item for item in fields(kind) if item.init}  # type: ignore[arg-type]
        hints = get_type_hints(kind)
        for name in values:
            if name not in known:
                raise BadInput(f"'{self.name}': {unknown('setting', name, known)}")
        missing = [
            n
            for n, item in known.items()
            if item.default is MISSING and item.default_factory is MISSING and n not in values
        ]
        if missing:
            raise BadInput(f"'{self.name}': the setting '{missing[0]}' is missing")
        return kind(**{name: self._fit(value, hints[name], name) for name, value in values.items()})

    def _fit(self, value: object, kind: Any, name: str) -> object:
        try:
            return fit(value, kind, f"{self.name}.{name}")
        except (TypeError, ValueError):
            raise BadInput(
                f"'{self.name}': {name} = {repr(value)[:40]} is not of the type {getattr(kind, '__name__', kind)}"
            ) from None


def fit(value: object, kind: Any, name: str) -> object:
    """The value as the annotated type: lists become tuples, whole numbers floats, tables dataclasses; else TypeError."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any or kind is object:
        return value
    if origin in (Union, types.UnionType):
        return _fit_any(value, inner, name)
    if origin in (tuple, list):
        return _fit_sequence(value, origin, inner, name)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise TypeError
        return {key: fit(item, inner[1], name) for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, Mapping):
        return Table(name, value).make(kind)
    return _fit_plain(value, kind)


def _fit_plain(value: object, kind: Any) -> object:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is None or kind is type(None):
        if value is None:
            return None
        raise TypeError
    if not isinstance(kind, type):  # a Literal or an annotation that has no run-time check
        if get_args(kind) and value not in get_args(kind):
            raise ValueError
        return value
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError
    return value


def _fit_any(value: object, kinds: tuple, name: str) -> object:
    exact = [kind for kind in kinds if isinstance(kind, type) and type(value) is kind]
    for kind in (*exact, *kinds):
        try:
            return fit(value, kind, name)
        except (TypeError, ValueError):
            continue
    raise TypeError


def _fit_sequence(value: object, origin: type, inner: tuple, name: str) -> object:
    if not isinstance(value, list | tuple):
        raise TypeError
    if not inner:
        return origin(value)
    if origin is list or inner[-1] is Ellipsis:
        return origin(fit(item, inner[0], name) for item in value)
    if len(inner) != len(value):
        raise TypeError
    return tuple(fit(item, kind, name) for item, kind in zip(value, inner, strict=True))


def _read(path: Path) -> str:
    try:
        return read_bytes(path, LARGEST).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadFile(f"cannot read {path}: {error}") from None


def _parse(path: Path, text: str) -> object:
    try:
        check_depth(text, DEEPEST)
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"cannot read {path}: {' '.join(str(error).split())[:160]}") from None


def to_toml(values: Mapping[str, object], prefix: str = "") -> str:
    """TOML of names, plain values, lists and tables; None is left out."""
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    lines = [f"{_key(key)} = {_toml(v)}" for key, v in values.items() if key not in tables and v is not None]
    text = "\n".join(lines) + ("\n" if lines else "")
    for key, value in tables.items():
        path = f"{prefix}{_key(key)}"
        text += f"{chr(10) if text else ''}[{path}]\n{to_toml(value, path + '.')}"
    return text


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
