"""Where things lie: the lab folder, the assets that travel with the package."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from latentlab.core.errors import BadFile, BadInput, MissingPart, unknown
from latentlab.core.places import APPLICATION

NETWORKS = "networks"
NETWORK_ENDINGS = (".safetensors", ".pkl", ".pt", ".pth")
LONGEST_NAME = 80
EDITS = "edits"
CLIPS = "clips"
BASELINES_FOLDER = "baselines"
FOLDERS = ("directions", "banks", EDITS, CLIPS, BASELINES_FOLDER, NETWORKS)
"""Of a lab; no inversion may be called so."""
RESERVED = (
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
)
"""Names that Windows keeps for its devices."""


def assets_folder() -> Path:
    """`latentlab/assets` in a wheel, `assets` at the root of the repository in an editable checkout."""
    package = Path(str(files(APPLICATION)))
    for folder in (package / "assets", package.parent / "assets"):
        if folder.is_dir():
            return folder
    raise MissingPart("the package's assets are missing; install latentlab again")


def asset(name: str) -> Path:
    """One of the files that travel with the package, e.g. `faces/generator.safetensors`."""
    path = assets_folder() / name
    if not path.exists():
        raise MissingPart(
            f"the package does not contain '{name}'; install latentlab again, or make it (see README)"
        )
    return path


def find_asset(name: str) -> Path | None:
    """The same, or None where the package does not contain it."""
    try:
        return asset(name)
    except MissingPart:
        return None


def check_name(name: str) -> str:
    """The name itself, if it can be that of a file or folder in the lab."""
    if not re.fullmatch(r"\w[\w.+-]*", name) or len(name) > LONGEST_NAME:
        raise BadInput(
            f"'{name[:LONGEST_NAME]}' cannot be a name; use letters, digits, and . _ + - (at most {LONGEST_NAME})"
        )
    stem = name.partition(".")[0].lower()
    if name in FOLDERS or stem in RESERVED or name.endswith("."):
        why = "a folder of the lab itself" if name in FOLDERS else "no name that every system takes"
        raise BadInput(f"'{name}' cannot be a name: it is {why}; choose another")
    return name


def safe_name(text: str, *, whole: bool = False) -> str:
    """A name made of free text (a photo's file name): `My Photo.JPG` is `My_Photo`; with `whole`, no ending is cut off."""
    plain = unicodedata.normalize("NFC", text if whole else Path(text).stem)
    stem = re.sub(r"[^\w+-]+", "_", plain).strip("_+-")
    if stem in FOLDERS or stem.lower() in RESERVED:
        stem = f"{stem}_1"
    return stem[:LONGEST_NAME] or "unnamed"


def entries(home: Path | str) -> list[str]:
    """Names of the inversions in a lab folder, the newest last."""
    home = Path(home)
    found = [path.parent for path in home.glob("*/latent.safetensors")] if home.is_dir() else []
    return [
        path.name
        for path in sorted(
            found, key=lambda path: ((path / "latent.safetensors").stat().st_mtime_ns, path.name)
        )
    ]


def entry(home: Path | str, name: str | None = None) -> Path:
    """The folder of an inversion; without a name the newest."""
    names = entries(home)
    if not names:
        raise BadInput(f"there is no inversion in {home}; make one first: latentlab invert PHOTO")
    if name is None:
        return Path(home) / names[-1]
    if name not in names:
        raise unknown("inversion", name, names)
    return Path(home) / name


def find_network(name: Path | str, home: Path | str = "./lab") -> Path:
    """The file of a network by path or by name: the lab's `networks`, the package's own, the downloaded ones."""
    if "://" in str(name):
        raise BadInput(
            f"'{str(name)[:200]}' is an address; give the file a name first: latentlab models add NAME {str(name)[:200]}"
        )
    path = Path(name)
    if path.is_file():
        return path
    if path.exists() and not path.is_dir():
        raise BadFile(f"cannot read {path}: it is not a regular file; give a weight file")
    if path.suffix in NETWORK_ENDINGS or len(path.parts) > 1:
        raise unknown_network(str(name), home, f"there is no file {path}")
    found = known_networks(home)
    if str(name) not in found:
        raise unknown_network(str(name), home)
    return found[str(name)]


def unknown_network(name: str, home: Path | str, reason: str = "") -> BadInput:
    """The error for a network that is not there; a model of the registry is said to be one download away."""
    from latentlab.store.models import KNOWN

    if name in KNOWN:
        return BadInput(
            f"the model '{name}' is not on this machine yet; fetch it: latentlab models fetch {name}"
        )
    told = unknown("network", name, known_networks(home))
    return BadInput(f"{reason}; give a file or a known name") if reason else BadInput(str(told))


def shipped_networks(assets: Path) -> dict[str, Path]:
    """Networks that travel with the package, by the names of their folders: whole, or as the difference from a parent."""
    files = (
        path for ending in ("difference", "generator") for path in assets.glob(f"*/{ending}.safetensors")
    )
    return {path.parent.name: path for path in files}


def known_networks(home: Path | str = "./lab") -> dict[str, Path]:
    """Every network that can be named, with its file."""
    from latentlab.store.models import Models

    found: dict[str, Path] = {}
    with suppress(MissingPart):  # who has no home has no downloads
        found |= {name: path for name, path in Models().files().items() if path.suffix in NETWORK_ENDINGS}
    try:
        packaged = assets_folder()
    except MissingPart:
        packaged = None
    if packaged is not None:
        found |= shipped_networks(packaged)
    return found | {path.stem: path for path in sorted((Path(home) / NETWORKS).glob("*.safetensors"))}
