"""The painted maps themselves: functions of a texel's rest position and of the 68 landmarks, in centimetres."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlab.world.wrinkles import LATE, Fold, early_paths, late_paths

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ground:
    """What is painted on."""

    rest: Array
    """Rest position of each texel, [side, side, 3]."""
    covered: NDArray[np.bool_]
    """Texels that some triangle uses, [side, side]."""
    landmarks: Array
    """Rest positions of the 68 points, [68, 3]."""
    landmarks_uv: Array
    """Their texture coordinates, [68, 2]."""

    @property
    def x(self) -> Array:
        return self.rest[..., 0]

    @property
    def y(self) -> Array:
        return self.rest[..., 1]

    @property
    def z(self) -> Array:
        return self.rest[..., 2]


def paint_maps(ground: Ground) -> dict[str, Array]:
    """All maps by name, each [side, side]."""
    random = np.random.default_rng(68)
    maps: dict[str, Array] = {}
    maps |= _mouth(ground)
    maps |= _brows(ground, random)
    maps |= _eyes(ground)
    maps |= _cheeks_and_nose(ground)
    maps |= _beard(ground)
    maps |= _skin_noise(ground, random)
    maps |= _relief(ground, random)
    maps |= _regions(ground)
    for name, values in maps.items():
        maps[name] = np.where(ground.covered, values, 0.0)
    return maps


# --- shapes -------------------------------------------------------------------------------------------------------------


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below low, 1 above high, smooth between; low > high turns it round."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def curve(points: Array, samples: int = 48, *, closed: bool = False) -> Array:
    """A smooth curve through points [k, d] (cubic spline), as [samples, d]."""
    from scipy.interpolate import CubicSpline

    knots = np.concatenate([points, points[:1]]) if closed else points
    steps = np.linalg.norm(np.diff(knots, axis=0), axis=1)
    place = np.concatenate([[0], np.cumsum(steps)])
    spline = CubicSpline(place, knots, bc_type="periodic" if closed else "natural")
    return spline(np.linspace(0, place[-1], samples, endpoint=not closed))


def blob(ground: Ground, centre: Array, radii: tuple[float, float, float]) -> Array:
    """A soft ellipsoid round a 3-D point, 1 in its middle."""
    offset = (ground.rest - centre) / np.asarray(radii)
    return np.exp(-(offset**2).sum(-1))


def both(ground: Ground, centre: Array, radii: tuple[float, float, float]) -> Array:
    """The blob and its mirror image."""
    mirrored = centre * np.array([-1, 1, 1])
    return np.maximum(blob(ground, centre, radii), blob(ground, mirrored, radii))


def distance(ground: Ground, path: Array, reach: float) -> tuple[Array, Array]:
    """Distance to a 3-D path where it is below reach (else reach), and the place along it (0..1)."""
    away, along = np.full(ground.covered.shape, reach), np.zeros(ground.covered.shape)
    near, close, where = near_path(ground, path, reach)
    away[near], along[near] = close, where
    return away, along


def near_path(
    ground: Ground, path: Array, reach: float
) -> tuple[tuple[NDArray[np.int64], ...], Array, Array]:
    """The texels in the path's surroundings, their distances (at most reach) and their places along it."""
    low, high = path.min(0) - reach, path.max(0) + reach
    near = np.nonzero(((ground.rest > low) & (ground.rest < high)).all(-1) & ground.covered)
    points = ground.rest[near]
    best, where = np.full(len(points), reach), np.zeros(len(points))
    for i in range(len(path) - 1):
        start, step = path[i], path[i + 1] - path[i]
        t = np.clip(((points - start) @ step) / max(step @ step, 1e-12), 0, 1)
        length = np.linalg.norm(points - (start + t[:, None] * step), axis=1)
        better = length < best
        best = np.where(better, length, best)
        where = np.where(better, (i + t) / (len(path) - 1), where)
    return near, best, where


