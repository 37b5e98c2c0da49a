"""Weight files at half the size, for shipping: weights in fp16, statistics as they are.

    python -m tools.halve RUN/faces --out assets/faces

rewrites every .safetensors file of a folder; networks compute in fp32 again as soon as they are loaded.
"""

from __future__ import annotations

import sys
from pathlib import Path

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.networks.files import halved
from latentlab.store.archive import Archive


def halve_folder(folder: Path, out: Path) -> list[Path]:
    """Rewrite every weight file of a folder, all of them or none; returns the new files.

    Raises:
        BadInput: no weight files, or a weight that fp16 cannot hold.
        BadFile: a file that cannot be read.
    """
    files = sorted(Path(folder).glob("*.safetensors"))
    if not files:
        raise BadInput(f"{folder} holds no .safetensors files; name the folder of a network's files")
    loaded = [Archive.load(file) for file in files]
    small = [Archive(one.kind, halved(one.tensors), dict(one.story)) for one in loaded]
    return [one.save(Path(out) / file.name) for one, file in zip(small, files, strict=True)]


def main(arguments: list[str] | None = None) -> None:
    """`python -m tools.halve`."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        for path in halve_folder(given.folder, given.out):
            print(path)
    except LatentLabError as error:
        print(f"halve: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
