"""Photographs are chosen by what is known of them, weighed by their set, and never shown where people are held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from latentlab.core.errors import BadFile, BadInput, LatentLabError, UnknownName
from latentlab.data import SourceOptions, open_source
from latentlab.data.labels import Condition
from latentlab.data.live_renders import LiveRenders
from latentlab.data.order import WeightedOrder
from latentlab.data.packed import Packed
from latentlab.world.standin import save_stand_in


@pytest.fixture
def folder(tmp_path: Path, paint: Callable[..., Path]) -> Path:
    """Nine photographs of three sets; the red value tells which one it is."""
    lines = ["file,set,inside,sex"]
    for number in range(9):
        name = f"face_{number}.png"
        paint(f"photos/images/{name}", red=20 * number)
        lines.append(f"{name},{'abc'[number % 3]},{0.9 + number / 100},{'female' if number % 2 else 'male'}")
    (tmp_path / "photos" / "labels.csv").write_text("\n".join(lines))
    return tmp_path / "photos"


def opened(folder: Any, tmp_path: Path, **options: Any) -> Packed:
    source = open_source(folder, SourceOptions(8, cache=tmp_path / "run" / "photos-8.npy", **options))
    assert isinstance(source, Packed)
    return source


def shown(source: Packed, passes: int = 1) -> Counter[int]:
    reds = source(range(passes * len(source)))["images"][:, 0, 0, 0]
    return Counter((reds.float() / 20).round().int().tolist())


def test_conditions_choose(folder: Path, tmp_path: Path) -> None:
    assert shown(opened(folder, tmp_path, where=("inside >= .95",))) == Counter(range(5, 9))
    assert shown(opened(folder, tmp_path, where=("inside>=.93", "sex = female"))) == Counter([3, 5, 7])
    assert shown(opened(folder, tmp_path, where=("set != a",))) == Counter([1, 2, 4, 5, 7, 8])


def test_sets_are_shown_by_their_weight(folder: Path, tmp_path: Path) -> None:
    seen = shown(opened(folder, tmp_path, weights={"a": 4.0, "c": 0.0}), passes=50)
    assert set(seen) == {0, 1, 3, 4, 6, 7}
    assert sum(seen[k] for k in (0, 3, 6)) / sum(seen[k] for k in (1, 4, 7)) == pytest.approx(4, rel=0.05)


def test_a_sample_depends_on_its_number_alone(folder: Path, tmp_path: Path) -> None:
    one, other = (opened(folder, tmp_path, weights={"a": 2.5}, mirror=True, seed=3) for _ in range(2))
    whole = one(range(40))["images"]
    assert all((other([k])["images"][0] == whole[k]).all() for k in (39, 0, 17))


def test_several_folders_are_one_source(folder: Path, tmp_path: Path, paint: Callable[..., Path]) -> None:
    paint("more/x.png", red=200)
    assert shown(opened([folder, tmp_path / "more"], tmp_path)) == Counter([*range(9), 10])


def test_a_condition_can_be_one_folders_alone(
    folder: Path, tmp_path: Path, paint: Callable[..., Path]
) -> None:
    paint("more/x.png", red=200)
    (tmp_path / "more" / "labels.csv").write_text("file,set\nx.png,d\n")
    both = [folder, tmp_path / "more"]
    assert shown(opened(both, tmp_path, where=("photos: inside>=.97",))) == Counter([7, 8, 10])
    with pytest.raises(UnknownName, match=r"column of .*more.* is called 'inside'"):
        opened(both, tmp_path, where=("inside>=.97",))
    with pytest.raises(UnknownName, match=r"no folder of photographs is called 'moer'.* did you mean 'more'"):
        opened(both, tmp_path, where=("moer: set = d",))


def test_renders_are_mixed_in_at_their_share(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv(
        "LATENTLAB_FACE_MODEL", str(save_stand_in(tmp_path / "model" / "ict_facekit.npz").parent)
    )
    monkeypatch.setattr(
        LiveRenders, "__call__", lambda self, numbers: {"images": torch.full((len(numbers), 3, 8, 8), 0.125)}
    )
    options = SourceOptions(8, cache=tmp_path / "photos.npy", weights={"a": 2.0}, render_share=0.25)
    source: Any = open_source(folder, options)
    images = source(range(400))["images"]
    renders = (images == 0.125).flatten(1).all(1)
    assert int(renders.sum()) == pytest.approx(100, abs=25)
    assert torch.equal(source([17])["images"][0], images[17])
    assert "0.25 of renders natural" in source.fingerprint


def test_without_a_face_model_nothing_is_packed(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("LATENTLAB_FACE_MODEL", str(tmp_path / "gone"))
    with pytest.raises(LatentLabError) as refused:
        open_source(folder, SourceOptions(8, cache=tmp_path / "run" / "photos.npy", render_share=0.5))
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("what", "options", "words"),
    [
        ("renders", {"where": ("age > 3",)}, "`where` and `weights` choose photographs"),
        ("packed.npy", {"weights": {"a": 2.0}}, "packed.npy is no such folder"),
        (("packed.npy", "photos"), {}, "packed.npy is none; put packed files into one folder"),
        ("renders", {"render_share": 0.5}, "all images are renders already"),
        ("labelled.zip", {"render_share": 0.5}, "has labels, renders have none"),
    ],
)
def test_what_has_no_list_is_not_chosen_from(
    folder: Path, tmp_path: Path, monkeypatch: Any, what: Any, options: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "packed.npy").touch()
    with pytest.raises(BadInput, match=words):
        open_source(what, SourceOptions(8, cache=tmp_path / "run" / "photos.npy", **options))


def test_each_pass_rounds_weights_up_or_down() -> None:
    weights = (1.0, 2.5, 0.25, 4.0, 1.0)
    order, share = WeightedOrder(weights, seed=1), [w * 5 / 8.75 for w in weights]
    for turn in range(20):
        seen = Counter(order(k) for k in range(turn * 5, turn * 5 + 5))
        assert all(int(s) <= seen[i] <= int(s) + 1 for i, s in enumerate(share))
    equal = WeightedOrder((2.0,) * 7)
    assert sorted(equal(k) for k in range(7)) == list(range(7))


def test_people_held_out_are_left_out_by_name(
    folder: Path, tmp_path: Path, paint: Callable[..., Path]
) -> None:
    paint("photos/images/volunteer_009_neutral.png", red=240)
    assert 12 not in shown(opened(folder, tmp_path, hold_out=True))
    assert 12 in shown(opened(folder, tmp_path / "other"))


def test_a_broken_picture_is_left_out_with_a_count(folder: Path, tmp_path: Path) -> None:
    (folder / "images" / "face_4.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"left out 1 of 9 pictures that cannot be read, e.g. .*face_4.png"):
        source = opened(folder, tmp_path, weights={"a": 2.0})
    assert 4 not in shown(source, 5)
    assert shown(opened(folder, tmp_path, weights={"a": 2.0}), 5) == shown(source, 5)  # from the pack


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"where": ("insde >= .9",)}, UnknownName, "did you mean 'inside'"),
        ({"where": ("inside >= 2",)}, BadInput, "none of the 9 pictures .* has inside >= 2; ask for less"),
        ({"where": ("inside over .9",)}, BadInput, "is no condition"),
        ({"where": ("set > a",)}, BadInput, "words can only be equal"),
        ({"weights": {"d": 2.0}}, UnknownName, "no set among the chosen photographs is called 'd'"),
        ({"weights": {"a": -1.0}}, BadInput, "weights are numbers from 0 on"),
        ({"weights": {"a": float("nan")}}, BadInput, "weights are numbers from 0 on"),
        ({"weights": {"a": 0.0, "b": 0.0, "c": 0.0}}, BadInput, "no photograph of .* is left"),
    ],
)
def test_what_cannot_be_chosen_is_one_line(
    folder: Path, tmp_path: Path, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as refused:
        opened(folder, tmp_path, **options)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_a_list_that_is_missing_or_names_no_files_is_said(folder: Path, tmp_path: Path) -> None:
    (folder / "labels.csv").write_text("name,set\nx,y\n")
    with pytest.raises(BadFile, match="has no column 'file', only: name, set"):
        opened(folder, tmp_path, where=("set = a",))
    (folder / "labels.csv").unlink()
    with pytest.raises(BadFile, match=r"has no labels\.csv"):
        opened(folder, tmp_path, weights={"a": 2.0})
    assert len(opened(folder, tmp_path)) == 9


def test_an_empty_cell_meets_no_comparison() -> None:
    assert not Condition.parse("age < 30").holds({"age": ""})
    assert Condition.parse("age < 30").holds({"age": "29"})
