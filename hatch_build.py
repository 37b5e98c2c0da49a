"""The wheel's tag: with the CPU libraries of cuda_ops/prebuilt it is for this platform, without them for any.

`make wheel` builds the libraries first. They use torch's stable ABI, so that one wheel serves every torch and Python it allows.
"""

import platform
import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

POLICIES = (
    ((2, 28), {"GLIBC": (2, 28), "GLIBCXX": (3, 4, 24), "CXXABI": (1, 3, 11)}),
    ((2, 34), {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13)}),
    ((2, 35), {"GLIBC": (2, 35), "GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13)}),
)
"""The newest symbols that a manylinux policy allows (PEP 600)."""


class LibrariesHook(BuildHookInterface):
    """Tags the wheel by what the libraries need."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        libraries = sorted((Path(self.root) / "cuda_ops" / "prebuilt").glob("*.so"))
        if version == "editable" or not libraries:
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_tag(libraries)}"


def platform_tag(libraries: list[Path]) -> str:
    """manylinux_X_Y where every symbol is of glibc X.Y or older, else plain linux; torch's own library comes with torch."""
    machine = platform.machine().lower()
    for (major, minor), allowed in POLICIES:
        if all(fits(library.read_bytes(), allowed) for library in libraries):
            return f"manylinux_{major}_{minor}_{machine}"
    return f"linux_{machine}"


def fits(library: bytes, allowed: dict[str, tuple[int, ...]]) -> bool:
    """Whether all versioned symbols that a library asks for are old enough."""
    asked = re.findall(rb"\0(GLIBC|GLIBCXX|CXXABI)_([0-9.]+)\0", library.replace(b"\0", b"\0\0"))
    return all(tuple(map(int, number.split(b"."))) <= allowed[name.decode()] for name, number in asked)