def inside(ground: Ground, loop: Array) -> NDArray[np.bool_]:
    """Whether a texel lies inside a closed curve of the texture square, [k, 2]."""
    from matplotlib.path import Path

    side = ground.covered.shape[0]
    u, v = np.meshgrid((np.arange(side) + 0.5) / side, 1 - (np.arange(side) + 0.5) / side)
    low, high = loop.min(0), loop.max(0)
    near = (u > low[0]) & (u < high[0]) & (v > low[1]) & (v < high[1])
    within = np.zeros((side, side), bool)
    within[near] = Path(loop).contains_points(np.stack([u[near], v[near]], 1))
    return within


def noise(random: np.random.Generator, side: int, cells: int) -> Array:
    """Smooth noise of about unit variance with that many cells across."""
    from scipy.ndimage import zoom

    coarse = random.normal(size=(cells + 3, cells + 3))
    fine = zoom(coarse, side / cells, order=3)[:side, :side]
    return fine / fine.std()


def blur(values: Array, sigma: float) -> Array:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(values, sigma)


# --- the maps -----------------------------------------------------------------------------------------------------------


def _mouth(g: Ground) -> dict[str, Array]:
    outer_uv = curve(g.landmarks_uv[48:60], 96, closed=True)
    loop = inside(g, outer_uv)
    outer = curve(g.landmarks[48:60], 64, closed=True)
    away, _ = distance(g, np.concatenate([outer, outer[:1]]), 0.6)
    signed = np.where(loop, away, -away)
    lips = smoothstep(-0.05, 0.10, signed)
    upper, _ = distance(g, curve(g.landmarks[60:65], 40), 0.5)
    lower, _ = distance(g, curve(g.landmarks[[60, 67, 66, 65, 64]], 40), 0.5)
    slit = np.exp(-((np.minimum(upper, lower) / 0.13) ** 2)) * loop
    rim = np.exp(-(((signed + 0.06) / 0.09) ** 2))  # the light ridge round the red of the lips
    return {"lips": lips, "lip_slit": slit, "lip_rim": rim}


def _brow_curves(g: Ground) -> list[Array]:
    """The middle line of each brow from the nose outwards, [48, 3]."""
    drop = np.array([[0, -0.50, 0], [0, -0.40, 0], [0, -0.28, 0], [0, -0.22, 0], [0, -0.12, 0]])
    right = g.landmarks[17:22][::-1] + drop[::-1]
    left = g.landmarks[22:27] + drop
    return [curve(right), curve(left)]


