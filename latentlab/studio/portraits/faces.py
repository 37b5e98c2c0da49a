"""Which face is meant: one in memory, a name in the lab, a folder, a photo, or simply the newest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from latentlab.core.errors import BadFile, BadInput, LatentLabError, WrongGenerator, unknown
from latentlab.core.face import Face
from latentlab.core.watch import Watch
from latentlab.inversion.saved import LATENT, load
from latentlab.store.archive import read_story
from latentlab.store.home import entries, entry
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.invert import invert
from latentlab.studio.shelf.latents import LOOSE

Source = str | Path | Face | None
"""A face in memory, the name of one in the lab, its folder, a photo; None is the newest in the lab."""


def find_face(studio: Lab, source: Source = None, watch: Watch | None = None) -> Face:
    """The face, of this lab's own network; a photo is inverted first (or found finished), nothing at all means the newest."""
    if isinstance(source, Face):
        return _of_this_network(studio, source)
    if source is None:
        return load(entry(studio.home), studio.generator)
    if str(source) in entries(studio.home):
        return load(entry(studio.home, str(source)), studio.generator)
    path = Path(source)
    if path.is_dir() and (path / LATENT).is_file():
        return load(path, studio.generator)
    if path.is_file():
        if path.suffix == ".safetensors":
            return load(path, studio.generator)
        if path.suffix.lower() in LOOSE:
            return _saved_latent(studio, path)
        return invert(studio.for_samples, [path], watch=watch)[0]
    raise _no_face(studio, source, path)


def _of_this_network(studio: Lab, face: Face) -> Face:
    if face.model != studio.generator.hash:
        raise WrongGenerator(
            f"the face '{face.name}' is one of network {face.model[:12]}, this is {studio.generator.hash[:12]}; "
            "open that network, or make the face anew in this one"
        )
    return face


def _saved_latent(studio: Lab, path: Path) -> Face:
    """The one latent in a file of another program, `projected_w.npz` for example, as a face."""
    from latentlab.studio.pictures.generate import Generate
    from latentlab.studio.portraits.samples import sample

    return sample(studio, Generate(latents=path))


def _no_face(studio: Lab, source: str | Path, path: Path) -> LatentLabError:
    known = entries(studio.home)
    if path.is_dir():
        return BadFile(f"{path} is a folder without an inversion; name a photo or an inversion of the lab")
    if path.suffix or len(path.parts) > 1 or not known:
        nor = f", nor an inversion of that name in {studio.home}" if known else ""
        return BadFile(f"there is no file {path}{nor}")
    return unknown("inversion", str(source), known)


def face_by_hash(studio: Lab, wanted: Mapping[str, object], inputs: Sequence[Path] = ()) -> Face:
    """The face that an untrusted recipe names: found by hash alone, in the lab or among the inputs."""
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
        f"the picture was made from the inversion '{name}' ({str(digest)[:12]}), which is not here; add its folder to `inputs`"
    )
