"""From (kind, arguments, tensors) to a network and back; every tensor is checked before a module takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadWeights
from latentlab.core.registry import Registry
from latentlab.networks.cost import check_cost
from latentlab.networks.layers import start
from latentlab.networks.mapped import MappedGenerator
from latentlab.networks.ranges import check_ranges

ENTRIES = {
    "stylegan2": "latentlab.networks.stylegan2:StyleGAN2",
    "stylegan1": "latentlab.networks.stylegan1:StyleGAN1",
    "stylegan3": "latentlab.networks.stylegan3:StyleGAN3",
    "stylegan1_discriminator": "latentlab.networks.discriminator1:StyleGAN1Discriminator",
    "stylegan2_discriminator": "latentlab.networks.discriminator:Discriminator",
    "stylegan3_discriminator": "latentlab.networks.discriminator:Discriminator",
    "encoder_e4e": "latentlab.networks.encoder:EncoderE4E",
    "encoder_psp": "latentlab.networks.encoder:EncoderPSP",
    "encoder_w": "latentlab.networks.encoder:EncoderW",
    "encoder_last": "latentlab.networks.encoder:EncoderLast",
    "arcface": "latentlab.networks.arcface:ArcFace",
    "scorer": "latentlab.networks.regressor:Regressor",
    "embedding": "latentlab.networks.regressor:Embedder",
    "unet": "latentlab.networks.unet:UNet",
    "resnet": "latentlab.networks.resnet:ResNetGenerator",
    "patchgan": "latentlab.networks.unet:PatchDiscriminator",
    "attention_generator": "latentlab.networks.attention_translator:AttentionGenerator",
    "attention_discriminator": "latentlab.networks.attention_translator:AttentionDiscriminator",
    "age_encoder": "latentlab.networks.age_autoencoder:AgeEncoder",
    "age_generator": "latentlab.networks.age_autoencoder:AgeGenerator",
    "age_code_discriminator": "latentlab.networks.age_autoencoder:CodeDiscriminator",
    "age_discriminator": "latentlab.networks.age_autoencoder:AgeDiscriminator",
    "shared_encoder": "latentlab.networks.shared_autoencoder:SharedEncoder",
    "face_decoder": "latentlab.networks.shared_autoencoder:FaceDecoder",
    "makeup_generator": "latentlab.networks.makeup_transfer:MakeupGenerator",
    "coefficient_regressor": "latentlab.networks.frontaliser:CoefficientRegressor",
    "frontaliser": "latentlab.networks.frontaliser:Frontaliser",
    "two_way_discriminator": "latentlab.networks.frontaliser:TwoWayDiscriminator",
}
KINDS: Registry[nn.Module] = Registry("network kind", ENTRIES)
"""Each class has its dataclass of arguments as `Arguments` and is made from one: `UNet(UNet.Arguments(width=32))`."""
DERIVED = ("resample_filter",)
DESIGNED = (".up_filter", ".down_filter")
"""StyleGAN3 stores its filters, which follow from its cutoffs."""
FAULTS = (TypeError, ValueError, KeyError, AttributeError, RuntimeError, OverflowError, MemoryError)
"""What a constructor raises for arguments that fit each in itself, but not together."""


def build(
    kind: str,
    arguments: Mapping[str, Any],
    tensors: Mapping[str, Tensor] | None = None,
    seed: int = 0,
    *,
    trainable: bool = False,
) -> nn.Module:
    """The network of this kind, in eval mode and frozen unless `trainable`.

    Args:
        kind: one of `KINDS`.
        arguments: what its constructor takes (JSON-able; see docs/networks.md).
        tensors: its state dict; None draws fresh weights from `seed`.

    Raises:
        BadWeights: arguments or tensors that do not describe one network; the message names the first fault.
        UnknownName: no such kind.
    """
    present = None if tensors is None else sum(value.numel() for value in tensors.values())
    with torch.random.fork_rng(devices=[]):  # layers of torch draw from the global state
        torch.manual_seed(seed)
        network = _construct(kind, arguments, present)
    if tensors is None:
        start(network, seed)
    else:
        _fill(network, dict(tensors))
    object.__setattr__(network, "blueprint", (kind, dict(arguments)))
    return network.train(trainable).requires_grad_(trainable)


def export(network: nn.Module) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    """(kind, arguments, tensors) that `build` makes the same network of; tensors are contiguous copies on the CPU."""
    kind, arguments = network.blueprint  # type: ignore[misc]
    tensors = {
        name: value.detach().cpu().clone().contiguous() for name, value in network.state_dict().items()
    }
    return kind, dict(arguments), tensors


def _construct(kind: str, arguments: Mapping[str, Any], present: int | None) -> nn.Module:
    """The module without its weights, of which `present` numbers are at hand; the one gate that every network passes."""
    maker: Any = KINDS[kind]
    known = [one.name for one in fields(maker.Arguments)]
    for argument in arguments:
        if argument not in known:
            nearest = get_close_matches(argument, known, n=1)
            hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
            raise BadWeights(f"a {kind} network takes no argument '{argument}'{hint}")
    check_ranges(kind, arguments)
    try:
        settled = maker.Arguments(**arguments)
        check_cost(kind, settled, present)
        return maker(settled)
    except FAULTS as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadWeights(f"the arguments do not describe a {kind} network: {reason}") from None


def _fill(network: nn.Module, tensors: dict[str, Tensor]) -> None:
    _settle_filters(network, tensors)
    absent = _settle_average(network, tensors)
    _settle_encoder(network, tensors)
    state = network.state_dict()
    _compare_names(set(state), set(tensors))
    for name, value in tensors.items():
        if tuple(value.shape) != tuple(state[name].shape):
            raise BadWeights(
                f"the tensor '{name}' has the shape {list(value.shape)}, the network's arguments ask for "
                f"{list(state[name].shape)}"
            )
        if name.endswith(DESIGNED) and not torch.allclose(value.float(), state[name], atol=1e-4):
            raise BadWeights(
                f"the stored filter '{name}' is not the one that the cutoffs of the arguments make; tell those it was "
                "made with: latentlab convert FILE NEW.safetensors `given` first_cutoff=… first_stopband=…"
            )
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise BadWeights(f"the tensor '{name}' holds values that are not finite (NaN or infinity)")
    ready = {name: _own(value, state[name]) for name, value in tensors.items()}
    network.load_state_dict(ready, strict=True, assign=True)
    if absent is not None:
        absent.mapping.measure_average()


def _own(value: Tensor, like: Tensor) -> Tensor:
    """A plain contiguous copy in the network's number format."""
    copy = value.detach().to(like.dtype).contiguous()
    return copy.clone() if copy.data_ptr() == value.data_ptr() else copy