def _brows(g: Ground, random: np.random.Generator) -> dict[str, Array]:
    """Brow hairs as strokes drawn in the frontal plane, sparse and bushy, and the region that counts as brow."""
    from PIL import Image, ImageDraw

    scale, low, high = 120.0, np.array([-8.0, 2.0]), np.array([8.0, 9.0])
    width, height = ((high - low) * scale).astype(int)
    layers = {}
    for name, count, spread, length in (("brow_core", 260, 0.20, 0.50), ("brow_bushy", 520, 0.40, 0.75)):
        canvas = Image.new("L", (int(width), int(height)))
        pen = ImageDraw.Draw(canvas)
        for path, mirror in zip(_brow_curves(g), (-1, 1), strict=True):
            for t in random.beta(1.15, 1.25, count):
                place = path[int(t * 47)][:2]
                ahead = path[min(int(t * 47) + 1, 47)][:2] - path[max(int(t * 47) - 1, 0)][:2]
                ahead = ahead / np.linalg.norm(ahead)
                across = np.array([-ahead[1], ahead[0]]) * mirror
                half = (
                    spread * (0.55 + 0.75 * np.sin(np.pi * min(t * 0.75 + 0.22, 1.0))) * (1 - 0.72 * t**2.5)
                )
                offset = random.uniform(-1, 1) * half
                rise = 1.35 - 1.25 * min(t * 2.2, 1.0) - 0.55 * (offset / max(half, 1e-3)) * min(t * 3, 1)
                way = ahead + across * (rise + random.normal() * 0.12)
                way /= np.linalg.norm(way)
                start = place + across * offset - way * length * 0.4
                middle = start + way * length * 0.5 * random.uniform(0.6, 1.1)
                end = middle + (way + ahead * 0.35) * length * 0.45 * random.uniform(0.5, 1.1)
                line = [
                    tuple(((p - low) * [1, -1] * scale + [0, height]).tolist()) for p in (start, middle, end)
                ]
                pen.line(line, fill=int(random.uniform(150, 255)), width=4)
        layers[name] = np.asarray(canvas, np.float64) / 255
    front = (g.z > 3) & g.covered
    column = np.clip(((g.x - low[0]) * scale).astype(int), 0, width - 1)
    row = np.clip((height - (g.y - low[1]) * scale).astype(int), 0, height - 1)
    maps = {name: np.where(front, blur(layer, 1.5)[row, column], 0.0) for name, layer in layers.items()}
    region = np.zeros(g.covered.shape)
    for path in _brow_curves(g):
        away, along = distance(g, path, 1.2)
        half = 0.45 * (1 - 0.65 * along**2)
        region = np.maximum(region, smoothstep(1.25, 0.55, away / half))
    maps["brow_region"] = region
    return maps


def _lid_curves(g: Ground) -> Iterable[tuple[Array, Array]]:
    """For each eye the upper and the lower lid's edge, from the inner corner outwards."""
    p = g.landmarks
    yield curve(p[[39, 38, 37, 36]]), curve(p[[39, 40, 41, 36]])
    yield curve(p[[42, 43, 44, 45]]), curve(p[[42, 47, 46, 45]])


def _eyes(g: Ground) -> dict[str, Array]:
    shape = g.covered.shape
    shadow, liner, edge, hollow, crease = (np.zeros(shape) for _ in range(5))
    for upper, lower in _lid_curves(g):
        centre = (upper.mean(0) + lower.mean(0)) / 2
        outward = np.sign(centre[0])
        up, along = distance(g, upper, 2.2)
        down, along_down = distance(g, lower, 1.6)
        above = smoothstep(-0.15, 0.1, g.y - np.interp(g.x * outward, (upper[:, 0] * outward), upper[:, 1]))
        reach = 1.0 + 0.35 * along
        shadow = np.maximum(shadow, above * smoothstep(1.25, 0.25, up / reach) * (up < 2.2))
        shadow = np.maximum(shadow, 0.35 * smoothstep(0.35, 0.1, down) * smoothstep(0.3, 0.8, along_down))
        liner = np.maximum(liner, smoothstep(0.24, 0.10, up / (0.7 + 0.8 * along)) * (up < 2))
        liner = np.maximum(liner, 0.6 * smoothstep(0.15, 0.06, down))
        wing = np.stack([upper[-1], upper[-1] + np.array([0.55 * outward, 0.30, -0.35])])
        tip, tip_along = distance(g, wing, 0.8)
        liner = np.maximum(liner, smoothstep(0.16, 0.07, tip / (1.05 - tip_along)))
        edge = np.maximum(edge, smoothstep(0.12, 0.02, np.minimum(up, down)))
        under = centre + np.array([-0.2 * outward, -1.35, 0.0])
        hollow = np.maximum(hollow, blob(g, under, (1.5, 0.6, 2.0)))
        hollow = np.maximum(
            hollow, 0.8 * blob(g, upper[0] + np.array([-0.1 * outward, 0.1, 0]), (0.7, 0.7, 1.2))
        )
        fold, fold_along = distance(g, upper + np.array([0, 0.52, 0.0]), 0.8)
        crease = np.maximum(
            crease, smoothstep(0.16, 0.0, fold) * np.sin(np.pi * np.clip(fold_along, 0, 1)) ** 0.5
        )
    return {"shadow": shadow, "liner": liner, "lid_edge": edge, "hollow": hollow, "crease": crease}


