"""ffmpeg as a child process: the binary that imageio-ffmpeg brings, its output as a stream, its complaints as one line."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from latentlab.core.errors import MissingPart

CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,flv,asf,ogg"
"""What is read: no playlists, which could name other files and addresses."""


def program() -> str:
    """The binary; MissingPart where there is none."""
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise MissingPart("clips need ffmpeg, which is not here: pip install imageio-ffmpeg") from None


def source(path: Path) -> list[str]:
    """The words that open a file, whatever its name begins with."""
    return ["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-i", f"file:{path}"]


def ask(words: Sequence[str]) -> tuple[str, str]:
    """What ffmpeg prints and what it complains of; it is not asked whether it was content."""
    asked = [program(), "-hide_banner", "-nostdin", *words]
    done = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


@contextmanager
def reading(words: Sequence[str]) -> Iterator[IO[bytes]]:
    """What ffmpeg writes to its output, as it comes; it ends with the block."""
    child = subprocess.Popen(
        [program(), "-v", "error", "-nostdin", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdout is not None, "piped"
    try:
        yield child.stdout
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


@contextmanager
def feeding(words: Sequence[str]) -> Iterator[IO[bytes]]:
    """Its input; on leaving it has finished. OSError with its last complaint where it could not."""
    with tempfile.TemporaryFile() as complaints:
        child = subprocess.Popen(
            [program(), "-v", "error", "-y", *words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints
        )  # fmt: skip
        assert child.stdin is not None, "piped"
        try:
            try:
                yield child.stdin
                child.stdin.close()
            except BrokenPipeError:
                pass  # it stopped listening, and says why
            code = child.wait()
        finally:
            child.kill()
            child.wait()
        if code:
            complaints.seek(0)
            lines = complaints.read().decode("utf-8", "replace").strip().splitlines()
            raise OSError(f"ffmpeg: {lines[-1] if lines else f'it ended with {code}'}")
