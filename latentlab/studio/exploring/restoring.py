"""A picture dropped on the page: the view that its recipe describes; the recipe is untrusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from latentlab.core.errors import BadInput, WrongGenerator
from latentlab.core.image import decode_picture, read_story
from latentlab.store.home import entries
from latentlab.studio.exploring.desk import Desk
from latentlab.studio.exploring.view import Styles, View

LARGEST = 64 << 20


def view_of_picture(desk: Desk, content: bytes) -> View:
    """What made this picture, as a view of this network.

    Raises:
        BadFile: no picture, or one without a recipe.
        BadInput: a recipe that no view can hold: a sweep, a blend, a face that is not on the shelf.
        WrongGenerator: a picture of another network.
    """
    if len(content) > LARGEST:
        raise BadInput(f"the file has {len(content) >> 20} MB; pictures of latentlab are smaller")
    decode_picture(content, "the picture")
    path = desk.folder / "dropped.png"
    path.write_bytes(content)
    story = read_story(path)
    network = story.get("network")
    if isinstance(network, Mapping) and not _shown_here(desk, network.get("hash")):
        raise WrongGenerator(
            f"the picture was made by the network '{str(network.get('name'))[:40]}', this page shows '{desk.studio.name}'"
        )
    asked = story.get("asked")
    if not isinstance(asked, Mapping):
        raise BadInput("the picture has no recipe that this page can follow; try: latentlab replay FILE")
    if story.get("command") == "generate":
        return _sampled(asked)
    if story.get("command") != "edit" or asked.get("sweeps") or asked.get("blend"):
        raise BadInput(
            "the page shows single faces and edits of them; this picture is something else: latentlab replay FILE"
        )
    return _edited(desk, asked, story.get("ingredients"))


def _shown_here(desk: Desk, digest: object) -> bool:
    """Whether the page works with the network of this hash: for samples, or for photographs."""
    return digest in (desk.studio.generator.hash, desk.studio.for_photographs.generator.hash)


def _edited(desk: Desk, asked: Mapping[str, object], ingredients: object) -> View:
    pairs = asked.get("directions")
    try:
        strengths = {str(name): float(value) for name, value in pairs or ()}  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise BadInput("the picture's recipe names no directions with numbers") from None
    view = replace(_face(desk, ingredients, "face"), strengths=strengths)
    mix = asked.get("mix")
    if not mix:
        return view
    try:
        first, last = mix[1]  # type: ignore[index]
        return replace(view, styles=Styles(_face(desk, ingredients, "mix").face, int(first), int(last)))
    except (TypeError, ValueError, LookupError):
        raise BadInput("the picture's recipe names no layers of the face it was mixed with") from None


def _face(desk: Desk, ingredients: object, role: str) -> View:
    """The face that stands in a recipe under its role: one of the shelf, or a sample."""
    faces = ingredients.get("faces") if isinstance(ingredients, Mapping) else None
    face = faces.get(role) if isinstance(faces, Mapping) else None
    face = face if isinstance(face, Mapping) else {}
    name = str(face.get("name", ""))
    if name in entries(desk.studio.home):
        return View(f"shelf:{name}")
    recipe = face.get("recipe")
    made = (
        recipe.get("asked") if isinstance(recipe, Mapping) and recipe.get("command") == "generate" else None
    )
    if not isinstance(made, Mapping):
        raise BadInput(
            f"the picture was made from the face '{name[:60]}', which is not on this shelf; invert its photo first"
        )
    return _sampled(made)


def _sampled(asked: Mapping[str, object]) -> View:
    seeds, psi = asked.get("seeds"), asked.get("psi", 1.0)
    noise = asked.get("noise_seed") if asked.get("noise") == "random" else asked.get("noise", View.noise)
    if (
        not isinstance(seeds, list)
        or len(seeds) != 1
        or type(seeds[0]) is not int
        or not isinstance(psi, int | float)
    ):
        raise BadInput("the picture shows several samples, or none; the page shows one")
    return View(f"seed:{seeds[0]}", float(psi), noise=str(noise))
