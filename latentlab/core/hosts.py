"""Who asks a server on this machine: programs of its user, or a page of another site in the user's browser."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from latentlab.core.errors import BadInput

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
"""Addresses that other machines cannot reach."""


def own_names(host: str) -> frozenset[str]:
    """What a server is called when it listens on this address; empty where any name will do."""
    return frozenset({"127.0.0.1", "localhost", "[::1]"} if host in LOCAL else ())


def foreign(headers: Mapping[str, str], names: frozenset[str]) -> str | None:
    """Why a request (headers by lower-case name) comes from another site's page; None where it does not.

    Another name in the Host header than the server's own is DNS rebinding.
    """
    host = headers.get("host", "")
    if names and host_name(host) not in names:
        return "this name is not the server's own"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return "another site's page may not ask"
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        return "another site's page may not ask"
    return None


def host_name(host: str) -> str:
    """A Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken, or an address that is not this machine's, before anything is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "no name of a machine"
            raise BadInput(
                f"cannot listen on {host[:80]}:{port} ({why}); choose another `port` or `host`"
            ) from None
