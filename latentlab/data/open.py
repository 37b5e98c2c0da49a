"""One way to name what a training learns from: renders, a folder, packed files, a reader, or a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from latentlab.core.errors import BadInput
from latentlab.core.locks import held
from latentlab.core.watch import Watch, silent
from latentlab.data.folder import LABEL_FILE, Folder
from latentlab.data.holdout import is_held_out
from latentlab.data.mixture import Mixture
from latentlab.data.packed import Packed, Shape, pack_folder
from latentlab.data.photographs import Photographs
from latentlab.data.reader import Reader
from latentlab.data.source import Source
from latentlab.training.ahead import Source as AnySource

RENDERS = "renders"
PACKING = ".latentlab.packing.lock"
"""Another lock than the run's, whose folder it is."""


Learnt = str | Path | Sequence[str | Path] | Reader | Callable[..., Any]


@dataclass(frozen=True)
class SourceOptions:
    """How pictures are shown, whatever they come from."""

    size: int
    """Pixels a side."""
    seed: int = 0
    """The order, the mirrored ones and the rendered faces follow from it."""
    mirror: bool = False
    """Show half of the pictures mirrored."""
    resize: bool = False
    """Take pictures of any size: their central square, resized."""
    drop_broken: bool = False
    """Leave unreadable pictures out instead of stopping."""
    hold_out: bool = False
    """Leave people held out out, by the names of their pictures (`data.holdout`)."""
    cache: Path | None = None
    """A folder's pictures are packed once into this file and mapped into memory; None decodes them as they are needed."""
    device: str = "cpu"
    """Where renders are made."""
    where: tuple[str, ...] = ()
    """Conditions on the columns of the folders' `labels.csv`: `inside >= 0.98`, for one of them `portraits: inside >= 0.98`."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """How often pictures of a set (column `set`) are shown, beside 1 for the others; 0 leaves a set out."""
    render_share: float = 0.0
    """How many of the images are renders of the face world, mixed in."""
    shape: Shape | None = None
    """Channels, height and width, where the pictures are no squares in three colours: folders and packed files alone."""


def open_source(what: Learnt, options: SourceOptions, watch: Watch = silent) -> AnySource:
    """A source: from sample numbers, counted over the whole training, to a batch; the same for the same numbers.

    Args:
        what: `renders` (the face world, endless), a folder of pictures, a folder or zip with labels (`dataset.json`), a
            packed file (`.npy`) or a folder of such, several folders of pictures, a reader of `data.READERS`, or a
            function that is a source already. With `where` or `weights`, folders have a `labels.csv`.

    With `render_share`, renders are mixed into whatever else it is.

    Raises:
        BadFile: nothing there, or nothing that can be read.
        BadInput: no pictures, or pictures of another size than asked for.
        MissingPart: renders are wanted, and there is no face model.
    """
    if isinstance(what, Sequence) and not isinstance(what, str) and len(what) == 1:
        what = what[0]
    if options.shape not in (None, (3, options.size, options.size)):
        return _of_shape(what, options.shape, options, watch)
    if options.render_share:
        return _with_renders(what, options, watch)
    chooses = bool(options.where or options.weights)
    if chooses and not _are_folders(what):
        raise BadInput(
            f"`where` and `weights` choose photographs in folders with a labels.csv; {_called(what)} is no such folder"
        )
    if isinstance(what, Reader):
        return Source(what, options.seed, mirror=options.mirror)
    if callable(what):
        return what
    if not isinstance(what, str | Path) or chooses:
        return _photographs(what, options, watch)
    if str(what) == RENDERS:
        from latentlab.data.live_renders import LiveRenders

        return LiveRenders(options.size, options.seed + 1, device=options.device)
    path = Path(what)
    if _is_labelled(path):
        reader = Folder(path, options.size if options.resize else None)
        return Source(reader, options.seed, mirror=options.mirror)
    packed = _packed(path, options, watch)
    channels, height, width = packed.shape
    if (channels, height, width) != (3, options.size, options.size):
        told = (
            ""
            if channels == 3
            else f" in {channels} channels (for a network of as many: `settings` colours={channels})"
        )
        raise BadInput(
            f"{path} holds images of {width}×{height}{told}, the training wants "
            f"{options.size}×{options.size}; pass `resolution` {packed.resolution} or pack them again"
        )
    return packed


def _is_labelled(path: Path) -> bool:
    return path.suffix == ".zip" or (path / LABEL_FILE).exists()


def _are_folders(what: Learnt) -> bool:
    """Whether these may be folders of photographs; one that is not there is told of later."""
    if isinstance(what, str | Path):
        path = Path(what)
        return str(what) != RENDERS and not path.is_file() and not _is_labelled(path)
    return isinstance(what, Sequence) and all(map(_are_folders, what))


def _called(what: Learnt) -> str:
    return str(what) if isinstance(what, str | Path) else type(what).__name__


def _with_renders(what: Learnt, options: SourceOptions, watch: Watch) -> Mixture:
    """The pictures and the face world, each sample from one of them."""
    from latentlab.world.model import find_face_model

    if str(what) == RENDERS:
        raise BadInput("all images are renders already; leave `render_share` out, or name pictures as `data`")
    if isinstance(what, str | Path) and _is_labelled(Path(what)):
        raise BadInput(f"{what} has labels, renders have none; leave `render_share` out")
    find_face_model()  # before anything is packed
    alone = replace(options, render_share=0.0)
    pictures = open_source(what, alone, watch)
    renders = open_source(RENDERS, replace(alone, where=(), weights={}), watch)
    shares = [1 - options.render_share, options.render_share]
    return Mixture([pictures, renders], shares, options.size, options.seed)


def _of_shape(what: Learnt, shape: Shape, options: SourceOptions, watch: Watch) -> AnySource:
    """Pictures of other channels or sides: a folder of them, packed files, or a function."""
    if callable(what) and not isinstance(what, Reader):
        return what
    wanted = f"{shape[0]} channels of {shape[2]}×{shape[1]}"
    plain = not (options.where or options.weights or options.render_share)
    if not plain or not isinstance(what, str | Path) or str(what) == RENDERS or _is_labelled(Path(what)):
        raise BadInput(
            f"the network draws {wanted}; it learns from one folder of such pictures, or from packed bytes (.npy), alone"
        )
    packed = _packed(Path(what), options, watch)
    if packed.shape != shape:
        seen = packed.shape
        raise BadInput(
            f"{what} holds {seen[0]} channels of {seen[2]}×{seen[1]}, the network draws {wanted}; pack them again"
        )
    return packed


def _photographs(what: str | Path | Sequence[str | Path], options: SourceOptions, watch: Watch) -> Packed:
    folders = (what,) if isinstance(what, str | Path) else what
    for folder in folders:
        if not _are_folders(folder):
            raise BadInput(
                f"several sources are folders of pictures, and {folder} is none; put packed files into one folder, mix "
                "renders in with `render_share`"
            )
    if options.cache is None:
        raise BadInput("photographs are packed before they are learnt from; say into which file")
    return Photographs(
        tuple(map(Path, folders)), options.size, options.cache, options.where, options.weights, mirror=options.mirror,
        hold_out=options.hold_out, seed=options.seed,
    ).open(watch)  # fmt: skip


def _packed(path: Path, options: SourceOptions, watch: Watch) -> Packed:
    parts = tuple(sorted(path.glob("*.npy"))) if path.is_dir() else (path,)
    if parts:
        return Packed(parts, options.seed, options.mirror)
    if options.cache is None:
        raise BadInput(f"{path} is a folder of pictures; say in which file they are to be packed")
    with held(options.cache.parent, f"the pack {options.cache}", wait=-1, name=PACKING):
        if not options.cache.exists():  # of several processes that train together the first one packs
            pack_folder(
                path, options.shape or options.size, options.cache, resize=options.resize, drop_broken=options.drop_broken, watch=watch,
                skip=(lambda file: is_held_out(file.name)) if options.hold_out else None,
            )  # fmt: skip
    return Packed((options.cache,), options.seed, options.mirror)
