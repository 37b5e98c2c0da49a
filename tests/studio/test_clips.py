"""Clips: read as they are, edited where the face is, whole or not there, with their sound, times and story."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.core.errors import LatentLabError
from latentlab.core.files import may_write
from latentlab.scorers.pose import fit_pose
from latentlab.studio import Edit, EditClip, Frontalize, Makeup, Studio, Stylize, Swap
from latentlab.studio.applications.frontalize import OpenFrontalize
from latentlab.studio.clips import segments
from latentlab.studio.clips.clip import TICKS, open_clip
from latentlab.studio.clips.edits import EditJob
from latentlab.studio.clips.ffmpeg import ask, feeding, source
from latentlab.studio.clips.frames import read_frames
from latentlab.studio.clips.fronts import FrontalizeJob
from latentlab.studio.clips.jobs import JOBS, job_for
from latentlab.studio.clips.marks import read_marks
from latentlab.studio.recipes.data import as_data, from_data

OLDER = EditClip(Edit({"age": 2}))
TIMES = (0, 3000, 6000, 12000, 15000, 21000, 24000, 27000)
"""Of a clip of variable rate, in ticks."""


def portrait(count: int, size: tuple[int, int] = (128, 96)) -> list[np.ndarray]:
    """A window that moves over scikit-image's portrait."""
    import skimage.data

    picture, frames = Image.fromarray(skimage.data.astronaut()), []
    for place in range(count):
        left, top = 100 + 2 * place, 12 + place
        frames.append(
            np.asarray(picture.resize(size, Image.Resampling.LANCZOS, (left, top, left + 256, top + 192)))
        )
    return frames


def write(path: Path, frames: list[np.ndarray], times: tuple[int, ...] = (), *words: str) -> Path:
    """A clip with a tone; `words` are ffmpeg's, before the path."""
    height, width, _ = frames[0].shape
    times = times or tuple(3000 * place for place in range(len(frames)))
    when = "+".join(f"eq(N\\,{place})*{time}" for place, time in enumerate(times))
    asked = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(TICKS), "-i", "-"]
    asked += ["-f", "lavfi", "-i", f"sine=d={times[-1] / TICKS}", "-fps_mode", "passthrough"]
    asked += [
        "-vf",
        f"settb=1/{TICKS},setpts={when}",
        "-enc_time_base",
        f"1:{TICKS}",
        "-c:v",
        "libx264",
        "-crf",
        "12",
    ]
    with feeding([*asked, "-pix_fmt", "yuv420p", "-c:a", "aac", *words, f"file:{path}"]) as stream:
        for frame in frames:
            stream.write(np.ascontiguousarray(frame).tobytes())
    return path


def packets(path: Path, stream: str) -> list[str]:
    """What a stream holds, without decoding it: a checksum for each packet."""
    told, _ = ask(["-v", "error", *source(path), "-map", stream, "-c", "copy", "-f", "framecrc", "-"])
    return [line.rsplit(",", 1)[-1] for line in told.splitlines() if not line.startswith("#")]


def lights(path: Path) -> list[np.ndarray]:
    return [frame.light.astype(int) for frame in read_frames(open_clip(path))]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def studio(place: Path) -> Studio:
    """On the network that ships."""
    return Studio(device="cpu", home=place / "lab")


@pytest.fixture(scope="module")
def clip(place: Path) -> Path:
    return write(place / "clip.mp4", portrait(8), TIMES)


@pytest.fixture(scope="module")
def older(studio: Studio, clip: Path, place: Path) -> Path:
    return studio.edit_clip(clip, OLDER, place / "older.mp4")


# reading


def test_a_clip_of_variable_rate_is_read_with_its_times(clip: Path) -> None:
    found = open_clip(clip)
    assert (found.size, found.times, found.sound) == ((128, 96), TIMES, True)


