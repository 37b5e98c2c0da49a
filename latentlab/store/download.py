"""Downloads that survive broken connections: continued by Range, checked by size and hash, put in place atomically."""

from __future__ import annotations

import json
import logging
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import make_folder
from latentlab.core.watch import Watch, silent

CHUNK = 1 << 16
SPARE = 16 << 20
"""Bytes of the disk that a download leaves free."""


class Broken(Exception):
    """The connection ended early; worth another try."""


@dataclass(frozen=True)
class Resumable:
    """A downloader for pooch: keeps what has come in `PART` beside the target and goes on from there."""

    part: Path
    size: int | None = None
    watch: Watch = silent
    attempts: int = 6
    patience: float = 0.5
    """Seconds before the second attempt; doubles with each further one."""
    timeout: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, url: str, output_file: object, pooch: object, check_only: bool = False) -> bool | None:
        """Called by pooch with the address and the file to fill."""
        if check_only:
            return True
        for attempt in range(self.attempts):
            try:
                self._once(url)
                break
            except Broken as error:
                if attempt + 1 == self.attempts:
                    raise BadFile(
                        f"cannot fetch {url}: {error}; run the command again, it goes on where it stopped"
                    ) from None
                self.sleep(self.patience * 2**attempt)
        shutil.move(self.part, str(output_file))
        self._note.unlink(missing_ok=True)
        return None

    @property
    def _note(self) -> Path:
        return self.part.with_name(self.part.name + ".json")

    def _once(self, url: str) -> None:
        import requests

        have = self.part.stat().st_size if self.part.exists() and self._same(url) else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": self._told().get("tag", "")}
            headers = {key: value for key, value in headers.items() if value}
        try:
            with requests.get(url, headers=headers, stream=True, timeout=self.timeout) as answer:
                self._take(url, answer, have)
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            raise Broken(f"the connection broke ({type(error).__name__})") from None
        except requests.RequestException as error:
            raise BadFile(f"cannot fetch {url}: {' '.join(str(error).split())[:160]}") from None

    def _take(self, url: str, answer, have: int) -> None:
        if answer.status_code == 416:  # nothing left to send: what is here is whole, or of another file
            if self.size == have:
                return
            self.part.unlink(missing_ok=True)
            raise Broken("the server has another file now")
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Broken(f"the server answered {answer.status_code}")
        if answer.status_code not in (200, 206):
            raise BadFile(
                f"cannot fetch {url}: the server answered {answer.status_code} {str(answer.reason)[:40]}"
            )
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            raise BadFile(
                f"cannot fetch {url}: the server sent a web page, not a file; open the address in a browser"
            )
        start, total = _place(answer, have)
        if self.size is not None and total is not None and total != self.size:
            raise BadFile(f"cannot fetch {url}: the file there has {total} bytes, {self.size} were expected")
        self._check_space(url, total, start)
        self._remember(url, answer)
        self._write(url, answer, start, total)

    def _write(self, url: str, answer, start: int, total: int | None) -> None:
        done, most = start, self.size if self.size is not None else total
        try:
            with open(self.part, "r+b" if start else "wb") as file:
                file.truncate(start)
                file.seek(start)
                for chunk in answer.iter_content(CHUNK):
                    done += len(chunk)
                    if most is not None and done > most:
                        raise BadFile(f"cannot fetch {url}: more than the expected {most} bytes came")
                    file.write(chunk)
                    self.watch(done / most if most else 0.0, f"{done / 1e6:.0f} MB")
        except OSError as error:
            if type(error).__module__.startswith(("requests", "urllib3")):
                raise
            raise BadFile(
                f"cannot write {self.part}: {error.strerror or error}; free some space and run it again"
            ) from None
        if total is not None and done < total:
            raise Broken(f"{done} of {total} bytes came")

    def _check_space(self, url: str, total: int | None, start: int) -> None:
        if total is None:
            return
        free = shutil.disk_usage(self.part.parent).free
        if total - start + SPARE > free:
            raise BadFile(
                f"cannot fetch {url}: it needs {(total - start) / 1e6:.0f} MB more, {self.part.parent} has "
                f"{free / 1e6:.0f} MB free; make room or set LATENTLAB_DATA to another disk"
            )

    def _remember(self, url: str, answer) -> None:
        tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        self._note.write_text(json.dumps({"url": url, "tag": "" if tag.startswith("W/") else tag}))

    def _told(self) -> dict[str, str]:
        try:
            told = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def _same(self, url: str) -> bool:
        return self._told().get("url") == url


def _place(answer, have: int) -> tuple[int, int | None]:
    """Where the body begins in the file, and the file's whole length if it is told."""
    length = answer.headers.get("Content-Length", "")
    if answer.status_code == 200:
        return 0, int(length) if length.isdecimal() else None
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
    if match is None or int(match[1]) != have:
        raise Broken("the server sent another range than the one asked for")
    return have, int(match[3]) if match[3] != "*" else None


def fetch(
    address: str,
    target: Path,
    sha256: str | None = None,
    size: int | None = None,
    watch: Watch = silent,
    **options: object,
) -> str:
    """Download `address` to `target` through pooch; the SHA-256 of the file. A wrong hash leaves nothing behind."""
    import pooch
    from filelock import FileLock

    if not address.startswith(("http://", "https://")):
        raise BadInput(f"'{address[:120]}' is no web address; it must begin with https:// or http://")
    make_folder(target.parent)
    part = target.with_name(f".{target.name}.part")
    downloader = Resumable(part, size, watch, **options)  # type: ignore[arg-type]
    logger = pooch.get_logger()
    level, _ = logger.level, logger.setLevel(logging.WARNING)
    try:
        with FileLock(str(target.parent / f".{target.name}.lock")):
            pooch.retrieve(
                address,
                known_hash=sha256 and f"sha256:{sha256}",
                fname=target.name,
                path=target.parent,
                downloader=downloader,
            )
            return pooch.file_hash(str(target), alg="sha256")
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise BadFile(
            f"cannot fetch {address}: its SHA-256 is not the known {str(sha256)[:16]}…; the file was changed or damaged, "
            f"nothing was kept"
        ) from None
    except OSError as error:
        raise BadFile(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        logger.setLevel(level)
