"""A procedural head with the face model's arrays (some 2,800 vertices): renders run, and are tested, without the real file."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from latentlab.core.files import atomic
from latentlab.world.factors import BLENDSHAPES, SHAPE_MODES
from latentlab.world.model import PARTS, FaceModel, from_arrays
from latentlab.world.sculpt import Push, push_field

Array = NDArray[np.float64]

# the left half of the 68 points in the texture square (u from the middle outwards, v upwards); the right half mirrors it
_JAW = (
    (0.00, 0.28),
    (0.06, 0.28),
    (0.15, 0.28),
    (0.22, 0.30),
    (0.29, 0.36),
    (0.32, 0.46),
    (0.33, 0.53),
    (0.34, 0.62),
    (0.36, 0.71),
)
_BROW = ((0.04, 0.80), (0.09, 0.81), (0.15, 0.82), (0.20, 0.81), (0.26, 0.80))
_EYE = ((0.10, 0.71), (0.13, 0.73), (0.16, 0.73), (0.19, 0.71), (0.16, 0.69), (0.13, 0.69))
_LIPS = ((0.11, 0.44), (0.08, 0.49), (0.03, 0.51), (0.00, 0.50), (0.08, 0.39), (0.06, 0.37), (0.00, 0.36))
_INNER = ((0.09, 0.44), (0.05, 0.46), (0.00, 0.46), (0.05, 0.41), (0.00, 0.41))

# height in centimetres by v, and the head's half width and depth by height
_HEIGHT = (
    (0.0, -16.0),
    (0.28, -7.4),
    (0.36, -4.4),
    (0.435, -3.4),
    (0.51, -2.4),
    (0.71, 3.4),
    (0.82, 6.1),
    (1.0, 12.4),
)
_WIDTH = (
    (-16, 9.0),
    (-13, 7.0),
    (-10, 5.2),
    (-7.6, 5.0),
    (-4, 6.6),
    (0, 7.6),
    (5, 8.0),
    (9, 7.4),
    (12.4, 4.9),
    (14.4, 0.1),
)
_DEPTH = (
    (-16, 7.0),
    (-13, 5.5),
    (-10, 5.6),
    (-7.4, 9.8),
    (-4, 10.4),
    (0, 10.0),
    (5, 10.0),
    (9, 9.0),
    (12.4, 6.2),
    (14.4, 0.1),
)


def _through(profile: tuple[tuple[float, float], ...], at: Array) -> Array:
    """A profile's values between its points."""
    places, values = np.array(profile).T
    return np.interp(at, places, values)


def surface(u: Array, v: Array) -> Array:
    """The head's surface in the texture square, [..., 3] centimetres."""
    y = _through(_HEIGHT, v)
    angle = np.radians((u - 0.5) * 178)
    x = _through(_WIDTH, y) * np.sin(angle)
    z = _through(_DEPTH, y) * np.cos(angle)
    nose = np.exp(-((x / 1.1) ** 2)) * np.clip(1 - np.abs(y - 0.4) / np.where(y > 0.4, 3.6, 1.7), 0, 1) * 2.6
    lips = np.exp(-((x / 2.2) ** 2) - ((y + 3.4) / 1.1) ** 2) * 0.9
    sockets = np.exp(-(((np.abs(x) - 3.1) / 1.7) ** 2) - ((y - 3.5) / 1.2) ** 2) * 0.9
    return np.stack([x, y, z + nose + lips - sockets], -1)