def _compare_names(expected: set[str], given: set[str]) -> None:
    missing = sorted(expected - given)
    if missing:
        raise BadWeights(f"the tensor '{missing[0]}' is missing ({len(missing)} of {len(expected)} are)")
    extra = sorted(given - expected)
    if extra:
        nearest = get_close_matches(extra[0], sorted(expected), n=1)
        hint = f"; the nearest it has is '{nearest[0]}'" if nearest else ""
        raise BadWeights(
            f"the tensor '{extra[0]}' has no place in this network{hint} ({len(extra)} such tensors)"
        )


def _settle_filters(network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Filters are made from the taps; one that the file stores otherwise is kept, and kept in the state dict."""
    for name in [name for name in tensors if name.rpartition(".")[2] in DERIVED]:
        path, _, attribute = name.rpartition(".")
        module = _find(network, path)
        made = getattr(module, attribute, None)
        value = tensors[name]
        if module is None or made is None:
            del tensors[name]  # layers that do not resample store a filter too
        elif made.shape == value.shape and torch.allclose(made, value.to(made.dtype), rtol=1e-5, atol=1e-7):
            del tensors[name]
        else:
            module._non_persistent_buffers_set.discard(attribute)
            setattr(module, attribute, torch.empty_like(value, dtype=torch.float32))


def _settle_average(network: nn.Module, tensors: dict[str, Tensor]) -> MappedGenerator | None:
    """The average may have one row for each layer; where it is absent, the generator whose average is to be measured."""
    if not isinstance(network, MappedGenerator):
        return None
    layers, width = network.layers, network.w_width
    value = tensors.get("mapping.w_avg")
    if value is None:
        tensors["mapping.w_avg"] = torch.zeros(width)
        return network
    if tuple(value.shape) == (layers, width):
        network.mapping.w_avg = torch.zeros(layers, width)
    return None


def _settle_encoder(network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Counters of batch norms may be absent; the average of an encoder may have one row, or one for each style."""
    for name, value in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            tensors.setdefault(name, value)
    if not hasattr(network, "latent_avg"):
        return
    average = tensors.get("latent_avg")
    if network.latent_avg is None:
        tensors.pop("latent_avg", None)
    elif average is not None and average.shape[-1:] == network.latent_avg.shape[-1:]:  # type: ignore[index]
        tensors["latent_avg"] = average.reshape(-1, average.shape[-1])
        if len(tensors["latent_avg"]) == 1:
            network.latent_avg = torch.zeros(1, average.shape[-1])


def _find(network: nn.Module, path: str) -> nn.Module | None:
    try:
        return network.get_submodule(path)
    except AttributeError:
        return None
