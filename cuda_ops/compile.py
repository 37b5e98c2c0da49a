"""The building process: compiles the order given as JSON on all cores and says after each file how many are done.

Started by build.py; it imports nothing of this package, and torch (its builder for CUDA, with ninja) for CUDA alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main(order: dict) -> None:
    """Compile the sources into order["folder"]/NAME.so; what the compiler says comes out on standard output."""
    if order["cuda"]:
        _with_torch(order)
        return
    folder, sources = Path(order["folder"]), [Path(source) for source in order["sources"]]
    command = [os.environ.get("CXX") or "c++", *order["flags"], *(f"-I{place}" for place in order["include"])]
    objects = [folder / f"{source.stem}.o" for source in sources]
    jobs = [
        [*command, "-c", str(source), "-o", str(target)]
        for source, target in zip(sources, objects, strict=True)
    ]
    with ThreadPoolExecutor(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    ) as pool:
        for done, said in enumerate(pool.map(_run, jobs), start=1):
            print(said, end="")
            print(f"compiled {done} {len(jobs)}", flush=True)
    target = str(folder / f"{order['name']}.so")
    print(_run([*command, "-shared", "-s", "-o", target, *map(str, objects), *order["link"]]), end="")


def _run(command: list[str]) -> str:
    """What the command said; ends this process where it failed."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    if done.returncode:
        print(done.stdout, flush=True)
        os._exit(1)  # the other compilers belong to the same group and are stopped with it
    return done.stdout


def _with_torch(order: dict) -> None:
    from torch.utils import cpp_extension

    cpp_extension.load(
        name=order["name"],
        sources=order["sources"],
        extra_include_paths=order["include"],
        extra_cflags=order["flags"],
        extra_cuda_cflags=["-O3", "--extra-device-vectorization"],
        build_directory=order["folder"],
        with_cuda=True,
        is_python_module=False,
        verbose=True,
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
