"""Ways from key to key in a vector space: linear, spherical (Shoemake 1985), and a cubic spline through all."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from latentlab.core.errors import BadInput

Walk = Callable[[Tensor], Tensor]
"""Times [t] (0 is the first key, 1 the second) to values [t width]."""
PARALLEL = 1e-6
"""Below this angle (radians) a turn on the sphere is straight."""


def walker(path: str, keys: Tensor, centre: Tensor | None = None, *, loop: bool = False) -> Walk:
    """The walk `path` (spline, linear, slerp) through `keys` [n width]; a slerp turns around `centre`."""
    if path not in ("spline", "linear", "slerp"):
        raise BadInput(f"'{path}' is no path; write spline, linear or slerp")
    points = torch.cat([keys, keys[:1]]) if loop else keys
    if path == "spline" and len(points) > 2:
        return _spline(points, loop=loop)
    if path == "slerp":
        origin = torch.zeros_like(keys[0]) if centre is None else centre
        return lambda times: _between(points - origin, times, _turn) + origin
    return lambda times: _between(points, times, torch.lerp)


def _spline(points: Tensor, *, loop: bool) -> Walk:
    from scipy.interpolate import CubicSpline

    ends = "periodic" if loop else "natural"
    curve = CubicSpline(range(len(points)), points.numpy(), bc_type=ends)
    return lambda times: torch.from_numpy(curve(times.numpy()))


def _between(points: Tensor, times: Tensor, blend: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
    """Each time's value between the key before it and the key after it."""
    before = times.floor().long().clamp(0, len(points) - 2)
    share = (times - before)[:, None].to(points)
    return blend(points[before], points[before + 1], share)


def _turn(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """On the great circle from start to end, the radius changing evenly; [t width] each, share [t 1]."""
    long, wide = start.norm(dim=1, keepdim=True), end.norm(dim=1, keepdim=True)
    a, b = start / long.clamp_min(1e-12), end / wide.clamp_min(1e-12)
    angle = (a * b).sum(1, keepdim=True).clamp(-1, 1).acos()
    turned = (a * ((1 - share) * angle).sin() + b * (share * angle).sin()) / angle.sin().clamp_min(1e-12)
    straight = torch.nn.functional.normalize(a.lerp(b, share), dim=1)
    radius = long.lerp(wide, share)
    return radius * torch.where(angle < PARALLEL, straight, turned)
