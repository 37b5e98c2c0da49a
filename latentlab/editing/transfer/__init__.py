"""Transfer: a generator says what changes, the photo keeps everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentlab.core.registry import Registry

if TYPE_CHECKING:
    from latentlab.editing.transfer.transfer import Transfer

TRANSFERS: Registry[Transfer] = Registry(
    "transfer",
    {
        "flow": "latentlab.editing.transfer.flow:FlowTransfer",
        "ratio": "latentlab.editing.transfer.ratio:RatioTransfer",
        "learned": "latentlab.editing.transfer.learned:LearnedTransfer",
    },
)
