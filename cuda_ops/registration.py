"""How an operator of ours enters torch: by the lower level of torch.library.

`torch.library.custom_op` wraps every kernel so that its first call imports torch._dynamo, over a second of each process;
what it gives besides (schema, shapes for torch.compile, gradient) is registered here by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

NAMESPACE = "latentlab"
_library = torch.library.Library(NAMESPACE, "FRAGMENT")


@dataclass(frozen=True)
class Gradient:
    """How an operator is differentiated; both functions as torch.library.register_autograd takes them."""

    backward: Callable[..., Any]
    remember: Callable[..., None]
    """Keeps in the context what backward needs, from the inputs and the output."""


def register(
    name: str, kernel: Callable[..., Any], shapes: Callable[..., Any], gradient: Gradient | None = None
) -> None:
    """Make `kernel` the operator torch.ops.latentlab.<name> on every device.

    Args:
        name: of the operator.
        kernel: a function of typed arguments, from which the schema is read; it changes none of them and returns none.
        shapes: the same function for tensors without data: empty results of the right shape, type and layout.
        gradient: None for an operator that has none.
    """
    schema = torch.library.infer_schema(kernel, mutates_args=())
    _library.define(name + schema, tags=(torch.Tag.pt2_compliant_tag,))
    _library.impl(name, kernel, "CompositeExplicitAutograd")
    torch.library.register_fake(f"{NAMESPACE}::{name}", shapes, lib=_library)
    if gradient is not None:
        torch.library.register_autograd(
            f"{NAMESPACE}::{name}", gradient.backward, setup_context=gradient.remember, lib=_library
        )