def _cheeks_and_nose(g: Ground) -> dict[str, Array]:
    p = g.landmarks
    apple = np.array([4.3, (p[30, 1] + p[33, 1]) / 2 + 0.9, p[2, 2] + 4.0])
    cheekbone = np.array([5.7, p[29, 1] + 0.2, p[1, 2] + 3.6])
    blush = np.maximum(both(g, apple, (1.9, 1.5, 3.5)), both(g, cheekbone, (1.8, 1.2, 3.0)))
    tip = blob(g, p[30], (1.5, 1.2, 1.8))
    wings = both(g, p[35] + np.array([0.6, 0.6, 0]), (0.8, 0.9, 1.3))
    red = (
        0.55 * both(g, apple, (2.4, 2.0, 4.0))
        + 0.75 * np.maximum(tip, wings)
        + 0.3 * blob(g, p[8], (1.6, 1.0, 2.0))
    )
    oil = (
        0.9 * blob(g, p[30], (1.0, 1.3, 2.0)) + 0.8 * blob(g, p[28], (0.7, 1.6, 2.0)) + 0.6 * both(g, apple, (1.8, 1.6, 3.0))
        + 0.7 * blob(g, (p[21] + p[22]) / 2 + np.array([0, 2.2, 0]), (4.0, 2.0, 3.0)) + 0.4 * blob(g, p[8], (1.2, 0.8, 2.0))
    )  # fmt: skip
    nose_uv = g.landmarks_uv
    bridge, tip_uv, base = nose_uv[27], nose_uv[30], nose_uv[33]
    wing = abs(nose_uv[35, 0] - 0.5) + 0.035
    loop = np.array([
        [0.5 - 0.025, bridge[1]], [0.5 - 0.03, nose_uv[28, 1]], [0.5 - wing * 0.75, tip_uv[1] + 0.012],
        [0.5 - wing, tip_uv[1] - 0.02], [0.5 - wing, base[1] + 0.006], [0.5 - wing * 0.6, base[1] - 0.008], [0.5, base[1] - 0.008],
    ])  # fmt: skip
    loop = np.concatenate([loop, (loop * [-1, 1] + [1, 0])[::-1]])
    freckled = np.clip(
        1.3 * both(g, apple, (3.2, 2.0, 5.0)) + blob(g, p[29], (2.5, 2.0, 3.0)) + 0.25 * (g.z > 4), 0, 1
    )
    cover = smoothstep(2.0, 5.0, g.z)
    return {
        "freckle_zone": freckled,
        "cover": cover,
        "blush": blush,
        "red": red,
        "oil": np.clip(oil, 0, 1.5),
        "nose": blur(inside(g, loop).astype(float), 1.0),
    }


def _beard(g: Ground) -> dict[str, Array]:
    p = g.landmarks
    lips_uv = curve(g.landmarks_uv[48:60], 96, closed=True)
    grown = lips_uv + (lips_uv - lips_uv.mean(0)) * 0.06
    cheek_line = np.interp(
        np.abs(g.x), [0, 2.0, 3.0, 4.5, 6.2, 7.2], [p[33, 1] - 0.2, p[33, 1] - 0.3, -2.2, -2.0, 0.5, 3.6]
    )
    below = smoothstep(0.35, -0.35, g.y - cheek_line)
    throat = smoothstep(-10.2, -8.6, g.y)
    back = smoothstep(2.6, 3.8, g.z)
    full = below * throat * back * (1 - inside(g, grown))
    lip_up = p[51, 1]
    moustache = smoothstep(p[33, 1] + 0.05, p[33, 1] - 0.3, g.y) * smoothstep(lip_up - 0.9, lip_up - 0.3, g.y)
    moustache = moustache * smoothstep(3.3, 2.5, np.abs(g.x)) * (g.z > 7) * (1 - inside(g, grown))
    chin = smoothstep(p[57, 1] + 0.3, p[57, 1] - 0.3, g.y) * smoothstep(2.9, 2.2, np.abs(g.x)) * full
    sides = (
        smoothstep(2.0, 2.5, np.abs(g.x)) * smoothstep(3.4, 2.9, np.abs(g.x)) * full * (g.y > p[57, 1] - 1.0)
    )
    return {"beard": full, "moustache": moustache * full, "goatee": np.maximum(chin, sides)}


