"""The factors of a rendered face: one frozen record in which every number has a unit, a range and a sampling law."""

# ruff: noqa: RUF009 (the calls below make dataclass fields)
from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from latentlab.core.errors import BadInput

HairStyle = Literal[
    "bald",
    "buzz",
    "crop",
    "short",
    "side_part",
    "slick",
    "curly",
    "afro",
    "bob",
    "fringe",
    "long",
    "wavy",
    "bun",
]
BeardStyle = Literal["none", "stubble", "moustache", "goatee", "full"]
GlassesStyle = Literal["none", "round", "rectangular", "aviator", "browline"]
Colour = tuple[float, float, float]
"""sRGB, each channel in 0..1."""

HAIR_STYLES: tuple[str, ...] = get_args(HairStyle)
BEARD_STYLES: tuple[str, ...] = get_args(BeardStyle)
GLASSES_STYLES: tuple[str, ...] = get_args(GlassesStyle)

SHAPE_MODES = 100
BLENDSHAPES: tuple[str, ...] = (
    *("browDown_L", "browDown_R", "browInnerUp_L", "browInnerUp_R", "browOuterUp_L", "browOuterUp_R"),
    *("cheekPuff_L", "cheekPuff_R", "cheekSquint_L", "cheekSquint_R", "eyeBlink_L", "eyeBlink_R"),
    *("eyeLookDown_L", "eyeLookDown_R", "eyeLookIn_L", "eyeLookIn_R", "eyeLookOut_L", "eyeLookOut_R"),
    *("eyeLookUp_L", "eyeLookUp_R", "eyeSquint_L", "eyeSquint_R", "eyeWide_L", "eyeWide_R"),
    *("jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthDimple_L", "mouthDimple_R"),
    *("mouthFrown_L", "mouthFrown_R", "mouthFunnel", "mouthLeft", "mouthLowerDown_L", "mouthLowerDown_R"),
    *("mouthPress_L", "mouthPress_R", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper"),
    *(
        "mouthShrugLower",
        "mouthShrugUpper",
        "mouthSmile_L",
        "mouthSmile_R",
        "mouthStretch_L",
        "mouthStretch_R",
    ),
    *("mouthUpperUp_L", "mouthUpperUp_R", "noseSneer_L", "noseSneer_R"),
)


@dataclass(frozen=True)
class Factor:
    """What one number (or one small vector, or one name out of several) of a face means and how it is drawn."""

    name: str
    """Field of `Face`."""
    unit: str
    """In words: "years", "degrees", "0..1", "sRGB", "sd", "name"."""
    low: float
    """Smallest value that can be rendered."""
    high: float
    """Largest value that can be rendered."""
    law: str
    """How the factorial law draws it: uniform, half (zero in half of all faces, else uniform), normal, sparse, choice."""
    size: int
    """How many numbers it is; 0 for a name."""
    identity: bool
    """Whether it makes the person: two faces equal in all identity factors are the same person."""
    names: tuple[str, ...]
    """The possible names of a factor that is a name."""
    span: tuple[float, float]
    """What the factorial law draws from: the whole range unless said otherwise."""


def _factor(
    default: Any, unit: str, low: float, high: float, law: str = "uniform", *, identity: bool = False,
    names: tuple[str, ...] = (), span: tuple[float, float] | None = None,
) -> Any:  # fmt: skip
    size = 0 if names else len(default) if isinstance(default, tuple) else 1
    notes = {
        "unit": unit, "low": low, "high": high, "law": law, "size": size, "identity": identity, "names": names,
        "span": span or (low, high),
    }  # fmt: skip
    return field(default=default, metadata=notes)


def _colour(default: Colour, *, identity: bool = False) -> Any:
    return _factor(default, "sRGB", 0.0, 1.0, identity=identity)


def _share(default: float = 0.0, law: str = "uniform", *, identity: bool = False) -> Any:
    return _factor(default, "0..1", 0.0, 1.0, law, identity=identity)


def _choice(names: tuple[str, ...]) -> Any:
    return _factor(names[0], "name", 0.0, 1.0, "choice", names=names)


@dataclass(frozen=True)
class Face:
    """Everything that decides one picture; equal faces give equal pictures."""

    # who it is
    shape: tuple[float, ...] = _factor((0.0,) * SHAPE_MODES, "sd", -4.0, 4.0, "normal", identity=True)
    """Identity modes of the face model."""
    presentation: float = _factor(0.0, "-1 feminine .. 1 masculine", -1.0, 1.0, identity=True)
    """Geometry of jaw, brow ridge, lips, eyes and neck."""
    skin_tone: float = _share(0.3, identity=True)
    """Melanin: 0 the lightest, 1 the darkest skin."""
    undertone: float = _factor(0.0, "-1 cool .. 1 warm", -1.0, 1.0, identity=True)
    """Hue of the skin."""
    freckles: float = _share(0.0, "half", identity=True)
    """Strength of freckles."""
    skin_pattern: tuple[float, float] = _factor((0.5, 0.5), "0..1", 0.0, 1.0, identity=True)
    """Where spots and mottling sit."""
    eye_colour: Colour = _colour((0.36, 0.22, 0.12), identity=True)
    """Iris."""
    brow_thickness: float = _share(0.5, identity=True)
    """From thin to bushy."""
    brow_darkness: float = _share(0.6, identity=True)
    """Opacity of the brow hairs."""

    # when it is
    age: float = _factor(30.0, "years", 15.0, 85.0)
    """Wrinkles (colour and relief), sagging, thinner lips, greying, hairline."""
    greying: float = _factor(0.0, "share of grey, added to what the age brings", -1.0, 1.0)
    """Below 0 greys late, above 0 early."""
    hairline: float = _factor(0.0, "recession, added to what the age brings", -1.0, 1.0, span=(-0.6, 0.6))
    """Below 0 a full hairline, above 0 a receding one."""

    # expression
    blendshapes: tuple[float, ...] = _factor((0.0,) * len(BLENDSHAPES), "0..1", 0.0, 1.0, "sparse")
    """Raw weights in the order of `BLENDSHAPES`, added to what the named expressions ask for."""
    smile: float = _share(0.0, "half")
    """Corners up, cheeks raised, teeth towards 1."""
    mouth_open: float = _share(0.0, "half")
    """Jaw drop."""
    surprise: float = _share(0.0, "half")
    """Brows up, eyes wide, jaw a little open."""
    anger: float = _share(0.0, "half")
    """Brows down, lids tight, lips pressed."""
    sadness: float = _share(0.0, "half")
    """Inner brows up, corners down."""
    blink: float = _factor(0.0, "0 open .. 1 shut", 0.0, 1.0, "half", span=(0.0, 0.8))
    """Both eyes."""
    gaze_yaw: float = _factor(
        0.0, "degrees to the picture's right, from the face's axis", -30.0, 30.0, span=(-20, 20)
    )
    """Where the eyes look."""
    gaze_pitch: float = _factor(0.0, "degrees up, from the face's axis", -20.0, 20.0, span=(-12, 12))
    """Where the eyes look."""
    pupil: float = _share(0.3)
    """Dilation."""

    # pose
    yaw: float = _factor(0.0, "degrees, positive: the face turns to the picture's right", -60.0, 60.0)
    """Turn."""
    pitch: float = _factor(0.0, "degrees, positive: the face looks up", -30.0, 30.0, span=(-20, 20))
    """Nod."""
    roll: float = _factor(0.0, "degrees, positive: clockwise in the picture", -45.0, 45.0, span=(-20, 20))
    """Tilt; the alignment takes it out of the face, so it shows in light, shoulders and hanging hair only."""

    # makeup
    lipstick: float = _share(0.0, "half")
    lipstick_colour: Colour = _colour((0.70, 0.10, 0.18))
    eye_shadow: float = _share(0.0, "half")
    eye_shadow_colour: Colour = _colour((0.45, 0.30, 0.40))
    liner: float = _share(0.0, "half")
    liner_colour: Colour = _colour((0.05, 0.04, 0.05))
    blush: float = _share(0.0, "half")
    blush_colour: Colour = _colour((0.85, 0.40, 0.40))
    foundation: float = _share(0.0, "half")
    """Evens out the skin and draws it towards its colour."""
    foundation_colour: Colour = _colour((0.87, 0.70, 0.60))

    # hair
    hair_style: HairStyle = _choice(HAIR_STYLES)
    hair_colour: Colour = _colour((0.20, 0.13, 0.09))
    """Before greying."""
    hair_length: float = _share(0.5)
    """Within what the style allows."""
    hair_volume: float = _share(0.5)
    """Distance from the scalp."""
    hair_part: float = _factor(0.3, "-1 picture's left .. 1 right", -1.0, 1.0)
    """Where the parting sits in styles that have one."""
    beard_style: BeardStyle = _choice(BEARD_STYLES)
    beard_length: float = _share(0.4)

    # things
    glasses: GlassesStyle = _choice(GLASSES_STYLES)
    glasses_colour: Colour = _colour((0.08, 0.07, 0.07))
    glasses_tint: float = _factor(0.0, "0 clear .. 1 sunglasses", 0.0, 1.0, span=(0.0, 0.15))
    cloth_colour: Colour = _colour((0.30, 0.33, 0.40))

    # light
    light_azimuth: float = _factor(
        30.0, "degrees, positive: from the picture's right", -90.0, 90.0, span=(-75, 75)
    )
    light_elevation: float = _factor(35.0, "degrees above the camera", -20.0, 80.0, span=(0, 65))
    light_strength: float = _factor(1.0, "times the normal key light", 0.2, 2.0, span=(0.7, 1.3))
    light_temperature: float = _factor(5500.0, "kelvin", 2500.0, 10000.0, span=(3200, 8000))
    ambient: float = _factor(0.45, "share of the key light", 0.1, 1.0, span=(0.25, 0.75))
    ambient_colour: Colour = _factor((0.95, 0.97, 1.0), "sRGB", 0.0, 1.0, span=(0.7, 1.0))
    rim: float = _share(0.2)
    """Light from behind, opposite the key light."""

    # place and camera
    background_top: Colour = _colour((0.45, 0.48, 0.52))
    background_bottom: Colour = _colour((0.35, 0.36, 0.38))
    background_blur: tuple[float, ...] = _factor((0.3, 0.2, 0.6, 0.8), "0..1", 0.0, 1.0)
    """Strength and three phases of the soft shapes behind the head."""
    distance: float = _factor(90.0, "centimetres from camera to head", 40.0, 300.0, span=(50, 160))
    zoom: float = _factor(1.0, "times the aligned crop", 0.7, 1.3, span=(0.95, 1.05))
    shift: tuple[float, float] = _factor(
        (0.0, 0.0), "share of the picture, right and down", -0.1, 0.1, span=(-0.02, 0.02)
    )
    exposure: float = _factor(0.0, "stops", -1.0, 1.0, span=(-0.3, 0.3))

    def __post_init__(self) -> None:
        for factor in factors():
            _check(factor, getattr(self, factor.name))

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads back to an equal face."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Face:
        """Inverse of `to_json`; unknown or impossible factors raise BadInput."""
        try:
            entries = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadInput(
                f"this is no face record: {error}; expected the JSON that Face.to_json writes"
            ) from None
        if not isinstance(entries, dict):
            raise BadInput(f"a face record is a JSON object of factors, not {type(entries).__name__}")
        known = {factor.name for factor in factors()}
        if unknown := sorted(set(entries) - known):
            raise BadInput(f"no factor is called '{unknown[0]}'; known are {', '.join(sorted(known))}")
        values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in entries.items()}
        return Face(**values)