@dataclass
class _Mesh:
    """Vertices, triangles and parts while they are put together."""

    vertices: list[Array] = field(default_factory=list)
    texcoords: list[Array] = field(default_factory=list)
    triangles: list[NDArray[np.int64]] = field(default_factory=list)
    part: list[NDArray[np.int64]] = field(default_factory=list)
    count: int = 0

    def grid(
        self, points: Array, uv: Array, part: str, kept: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Adds a grid [rows, columns, 3] with its texture coordinates; kept [rows - 1, columns - 1] leaves holes."""
        rows, columns = points.shape[:2]
        numbers = self.count + np.arange(rows * columns).reshape(rows, columns)
        a, b, c, d = numbers[:-1, :-1], numbers[:-1, 1:], numbers[1:, :-1], numbers[1:, 1:]
        chosen = np.ones(a.shape, bool) if kept is None else kept
        pair = [np.stack([a, b, c], -1)[chosen], np.stack([b, d, c], -1)[chosen]]
        self.vertices.append(points.reshape(-1, 3))
        self.texcoords.append(uv.reshape(-1, 2))
        self.triangles += pair
        self.part.append(np.full(rows * columns, PARTS.index(part)))
        self.count += rows * columns
        return numbers


@cache
def stand_in() -> FaceModel:
    """The head; the same every time."""
    mesh = _Mesh()
    numbers, columns, rows = _face(mesh)
    _back(mesh)
    points = np.concatenate(mesh.vertices)
    landmarks = np.array([numbers[_place(rows, v), _place(columns, u)] for u, v in _landmark_uv()])
    marks = points[landmarks]
    _mouth(mesh, marks)
    for side, name in ((slice(36, 42), "eye_right"), (slice(42, 48), "eye_left")):
        _eye(mesh, marks[side], name)

    vertices = np.concatenate(mesh.vertices).astype(np.float32)
    part = np.concatenate(mesh.part)
    triangles = np.concatenate(mesh.triangles).astype(np.int32)
    names = (*BLENDSHAPES, "cheekRaiser_L", "cheekRaiser_R", "PupilDilate_L", "PupilDilate_R")
    arrays: dict[str, Any] = {
        "vertices": vertices, "texcoords": np.concatenate(mesh.texcoords).astype(np.float32), "faces": triangles,
        "faces_uv": triangles, "identity": _identity(vertices), "expression": _expression(vertices, marks, names),
        "expression_names": np.array(names), "landmarks": landmarks,
    }  # fmt: skip
    return from_arrays(arrays, part)


def save_stand_in(path: Path) -> Path:
    """Writes the head as a face model file, for what starts processes of its own."""
    model = stand_in()
    arrays: dict[str, Any] = {f.name: getattr(model, f.name) for f in fields(model)}
    plain: dict[str, Any] = {n: np.array(v) if isinstance(v, tuple) else v.numpy() for n, v in arrays.items()}
    with atomic(path) as draft:
        np.savez(draft, **plain)
    return path


def _landmark_uv() -> list[tuple[float, float]]:
    def left(point: tuple[float, float]) -> tuple[float, float]:
        return (0.5 + point[0], point[1])

    def right(point: tuple[float, float]) -> tuple[float, float]:
        return (0.5 - point[0], point[1])

    jaw = [right(p) for p in _JAW[:0:-1]] + [left(p) for p in _JAW]
    brows = [right(p) for p in reversed(_BROW)] + [left(p) for p in _BROW]
    nose = [(0.5, 0.72), (0.5, 0.68), (0.5, 0.65), (0.5, 0.61)]
    base = [right((0.06, 0.54)), right((0.03, 0.54)), (0.5, 0.54), left((0.03, 0.54)), left((0.06, 0.54))]
    eye = _EYE
    eyes = [right(eye[i]) for i in (3, 2, 1, 0, 5, 4)] + [left(eye[i]) for i in (0, 1, 2, 3, 4, 5)]
    a, b, c, d, e, f, g = _LIPS
    outer = (
        [right(p) for p in (a, b, c)] + [left(p) for p in (d, c, b, a, e, f)] + [left(g), right(f), right(e)]
    )
    h, i, j, k, m = _INNER
    inner = [right(h), right(i), left(j), left(i), left(h), left(k), left(m), right(k)]
    return jaw + brows + nose + base + eyes + outer + inner


def _place(lines: Array, value: float) -> int:
    return int(np.abs(lines - value).argmin())


def _face(mesh: _Mesh) -> tuple[NDArray[np.int64], Array, Array]:
    """The face's square as a grid whose lines pass through all landmarks, with holes for eyes and mouth."""
    marks = np.array(_landmark_uv())
    columns = np.unique(
        np.round(
            np.concatenate([marks[:, 0], [0, 0.04, 0.08, 0.11, 0.89, 0.92, 0.96, 1], 1 - marks[:, 0]]), 4
        )
    )
    rows = np.unique(
        np.round(
            np.concatenate([marks[:, 1], np.linspace(0, 0.27, 7), [0.58, 0.75, 0.77, 0.85, 0.9, 0.95, 1.0]]),
            4,
        )
    )
    u, v = np.meshgrid(columns, rows)
    middle_u, middle_v = (u[:-1, :-1] + u[1:, 1:]) / 2 - 0.5, (v[:-1, :-1] + v[1:, 1:]) / 2
    eye = ((np.abs(middle_u) - 0.145) / 0.045) ** 2 + ((middle_v - 0.71) / 0.02) ** 2 < 1
    mouth = (np.abs(middle_u) < 0.09) & (middle_v > 0.41) & (middle_v < 0.46)
    numbers = mesh.grid(surface(u, v), np.stack([u, v], -1), "face", ~(eye | mouth))
    return numbers, columns, rows


def _back(mesh: _Mesh) -> None:
    """The back of the head and its top, in the second tile."""
    height = np.concatenate([np.linspace(-16, 12.4, 16), [13.3, 14.0, 14.4]])
    angle = np.radians(np.linspace(89, 271, 25))
    y, turn = np.meshgrid(height, angle, indexing="ij")
    wide, deep = _through(_WIDTH, y), _through(_DEPTH, y)
    back = np.stack([wide * np.sin(turn), y, np.minimum(deep, 9.5) * np.cos(turn)], -1)
    place = np.stack([1.02 + 0.96 * (turn - turn.min()) / np.ptp(turn), 0.02 + 0.5 * (y + 16) / 31], -1)
    mesh.grid(back, place, "head")
    top = np.array([12.4, 13.3, 14.0, 14.4])
    y, turn = np.meshgrid(top, np.radians(np.linspace(-89, 89, 25)), indexing="ij")
    wide, deep = _through(_WIDTH, y), _through(_DEPTH, y)
    front = np.stack([wide * np.sin(turn), y, deep * np.cos(turn)], -1)
    mesh.grid(front, np.stack([1.5 + 0.3 * np.sin(turn), 0.6 + 0.1 * (y - 12)], -1), "head")


def _mouth(mesh: _Mesh, marks: Array) -> None:
    """A bag behind the lips, with a row of teeth and gums above."""
    across = np.linspace(-1, 1, 9)
    depth = np.linspace(0, 1, 5)
    half, middle, front = abs(marks[48, 0]), marks[48, 1], marks[62, 2]
    x, t = np.meshgrid(across * half * 1.05, depth)
    for lift in (1.0, -1.0):
        bag = np.stack(
            [x, middle + lift * (0.3 + 0.9 * np.sin(np.pi * t)), front - 0.5 - 4.5 * t - 0.25 * x**2], -1
        )
        mesh.grid(bag, np.stack([1.1 + 0.05 * across[None] + 0 * t, 0.8 + 0.05 * t], -1), "mouth")
    for part, top, bottom in (("gums", 0.9, 0.35), ("teeth", 0.35, -0.15)):
        x, y = np.meshgrid(across * half * 0.8, np.linspace(top, bottom, 3))
        strip = np.stack([x, middle + y, front - 0.75 - 0.25 * x**2], -1)
        mesh.grid(strip, np.stack([3.5 + 0.1 * x / half, 0.5 + 0.1 * y], -1), part)


def _eye(mesh: _Mesh, lids: Array, part: str) -> None:
    middle = lids.mean(0) - [0, 0, 1.35]
    polar, turn = np.meshgrid(np.linspace(np.pi, 0, 10), np.linspace(0, 2 * np.pi, 13), indexing="ij")
    ball = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], -1) * 1.5
    mesh.grid(
        middle + ball,
        np.stack([0.5 + 0.4 * np.cos(turn) * polar / 4, 0.5 + 0.4 * np.sin(turn) * polar / 4], -1),
        part,
    )
    outward = np.sign(middle[0])
    upper = lids[[0, 1, 2, 3]] if outward < 0 else lids[[3, 2, 1, 0]]
    lower = lids[[0, 5, 4, 3]] if outward < 0 else lids[[3, 4, 5, 0]]
    for number, (edge, way) in enumerate(((upper, (0.0, 0.25, 0.5)), (lower, (0.0, -0.2, 0.4)))):
        t = np.linspace(0, 3, 10)
        root = np.stack([np.interp(t, range(4), edge[:, i]) for i in range(3)], -1)
        reach = np.linspace(0, 1.4, 5)[:, None, None]
        sheet = root[None] + reach * np.array(way) + np.array([0, 0, 0.05])
        v = 0.9 - 0.1 * reach[..., 0] - 0.4 * number + 0 * t
        mesh.grid(
            sheet,
            np.stack([6.5 + 0.1 * t + 0 * reach[..., 0] + (0.0 if outward < 0 else 0.4), v], -1),
            "lashes",
        )


