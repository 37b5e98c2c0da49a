"""Builds the CPU libraries that travel: the wheel carries them, and a checkout uses them too (python -m cuda_ops.prebuild)."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from cuda_ops import build, order, rasterize_library
from cuda_ops.compilers import time_limit
from cuda_ops.errors import BuildFailed

RASTERISERS = ((), rasterize_library.WIDE)


def names() -> list[str]:
    """The libraries of this source: the operators for all instruction sets, the rasteriser without and with AVX2."""
    operators = order.library_name("cpu", order.key("cpu", portable=True))
    return [operators, *(rasterize_library.library_name("cpu", told) for told in _rasterisers())]


def _rasterisers() -> list[list[str]]:
    return [[*rasterize_library.FLAGS["cpu"], *more] for more in RASTERISERS]


def prebuild(folder: Path = build.PREBUILT, watch: build.Watch | None = None) -> list[Path]:
    """Build what is missing, remove what belongs to another source, and return the libraries.

    Raises:
        BuildFailed: a library cannot be built.
    """
    folder.mkdir(mode=0o755, exist_ok=True)
    wanted = names()
    for old in folder.glob("*.so"):
        if old.name not in wanted:
            old.unlink()
    if not all((folder / name).is_file() for name in wanted):
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            for name, made in zip(wanted, _made(Path(draft), watch), strict=True):
                made.chmod(0o755)
                os.replace(made, folder / name)
    return [folder / name for name in wanted]


def _made(draft: Path, watch: build.Watch | None) -> list[Path]:
    libraries = [build.compile_into("cpu", draft, time_limit(), watch, portable=True)]
    for number, told in enumerate(_rasterisers()):
        libraries.append(draft / f"rasterize{number}.so")
        try:
            rasterize_library.compile_to(libraries[-1], "cpu", [*told, "-s"])
        except OSError as failure:
            raise BuildFailed(str(failure)) from None
    return libraries


def main() -> int:
    """Exit code 1, and one line, where a library cannot be built."""
    try:
        for library in prebuild(watch=show):
            sys.stdout.write(f"{library}\n")
    except BuildFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


def show(done: int, of: int) -> None:
    """One line of progress, rewritten on a terminal."""
    if sys.stderr.isatty():
        end = "\n" if done == of else ""
        sys.stderr.write(f"\rbuilding the native operators: {done} of {of} files{end}")


if __name__ == "__main__":
    sys.exit(main())
