"""What a request names: found by name for a new picture, by hash alone for one made again; noted for the recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile
from latentlab.core.face import Face
from latentlab.core.latent import Latent
from latentlab.core.watch import Watch
from latentlab.store.home import safe_name
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.faces import Source, face_by_hash, find_face
from latentlab.studio.portraits.photo_story import file_hash, find_input
from latentlab.studio.shelf import directions, latents, styles
from latentlab.studio.shelf.styles import Style

MADE_AGAIN = ("generate", "edit")
"""Commands whose faces need no file: their own recipe makes them again."""


@dataclass(eq=False)
class Ingredients:
    """For one request."""

    studio: Lab
    pinned: Mapping[str, object] | None = None
    """The hashes of an untrusted recipe; None finds everything by its name."""
    files: Sequence[Path] = ()
    """What the user gives to a replay."""
    again: Callable[[Mapping[str, object]], Face] | None = None
    """Makes a face from a recipe inside the recipe."""
    noted: dict[str, dict[str, object]] = field(default_factory=dict)
    """By kind and name: how each was found, for the recipe."""

    def direction(self, name: str) -> Direction:
        """A direction of this network by name or file."""
        if self.pinned is None:
            found = directions.find_direction(self.studio, name)
        else:
            wanted = {"name": name, "hash": self._pin("directions", name)}
            found = directions.find_by_hash(self.studio, wanted, self.files)
        self._note("directions", found.name, directions.identity(found)["hash"])
        return found

    def face(self, role: str, source: Source = None, watch: Watch | None = None) -> Face:
        """A face by name, photo, folder or as it is; in a recipe it stands by its role: `face`, `mix`, `blend`."""
        if self.pinned is None or isinstance(source, Face):
            found = find_face(self.studio, source, watch)
        else:
            found = self._face_again(self._pin("faces", role))
        self._note("faces", role, identity(found))
        return found

    def _face_again(self, told: object) -> Face:
        if not isinstance(told, Mapping):
            raise BadFile("the recipe names no face; it is not one that latentlab wrote")
        inner = told.get("recipe")
        if self.again is not None and isinstance(inner, Mapping):
            return self.again(inner)
        return face_by_hash(self.studio, told, self.files)

    def file(self, path: Path, what: str) -> Path:
        """A file that a request names: as it stands, or the one of the same bytes among those given."""
        if self.pinned is not None:
            path = find_input(self.studio, self._pin("files", path.name), what, self.files)
        self._note("files", path.name, file_hash(path))
        return path

    def style(self, name: str) -> Style:
        """A style of this network, or a filter."""
        if self.pinned is None:
            found = styles.find_style(self.studio, name)
        else:
            found = styles.style_by_hash(self.studio, name, self._pin("styles", name))
        self._note("styles", name, found.hash)
        return found

    def photo(self, role: str, path: Path | None = None) -> Path:
        """A photo by its role: the file as it stands, or the one of the same bytes among those given or kept."""
        if self.pinned is not None:
            told = self._pin("photos", role)
            digest = told.get("hash") if isinstance(told, Mapping) else None
            path = find_input(self.studio, digest, "photo", self.files)
        assert path is not None, "a photo is named, or told by a recipe"
        self._note("photos", role, {"name": safe_name(path.name), "hash": file_hash(path)})
        return path

    def has(self, kind: str, name: str) -> bool:
        """Whether an untrusted recipe was made with such a thing."""
        known = (self.pinned or {}).get(kind)
        return isinstance(known, Mapping) and name in known

    def latents(self, path: Path, role: str = "") -> Latent:
        """Saved latents, by file or by the hash of their values; in a recipe they stand by their role, else by their name."""
        if self.pinned is None:
            found = latents.read_latents(path, self.studio.generator)
        else:
            told = {"name": path.name, "hash": self._pin("latents", role or path.name)}
            found = latents.find_latents(told, self.files, self.studio.generator)
        self._note("latents", role or path.name, latents.identity(found))
        return found

    def _pin(self, kind: str, name: str) -> object:
        known = (self.pinned or {}).get(kind)
        if not isinstance(known, Mapping) or name not in known:
            raise BadFile(f"the recipe holds no hash of '{name[:80]}'; it is not one that latentlab wrote")
        return known[name]

    def _note(self, kind: str, name: str, found: object) -> None:
        self.noted.setdefault(kind, {})[name] = found


def identity(face: Face) -> dict[str, object]:
    """How a recipe names a face: by name and hash; one that was not inverted by its own recipe as well."""
    told: dict[str, object] = {"name": face.name, "hash": face.hash}
    if face.origin.get("command") in MADE_AGAIN:
        told["recipe"] = {
            key: face.origin[key] for key in ("command", "form", "asked", "ingredients") if key in face.origin
        }
    return told
