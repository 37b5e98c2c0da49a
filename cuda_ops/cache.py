"""The folder of built libraries: nobody else may have written into it or into a folder above it, or swapped a file."""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Callable
from pathlib import Path

from cuda_ops.errors import BuildFailed


class Untrusted(BuildFailed):
    """Somebody else could have put a file there, or nobody can: one line with the place and what to do."""


def cache_root() -> Path:
    """LATENTLAB_CACHE, else the user's cache folder."""
    wish = os.environ.get("LATENTLAB_CACHE")
    if wish:
        return Path(wish).expanduser()
    try:
        from platformdirs import user_cache_path
    except ImportError:
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "latentlab"
    return user_cache_path("latentlab", appauthor=False)


def private_folder() -> Path:
    """The folder of built libraries: ours, of mode 0700, no link, below folders that only we and root can change.

    Raises:
        Untrusted: it cannot be made, or somebody else could have written into it.
    """
    folder = cache_root() / "ops"
    if str(folder).startswith("~"):
        raise Untrusted("this user has no home folder to keep built kernels in; set HOME or LATENTLAB_CACHE")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for above in folder.parent.resolve().parents:
            _check_above(above)
        _check_above(folder.parent.resolve())
        folder.mkdir(mode=0o700, exist_ok=True)
        _check_own(folder)
    except Untrusted:
        raise
    except OSError as failure:
        raise Untrusted(
            f"the folder {folder} cannot be made ({failure.strerror or failure}); set LATENTLAB_CACHE to a folder of yours"
        ) from None
    return folder.resolve()


def _check_own(folder: Path) -> None:
    seen = folder.lstat()
    if not stat.S_ISDIR(seen.st_mode):
        raise Untrusted(
            f"{folder} is not a folder (a link is not followed); remove it or set LATENTLAB_CACHE"
        )
    if hasattr(os, "getuid") and seen.st_uid != os.getuid():
        raise Untrusted(
            f"{folder} belongs to user {seen.st_uid}, not to you; set LATENTLAB_CACHE to a folder of yours"
        )
    if seen.st_mode & 0o022:
        raise Untrusted(
            f"others may write to {folder}; remove it, or set LATENTLAB_CACHE to a folder of yours"
        )
    if stat.S_IMODE(seen.st_mode) != 0o700:
        folder.chmod(0o700)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Untrusted(f"the folder {folder} cannot be written; set LATENTLAB_CACHE to a folder of yours")


def _check_above(folder: Path) -> None:
    """Whoever can rename a folder above ours can put another one in its place."""
    if not hasattr(os, "getuid"):
        return
    seen = folder.stat()
    if seen.st_uid not in (0, os.getuid()):
        raise Untrusted(
            f"{folder} belongs to user {seen.st_uid}, who could swap what lies below it; set LATENTLAB_CACHE to a folder of yours"
        )
    others = seen.st_mode & (0o002 if _is_private_group(seen.st_gid) else 0o022)
    if (
        others and not seen.st_mode & stat.S_ISVTX
    ):  # with the sticky bit, as /tmp has it, nobody renames what is ours
        raise Untrusted(
            f"others may rename what lies in {folder}; set LATENTLAB_CACHE to a folder that only you can write"
        )


def _is_private_group(group: int) -> bool:
    """Whether this user alone is in the group, as many systems give each user one."""
    try:
        import grp
        import pwd

        me, entry = pwd.getpwuid(os.getuid()), grp.getgrgid(group)
    except (ImportError, KeyError):
        return False
    return group == me.pw_gid and entry.gr_name == me.pw_name and not set(entry.gr_mem) - {me.pw_name}


def is_ours(library: Path) -> bool:
    """A regular file of this user that nobody else may write."""
    try:
        return _may_load(library.lstat())
    except OSError:
        return False


def is_packaged(library: Path, package: Path) -> bool:
    """A regular file that only we, root or the package's owner may write, as may the folders from it up to the package."""
    try:
        return _came_along(library.lstat(), library, package)
    except OSError:
        return False


def _came_along(seen: os.stat_result, library: Path, package: Path) -> bool:
    trusted = {0, package.stat().st_uid, *([os.getuid()] if hasattr(os, "getuid") else [])}
    places = [folder.lstat() for folder in library.parents if folder.is_relative_to(package)]
    return _is_sealed(seen, trusted, stat.S_ISREG) and all(
        _is_sealed(place, trusted, stat.S_ISDIR) for place in places
    )


def _is_sealed(seen: os.stat_result, trusted: set[int], kind: Callable[[int], bool]) -> bool:
    if not hasattr(os, "getuid"):
        return kind(seen.st_mode)
    others = seen.st_mode & (0o002 if seen.st_gid == 0 or _is_private_group(seen.st_gid) else 0o022)
    return kind(seen.st_mode) and seen.st_uid in trusted and not others


def _may_load(seen: os.stat_result) -> bool:
    mine = not hasattr(os, "getuid") or seen.st_uid == os.getuid()
    return stat.S_ISREG(seen.st_mode) and mine and not seen.st_mode & 0o022


def load(library: Path, package: Path | None = None) -> ctypes.CDLL:
    """Load the very file that was checked, whatever happens to its name meanwhile.

    Args:
        library: the file.
        package: the folder of the package that it came with, whose owner may own it too; None for the cache.

    Raises:
        Untrusted: the file is not ours alone.
        OSError: it is no library.
    """
    handle = os.open(library, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    seen = os.fstat(handle)
    if not (_may_load(seen) if package is None else _came_along(seen, library, package)):
        os.close(handle)
        raise Untrusted(f"{library} is not a file of yours alone; remove it, it will be built again")
    by_handle = f"/proc/self/fd/{handle}"
    if os.path.exists(by_handle) and os.path.samestat(os.stat(by_handle), seen):
        return ctypes.CDLL(
            by_handle
        )  # the handle stays open: the loader knows libraries by the names they came by
    os.close(handle)
    return ctypes.CDLL(str(library))
