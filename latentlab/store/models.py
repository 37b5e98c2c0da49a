"""The registry of weight files: the well-known public ones and the user's own; list, fetch, add, verify."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from latentlab.core.errors import BadFile, BadInput, LatentLabError, unknown
from latentlab.core.files import atomic, make_folder, write_text
from latentlab.core.locks import PATIENCE, held
from latentlab.core.places import data_folder
from latentlab.core.watch import Watch, silent
from latentlab.store.home import check_name
from latentlab.store.known_models import KNOWN

REGISTRY = "models.json"
DEFAULT_ENDING = ".pkl"


@dataclass(frozen=True)
class Model:
    """A named weight file, on this machine or not."""

    name: str
    address: str
    about: str = ""
    licence: str = ""
    size: int | None = None
    sha256: str | None = None
    hash_from: str = "unknown"
    """Where the hash comes from: `published`, `given` by the user, `first download`, or `unknown`."""
    by_hand: bool = False
    file: str = ""
    """Name of the file in the models folder."""
    present: bool = False


@dataclass(frozen=True)
class Models:
    """Lists, fetches, adds and verifies; everything it knows beyond the public list is in one JSON file."""

    folder: Path = field(default_factory=lambda: data_folder() / "models")

    def list(self) -> list[Model]:
        """Every known model, by name."""
        own = self._own()
        return [self._model(name, own.get(name, {})) for name in sorted({*KNOWN, *own})]

    def find(self, name: str) -> Model:
        """One model by name."""
        own = self._own()
        if name not in KNOWN and name not in own:
            raise unknown("model", name, {*KNOWN, *own})
        return self._model(name, own.get(name, {}))

    def files(self) -> dict[str, Path]:
        """The files that are on this machine, by name."""
        return {model.name: self.folder / model.file for model in self.list() if model.present}

    def fetch(self, name: str, watch: Watch = silent, **options: object) -> Path:
        """The file of a model, downloaded if need be; a hash that is not known yet is recorded."""
        from latentlab.store.download import fetch

        model = self.find(name)
        target = self.folder / model.file
        if model.present:
            return target
        if model.by_hand:
            raise BadFile(
                f"{name} lies on a host that hands it out only through a browser: download {model.address} "
                f"and then run: latentlab models add {name} FILE"
            )
        sha256 = fetch(model.address, target, model.sha256, model.size, watch, **options)
        source = model.hash_from if model.sha256 else "first download"
        self._record(name, model.address, model.file, sha256, source)
        return target

    def add(
        self, name: str, address: str, sha256: str | None = None, watch: Watch = silent,
        look: Callable[[Path], object] | None = None, **options: object,
    ) -> Path:  # fmt: skip
        """Fetch a file from an address, or copy one from this machine, and give it a name.

        `look` opens the file before it is taken; what it raises leaves the registry as it was.
        """
        check_name(name)
        sha256 = _check_hash(sha256)
        known = KNOWN.get(name)
        expected = sha256 or (known.sha256 if known else None)
        ending = _ending(address)
        target = make_folder(self.folder) / f"{name}{ending}"
        if "://" in address:
            from latentlab.store.download import fetch

            fresh = target.with_name(f"{name}.new{ending}")  # the old file stays until the new one is whole
            fresh.unlink(missing_ok=True)
            found = fetch(address, fresh, expected, None, watch, **options)
            try:
                _look(look, fresh, address)
                os.replace(fresh, target)
            finally:
                fresh.unlink(missing_ok=True)
        else:
            found = _copy(Path(address), target, expected, look)
            address = known.address if known else f"file:{Path(address).name}"
        source = "given" if sha256 else "published" if expected else "first download"
        self._record(name, address, target.name, found, source)
        return target

    def verify(self, name: str) -> Model:
        """The model, if its file has the known size and hash; else BadFile."""
        model = self.find(name)
        path = self.folder / model.file
        if not model.present:
            raise BadFile(
                f"the model '{name}' is not on this machine; fetch it: latentlab models fetch {name}"
            )
        found = file_hash(path)
        if model.sha256 is None:
            self._record(name, model.address, model.file, found, "first download")
            return self.find(name)
        if found != model.sha256:
            raise BadFile(
                f"{path} has the SHA-256 {found[:16]}…, known is {model.sha256[:16]}… ({model.hash_from}); "
                f"delete it and fetch it again"
            )
        return model

    def remove(self, name: str) -> None:
        """Delete the file and forget what was recorded about it."""
        model = self.find(name)
        with self._turn():
            (self.folder / model.file).unlink(missing_ok=True)
            own = self._own()
            own.pop(name, None)
            self._write(own)

    def _model(self, name: str, told: dict) -> Model:
        known = KNOWN.get(name)
        if known is None:
            address, file = _text(told, "address"), _text(told, "file") or f"{name}{DEFAULT_ENDING}"
            model = Model(name, address, "added by the user", file=file)
        else:
            file = _text(told, "file") or f"{name}{_ending(known.address)}"
            source = "published" if known.sha256 else "unknown"
            model = Model(
                name,
                known.address,
                known.about,
                known.licence,
                known.size,
                known.sha256,
                source,
                known.by_hand,
                file,
            )
        sha256, source = _text(told, "sha256"), _text(told, "hash_from")
        fields = asdict(model) | {"present": (self.folder / file).is_file()}
        if model.sha256 is None and re.fullmatch(r"[0-9a-f]{64}", sha256):
            fields |= {"sha256": sha256, "hash_from": source or "first download"}
        return Model(**fields)

    def _own(self) -> dict[str, dict]:
        try:
            text = (self.folder / REGISTRY).read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise BadFile(f"cannot read {self.folder / REGISTRY}: {error}") from None
        try:
            own = json.loads(text)
        except (ValueError, RecursionError):
            own = None
        if not isinstance(own, dict) or not all(
            isinstance(value, dict) and _fine(value) for value in own.values()
        ):
            raise BadFile(f"{self.folder / REGISTRY} is damaged; mend or delete it")
        return own

    def _record(self, name: str, address: str, file: str, sha256: str, source: str) -> None:
        with self._turn():
            own = self._own()
            own[name] = {"address": address, "file": file, "sha256": sha256, "hash_from": source}
            self._write(own)

    def _turn(self) -> AbstractContextManager[None]:
        """Reading, changing and writing the registry is one act."""
        return held(self.folder, f"the registry {self.folder / REGISTRY}", wait=PATIENCE)

    def _write(self, own: dict[str, dict]) -> None:
        write_text(self.folder / REGISTRY, json.dumps(own, indent=2, sort_keys=True) + "\n", own=True)


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    import hashlib

    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadFile(f"cannot read {path}: {error.strerror or error}") from None


def _look(look: Callable[[Path], object] | None, path: Path, address: str) -> None:
    """Open a file that came from somewhere; complaints name where it came from."""
    if look is None:
        return
    try:
        look(path)
    except LatentLabError as error:
        raise type(error)(str(error).replace(str(path), address)) from None


def _copy(
    source: Path, target: Path, expected: str | None, look: Callable[[Path], object] | None = None
) -> str:
    if not source.is_file():
        raise BadFile(f"there is no file {source}; give a web address or a file")
    found = file_hash(source)
    if expected is not None and found != expected:
        raise BadFile(
            f"{source} has the SHA-256 {found[:16]}…, expected is {expected[:16]}…; nothing was kept"
        )
    _look(look, source, str(source))
    with atomic(target, own=True) as temporary:
        shutil.copyfile(source, temporary)
    return found


def _check_hash(sha256: str | None) -> str | None:
    if sha256 is None:
        return None
    bare = sha256.strip().lower().removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]{64}", bare):
        raise BadInput(f"'{sha256[:80]}' is no SHA-256; it must be 64 hexadecimal digits")
    return bare


def _ending(address: str) -> str:
    suffix = (
        PurePosixPath(unquote(urlsplit(address).path)).suffix if "://" in address else Path(address).suffix
    )
    return suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,12}", suffix) else DEFAULT_ENDING


def _text(told: dict, key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""


def _fine(told: dict) -> bool:
    """A file name that stays in the folder."""
    file = told.get("file", "")
    return isinstance(file, str) and "/" not in file and "\\" not in file and file not in (".", "..")
