"""The Ray cluster that work runs on: that of RAY_ADDRESS, or this machine alone; what is wrong with it in one line."""

from __future__ import annotations

import logging
import os
import socket
import time
from pathlib import Path
from typing import Any

from latentlab.core.errors import BadInput

ADDRESS = "RAY_ADDRESS"
NOTED = Path(os.environ.get("RAY_TMPDIR", "/tmp"), "ray", "ray_current_cluster")
"""Where `ray start` notes its address, which `auto` means; it stays when the cluster is gone."""
WAIT = 5.0
"""Seconds in which a cluster has to answer."""
PATIENCE = 20.0
"""Seconds in which CPUs may come free: the actors of a driver that was killed are ended a little later."""


def connect(ray: Any, workers: int | None) -> None:
    """Join the cluster of RAY_ADDRESS, or start one on this machine; BadInput where there is none to join."""
    if ray.is_initialized():
        return
    address = os.environ.get(ADDRESS, "")
    alone = {}
    if address in ("", "local"):
        # CPUs are logical: the one beside the actors does little
        alone = {"address": "local", "num_cpus": max(os.cpu_count() or 1, workers or 1) + 1}
    else:
        _expect_answer(address)
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **alone)
    except Exception as error:  # it raises bare ones too, for example where its processes begin too slowly
        reason = " ".join(str(error).split())[:160]
        if alone:
            raise BadInput(f"Ray does not start on this machine: {reason}") from None
        raise BadInput(
            f"what answers at {address} ({ADDRESS}) does not take this driver: {reason}; is it a Ray cluster of this version, "
            "and does it want a token (RAY_AUTH_MODE=token)?"
        ) from None


def actors(ray: Any, workers: int | None) -> int:
    """How many actors there may be: with no CPU left beside them Ray Data waits for one without a word.

    Raises:
        BadInput: the cluster has too few CPUs, or others hold them.
    """
    have = int(ray.cluster_resources().get("CPU", 0))
    if have < 2:
        raise BadInput(
            f"Ray has {have} CPU and needs one beside each worker's; start the cluster with two or more"
        )
    if workers is not None and workers > have - 1:
        raise BadInput(
            f"`workers` is {workers}, but Ray has {have} CPUs and needs one for its own actors; take at most {have - 1}"
        )
    free = _free(ray)
    if free < 2:
        raise BadInput(
            f"of Ray's {have} CPUs {free} are free, and two are needed: one for a worker, one for Ray's own actors; wait "
            "for what else runs there, or end it"
        )
    return min(workers or have - 1, free - 1)


def _free(ray: Any) -> int:
    """CPUs that nobody holds, as soon as there are two."""
    until = time.monotonic() + PATIENCE
    while (free := int(ray.available_resources().get("CPU", 0))) < 2 and time.monotonic() < until:
        time.sleep(0.5)
    return free


def _expect_answer(address: str) -> None:
    """Ray itself would try for minutes, and say so in the words of its own source files."""
    if address == "auto" and NOTED.is_file():
        address = NOTED.read_text().strip()
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():
        return  # one of Ray's own words
    try:
        with socket.create_connection((host.strip("[]"), int(port)), WAIT):
            return
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"nothing answers at {address}, which {ADDRESS} names ({error}); start a cluster there with 'ray start', or "
            f"leave {ADDRESS} out to use this machine"
        ) from None
