"""The split by people: nobody of the test photographs is ever trained on, under any name."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentlab.data.holdout import SHOWN_IN_PHOTOS, is_held_out, person, split
from latentlab.data.portraits import Portraits


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("volunteer_009_neutral.jpg", "volunteer 9"),
        ("webmorph_neutral_front_009_03.jpg", "volunteer 9"),
        ("images/webmorph_smiling_front_009_08.JPG", "volunteer 9"),
        ("009_03.jpg", "volunteer 9"),
        ("synthetic_female_4.jpg", "synthetic female 4"),
        ("faker_female_4.jpg", "synthetic female 4"),
        ("faker_male_4.jpg", "synthetic male 4"),
        ("faker_female_40.jpg", "synthetic female 40"),
        ("t1i_textual_search_5_Age_top_9_matches_r0c3.jpg", "t1i_textual_search_5_Age_top_9_matches_r0c3"),
    ],
)
def test_a_person_is_known_under_every_name(name: str, who: str) -> None:
    assert person(name) == who


@pytest.mark.parametrize(
    "name",
    [
        "webmorph_neutral_front_003_03.jpg", "webmorph_smiling_front_141_08.jpg", "webmorph_neutral_front_009_03.jpg",
        "webmorph_neutral_front_014_03.jpg", "webmorph_smiling_front_100_08.jpg", "faker_female_4.jpg",
        "portraits/images/faker_male_99.jpg", "volunteer_068_smiling.jpg",
    ],
)  # fmt: skip
def test_people_of_the_photographs_and_every_third_volunteer_are_held_out(name: str) -> None:
    assert is_held_out(name)


@pytest.mark.parametrize(
    "name",
    [
        "webmorph_neutral_front_001_03.jpg", "webmorph_smiling_front_173_08.jpg", "faker_female_3.jpg",
        "faker_female_44.jpg", "faker_male_1.jpg", "t1i_textual_search_3_Age_top_9_matches_r0c3.jpg",
    ],
)  # fmt: skip
def test_others_are_trained_on(name: str) -> None:
    assert not is_held_out(name)


def test_further_photographs_hold_their_people_out_too() -> None:
    assert is_held_out("faker_female_3.jpg", photos=["synthetic_female_3.jpg"])
    assert is_held_out("webmorph_neutral_front_001_03.jpg", photos=["volunteer_001_smiling.jpg"])


def test_no_person_is_on_both_sides() -> None:
    names = [
        f"webmorph_{kind}_front_{n:03d}_0{i}.jpg"
        for n in range(1, 174)
        for i, kind in ((3, "neutral"), (8, "smiling"))
    ]
    names += [f"faker_{sex}_{n}.jpg" for sex in ("female", "male") for n in range(100)]
    sides = split(names)
    assert sorted(sides.train + sides.held_out) == sorted(names)
    assert {person(n) for n in sides.train}.isdisjoint({person(n) for n in sides.held_out})
    volunteers = {person(n) for n in sides.held_out if n.startswith("webmorph")}
    assert {f"volunteer {n}" for n in range(3, 174, 3)} <= volunteers
    assert {"volunteer 14", "volunteer 44", "volunteer 68", "volunteer 100"} <= volunteers
    assert len(volunteers) == 57 + 4


def test_the_list_of_photographed_people_is_whole(photos: Path) -> None:
    assert {person(path.name) for path in photos.glob("*.jpg")} == SHOWN_IN_PHOTOS


def test_the_portraits_are_split_by_person(test_data: Path) -> None:
    root = test_data / "portraits"
    train, held_out = Portraits(root), Portraits(root, split="held out")
    assert len(train) + len(held_out) == len(Portraits(root, split="all"))
    assert not any(is_held_out(name) for name in train.names)
    assert all(is_held_out(name) for name in held_out.names)
    assert len(held_out.expression_pairs) >= 25
    assert all(person(a) == person(b) and "smiling" in b for a, b in held_out.expression_pairs)
    assert train.read(0).images.shape == (1, 3, 256, 256)


def test_portraits_on_a_small_copy(tmp_path: Path, paint) -> None:
    for name in (
        "webmorph_neutral_front_003_03",
        "webmorph_smiling_front_003_08",
        "webmorph_neutral_front_004_03",
    ):
        paint(f"images/{name}.png")
    (tmp_path / "labels.csv").write_text("file,set,age\nwebmorph_neutral_front_003_03.png,x,24\n")
    held_out = Portraits(tmp_path, split="held out")
    assert len(held_out.expression_pairs) == 1
    assert held_out.labels["webmorph_neutral_front_003_03.png"]["age"] == "24"
    assert len(Portraits(tmp_path)) == 1
