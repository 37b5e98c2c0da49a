"""A library from one recipe: steps mean what it says, weak directions are named and left out, nothing is done twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput, LatentLabError, UnknownName
from latentlab.core.latent import Latent, Space
from latentlab.core.watch import silent
from latentlab.directions.facts import names_in
from latentlab.directions.library import load_direction
from latentlab.editing.calibrate import Calibrate
from latentlab.scorers.targets import NAMES
from latentlab.store.home import asset
from latentlab.studio.discovery.build import _Maker, build_library
from latentlab.studio.discovery.plan import LibraryRecipe, Wanted, finder, load_recipe
from latentlab.studio.studio import Studio
from latentlab.world.counterfactuals import find_wish
from tests.directions.toy import WIDTH, ToyGenerator, ToyScorer

RECIPE = LibraryRecipe(
    direction=(
        Wanted("older", 0.5, attribute="age"),
        Wanted("spectacles", 0.4, attribute="glasses", side="up", limits=(-1.0, 2.0)),
        Wanted("smile", 0.3, method="flow", fields={"epochs": 3}),
    ),
    samples=1000, calibration=40, faces=100, dlib=0,
)  # fmt: skip


class Blind(ToyScorer):
    """A judge who sees nothing of a smile."""

    hash = "blind"

    def __call__(self, images):
        scores = super().__call__(images)
        scores[:, 2] = images[:, 0, 0, 11]
        return scores


@pytest.fixture
def studio(tmp_path, monkeypatch) -> Studio:
    monkeypatch.setattr("latentlab.studio.shelf.companions.likeness", lambda studio: None)
    place = Studio("toy", home=tmp_path / "lab")
    place.__dict__["generator"] = ToyGenerator()
    return place


def build(studio, out, recipe=RECIPE, judge=None, **options):
    return list(
        build_library(studio, recipe, out, guides=[ToyScorer()], judges=[judge or ToyScorer()], **options)
    )


def test_a_step_is_what_the_recipe_says_on_faces_never_seen(studio, tmp_path) -> None:
    built = build(studio, tmp_path / "out")
    assert [one.reason for one in built] == ["", "", ""]
    draw = torch.Generator().manual_seed(99)
    latent = Latent(Space.W, studio.generator.map(torch.randn(400, 12, generator=draw)))
    for name, column, step in (("older", 0, 0.5), ("smile", 2, 0.3)):
        direction = load_direction(tmp_path / "out" / f"{name}.direction.safetensors")
        scores = [
            ToyScorer()(studio.generator.render(direction.apply(latent, s)))[:, column] for s in (-1, 1)
        ]
        assert float((scores[1] - scores[0]).median() / 2) == pytest.approx(step, rel=0.25)
        assert direction.step == step


def test_the_file_tells_target_span_leakage_and_who_judged(studio, tmp_path) -> None:
    build(studio, tmp_path / "out")
    found = load_direction(tmp_path / "out" / "spectacles.direction.safetensors")
    assert found.story["attribute"] == "glasses"
    assert set(found.leakage) == {"age", "smile"}
    assert -1 <= found.span[0] < 0 < found.span[1] <= 2
    assert "toy" in found.story["judge"]
    assert found.story["works"] > 0.6


def test_what_the_judge_does_not_see_is_left_out_and_an_older_file_goes(studio, tmp_path) -> None:
    build(studio, tmp_path / "out")
    *_, smile = build(studio, tmp_path / "out", judge=Blind())
    assert smile.direction is None
    assert "judge sees" in smile.reason
    assert set(names_in(tmp_path / "out")) == {"older", "spectacles"}


def test_a_step_out_of_reach_is_left_out(studio, tmp_path) -> None:
    far = replace(RECIPE, direction=(Wanted("older", 500.0, attribute="age"),))
    (older,) = build(studio, tmp_path / "out", far)
    assert "no length" in older.reason
    assert names_in(tmp_path / "out") == {}


def test_the_same_recipe_does_nothing_twice_and_another_one_does(studio, tmp_path) -> None:
    build(studio, tmp_path / "out", only=["older"])
    assert [one.kept for one in build(studio, tmp_path / "out", only=["older"])] == [True]
    changed = replace(RECIPE, faces=120)
    assert [one.kept for one in build(studio, tmp_path / "out", changed, only=["older"])] == [False]
    assert [one.kept for one in build(studio, tmp_path / "out", changed, only=["older"], force=True)] == [
        False
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"direction": (Wanted("a", 1.0, attribute="agee"),)}, "age"),
        ({"direction": (Wanted("a", 1.0, attribute="age", free=("nose",)),)}, "nose"),
        ({"hold": ("nose",)}, "nose"),
        ({"direction": (Wanted("a", 1.0, attribute="age", method="magic"),)}, "magic"),
        ({"direction": (Wanted("a", 1.0, attribute="age", fields={"ridg": 1.0}),)}, "ridge"),
        ({"direction": (Wanted("../a", 1.0, attribute="age"),)}, "cannot be a name"),
        (
            {"direction": (Wanted("a", 1.0, attribute="age", layers=(0, 9)),)},
            "layers 0 to 9 are out of range",
        ),
    ],
)
def test_a_wrong_recipe_is_refused_before_anything_is_rendered(change, told, studio, tmp_path) -> None:
    with pytest.raises((UnknownName, BadInput), match=told):
        build(studio, tmp_path / "out", replace(RECIPE, **change))
    assert not (tmp_path / "lab").exists()


def test_nonsense_in_a_recipe_is_one_line(tmp_path) -> None:
    with pytest.raises(BadInput, match="two directions"):
        replace(RECIPE, direction=(Wanted("a", 1.0), Wanted("a", 2.0)))
    with pytest.raises(BadInput, match="above 0"):
        replace(RECIPE, direction=(Wanted("a", 0.0),))
    for text in (
        "direction = 3",
        "[[direction]]\nname = 'a'",
        "[[direction]]\nname = 'a'\nstep = 'x'",
        "a = [",
    ):
        (tmp_path / "r.toml").write_text(text)
        with pytest.raises((BadInput, BadFile)) as caught:
            load_recipe(tmp_path / "r.toml")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["directions", "directions-portraits", "directions-steered"])
def test_the_recipes_that_ship_name_attributes_that_scorers_have(name) -> None:
    recipe = load_recipe(asset(f"recipes/{name}.toml"))
    for wanted in recipe.direction:
        method = finder(wanted, recipe, NAMES)
        assert {wanted.target, *getattr(method, "hold", ()), *wanted.free} <= set(NAMES)
        assert method.needs != "pairs" or find_wish(method.wish).attribute == wanted.target
        assert wanted.target not in getattr(method, "hold", ())
    assert {"age", "smile", "yaw", "glasses", "lipstick"} <= {w.name for w in recipe.direction}


@pytest.mark.parametrize(("taught", "kept"), [(0.4, 0.8), (0.9, 0.9), (1.7, 1.0)])
def test_a_length_taught_by_the_truth_is_held_to_what_the_guide_reads(taught, kept, studio, tmp_path) -> None:
    wanted = Wanted("age", 0.5, method="counterfactual", calibrate="truth")
    recipe = replace(RECIPE, direction=(wanted,))
    maker = _Maker(studio, recipe, tmp_path, [ToyScorer()], [ToyScorer()], silent)
    faces = Latent(Space.W, torch.randn(40, WIDTH, generator=torch.Generator().manual_seed(0)))
    found = Direction("age", Space.W, taught * 0.5 * torch.eye(WIDTH)[0])
    stretched = maker._stretched(wanted, found, faces)
    assert float(stretched.vector[0]) == pytest.approx(kept * 0.5, rel=0.15)
    own = maker._stretched(replace(wanted, side="up", least_read=0.0), found, faces)
    assert own.vector.equal(found.vector)  # as the truth taught it, whatever the guide reads
    with pytest.raises(LatentLabError, match=r"more than 2\.5 times as long"):
        maker._stretched(wanted, found.stretched(0.2 / taught * 0.5), faces)


def test_a_wall_in_the_way_is_no_step() -> None:
    generator = ToyGenerator()
    latent = Latent(Space.W, torch.zeros(5, 12))

    class Wall(ToyScorer):
        def __call__(self, images):
            return super().__call__(images).clamp(-0.2, 0.2)

    along = Direction("age", Space.W, torch.eye(12)[0])
    assert Calibrate().factor(generator, along, "age", Wall(), latent, 0.1) == pytest.approx(0.1, rel=0.2)
    assert Calibrate().factor(generator, along, "age", Wall(), latent, 0.5) == 0
    assert Calibrate().factor(generator, along.stretched(-1.0), "age", Wall(), latent, 0.1) == 0
