"""Each reader on small data in the exact layout it is for."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from latentlab.core.errors import BadFile, BadInput
from latentlab.data import READERS
from latentlab.data.batches import Aged, Attributed, Faces, Labelled, MakeupPairs, Posed, TwoDomains


def red(images: torch.Tensor) -> list[int]:
    """The red values that the pictures were painted with."""
    return [round(v) for v in ((images[:, 0].mean((1, 2)) + 1) * 127.5).tolist()]


def read(kind: str, path: Path, **fields: object):
    return READERS.build(kind, path=path, **fields)


def zipped(folder: Path) -> Path:
    place = folder.with_suffix(".zip")
    with zipfile.ZipFile(place, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return place


# folder and zip with dataset.json


@pytest.fixture
def labelled(tmp_path: Path, paint) -> Path:
    names = [f"00000/img0000000{i}.png" for i in range(4)]
    for i, name in enumerate(names):
        paint(f"set/{name}", red=10 * i)
    labels = [[name, i % 3] for i, name in enumerate(names)]
    (tmp_path / "set" / "dataset.json").write_text(json.dumps({"labels": labels}))
    return tmp_path / "set"


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_or_zip_is_read_with_its_labels(labelled: Path, packed: bool) -> None:
    reader = read("folder", zipped(labelled) if packed else labelled)
    assert len(reader) == 4
    sample = reader.read(2)
    assert isinstance(sample, Labelled)
    assert red(sample.images) == [20]
    assert sample.labels.tolist() == [[0, 0, 1]]


def test_vector_labels_stay_vectors_and_null_means_none(labelled: Path) -> None:
    file = labelled / "dataset.json"
    rows = [[name, [0.5, -1.0]] for name, _ in json.loads(file.read_text())["labels"]]
    file.write_text(json.dumps({"labels": rows}))
    assert read("folder", labelled).read(0).labels.tolist() == [[0.5, -1.0]]
    file.write_text('{"labels": null}')
    assert isinstance(read("folder", labelled).read(0), Faces)
    assert isinstance(read("folder", labelled, labelled=False).read(0), Faces)


def test_labels_without_pictures_and_pictures_without_labels_are_named(labelled: Path) -> None:
    (labelled / "00000/img00000001.png").unlink()
    with pytest.raises(BadFile, match=r"labels 1 pictures that are not there, e\.g\. 00000/img00000001\.png"):
        read("folder", labelled).read(0)
    (labelled / "dataset.json").write_text('{"labels": [["00000/img00000000.png", 1]]}')
    with pytest.raises(BadFile, match=r"has no label for 2 pictures, e\.g\. 00000/img00000002\.png"):
        read("folder", labelled).read(0)


@pytest.mark.parametrize("text", ["[1, 2", '{"labels": [["a"]]}', '["labels"]', '{"labels": 5}', "\x00\x01"])
def test_a_broken_label_file_is_an_error_in_one_line(labelled: Path, text: str) -> None:
    (labelled / "dataset.json").write_text(text)
    with pytest.raises(BadFile, match=r"dataset\.json") as caught:
        read("folder", labelled).read(0)
    assert "\n" not in str(caught.value)


def test_labels_that_are_no_numbers_are_refused(labelled: Path) -> None:
    rows = [[name, "cat"] for name, _ in json.loads((labelled / "dataset.json").read_text())["labels"]]
    (labelled / "dataset.json").write_text(json.dumps({"labels": rows}))
    with pytest.raises(BadFile, match="no numbers of one length"):
        read("folder", labelled).read(0)


def test_mixed_sizes_are_refused_unless_a_resolution_is_given(tmp_path: Path, paint) -> None:
    paint("a.png")
    paint("b.jpg", size=(16, 12))
    reader = read("folder", tmp_path)
    reader.read(0)
    with pytest.raises(BadInput, match=r"a\.png is 8×8, b\.jpg is 16×12; give a resolution"):
        reader.read(1)
    assert read("folder", tmp_path, resolution=4).read(1).images.shape == (1, 3, 4, 4)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("empty", "it is empty"), ("texts", "1 other files"), ("missing", "there is no folder or zip")],
)
def test_a_folder_without_pictures_is_refused(tmp_path: Path, kind: str, words: str) -> None:
    place = tmp_path / kind
    if kind != "missing":
        place.mkdir()
    if kind == "texts":
        (place / "notes.txt").write_text("none")
    with pytest.raises(BadFile, match=words):
        len(read("folder", place))


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"no zip at all")
    with pytest.raises(BadFile, match="no folder and no readable zip"):
        len(read("folder", tmp_path / "set.zip"))


# FFHQ


def test_ffhq_is_split_as_published(tmp_path: Path, paint) -> None:
    for number in (0, 59_999, 60_000):
        paint(f"thumbnails128x128/{number // 1000:02d}000/{number:05d}.png", red=number % 251)
    paint("readme.png")
    assert len(read("ffhq", tmp_path)) == 2
    assert red(read("ffhq", tmp_path, split="validation").read(0).images) == [60_000 % 251]
    assert len(read("ffhq", tmp_path, split="all")) == 3


def test_ffhq_without_numbered_pictures_is_refused(tmp_path: Path, paint) -> None:
    paint("images1024x1024/portrait.png")
    with pytest.raises(BadFile, match=r"pictures named like 00000\.png"):
        len(read("ffhq", tmp_path))


# CelebA


@pytest.fixture
def celeba(tmp_path: Path, paint) -> Path:
    for i in range(1, 4):
        paint(f"Img/img_align_celeba/{i:06d}.jpg", red=50 * i, size=(178, 218))
    (tmp_path / "Anno").mkdir()
    (tmp_path / "Eval").mkdir()
    (tmp_path / "Anno/list_attr_celeba.txt").write_text(
        "3\nSmiling Male Young \n000001.jpg -1  1  1\n000002.jpg  1 -1  1\n000003.jpg  1  1 -1\n"
    )
    (tmp_path / "Eval/list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n")
    return tmp_path


def test_celeba_gives_attributes_by_split(celeba: Path) -> None:
    reader = read("celeba", celeba, split="validation", resolution=32)
    sample = reader.read(0)
    assert reader.attribute_names == ("Smiling", "Male", "Young")
    assert isinstance(sample, Attributed)
    assert sample.attributes.tolist() == [[1, 0, 1]]
    assert sample.images.shape == (1, 3, 32, 32)
    assert len(read("celeba", celeba, split="all")) == 3


def test_celeba_as_csv_reads_alike(celeba: Path) -> None:
    text = "image_id,Smiling,Male,Young\n000001.jpg,-1,1,1\n000002.jpg,1,-1,1\n000003.jpg,1,1,-1\n"
    (celeba / "Anno/list_attr_celeba.txt").unlink()
    (celeba / "list_attr_celeba.csv").write_text(text)
    (celeba / "Eval/list_eval_partition.txt").unlink()
    (celeba / "list_eval_partition.csv").write_text(
        "image_id,partition\n000001.jpg,0\n000002.jpg,1\n000003.jpg,2\n"
    )
    assert read("celeba", celeba, split="test").read(0).attributes.tolist() == [[1, 1, 0]]


def test_celeba_names_what_is_missing(celeba: Path) -> None:
    (celeba / "Img/img_align_celeba/000002.jpg").unlink()
    with pytest.raises(BadFile, match=r"names 1 pictures that are not in .*e\.g\. 000002\.jpg"):
        len(read("celeba", celeba))
    (celeba / "Anno/list_attr_celeba.txt").write_text("3\nSmiling Male\n000001.jpg -1 2\n")
    with pytest.raises(BadFile, match="expected a file and 2 values"):
        len(read("celeba", celeba))
    (celeba / "Anno/list_attr_celeba.txt").unlink()
    with pytest.raises(BadFile, match=r"found no list_attr_celeba\.txt"):
        len(read("celeba", celeba))


# UTKFace


def test_utkface_names_tell_age_gender_and_race(tmp_path: Path, paint) -> None:
    paint("1_0_2_20161219140623097.jpg.chip.jpg", red=10)
    paint("61_1_20170109142408075.jpg", red=20)
    paint("85_1_4_20170110182526095.jpg", red=30)
    paint("portrait.jpg", red=40)
    reader = read("utkface", tmp_path)
    with pytest.warns(UserWarning, match="left out 1 pictures"):
        assert len(reader) == 3
    ages = [reader.read(i) for i in range(3)]
    assert isinstance(ages[0], Aged)
    assert [(s.ages.item(), s.genders.item(), s.races.item()) for s in ages] == [
        (1, 0, 2),
        (61, 1, -1),
        (85, 1, 4),
    ]


def test_utkface_with_other_names_is_refused(tmp_path: Path, paint) -> None:
    paint("portrait.jpg")
    with pytest.raises(BadFile, match=r"named like UTKFace's .*portrait\.jpg"):
        len(read("utkface", tmp_path))


# MT makeup


@pytest.fixture
def makeup(tmp_path: Path, paint) -> Path:
    for kind, count in (("non-makeup", 2), ("makeup", 3)):
        lines = []
        for i in range(count):
            paint(f"images/{kind}/{i}.png", red=100 + i if kind == "makeup" else i, size=(8, 8))
            mask = np.zeros((8, 8), dtype=np.uint8)
            mask[:, :4], mask[4:, 4:] = 4, 7
            place = tmp_path / f"segs/{kind}/{i}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(mask)
            if i:  # palettes as parsing tools write them
                picture = picture.convert("P")
                picture.putpalette([v for k in range(256) for v in (k, 255 - k, 0)])
                picture.putdata(mask.flatten().tolist())
            picture.save(place)
            lines.append(f"images/{kind}/{i}.png segs/{kind}/{i}.png")
        ending = "MAKEMIX" if kind == "makeup" else "SYMIX"
        (tmp_path / f"train_{ending}.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_makeup_gives_a_bare_and_a_made_up_face_with_masks(makeup: Path) -> None:
    reader = read("makeup", makeup)
    assert reader.sizes == (2, 3)
    sample = reader.read(1, 2)
    assert isinstance(sample, MakeupPairs)
    assert red(sample.bare) == [1]
    assert red(sample.made_up) == [102]
    assert sorted(sample.made_up_masks.unique().tolist()) == [0, 4, 7]
    assert sample.bare_masks.dtype == torch.int64


def test_masks_keep_their_classes_when_resized_and_change_sides_when_mirrored(makeup: Path) -> None:
    sample = read("makeup", makeup, resolution=16).read(0)
    assert sample.bare_masks.shape == (1, 16, 16)
    assert sorted(sample.bare_masks.unique().tolist()) == [0, 4, 7]
    mirrored = sample.mirrored()
    assert (mirrored.bare_masks[:, :, 8:] == 5).all()  # the left eye became the right one
    assert torch.equal(mirrored.bare, sample.bare.flip(-1))


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [("train_SYMIX.txt", "images/non-makeup/0.png\n", "expected: image mask"), ("train_SYMIX.txt", "\n", "lists no pictures"),
     ("train_SYMIX.txt", "a.png b.png\n", r"names 2 files that are not there, e\.g\. a\.png")],
)  # fmt: skip
def test_a_broken_makeup_list_is_refused(makeup: Path, file: str, text: str, words: str) -> None:
    (makeup / file).write_text(text)
    with pytest.raises(BadFile, match=words):
        len(read("makeup", makeup))


def test_a_coloured_mask_is_refused(makeup: Path, paint) -> None:
    paint("segs/non-makeup/0.png", red=3)
    with pytest.raises(BadFile, match="is a colour picture"):
        read("makeup", makeup).read(0)


# unpaired domains, pairs, faceswap


def test_unpaired_domains_have_two_sides(tmp_path: Path, paint) -> None:
    for i in range(2):
        paint(f"trainA/a{i}.png", red=i)
    for i in range(3):
        paint(f"trainB/b{i}.png", red=100 + i)
    paint("testA/x.png", red=7)
    paint("testB/y.png", red=8)
    reader = read("unpaired", tmp_path)
    assert reader.sizes == (2, 3)
    sample = reader.read(0, 2)
    assert isinstance(sample, TwoDomains)
    assert (red(sample.a), red(sample.b)) == ([0], [102])
    assert red(read("unpaired", tmp_path, split="test").read(0).b) == [8]


def test_a_missing_domain_is_named(tmp_path: Path, paint) -> None:
    paint("trainA/a.png")
    with pytest.raises(BadFile, match=r"has no trainB; there should be trainA and trainB \(there: trainA\)"):
        len(read("unpaired", tmp_path))


@pytest.mark.parametrize(("a", "b"), [("A", "B"), ("data_src", "data_dst"), ("faces_A", "faces_B")])
def test_faceswap_folders_are_found_by_their_usual_names(tmp_path: Path, paint, a: str, b: str) -> None:
    paint(f"{a}/frame_0.png", red=1)
    paint(f"{b}/frame_0.png", red=2)
    (tmp_path / a / "alignments.fsa").write_bytes(b"not read")
    sample = read("faceswap", tmp_path).read(0)
    assert (red(sample.a), red(sample.b)) == ([1], [2])


def test_faceswap_folders_can_be_named(tmp_path: Path, paint) -> None:
    paint("nicolas/0.png", red=1)
    paint("amelie/0.png", red=2)
    assert red(read("faceswap", tmp_path, a="nicolas", b="amelie").read(0).b) == [2]
    with pytest.raises(BadFile, match="name two"):
        len(read("faceswap", tmp_path, a="amelie", b="amelie"))


def side_by_side(path: Path, left: int, right: int, size: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((size, 2 * size, 3), dtype=np.uint8)
    pixels[:, :size, 0], pixels[:, size:, 0] = left, right
    Image.fromarray(pixels).save(path)


def test_pairs_stand_side_by_side(tmp_path: Path) -> None:
    side_by_side(tmp_path / "train/1.png", 10, 20)
    side_by_side(tmp_path / "val/1.png", 30, 40)
    sample = read("pairs", tmp_path).read(0)
    assert (red(sample.a), red(sample.b)) == ([10], [20])
    assert red(read("pairs", tmp_path, split="val", direction="BtoA").read(0).a) == [40]
    assert len(read("pairs", tmp_path, split="all")) == 2
    with pytest.raises(BadFile, match=r"has no folder test; there are: train, val"):
        len(read("pairs", tmp_path, split="test"))


def test_a_pair_that_is_not_two_squares_is_refused(tmp_path: Path, paint) -> None:
    paint("1.png", size=(12, 8))
    with pytest.raises(BadFile, match="is 12×8; two squares"):
        read("pairs", tmp_path).read(0)


# 300W-LP


@pytest.fixture
def posed(tmp_path: Path, paint) -> Path:
    rng = np.random.default_rng(0)
    for number, yaw in ((0, 5.0), (1, 40.0)):
        paint(f"AFW/AFW_134212_1_{number}.jpg", red=100 + 50 * number, size=(64, 64))
        savemat(
            tmp_path / f"AFW/AFW_134212_1_{number}.mat",
            {
                "Pose_Para": np.array([[*np.radians([2.0, yaw, -3.0]), 1, 2, 3, 4]]),
                "Shape_Para": rng.normal(size=(199, 1)), "Exp_Para": rng.normal(size=(29, 1)),
                "Tex_Para": rng.normal(size=(40, 1)), "Color_Para": np.zeros((1, 7)), "Illum_Para": np.zeros((1, 10)),
                "pt2d": np.stack([np.linspace(17, 49, 68), np.linspace(21, 41, 68)]), "roi": np.array([[1, 2, 3, 4]]),
            },
        )  # fmt: skip
    paint("AFW_Flip/AFW_134212_1_0.jpg")
    return tmp_path


def test_posed_faces_bring_their_fit_and_their_least_turned_picture(posed: Path) -> None:
    reader = read("300w-lp", posed, resolution=50, margin=-1)
    assert len(reader) == 2
    sample = reader.read(1)
    assert isinstance(sample, Posed)
    assert sample.angles[0].tolist() == pytest.approx([2, 40, -3], abs=1e-4)
    assert sample.camera[0].tolist() == pytest.approx([1, 2, 3, 4], abs=1e-5)
    assert (sample.shape.shape, sample.expression.shape, sample.texture.shape) == ((1, 199), (1, 29), (1, 40))
    assert abs(red(sample.images)[0] - 150) <= 2
    assert abs(red(sample.frontal)[0] - 100) <= 2
    # Matlab's pixel 17 is ours 16; its middle lies at 16.5/64 of the picture
    assert sample.landmarks[0, 0].tolist() == pytest.approx(
        [16.5 * 50 / 64 - 0.5, 20.5 * 50 / 64 - 0.5], abs=1e-4
    )


def test_posed_faces_are_cut_out_around_their_points(posed: Path) -> None:
    sample = read("300w-lp", posed, resolution=64, margin=0.25).read(0)
    low, high = sample.landmarks[0].min(0).values, sample.landmarks[0].max(0).values
    assert (high - low).max() == pytest.approx(64 / 1.25, abs=1.5)
    assert ((low + high) / 2 - 31.5).abs().max() < 1.5


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0 MAT-file, no more", b"\x00" * 200])
def test_a_broken_fit_is_one_line(posed: Path, content: bytes) -> None:
    (posed / "AFW/AFW_134212_1_0.mat").write_bytes(content)
    with pytest.raises(BadFile, match=r"AFW_134212_1_0\.mat") as caught:
        read("300w-lp", posed, resolution=32).read(0)
    assert "\n" not in str(caught.value)


def test_a_fit_of_another_model_is_refused(posed: Path) -> None:
    savemat(posed / "AFW/AFW_134212_1_0.mat", {"Pose_Para": np.zeros((1, 6))})
    with pytest.raises(BadFile, match="has 6 numbers in Pose_Para where 300W-LP has 7"):
        read("300w-lp", posed, resolution=32).read(0)


def test_posed_faces_are_not_mirrored(posed: Path) -> None:
    with pytest.raises(BadInput, match="_Flip"):
        read("300w-lp", posed, resolution=32).read(0).mirrored()


def test_an_impossible_resolution_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be 0 pixels wide"):
        read("folder", tmp_path, resolution=0)
