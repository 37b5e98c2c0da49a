"""Memory settings for a program that renders many large images; a library may offer them, only a program may set them."""

from __future__ import annotations

import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
"""Numbers of glibc's mallopt."""
NEVER = 2**31 - 1
PAD = 64 << 20


def tune_allocator() -> bool:
    """Keep freed memory in this process instead of returning it page by page after each operation (glibc only).

    Acts on the whole process and for its whole life: call it from a program's entry point, never from a library.
    Costs up to a few hundred MiB that stay reserved; returns whether the settings were taken.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    wishes = ((MMAP_MAX, 0), (TRIM_THRESHOLD, NEVER), (TOP_PAD, PAD))
    results = [mallopt(ctypes.c_int(name), ctypes.c_int(value)) == 1 for name, value in wishes]
    return all(results)
