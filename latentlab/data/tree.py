"""Files below a folder or inside a zip, read alike."""

from __future__ import annotations

import threading
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from latentlab.core.errors import BadFile

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class Tree:
    """Named files; names are relative, with forward slashes."""

    root: Path
    _local: threading.local = field(default_factory=threading.local, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.root.exists():
            raise BadFile(f"there is no folder or zip {self.root}")

    @property
    def zipped(self) -> bool:
        return self.root.is_file()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All files, sorted; hidden ones left out."""
        if self.zipped:
            found = [info.filename for info in self._archive().infolist() if not info.is_dir()]
        else:
            try:
                found = [p.relative_to(self.root).as_posix() for p in self.root.rglob("*") if p.is_file()]
            except OSError as error:
                raise BadFile(
                    f"cannot read the folder {self.root}: {error.strerror}; check its permissions"
                ) from None
        return tuple(sorted(name for name in found if not _hidden(name)))

    @cached_property
    def known(self) -> frozenset[str]:
        """The same names, for look-ups."""
        return frozenset(self.names)

    def pictures(self, below: str = "") -> tuple[str, ...]:
        """The picture files below a folder, sorted."""
        start = below.rstrip("/") + "/" if below else ""
        return tuple(n for n in self.names if n.startswith(start) and n.lower().endswith(PICTURES))

    def folders(self) -> tuple[str, ...]:
        """Names of the folders at the top."""
        return tuple(sorted({name.split("/", 1)[0] for name in self.names if "/" in name}))

    def find(self, *candidates: str) -> str | None:
        """The first of these files that is there, at the top or, failing that, deeper."""
        for name in candidates:
            if name in self.known:
                return name
        for name in candidates:
            deeper = [known for known in self.names if known.endswith("/" + name)]
            if deeper:
                return min(deeper, key=len)
        return None

    def read(self, name: str) -> bytes:
        """The content of one file."""
        try:
            return self._archive().read(name) if self.zipped else (self.root / name).read_bytes()
        except (
            OSError,
            KeyError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            raise BadFile(f"cannot read {self.place(name)}: {error}") from None

    def text(self, name: str) -> str:
        """The same as text."""
        try:
            return self.read(name).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadFile(f"{self.place(name)} is no text file (UTF-8)") from None

    def place(self, name: str) -> str:
        """How errors call a file."""
        return f"{self.root}{':' if self.zipped else '/'}{name}"

    def _archive(self) -> zipfile.ZipFile:
        # one handle for each thread and process: seeking in a shared one would have to wait
        if not hasattr(self._local, "archive"):
            try:
                self._local.archive = zipfile.ZipFile(self.root)
            except (OSError, zipfile.BadZipFile) as error:
                raise BadFile(f"{self.root} is no folder and no readable zip ({error})") from None
        return self._local.archive

    def __reduce__(self) -> tuple[type[Tree], tuple[Path]]:
        return (Tree, (self.root,))


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
