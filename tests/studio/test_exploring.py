"""What the app stands on and no browser is needed for: views and links, history, desks, the shelf's acts, marks."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, LatentLabError, WrongGenerator
from latentlab.core.latent import Space
from latentlab.studio import (
    Desk,
    Desks,
    Directions,
    Edits,
    Faces,
    History,
    Job,
    Studio,
    Styles,
    Sweep,
    View,
    compare_rendered,
    compare_view,
    direction_from_seeds,
    gif_file,
    grouped,
    keep_edit,
    kept_edit,
    kept_edits,
    measured,
    open_and_invert,
    reach,
    read_view,
    readable,
    reading_of,
    search_channels,
    sheet_file,
    steps,
    view_of,
    view_of_picture,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(Studio(home=tmp_path / "lab"))
    yield found
    found.close()


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 999_999_999),
    st.floats(0, 2),
    st.dictionaries(st.sampled_from(["age", "smile", "b32.conv1.17"]), st.floats(-5, 5)),
    st.sampled_from(["const", "none", "17"]),
    st.sampled_from([None, Styles("seed:5", 0, 3), Styles("shelf:anna", 2, 2)]),
)
def test_a_view_survives_its_link(
    seed: int, psi: float, strengths: dict[str, float], noise: str, styles: Styles | None
) -> None:
    view = View(f"seed:{seed}", psi, noise=noise, styles=styles, beside=("seed:1", "shelf:b")).moved(
        strengths
    )
    again = view_of(view.query())
    assert (again.face, again.noise, again.styles, again.beside) == (view.face, noise, styles, view.beside)
    assert again.psi == pytest.approx(view.psi, rel=1e-4, abs=1e-4)
    assert all(
        again.strengths.get(name, 0.0) == pytest.approx(value, rel=1e-4, abs=1e-4)
        for name, value in view.strengths.items()
    )


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(["face", "psi", "edit", "transfer", "noise", "styles", "beside", "x"]),
        st.text(max_size=40),
    )
)
def test_any_link_is_a_view_or_one_sentence(query: dict[str, str]) -> None:
    with suppress(BadInput):
        assert view_of(view_of(query).query()).face == view_of(query).face


@pytest.mark.parametrize(
    "face", ["seed:-1", "seed:x", "shelf:../anna", "shelf:a/b", "other:1", "", "seed:1:2"]
)
def test_a_face_that_cannot_be_is_refused(face: str) -> None:
    with pytest.raises(BadInput):
        View(face)


def test_undo_and_redo_walk_the_history_and_a_new_view_forgets_what_was_undone() -> None:
    one, two, three = View("seed:1"), View("seed:2"), View("seed:3")
    history = History((one,)).to(two).to(two).to(three)
    assert len(history.views) == 3
    assert history.undo().now == two
    assert history.undo().redo() == history
    assert history.undo().undo().undo().now == one
    branched = history.undo().undo().to(three)
    assert branched.views == (one, three)
    assert not branched.can_redo


def test_a_desk_draws_what_the_command_line_would(desk: Desk) -> None:
    view = View("seed:7", 0.7, {"age": 1.0})
    drawn = np.asarray(desk.picture(view).show())
    direct = desk.studio.edit(desk.studio.sample(7, psi=0.7), {"age": 1.0}).show()
    assert np.array_equal(drawn, np.asarray(direct))
    assert desk.jpeg(view)[:2] == b"\xff\xd8"


def test_a_network_without_directions_shows_its_faces(tmp_path: Path) -> None:
    network = Path(__file__).parents[1] / "fixtures" / "networks" / "sg2ada_uncond64.pkl"
    desk = Desk(Studio(network=network, home=tmp_path / "lab"))
    assert desk.studio.directions() == []
    drawn = desk.picture(View("seed:3", 0.7))
    assert np.array_equal(np.asarray(drawn.show()), np.asarray(desk.studio.generate([3], psi=0.7)[0].show()))
    assert view_of_picture(desk, drawn.save(tmp_path / "a.png").read_bytes()) == View("seed:3", 0.7)


def test_a_network_that_is_not_there_is_said_before_anybody_is_served(tmp_path: Path) -> None:
    with pytest.raises(LatentLabError, match="there is no file"):
        Desks("nofile.pkl", tmp_path / "lab").warm()


def test_a_picture_that_is_dropped_restores_what_made_it(desk: Desk, tmp_path: Path) -> None:
    view = View("seed:7", 0.7, {"age": 1.0, "smile": -0.5}, noise="4", styles=Styles("seed:2", 6, 9))
    file = desk.picture(view).save(tmp_path / "kept.png")
    assert view_of_picture(desk, file.read_bytes()) == view


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_dropped_file_without_a_recipe_is_one_sentence(desk: Desk, content: bytes) -> None:
    with pytest.raises(LatentLabError):
        view_of_picture(desk, content)


def test_a_file_is_told_by_what_it_holds(desk: Desk, tmp_path: Path) -> None:
    view = View("seed:7", 0.7, {"age": 1.0})
    made = desk.picture(view).save(tmp_path / "kept.png").read_bytes()
    assert open_and_invert(desk, "../../etc/passwd.jpg", made).view == view
    empty = BytesIO()
    Image.new("RGB", (200, 200), "gray").save(empty, "PNG")
    for content in (b"no picture", empty.getvalue()):
        with pytest.raises(LatentLabError, match=r"the (file|photo)"):
            open_and_invert(desk, "portrait.jpg", content)
    assert not list(desk.folder.glob("upload-*"))


def test_a_portrait_is_inverted_and_put_back_at_its_own_size(desk: Desk) -> None:
    skimage = pytest.importorskip("skimage")
    pytest.importorskip("dlib")
    portrait, buffer = Image.fromarray(skimage.data.astronaut()), BytesIO()
    portrait.save(buffer, "PNG")
    opened = open_and_invert(desk, "Eileen Collins.png", buffer.getvalue())
    assert opened.face is not None
    assert opened.name == "Eileen_Collins"
    view = View(desk.put(opened.face), strengths={"age": 1.0})
    assert desk.picture(view, whole=True).show().size == portrait.size
    still = np.asarray(desk.picture(view.plain(), whole=True).show()).astype(int)
    assert np.abs(still - np.asarray(portrait)).mean() < 1
    drawn = desk.jpeg(view)
    for _ in range(6):  # more than stay in memory: the first waits in the session's folder
        desk.put(opened.face)
    assert desk.has_photo(view)
    assert desk.jpeg(view) == drawn
    kept = desk.keep(view.plain(), "kept")
    assert desk.has_photo(View("shelf:kept"))
    assert kept.photo is not None


def test_a_channel_of_s_is_a_direction_by_its_name(desk: Desk, tmp_path: Path) -> None:
    found = {
        one.name: 2.0 if one.says == "more smile" else -2.0
        for one in search_channels(desk.studio, "smile", 2)
    }
    assert len(found) == 2
    changes = [
        one.change
        for seed in range(4)
        for one in read_view(desk, View(f"seed:{seed}", strengths=found), identity=False).readings
        if one.name == "smile"
    ]
    assert np.mean(changes) > 0.05
    view = View("seed:5", strengths=found)
    file = desk.picture(view).save(tmp_path / "a.png")
    assert desk.studio.replay(file).largest == 0
    assert search_channels(desk.studio, "b32.conv1.1", 1)[0].name == "b32.conv1.1"
    with pytest.raises(BadInput, match="neither an attribute"):
        search_channels(desk.studio, "nothing like it")


def test_an_edit_is_kept_without_its_face(desk: Desk) -> None:
    view = View("seed:5", strengths={"age": 1.5}, styles=Styles("seed:2", 0, 1))
    keep_edit(desk.studio, "older", view)
    with pytest.raises(BadInput, match="already"):
        keep_edit(desk.studio, "older", view)
    other = View("seed:9", noise="none")
    assert kept_edit(desk.studio, "older", other) == replace(
        other, strengths={"age": 1.5}, styles=view.styles
    )
    assert kept_edits(desk.studio) == ["older"]
    with pytest.raises(BadInput, match="any more"):
        kept_edit(desk.studio, "gone", other)


def test_what_is_found_is_labelled_by_what_a_step_changes(desk: Desk) -> None:
    age = desk.studio.direction("age")
    (found,) = measured(desk.studio, [age]).rows
    assert "age +" in found.label
    assert measured(desk.studio, [age]).columns[0] in found.effects
    assert len(desk.swept_urls("seed:1", age, (-1.0, 1.0))) == 2
    in_w = Direction("w", Space.W, age.vector[0], model=age.model)
    assert desk.swept_urls("seed:1", in_w, (1.0,))[0].startswith("data:image/jpeg")


def test_methods_stand_beside_the_truth_and_the_edit(desk: Desk) -> None:
    pytest.importorskip("dlib")
    answers = compare_rendered(desk, "smile", 2)
    assert [one.title for one in answers[:2]] == ["before", "the truth"]
    assert all("dB from the truth" in one.figures for one in answers[2:])
    assert any("pix2pix" in one.title for one in answers)
    own = compare_view(desk, View("seed:5", strengths={"smile": 1.0}))
    assert own[0].title == "before"
    assert any("pix2pix" in one.title and "smile" in one.figures for one in own)
    with pytest.raises(BadInput, match="none of them"):
        compare_rendered(desk, "smile", 99)


def test_sweeps_are_files_that_can_be_made_again(desk: Desk, tmp_path: Path) -> None:
    view, sweep = View("seed:5", strengths={"smile": 0.5}), Sweep("age", steps(desk, "age", 3))
    file = tmp_path / "sheet.png"
    file.write_bytes(sheet_file(desk, view, [sweep]))
    assert desk.studio.replay(file).largest == 0
    assert Image.open(BytesIO(gif_file(desk, view, sweep))).n_frames == 4


def test_a_goal_moves_the_view(desk: Desk) -> None:
    view = View("seed:5")
    now = reading_of(desk, view, "age")
    moved, words = reach(desk, view, "age", now + 8, None)
    assert moved.strengths["age"] > 0
    assert "age" in words
    assert readable(desk)["age"] == "years"


def test_a_dropped_picture_of_another_network_is_refused(desk: Desk, tmp_path: Path) -> None:
    from latentlab.core.image import save_image

    image = desk.studio.sample(1).image[0]
    file = save_image(
        image, tmp_path / "a.png", {"command": "edit", "network": {"name": "other", "hash": "0"}}
    )
    with pytest.raises(WrongGenerator):
        view_of_picture(desk, file.read_bytes())


def test_desks_do_not_see_each_others_faces(tmp_path: Path) -> None:
    desks = Desks("faces", tmp_path / "lab")
    one, two = desks.new(), desks.new()
    name = one.put(one.studio.sample(3))
    assert one.face(View(name)).name
    with pytest.raises(BadInput, match="another session"):
        two.face(View(name))
    assert one.studio.generator is two.studio.generator
    folder = one.folder
    desks.remove(one.token)
    assert not folder.exists()
    with pytest.raises(BadInput, match="ended"):
        desks.get(one.token)


def test_idle_desks_are_cleared_and_living_ones_stay(tmp_path: Path) -> None:
    desks = Desks("faces", tmp_path / "lab")
    one, two = desks.new(), desks.new()
    one.used = two.used = time.monotonic() - 10
    assert desks.sweep(lambda token: token == two.token, idle=5) == 1
    assert len(desks) == 1
    assert desks.get(two.token) is two


def test_what_is_kept_can_be_renamed_deleted_restored_and_taken_along(desk: Desk) -> None:
    desk.keep(View("seed:1", strengths={"age": 1.0}), "anna")
    desk.keep(View("seed:2"), "ben")
    shelf = Faces(desk.studio)
    with pytest.raises(BadInput):
        shelf.rename("anna", "ben")
    shelf.rename("anna", "clara")
    gone = shelf.delete("clara")
    assert desk.studio.faces() == ["ben"]
    with pytest.raises(BadInput, match="not on the shelf any more"):
        shelf.delete("clara")
    assert shelf.restore(gone) == "clara"
    names = zipfile.ZipFile(BytesIO(shelf.bundle(["clara"]))).namelist()
    assert "clara/latent.safetensors" in names


def test_directions_and_edits_are_renamed_deleted_and_restored_too(desk: Desk) -> None:
    desk.keep_direction(replace(desk.studio.direction("age"), name="years"))
    keep_edit(desk.studio, "older", View("seed:1", strengths={"years": 1.0}))
    for shelf, name in ((Directions(desk.studio), "years"), (Edits(desk.studio), "older")):
        assert shelf.names() == [name]
        shelf.rename(name, "other")
        assert shelf.names() == ["other"]
        gone = shelf.delete("other")
        assert shelf.names() == []
        assert shelf.restore(gone) == "other"
        assert zipfile.ZipFile(BytesIO(shelf.bundle(["other"]))).namelist()
    assert desk.studio.direction("other").name == "other"
    assert "age" not in Directions(desk.studio).names()


def test_of_two_who_delete_the_same_thing_one_is_told_that_it_is_gone(desk: Desk) -> None:
    desk.keep(View("seed:1"), "anna")
    done: list[str] = []

    def act() -> None:
        try:
            Faces(desk.studio).delete("anna")
            done.append("deleted")
        except BadInput:
            done.append("told")

    both = [threading.Thread(target=act) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(done) == ["deleted", "told"]


def test_marks_make_a_direction_that_goes_from_less_to_more(desk: Desk) -> None:
    studio = desk.studio
    ages = {seed: studio.score(studio.sample(seed))["age"] for seed in range(24)}
    order = sorted(ages, key=lambda seed: ages[seed])
    direction = direction_from_seeds(studio, "older", order[-8:], order[:8])
    assert "older" in studio.directions()
    before, after = (
        desk.studio.score(studio.sample(99)),
        studio.score(studio.edited(studio.sample(99), _edit(direction.name, 1.0))),
    )
    assert after["age"] > before["age"]


def _edit(name: str, strength: float):  # type: ignore[no-untyped-def]
    from latentlab.studio import Edit

    return Edit({name: strength})


@pytest.mark.parametrize(
    ("more", "less", "words"),
    [([1, 2, 3], [3, 4, 5], "decide"), ([1], [2, 3, 4], "at least"), ([1, 2, 3], [], "at least")],
)
def test_marks_that_say_too_little_are_refused(
    desk: Desk, more: list[int], less: list[int], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        direction_from_seeds(desk.studio, "mine", more, less)


def test_readings_name_what_was_asked_and_are_zero_without_an_edit(desk: Desk) -> None:
    still = read_view(desk, View("seed:5"), identity=False)
    assert max(abs(one.change) for one in still.readings) < 1e-4
    older = read_view(desk, View("seed:5", strengths={"age": 2.0}), identity=False)
    found = {one.name: one for one in older.readings}
    assert found["age"].change > 3
    assert "age" in older.sentence({"age": 2.0})


def test_every_direction_has_one_slider(desk: Desk) -> None:
    names = desk.studio.directions()
    sliders = [
        one for group in grouped([desk.studio.direction(name) for name in names]) for one in group.sliders
    ]
    assert sorted(one.name for one in sliders) == sorted(names)
    assert all(one.low <= 0 <= one.high for one in sliders)


def test_a_job_reports_fails_in_a_sentence_and_stops() -> None:
    done = Job("sum", lambda watch: watch(0.5, "half") or 7).start()
    assert done.wait(5)
    assert (done.result, done.done, done.error) == (7, 1.0, None)

    def fails(watch):  # type: ignore[no-untyped-def]
        raise BadInput("there is nothing here")

    failed = Job("fails", fails).start()
    assert failed.wait(5)
    assert failed.error == "there is nothing here"

    begun = threading.Event()

    def endless(watch):  # type: ignore[no-untyped-def]
        while True:
            begun.set()
            watch(0.1)

    stopped = Job("endless", endless).start()
    assert begun.wait(5)
    stopped.cancel()
    assert stopped.wait(5)
    assert "stopped" in str(stopped.error)