def test_a_turned_clip_is_read_upright(clip: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.mov"
    ask(["-display_rotation", "90", "-i", str(clip), "-c", "copy", str(turned)])
    assert open_clip(turned).size == (96, 128)
    assert np.array_equal(lights(turned)[0], np.rot90(lights(clip)[0]))


def test_a_clip_that_was_cut_off_is_read_as_far_as_it_goes_and_says_so(clip: Path, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.mp4", tmp_path / "part.mp4"
    write(whole, portrait(40), (), "-g", "4", "-movflags", "+faststart")
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    found = open_clip(part)
    assert 4 <= len(found.times) < 40
    assert "ends early" in found.notes[0]


@pytest.mark.parametrize("space", ["bt709", "smpte170m"])
@pytest.mark.parametrize("range_", ["tv", "pc"])
def test_colours_are_what_they_were(space: str, range_: str, tmp_path: Path) -> None:
    frames = portrait(2)
    filters = f"scale=out_color_matrix={space}:out_range={range_},setparams=colorspace={space}:range={range_}"
    path = tmp_path / "colours.mp4"
    height, width, _ = frames[0].shape
    words = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{width}x{height}",
        "-r",
        "24",
        "-i",
        "-",
        "-vf",
        filters,
    ]
    with feeding([*words, "-pix_fmt", "yuv420p", "-crf", "4", str(path)]) as stream:
        for frame in frames:
            stream.write(frame.tobytes())
    found = open_clip(path)
    assert (found.colours.space, found.colours.full) == (space, range_ == "pc")
    seen = np.asarray(next(read_frames(found)).picture()).astype(int)
    assert np.abs(seen - frames[0]).mean() < 3


def test_a_frame_changes_only_where_its_part_does(clip: Path) -> None:
    frame = next(read_frames(open_clip(clip)))
    box = (20, 10, 84, 74)
    before = frame.picture(box)
    pixels = np.array(before)
    pixels[8:24, 16:40] = (250, 20, 20)
    after = frame.changed(box, before, Image.fromarray(pixels))
    assert np.array_equal(frame.changed(box, before, before).light, frame.light)
    changed = np.argwhere(after.light != frame.light)
    assert changed.min(0).tolist() >= [18, 36] and changed.max(0).tolist() <= [33, 59]
    red = np.asarray(after.picture(box))[12:20, 20:36].mean((0, 1))
    assert np.abs(red - (250, 20, 20)).max() < 12


def _sound_only(path: Path) -> None:
    ask(["-f", "lavfi", "-i", "sine=d=0.2", "-c:a", "aac", str(path)])


def _playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")


BAD = {
    "text": lambda path: path.write_text("hello"),
    "empty": lambda path: path.write_bytes(b""),
    "folder": lambda path: path.mkdir(),
    "sound": _sound_only,
    "playlist": _playlist,
    "nothing": lambda path: None,
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_clip_is_said_in_a_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.mp4"
    BAD[kind](path)
    with pytest.raises(LatentLabError, match=r"bad\.mp4") as caught:
        open_clip(path)
    assert "\n" not in str(caught.value)


# editing


def test_the_face_changes_and_what_is_far_from_it_does_not(studio: Studio, clip: Path, older: Path) -> None:
    before, made = lights(clip), list(studio.open_clip(clip, OLDER).frames())
    assert [frame.number for frame in made] == list(range(8))
    for old, new, read in zip(before, made, lights(older), strict=True):
        change = np.abs(new.light.astype(int) - old)
        assert change[20:70, 40:90].mean() > 2.0
        assert change[:, :8].max() == change[-4:].max() == 0
        assert np.abs(read - new.light).mean() < 2.0


def test_times_size_and_sound_stay(clip: Path, older: Path) -> None:
    one, other = open_clip(clip), open_clip(older)
    assert (one.times, one.size) == (other.times, other.size)
    assert packets(clip, "0:a") == packets(older, "0:a")


def test_a_clip_bears_its_mark_and_its_recipe(older: Path) -> None:
    story = read_marks(older)
    assert story["digital_source_type"].endswith("compositeWithTrainedAlgorithmicMedia")
    assert story["asked"]["request"]["directions"] == [["age", 2]]
    assert may_write(older) == older
    told, _ = ask(["-v", "error", "-export_xmp", "1", "-i", str(older), "-f", "ffmetadata", "-"])
    assert "digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in told


def test_a_clip_is_made_again_from_its_recipe(
    studio: Studio, clip: Path, older: Path, tmp_path: Path
) -> None:
    with pytest.raises(LatentLabError, match="inputs"):
        studio.replay(older)
    again = studio.replay(older, [clip])
    assert (again.largest, again.verdict) == (0, "equal pixels")
    assert lights(again.picture.save(tmp_path / f"again{again.ending}"))[3].shape == (96, 128)


def test_an_interrupted_clip_goes_on_where_it_was(
    studio: Studio, clip: Path, older: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "LENGTH", 3)
    opened = studio.open_clip(clip, EditClip(Edit({"age": 1})))
    whole = lights(studio.edit_clip(clip, EditClip(Edit({"age": 1})), tmp_path / "whole.mp4"))

    def stop(done: float, text: str = "", image: object = None) -> None:
        if "frame 7" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="6 of 8 frames are kept"):
        opened.film(tmp_path / "younger.mp4", stop)
    assert not (tmp_path / "younger.mp4").exists()
    drawn: list[int] = []
    monkeypatch.setattr(
        EditJob, "draw", lambda self, faces, moments, inner=EditJob.draw: drawn.extend(moments) or inner(self, faces, moments)
    )  # fmt: skip
    opened.film(tmp_path / "younger.mp4")
    assert len(drawn) == 2
    assert all(np.array_equal(a, b) for a, b in zip(lights(tmp_path / "younger.mp4"), whole, strict=True))
    assert not list(opened.folder.glob("parts-*"))


def test_frames_without_a_face_are_kept_and_counted(studio: Studio, tmp_path: Path) -> None:
    grey = [np.full((96, 128, 3), 120, np.uint8)] * 12
    path = write(tmp_path / "some.mp4", [*portrait(6), *grey])
    opened = studio.open_clip(path, OLDER)
    after = lights(opened.film(tmp_path / "out.mp4"))
    assert (opened.count, opened.edited) == (18, 6)
    assert any("12 of 18 frames do not show this face" in note for note in opened.notes())
    assert max(np.abs(light - lights(path)[-1]).max() for light in after[6:]) <= 2


def test_of_two_people_one_is_chosen(studio: Studio, photos: Path, tmp_path: Path) -> None:
    two = [Image.open(photos / f"volunteer_{name}_neutral.jpg").convert("RGB") for name in ("014", "068")]
    frame = np.concatenate([np.asarray(picture.resize((160, 192))) for picture in two], 1)
    path = write(tmp_path / "two.mp4", [frame] * 4)
    with pytest.raises(LatentLabError, match="found 2 people"):
        studio.open_clip(path, OLDER)
    with pytest.raises(LatentLabError, match="no face 3"):
        studio.open_clip(path, EditClip(Edit({"age": 2}), face=3))
    before = lights(path)[1]
    after = lights(studio.edit_clip(path, EditClip(Edit({"age": 2}), face=2), tmp_path / "one.mp4"))[1]
    apart = np.abs(after - before)
    assert apart[:, 200:280].mean() > 3 * apart[:, 40:120].mean()


def test_a_clip_without_sound_stays_without(studio: Studio, clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    ask([*source(clip), "-an", "-c", "copy", str(path)])
    made = studio.edit_clip(path, {"age": 1}, tmp_path / "out.mkv")
    assert not open_clip(made).sound
    assert read_marks(made)["asked"]["job"] == "edit"


@pytest.mark.parametrize("name", ["out.gif", "out.webm", "folder.mp4", "mine.mp4"])
def test_what_may_not_be_written_is_refused_before_any_work(
    name: str, studio: Studio, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "mine.mp4").write_bytes(clip.read_bytes())
    monkeypatch.setattr("latentlab.studio.clips.opening.open_clip", pytest.fail)
    with pytest.raises(LatentLabError, match=name):
        studio.edit_clip(clip, OLDER, tmp_path / name)
    assert (tmp_path / "mine.mp4").read_bytes() == clip.read_bytes()


def test_a_sweep_runs_over_the_clip(studio: Studio, clip: Path) -> None:
    from latentlab.studio import Sweep

    opened = studio.open_clip(clip, EditClip(Edit(sweeps=(Sweep("age", (0.0, 1.0, 3.0)),))))
    job = opened.job
    assert isinstance(job, EditJob)
    found = [next(iter(job._strengths(moment).values())) for moment in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert found == [0.0, 0.5, 1.0, 2.0, 3.0]


def test_makeup_is_painted_on_every_frame_and_made_again(studio: Studio, clip: Path, tmp_path: Path) -> None:
    frame = next(read_frames(open_clip(clip))).picture()
    frame.resize((512, 384)).save(tmp_path / "reference.png")
    made = studio.edit_clip(
        clip,
        Makeup({"lips": "#c00020"}, regions=("lids",)),
        tmp_path / "red.mp4",
        reference=tmp_path / "reference.png",
    )
    red = [
        np.abs(a.red.astype(int) - b.red)[:, :]
        for a, b in zip(*(read_frames(open_clip(p)) for p in (clip, made)), strict=True)
    ]
    mouth = [change[26:36, 24:42].mean() for change in red]
    assert min(mouth) > 3 * max(change[:8].mean() for change in red)
    assert studio.replay(made, [clip, tmp_path / "reference.png"]).largest == 0


def test_heads_of_a_clip_are_turned_by_one_line_over_yaw(
    studio: Studio, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[float] = []

    def found(self: OpenFrontalize) -> float:
        """A loop that finds a quarter of the yaw, give or take what a detector doubts."""
        looked.append((-1.0) ** len(looked))
        return 0.25 * float(fit_pose(self.face.landmarks[None].double()).yaw[0]) + looked[-1]

    monkeypatch.setattr(OpenFrontalize, "correction", found)
    opened = studio.open_clip(clip, EditClip(Frontalize()))
    job = opened.job
    assert isinstance(job, FrontalizeJob) and len(looked) == len(job.yaws) == 8
    assert -0.1 < job.slope < 0.25
    made = opened.film(tmp_path / "front.mp4")
    assert len(looked) == 8, "frames that are drawn are not looked at by the loop"
    assert any("brought to 0" in note for note in opened.notes())
    assert studio.replay(made, [clip]).largest == 0


REQUESTS = {
    "edit": Edit({"age": 1.0}),
    "makeup": Makeup({"lips": "#a01030"}, strength=0.5),
    "stylize": Stylize("pencil"),
    "swap": Swap(strength=0.5),
    "frontalize": Frontalize(paste_back=True),
}
"""One of each job."""


@pytest.mark.parametrize("name", JOBS)
def test_every_job_takes_a_request_that_a_recipe_can_hold(name: str) -> None:
    request = REQUESTS[name]
    assert job_for(request) == name
    assert from_data(JOBS[name].asks, json.loads(json.dumps(as_data(request)))) == request


def test_a_request_that_is_not_for_clips_is_refused(studio: Studio, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(LatentLabError, match="cannot be done to a clip"):
        studio.edit_clip(clip, EditClip(torch.Size), tmp_path / "out.mp4")


def test_a_dark_clip_is_inverted_in_a_usual_exposure_and_stays_dark(studio: Studio, tmp_path: Path) -> None:
    path = write(tmp_path / "dark.mp4", [(frame * 0.12).astype(np.uint8) for frame in portrait(3)])
    opened = studio.open_clip(path, OLDER)
    assert not opened.exposure.usual
    assert any("very dark" in note for note in opened.notes())
    before, after = lights(path)[1], list(opened.frames())[1].light.astype(int)
    assert 0.2 < np.abs(after - before)[20:70, 40:90].mean() < 8
