"""Weight files at half the size, for shipping: weights in fp16, statistics as they are.

    python -m latentlab.backbones.halve RUN/faces --out assets/faces

rewrites every .safetensors file of a folder; networks compute in fp32 again as soon as they are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.store.archive import Archive

KEPT = ("mean", "spread", "running_mean", "running_var")
"""Endings of names whose tensors are statistics: few numbers, and exact ones."""


def halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, single-precision weights in fp16.

    Raises:
        BadInput: a weight that fp16 cannot hold.
    """
    found = {}
    for name, value in tensors.items():
        heavy = value.dtype == torch.float32 and value.numel() > 1 and not name.endswith(KEPT)
        found[name] = value.half() if heavy else value
        if heavy and not torch.isfinite(found[name]).all():
            raise BadInput(
                f"'{name}' does not fit into fp16 (largest value {float(value.abs().max()):g}); ship it as it is"
            )
    return found


def halve_folder(folder: Path, out: Path) -> list[Path]:
    """Rewrite every weight file of a folder; returns the new files."""
    files = sorted(Path(folder).glob("*.safetensors"))
    if not files:
        raise BadInput(f"{folder} holds no .safetensors files")
    archives = [(file.name, Archive.load(file)) for file in files]
    return [
        Archive(one.kind, halved(one.tensors), dict(one.story)).save(Path(out) / name)
        for name, one in archives
    ]


def main(arguments: list[str] | None = None) -> None:
    """`python -m latentlab.backbones.halve`."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        for path in halve_folder(given.folder, given.out):
            print(path)
    except BadInput as error:
        raise SystemExit(f"{error}") from None


if __name__ == "__main__":
    main()
