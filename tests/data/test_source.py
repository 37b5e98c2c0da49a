"""What feeds a training: the same sample for the same number, whatever happens around it."""

from __future__ import annotations

import pickle
import warnings
from collections import Counter
from pathlib import Path

import pytest
import torch

from latentlab.core.errors import BadFile, BadInput
from latentlab.data.batches import stack
from latentlab.data.folder import Folder
from latentlab.data.order import Order
from latentlab.data.source import Loader, Source, once
from latentlab.data.unpaired import Unpaired


@pytest.fixture
def folder(tmp_path: Path, paint) -> Path:
    for i in range(10):
        paint(f"set/{i}.png", red=20 * i)
    return tmp_path / "set"


def which(images: torch.Tensor) -> list[int]:
    return [round(v / 20) for v in ((images[:, 0].mean((1, 2)) + 1) * 127.5).tolist()]


def test_each_pass_shows_every_entry_once_in_another_order() -> None:
    order = Order(50, seed=3)
    passes = [[order(k) for k in range(t * 50, (t + 1) * 50)] for t in range(5)]
    assert all(sorted(one) == list(range(50)) for one in passes)
    assert len({tuple(one) for one in passes}) == 5
    assert [order(k) for k in range(50)] == passes[0]  # looked up again after later passes
    assert passes[0] != [Order(50, seed=4)(k) for k in range(50)]
    assert passes[0] != [Order(50, seed=3, side=1)(k) for k in range(50)]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_sample_depends_on_its_number_alone(folder: Path, workers: int) -> None:
    one, other = Source(Folder(folder), seed=1, workers=workers), Source(Folder(folder), seed=1, workers=1)
    together = one(list(range(25)))
    apart = stack([other([k]) for k in range(25)])
    assert torch.equal(together.images, apart.images)
    assert Counter(which(together.images[:20])) == Counter(dict.fromkeys(range(10), 2))
    one.close()


def test_resuming_and_dealing_change_nothing(folder: Path) -> None:
    def batches(start: int, rank: int, world: int) -> list[torch.Tensor]:
        source = Source(Folder(folder), seed=5, workers=1, mirror=True)
        return [b.images for b in Loader(source, 4, rank, world).batches(start, 6)]

    whole = batches(0, 0, 1)
    assert len(whole) == 6
    assert all(torch.equal(a, b) for a, b in zip(whole[3:], batches(3, 0, 1), strict=True))
    dealt = [torch.cat(parts) for parts in zip(batches(0, 0, 2), batches(0, 1, 2), strict=True)]
    assert all(torch.equal(a, b) for a, b in zip(whole, dealt, strict=True))


def test_a_loader_can_be_left_early(folder: Path) -> None:
    stream = Loader(Source(Folder(folder), workers=2), 2).batches()
    assert len(next(stream)) == 2
    stream.close()


def test_mirroring_turns_half_of_the_samples(tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    ramp = np.tile(np.arange(8, dtype=np.uint8)[None, :, None] * 30, (8, 1, 3))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    source = Source(Folder(tmp_path), mirror=True, workers=1)
    images = source(list(range(200))).images
    turned = (images[:, 0, 0, 0] > images[:, 0, 0, -1]).sum().item()
    assert 70 < turned < 130


def test_unpaired_sides_are_shuffled_apart(tmp_path: Path, paint) -> None:
    for i in range(6):
        paint(f"trainA/{i}.png", red=20 * i)
        paint(f"trainB/{i}.png", red=20 * i)
    batch = Source(Unpaired(tmp_path), workers=1)(list(range(12)))
    assert sorted(which(batch.a[:6])) == sorted(which(batch.b[:6])) == list(range(6))
    assert which(batch.a) != which(batch.b)


def test_one_corrupt_picture_is_named_and_skipped(folder: Path) -> None:
    (folder / "3.png").write_bytes((folder / "3.png").read_bytes()[:40])
    source = Source(Folder(folder), workers=2)
    with pytest.warns(UserWarning, match=r"skipped 1 of 10 so far; the latest: cannot read .*3\.png"):
        first = source(list(range(10)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = source(list(range(10)))  # known by now: no second warning
    assert torch.equal(first.images, again.images)
    assert list(source.skipped) == ["3.png"]
    assert 3 not in which(first.images)
    source.close()


def test_one_corrupt_picture_stops_where_that_is_wanted(folder: Path) -> None:
    (folder / "3.png").write_bytes(b"")
    with pytest.raises(BadFile, match=r"3\.png"):
        Source(Folder(folder), workers=1, on_error="stop")(list(range(10)))


def test_a_set_of_corrupt_pictures_is_an_error(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(b"broken")
    with (
        pytest.warns(UserWarning, match="skipped"),
        pytest.raises(BadFile, match="10 entries in a row cannot be read"),
    ):
        Source(Folder(folder), workers=1)([0])


def test_mixed_sizes_are_not_skipped(folder: Path, paint) -> None:
    paint("set/large.png", size=(16, 16))
    with pytest.raises(BadInput, match="several sizes"):
        Source(Folder(folder), workers=1)(list(range(11)))


def test_once_goes_through_the_files_in_order_and_leaves_the_corrupt_out(folder: Path) -> None:
    (folder / "7.png").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"7\.png"):
        batches = list(once(Folder(folder), 4, workers=2))
    assert [len(b) for b in batches] == [4, 3, 2]
    assert [i for b in batches for i in which(b.images)] == [0, 1, 2, 3, 4, 5, 6, 8, 9]


def test_readers_travel_to_other_processes(folder: Path) -> None:
    reader = Folder(folder)
    reader.read(0)
    again = pickle.loads(pickle.dumps(reader))
    assert torch.equal(again.read(4).images, reader.read(4).images)


@pytest.mark.parametrize(("batch", "rank", "world"), [(3, 0, 2), (0, 0, 1), (4, 2, 2)])
def test_a_batch_that_cannot_be_dealt_is_refused(folder: Path, batch: int, rank: int, world: int) -> None:
    with pytest.raises(BadInput, match="cannot be dealt"):
        Loader(Source(Folder(folder)), batch, rank, world)


def test_an_empty_batch_is_refused(folder: Path) -> None:
    with pytest.raises(BadInput, match="empty batch"):
        Source(Folder(folder))([])