def _check(factor: Factor, value: Any) -> None:
    if factor.names:
        if value not in factor.names:
            raise BadInput(f"{factor.name} cannot be '{value}'; choose one of {', '.join(factor.names)}")
        return
    numbers = value if isinstance(value, tuple) else (value,)
    if len(numbers) != factor.size:
        raise BadInput(f"{factor.name} takes {factor.size} numbers, {len(numbers)} were given")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise BadInput(f"{factor.name} takes numbers ({factor.unit}), not '{number}'")
        if not factor.low <= number <= factor.high:  # also false for NaN
            raise BadInput(
                f"{factor.name} is {number}, which is out of range; give {factor.low:g} to {factor.high:g} ({factor.unit})"
            )


@cache
def factors() -> tuple[Factor, ...]:
    """All factors in the order of the record."""
    return tuple(Factor(name=f.name, **f.metadata) for f in fields(Face))


def identity_factors() -> tuple[str, ...]:
    """Names of the factors that make the person."""
    return tuple(factor.name for factor in factors() if factor.identity)


@cache
def flat_names() -> tuple[str, ...]:
    """Names of the columns of `flatten`: `age`, `shape.3`, `lipstick_colour.red`, `hair_style=bob`."""
    names: list[str] = []
    for factor in factors():
        if factor.names:
            names += [f"{factor.name}={name}" for name in factor.names]
        elif factor.size == 1:
            names.append(factor.name)
        elif factor.unit == "sRGB":
            names += [f"{factor.name}.{channel}" for channel in ("red", "green", "blue")]
        elif factor.name == "blendshapes":
            names += [f"blendshapes.{name}" for name in BLENDSHAPES]
        else:
            names += [f"{factor.name}.{i}" for i in range(factor.size)]
    return tuple(names)


