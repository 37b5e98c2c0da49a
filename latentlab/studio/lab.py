"""Which face is meant: an inverted one from Python, a name in the lab, a folder, a photo, or simply the newest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import BadFile, BadInput, LatentLabError, unknown
from latentlab.store.home import entries, entry

if TYPE_CHECKING:
    from latentlab.core.watch import Watch
    from latentlab.inversion.saved import Saved
    from latentlab.studio.studio import Studio


def find_face(studio: Studio, source: str | Path | Saved | None = None, watch: Watch | None = None) -> Saved:
    """The inverted face; a photo is inverted first (or found finished), nothing at all means the newest."""
    from latentlab.inversion.saved import LATENT, Saved, load

    if isinstance(source, Saved):
        if source.inversion.model != studio.generator.hash:
            return load(source.folder, studio.generator)  # says which network it belongs to
        return source
    if source is None:
        return load(entry(studio.home), studio.generator)
    if str(source) in entries(studio.home):
        return load(entry(studio.home, str(source)), studio.generator)
    path = Path(source)
    if path.is_dir() and (path / LATENT).is_file():
        return load(path, studio.generator)
    if path.is_file():
        return (
            load(path, studio.generator)
            if path.suffix == ".safetensors"
            else _from_photo(studio, path, watch)
        )
    known = entries(studio.home)
    if path.is_dir():
        raise BadFile(f"{path} is a folder without an inversion; name a photo or an inversion of the lab")
    if path.suffix or len(path.parts) > 1 or not known:
        raise BadFile(
            f"there is no file {path}"
            + (f", nor an inversion of that name in {studio.home}" if known else "")
        )
    raise unknown("inversion", str(source), known)


def _from_photo(studio: Studio, photo: Path, watch: Watch | None) -> Saved:
    from latentlab.studio.invert import invert

    found = invert(studio, photo, watch=watch)
    assert not isinstance(found, list), "one photo is one face"
    return found


def by_hash(studio: Studio, wanted: Mapping[str, object], inputs: Sequence[Path] = ()) -> Saved:
    """The inversion that an untrusted recipe names: found by hash alone, in the lab or among the inputs."""
    from latentlab.inversion.saved import LATENT, load
    from latentlab.store.archive import read_story

    digest, name = wanted.get("hash"), str(wanted.get("name", ""))[:80]
    given = [path / LATENT if path.is_dir() else path for path in inputs]
    kept = [Path(studio.home) / name / LATENT for name in entries(studio.home)]
    for path in [*given, *kept]:
        try:
            if path.suffix == ".safetensors" and read_story(path).get("hash") == digest:
                return load(path, studio.generator)
        except LatentLabError:
            continue
    raise BadInput(
        f"the picture was made from the inversion '{name}' ({str(digest)[:12]}), which is not here; add --input FOLDER"
    )
