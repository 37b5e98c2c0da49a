"""The building process: runs torch's extension builder (ninja) on the order given as JSON; started by build.py."""

from __future__ import annotations

import json
import sys


def main(order: dict) -> None:
    """Compile the sources into order["folder"]/NAME.so and load the result once, to be sure that it loads."""
    from torch.utils import cpp_extension

    cpp_extension.load(
        name=order["name"],
        sources=order["sources"],
        extra_include_paths=[order["include"]],
        extra_cflags=order["flags"],
        extra_cuda_cflags=["-O3", "--extra-device-vectorization"] if order["cuda"] else None,
        build_directory=order["folder"],
        with_cuda=order["cuda"],
        is_python_module=False,
        verbose=True,
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
