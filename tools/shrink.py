"""Weight files in 8 bits, or as what they add to their parents, for shipping.

    python -m tools.shrink RUN/*.safetensors --out assets/baselines
    python -m tools.shrink RUN/encoder.safetensors --parent assets/faces/encoder.safetensors --out assets/portraits
    python -m tools.shrink RUN/generator.safetensors --parent assets/faces/generator.safetensors --out assets/portraits

The first keeps each output channel of fp16 weights as 8-bit integers with one scale. The second keeps the difference from the
parent's file that way: whole, or with --megabytes the strongest singular directions that fit. Both are read as fp16.
"""

from __future__ import annotations

import sys
from pathlib import Path

from latentlab.backbones.difference import Difference, held, low_rank, whole
from latentlab.core.errors import BadInput, LatentLabError
from latentlab.networks.files import halved
from latentlab.store.archive import Archive

MILLION = 1_000_000


def in_bytes(file: Path, out: Path) -> Path:
    """The same file, its weights in 8 bits."""
    whole = Archive.load(file)
    return Archive(whole.kind, halved(whole.tensors), whole.story).save(out / file.name, in_bytes=True)


def as_difference(file: Path, parent: Path, out: Path, megabytes: float | None = None) -> Path:
    """What the file adds to its parent's, in 8 bits, at most so large.

    Raises:
        BadInput: another kind of network than the parent's.
    """
    child, base = Archive.load(file), Archive.load(parent)
    if (child.kind, child.story.get("arguments")) != (base.kind, base.story.get("arguments")):
        raise BadInput(f"{file} and {parent} hold different networks; give the one that training began from")
    told = {name: value for name, value in child.story.items() if name not in ("kind", "hash", "parent")}
    name = "difference.safetensors" if file.stem == "generator" else file.name
    return _difference(base, child, megabytes).save(out / name, {**told, "kind of network": child.kind})


def _difference(base: Archive, child: Archive, megabytes: float | None) -> Difference:
    if base.tensors.keys() - child.tensors.keys():
        raise BadInput(
            "the parent's file has parts that the child's lacks; give the one that training began from"
        )
    tensors = held(base.tensors, child.tensors)
    if megabytes is None:
        return whole(base.tensors, tensors, sys.maxsize).small()
    # factors in 8 bits: twice as many fit as in fp16
    return low_rank(base.tensors, tensors, int(2 * megabytes * MILLION)).small()


def main(arguments: list[str] | None = None) -> None:
    """`python -m tools.shrink`."""
    import argparse

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--parent", type=Path)
    parser.add_argument("--megabytes", type=float)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        for file in given.files:
            made = (
                in_bytes(file, given.out)
                if given.parent is None
                else as_difference(file, given.parent, given.out, given.megabytes)
            )
            print(f"{made}: {file.stat().st_size / MILLION:.1f} -> {made.stat().st_size / MILLION:.1f} MB")
    except LatentLabError as error:
        print(f"shrink: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