def flatten(faces: list[Face]) -> Tensor:
    """Faces as numbers, float32 [n, len(flat_names())]; names become one-hot columns."""
    return torch.tensor([_row(face) for face in faces], dtype=torch.float32).reshape(
        len(faces), len(flat_names())
    )


def _row(face: Face) -> list[float]:
    row: list[float] = []
    for factor in factors():
        value = getattr(face, factor.name)
        if factor.names:
            row += [float(value == name) for name in factor.names]
        elif factor.size == 1:
            row.append(value)
        else:
            row += value
    return row


def unflatten(rows: Tensor) -> list[Face]:
    """Inverse of `flatten` up to float32; values are clipped into their ranges, names are the largest column."""
    if rows.ndim != 2 or rows.shape[1] != len(flat_names()):
        raise BadInput(f"face vectors have {len(flat_names())} columns, these have shape {tuple(rows.shape)}")
    return [_face(row) for row in rows.tolist()]


def _face(row: list[float]) -> Face:
    values: dict[str, Any] = {}
    start = 0
    for factor in factors():
        count = len(factor.names) or factor.size
        numbers = row[start : start + count]
        start += count
        if factor.names:
            values[factor.name] = factor.names[max(range(count), key=numbers.__getitem__)]
            continue
        clipped: Any = tuple(min(max(number, factor.low), factor.high) for number in numbers)
        values[factor.name] = clipped if isinstance(getattr(Face, factor.name), tuple) else clipped[0]
    return Face(**values)


def columns(faces: list[Face], device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """Factors as the renderer reads them: float [n] or [n, size]; names as int64 [n] places in their list."""
    table: dict[str, Tensor] = {}
    for factor in factors():
        values = [getattr(face, factor.name) for face in faces]
        if factor.names:
            places = {name: i for i, name in enumerate(factor.names)}
            table[factor.name] = torch.tensor([places[v] for v in values], dtype=torch.int64, device=device)
        else:
            table[factor.name] = torch.tensor(values, dtype=torch.float32, device=device)
    return table
