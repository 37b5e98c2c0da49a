"""TensorFlow pickles of StyleGAN1, StyleGAN2 and StyleGAN2-ADA: (G, D, Gs), each with recorded arguments and variables."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from latentlab.core.errors import BadFile, BadWeights
from latentlab.store.bridge.foreign import Foreign, check_finite
from latentlab.store.bridge.limits import MOST_TENSORS, Budget, printable, shown
from latentlab.store.bridge.recorded import Recorded
from latentlab.store.bridge.records import NumpyArray, TFNetwork

VERSIONS = (2, 3, 4, 5)
MOST_COMPONENTS = 16
TRIPLE = ("G", "D", "G_ema")
OTHER_NETWORKS = ("G_synthesis_stylegan_revised", "D_stylegan")
"""StyleGAN2's configurations A to D: progressive growing with modulated convolutions."""


class Variables:
    """The variables of a network and its components, as `component/name`; each may be taken once."""

    def __init__(self, network: TFNetwork, budget: Budget) -> None:
        self.budget = budget
        self.values: dict[str, object] = {}
        self._collect("", network, 0)

    def _collect(self, prefix: str, network: TFNetwork, depth: int) -> None:
        variables, components = network.state.get("variables"), network.state.get("components", {})
        if not isinstance(variables, list) or not isinstance(components, dict) or depth > 3:
            raise BadFile("a TensorFlow network has no list of variables")
        if len(self.values) + len(variables) > MOST_TENSORS or len(components) > MOST_COMPONENTS:
            raise BadFile("a TensorFlow network has far too many variables or components")
        if network.state.get("build_func_name") in OTHER_NETWORKS:
            raise BadFile(
                f"it is built by '{shown(network.state['build_func_name'])}' (StyleGAN2 configuration A to D): not supported"
            )
        for item in variables:
            if not isinstance(item, tuple) or len(item) != 2 or not isinstance(item[0], str):
                raise BadFile("a TensorFlow network has a variable without a name")
            self.values[prefix + item[0]] = item[1]
        for name, component in components.items():
            if not isinstance(name, str) or not isinstance(component, TFNetwork):
                raise BadFile("a TensorFlow network has a component that is no network")
            self._collect(f"{prefix}{name}/", component, depth + 1)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def take(self, name: str, change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """The variable as a float32 tensor, changed by `change`."""
        if name not in self.values:
            raise BadWeights(
                f"the variable '{name}' is missing; the file is incomplete or describes another network"
            )
        value = self.values.pop(name)
        if isinstance(value, NumpyArray):
            tensor = value.take(self.budget)
        elif isinstance(value, int | float):
            tensor = torch.tensor(float(value))
        else:
            raise BadFile(f"the variable '{printable(name)}' is no array")
        return tensor.float() if change is None else change(tensor.float()).contiguous()

    def close(self, ignored: tuple[str, ...] = ()) -> None:
        """Refuse variables that nobody took: the network is not the one we think."""
        left = sorted(set(self.values) - set(ignored))
        if left:
            raise BadWeights(f"it has the variable '{printable(left[0])}', which this network does not have")


def read_tuple(found: object, budget: Budget, wanted: tuple[str, ...]) -> dict[str, Foreign]:
    """The wanted parts of (G, D, Gs), or of a single generator."""
    networks = found if isinstance(found, tuple) else (found,)
    if len(networks) not in (1, 3) or not all(isinstance(network, TFNetwork) for network in networks):
        raise BadFile("it is no (G, D, Gs) of TensorFlow networks")
    names = TRIPLE if len(networks) == 3 else ("G_ema",)
    pairs = dict(zip(names, networks, strict=True))
    order = [part for part in ("G_ema", "G", "D") if part in wanted and part in pairs]
    return {part: _read_network(part, pairs[part], budget) for part in order}


def _read_network(part: str, network: TFNetwork, budget: Budget) -> Foreign:
    from latentlab.store.bridge import tensorflow_stylegan1 as first
    from latentlab.store.bridge import tensorflow_stylegan2 as second

    version = network.state.get("version")
    if type(version) is not int or version not in VERSIONS:
        raise BadFile(f"its TensorFlow pickle has version {shown(version, 12)}; {VERSIONS} are known")
    recorded = Recorded(network.state.get("static_kwargs"), part)
    variables = Variables(network, budget)
    era = (
        first
        if any("StyleMod" in name or name.startswith("FromRGB_lod") for name in variables.values)
        else second
    )
    if part == "D":
        kind, arguments, tensors = era.discriminator(recorded, variables, version)
    else:
        kind, arguments, tensors = era.generator(recorded, variables, version)
    check_finite(tensors, part)
    story: dict[str, object] = {"format": f"tensorflow pickle, version {version}", "part": part}
    return Foreign(kind, arguments, tensors, story, tuple(recorded.notes))


def convolution(value: Tensor) -> Tensor:
    """[kh kw in out] to [out in kh kw]."""
    return value.permute(3, 2, 0, 1)


def turned(value: Tensor) -> Tensor:
    """[kh kw in out] to [out in kh kw], both spatial axes reversed."""
    return value.flip(0, 1).permute(3, 2, 0, 1)


def dense(value: Tensor) -> Tensor:
    """[in out] to [out in]."""
    return value.t()


def first_map(value: Tensor) -> Tensor:
    """[1 1 r r] to [r r]."""
    return value[0, 0]