def _identity(vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth symmetric bumps, weaker from mode to mode."""
    random = np.random.default_rng(100)
    modes = np.zeros((SHAPE_MODES, len(vertices), 3), np.float32)
    for i in range(SHAPE_MODES):
        centre = np.array([random.uniform(0, 7), random.uniform(-9, 12), random.uniform(2, 10)])
        push = random.normal(size=3) * 0.45 / (1 + 0.06 * i)
        for side in (-1, 1):
            mirror = np.array([side, 1, 1])
            reach = (((vertices - centre * mirror) / random.uniform(2.5, 5.0)) ** 2).sum(1)
            modes[i] += np.exp(-reach)[:, None] * push * mirror
    return modes


_MOVES: dict[str, tuple[Push, ...]] = {
    "jawOpen": (
        ((57, 0, -0.6, 0), (4.0, 2.2, 6.0), (0, -2.2, -0.4)),
        ((66, 0, 0, 0), (2.5, 0.5, 4.0), (0, -0.9, 0)),
    ),
    "mouthSmile": (((54, 0, 0, 0), (1.3, 1.1, 3.0), (0.6, 0.8, -0.3)),),
    "mouthFrown": (((54, 0, 0, 0), (1.2, 1.0, 3.0), (0, -0.7, 0)),),
    "browInnerUp": (((22, 0, 0, 0), (1.4, 1.2, 3.0), (0, 0.8, 0)),),
    "browOuterUp": (((25, 0, 0, 0), (1.6, 1.2, 3.0), (0, 0.8, 0)),),
    "browDown": (((23, 0, 0, 0), (1.8, 1.2, 3.0), (-0.1, -0.6, 0.1)),),
    "eyeBlink": (((43, 0.5, 0, 0), (1.4, 0.35, 2.0), (0, -0.7, 0.15)),),
    "eyeWide": (((43, 0.5, 0.1, 0), (1.4, 0.4, 2.0), (0, 0.2, 0)),),
    "cheekPuff": (((54, 1.6, 0.2, 0), (1.8, 1.8, 3.0), (0.5, 0, 0.5)),),
    "noseSneer": (((35, 0, 0.3, 0), (0.8, 1.0, 2.0), (0, 0.4, 0)),),
}


def _expression(vertices: NDArray[np.float32], marks: Array, names: tuple[str, ...]) -> NDArray[np.float32]:
    points, landmarks = torch.from_numpy(vertices), torch.from_numpy(marks).float()
    shapes = []
    for name in names:
        stem, _, side = name.partition("_")
        field = push_field(
            _MOVES.get(stem, (((51, 0.5, 0, 0), (1.5, 1.0, 3.0), (0.05, 0.05, 0.05)),)), points, landmarks
        )
        if side:
            field = field * torch.sigmoid(points[:, :1] * (4.0 if side == "L" else -4.0))
        shapes.append(field.numpy())
    return np.stack(shapes).astype(np.float32)
