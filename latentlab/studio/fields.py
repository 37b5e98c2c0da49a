"""What the methods of `Studio` take by name: the fields of their requests, told to editors and type checkers.

The requests are the definition; a test holds every name and type here to theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypedDict

from latentlab.core.face import Face
from latentlab.core.watch import Watch
from latentlab.studio.portraits.edit import Sweep
from latentlab.studio.shelf.pool import Pool


class StudioFields(TypedDict, total=False):
    """Those of `Studio` beside the network."""

    device: str
    home: str | Path
    seed: int
    watch: Watch | None
    assume_faces: bool
    photographs: str | Path | None
    because: str
    pool: Pool


class RenderingFields(TypedDict, total=False):
    """Those of `Rendering`, whose `psi` is an argument of its own."""

    cutoff: int | None
    noise: Literal["const", "random", "none"]
    noise_seed: int | None
    class_: int | None
    precision: Literal["auto", "fp32", "bf16"] | None


class InterpolateFields(RenderingFields, total=False):
    """Those of `Interpolate`, and of the rendering."""

    space: Literal["w", "z"]
    path: Literal["spline", "linear", "slerp"]
    frames: int
    loop: bool
    latents: tuple[Path, ...]


class InvertFields(TypedDict, total=False):
    """Those of `Invert` beside the method."""

    name: str | None
    face: int | None
    start: str | Path | None
    mask: Path | None
    together: bool
    profile: bool
    force: bool
    encoder: Path | None
    distance: str
    keep: bool


class MoveFields(TypedDict, total=False):
    """Those of `Edit` beside its directions and sweeps."""

    goals: Mapping[str, float]
    layers: tuple[int, int] | None
    keep: tuple[str, ...]
    mask: str | Path | None
    mix: tuple[str | Path | Face, tuple[int, int]] | None
    blend: tuple[str | Path | Face, float] | None
    min_identity: float | None
    max_change: Mapping[str, float]
    transfer: str
    paste_back: bool
    precision: Literal["auto", "fp32", "bf16"] | None


class EditFields(MoveFields, total=False):
    """Those of `Edit` beside its directions."""

    sweeps: tuple[Sweep, ...]


class SweepFields(MoveFields, total=False):
    """Those of `Edit` beside its sweeps."""

    directions: Mapping[str, float]


class ChoiceFields(TypedDict, total=False):
    """Those of `Choice`: which face of a photo."""

    face: int | None
    like: Path | None
    profile: bool
    aligned: bool


class MakeupFields(ChoiceFields, total=False):
    """Those of `Makeup`."""

    colours: Mapping[str, str]
    remove: bool
    regions: tuple[str, ...]
    strength: float


class FrontalizeFields(ChoiceFields, total=False):
    """Those of `Frontalize`."""

    paste_back: bool


class StylizeFields(ChoiceFields, total=False):
    """Those of `Stylize` beside the style."""

    strength: float
    colours: Literal["keep", "take"]
    directions: Mapping[str, float]
    by: Literal["photo", "network"]
    paste_back: bool


class AnyStyleFields(StylizeFields, total=False):
    """Those of `Stylize`."""

    style: str


class SwapFields(ChoiceFields, total=False):
    """Those of `Swap`."""

    by: Literal["detail", "latent"]
    strength: float
    skin: float
    person: str | None
    mask: bool


class AddStyleFields(TypedDict, total=False):
    """Those of `AddStyle` beside its name and picture."""

    filter: str
    photos: Path | None
    text: str | None
    plain: str
    weights: str | Path
    model: str
    steps: int
    face: int | None
    force: bool


class BenchmarkFields(TypedDict, total=False):
    """Those of `Benchmark`."""

    tasks: tuple[str, ...]
    faces: int
    quick: bool
    methods: tuple[str, ...]
    baselines: tuple[Path, ...]
    photos: tuple[Path, ...]


class JudgeFields(TypedDict, total=False):
    """Those of `Judge`."""

    samples: int
    psi: float
    reach: int
    identity: bool
    dci: int
    judge: Literal["judge", "witness"]
    scorers: tuple[str, ...]
    keep: bool
    class_: int | None


class MeasureSpansFields(TypedDict, total=False):
    """Those of `MeasureSpans`."""

    faces: int
    photos: tuple[Path, ...]
    widest: float
    out: Path | None


class CompareFields(TypedDict, total=False):
    """Those of `Compare`."""

    data: str
    n: int
    psi: float
    dlib: int
    path_length: int
    inception: Path | None


class TrainFields(TypedDict, total=False):
    """Those of `Train`; device and settings come from the studio."""

    data: Path | str | tuple[Path | str, ...]
    out: Path
    images: int
    seconds: float
    preset: str
    resolution: int | None
    resume: bool
    transfer: Path | None
    transfer_discriminator: Path | None
    resize: bool
    mirror: bool
    drop_broken: bool
    hold_out: bool
    where: tuple[str, ...]
    weights: Mapping[str, float]
    render_share: float
    encoder: Path | None
    encoder_preset: str


class TrainEncoderFields(TypedDict, total=False):
    """Those of `TrainEncoder`; device and settings come from the studio."""

    out: Path
    data: Path | str | None
    photos: Path | tuple[Path, ...] | None
    photo_share: float
    where: tuple[str, ...]
    weights: Mapping[str, float]
    images: int
    seconds: float
    preset: str
    resume: bool
    begin: Path | None


class FinetuneFields(TypedDict, total=False):
    """Those of `Finetune`; parent, device and settings come from the studio."""

    data: Path | tuple[Path, ...]
    out: Path
    discriminator: Path | None
    images: int
    seconds: float
    freeze_discriminator: int
    freeze_mapping: bool
    swap_from: int
    form: str
    resize: bool
    drop_broken: bool
    where: tuple[str, ...]
    weights: Mapping[str, float]
    render_share: float
    encoder: Path | None
    encoder_preset: str
    resume: bool


class TrainScorerFields(TypedDict, total=False):
    """Those of `TrainScorer`."""

    out: Path
    role: Literal["guide", "judge", "witness", "identity"]
    faces: int
    held_out: int
    images: int
    batch: int
    size: int
    width: int
    depth: int
    views: int
    renders: Path | None
    photographs: tuple[Path, ...]
    face_model: str | None
    engine: str
    resume: bool


class DiscoverRequestFields(TypedDict, total=False):
    """Those of `Discover` beside the method."""

    before: tuple[Path | str, ...]
    after: tuple[Path | str, ...]
    renders: str
    pairs: int
    psi: float
    engine: str
    save: bool
    labels: Path | str
    scorers: tuple[str, ...]
    first_seed: int
    class_: int | None


class DiscoverFields(DiscoverRequestFields, total=False):
    """And those of the methods; each method takes its own."""

    attribute: str
    samples: int
    ridge: float
    name: str
    share: float
    keep: tuple[str, ...]
    seed: int
    hold: tuple[str, ...]
    slack: float
    rounds: int
    faces: int
    around: float
    bootstraps: int
    layers: tuple[int, int] | None
    same: bool
    side: str
    reach: float
    held: float
    pixels: float
    length: float
    steps: int
    batch: int
    learning_rate: float
    channels: int
    rank: int
    hidden: int
    epochs: int
    rate: float
    decay: float
    wish: str
    people: int
    focus: float
    structure: float
    answer: Literal["true", "network"]
    scores: float
    target: float
    paired: bool
    space: str
    shrinkage: float
    plain: str
    model: str
    weights: str
    components: int
