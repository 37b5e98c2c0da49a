"""When StyleGAN2's synthesis may leave the general path, and what the fast paths share: plans and memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from cuda_ops import native
from latentlab.core.noise import Noise
from latentlab.core.pivot import Pivot
from latentlab.networks.convolution import blur_padding
from latentlab.networks.packed import packing_works
from latentlab.networks.plan import SLOPES, Plan, separable
from latentlab.networks.sizes import SQUARE
from latentlab.networks.workspace import Workspaces

if TYPE_CHECKING:
    from latentlab.networks.stylegan2 import StyleGAN2

_plans: WeakKeyDictionary[nn.Module, dict[torch.dtype, tuple[tuple, Plan | None]]] = WeakKeyDictionary()
_spaces: WeakKeyDictionary[nn.Module, Workspaces] = WeakKeyDictionary()
_lock = threading.Lock()


@contextmanager
def undisturbed() -> Iterator[None]:
    """No autograd and no autocast, whatever the caller has switched on."""
    with torch.inference_mode(False), torch.no_grad(), torch.autocast("cpu", enabled=False):
        yield


def workspaces(network: nn.Module) -> Workspaces:
    """The memory that this network's syntheses share."""
    with _lock:
        return _spaces.setdefault(network, Workspaces())


def plan_for(network: StyleGAN2, styles: Tensor, dtype: torch.dtype | None) -> Plan | None:
    """The plan for such styles; None where the network, the place or the number format is not for it."""
    number = {None: torch.float32, torch.float32: torch.float32, torch.bfloat16: torch.bfloat16}.get(dtype)
    if (
        number is None
        or styles.device.type != "cpu"
        or type(styles) is not Tensor
        or torch.compiler.is_compiling()
        or hooked(network.synthesis)
    ):
        return None
    kernels = native.kernels_for(styles, "synthesis")
    if kernels is None or not hasattr(kernels, "band_phases"):
        return None
    with undisturbed():
        return _plan(network, number, kernels)


def state_of(network: StyleGAN2) -> tuple[tuple[int, int], ...]:
    """Changes whenever a weight does."""
    return tuple((value.data_ptr(), _version(value)) for value in network.synthesis.parameters())


def _plan(network: StyleGAN2, dtype: torch.dtype, kernels: Any) -> Plan | None:
    """The plan for the weights as they are now; None if the fast path does not know such layers."""
    state = state_of(network)
    with _lock:
        plans = _plans.setdefault(network, {})
        known = plans.get(dtype)
    if known is not None and known[0] == state:
        return known[1]
    plan = Plan(network, dtype, kernels) if packing_works(dtype) and applies(network) else None
    with _lock:
        plans[dtype] = (state, plan)
    return plan


def _version(value: Tensor) -> int:
    return 0 if value.is_inference() else value._version


def applies(network: StyleGAN2) -> bool:
    """Whether this network's layers are of the kind that the fast path knows."""
    if network.architecture == "resnet" or network.constant != SQUARE:
        return False
    if any(value.dtype != torch.float32 for value in network.synthesis.parameters()):
        return False
    for block in network.blocks():
        conv = block.conv1
        if conv.activation not in SLOPES or conv.weight.shape[-1] != 3:
            return False
        taps = separable(block.resample_filter)
        if taps is None or not 2 <= len(taps) <= 8 or blur_padding(len(taps), 3, 2)[0] != 0:
            return False
        if hasattr(block, "torgb") and len(block.torgb.weight) > 4:
            return False
    return True


def gradients_asked(network: nn.Module, styles: Tensor, noise: Noise, pivot: Pivot | None) -> bool:
    """Whether autograd has anything to record."""
    if not torch.is_grad_enabled():
        return False
    given = [styles, *noise.maps.values()]
    if pivot is not None:
        given += [*pivot.noise.values(), *(factor for pair in pivot.factors.values() for factor in pair)]
    return any(value.requires_grad for value in given) or any(p.requires_grad for p in network.parameters())


def hooked(network: nn.Module) -> bool:
    """Whether somebody listens to inner modules, which the fast path does not call."""
    return any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