def _skin_noise(g: Ground, random: np.random.Generator) -> dict[str, Array]:
    side = g.covered.shape[0]
    dots = noise(random, side, min(side // 2, 460))
    maps = {"stubble": smoothstep(0.35, 1.5, dots)}
    for twin in ("a", "b"):  # two fields of each kind: a person's own pattern is their mixture
        broad, fine = noise(random, side, 14), noise(random, side, 60)
        maps[f"mottle_{twin}"] = 0.6 * broad + 0.4 * fine
        spots = noise(random, side, min(side // 2, 190)) + 0.5 * noise(random, side, min(side // 2, 420))
        maps[f"freckle_{twin}"] = spots / 1.12
        maps[f"age_spot_{twin}"] = (noise(random, side, 46) + 0.4 * fine) / 1.08
    return maps


def _relief(g: Ground, random: np.random.Generator) -> dict[str, Array]:
    """Heights in centimetres as slopes per centimetre of texture, and the dirt in the folds."""
    side = g.covered.shape[0]
    pores = (
        0.6 * noise(random, side, min(side // 3, 300)) + 0.4 * noise(random, side, min(side // 2, 460))
    ) * 0.0025
    early, early_dark = _folds(g, early_paths(g.landmarks, random))
    late, late_dark = _folds(g, late_paths(g.landmarks, random))
    crepe = noise(random, side, 160) * noise(random, side, 40).clip(-1, 1) * 0.004
    late = late + crepe * LATE
    maps: dict[str, Array] = {"early_dark": early_dark, "late_dark": late_dark}
    for name, height in (("pore", pores), ("early", early), ("late", late)):
        slope_down, slope_right = np.gradient(blur(height, 0.6))
        maps[f"{name}_u"], maps[f"{name}_v"] = slope_right * side / 28.0, -slope_down * side / 28.0
    return maps


def _folds(g: Ground, paths: list[Fold]) -> tuple[Array, Array]:
    height, dark = np.zeros(g.covered.shape), np.zeros(g.covered.shape)
    for path, depth, width in paths:
        near, away, along = near_path(g, path, width * 5)
        fade = np.sin(np.pi * np.clip(along, 0.0, 1.0)) ** 0.7
        valley = np.exp(-((away / width) ** 2))
        bank = np.exp(-((away / (2.6 * width)) ** 2)) * (away < width * 5)
        height[near] += depth * fade * (0.45 * bank - valley)
        dark[near] = np.maximum(dark[near], fade * valley * min(depth / 0.06, 1.0))
    return height, dark


def _regions(g: Ground) -> dict[str, Array]:
    side = g.covered.shape[0]
    u, v = np.meshgrid((np.arange(side) + 0.5) / side, 1 - (np.arange(side) + 0.5) / side)
    ear = (np.abs(u - 0.5) > 0.425) & (v > 0.44) & (v < 0.70)
    jaw = np.interp(
        u, [0.0, *g.landmarks_uv[0:17, 0], 1.0], [0.43, 0.43, *g.landmarks_uv[1:16, 1], 0.43, 0.43]
    )
    jaw = np.minimum(jaw, 0.46)
    return {"ear": ear.astype(float), "neck": smoothstep(0.0, -0.012, v - jaw)}
