"""The one door for every write: whole or not at all, never over inputs, strangers, devices; leftovers, locks, umask."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from latentlab.core import leftovers
from latentlab.core.errors import BadFile
from latentlab.core.files import atomic, draft_folder, may_write, write_text, writing
from latentlab.core.image import save_image
from latentlab.core.leftovers import sweep_folder
from latentlab.core.locks import InUse, held, in_turn
from latentlab.core.made import made_here
from latentlab.store.archive import Archive


def write(path: Path, text: str = "new") -> None:
    write_text(path, text)


def test_what_others_made_is_never_replaced_without_force(tmp_path) -> None:
    (tmp_path / "notes.md").write_text("mine")
    with pytest.raises(BadFile, match=r"latentlab did not make it.*`force`"):
        write(tmp_path / "notes.md")
    assert (tmp_path / "notes.md").read_text() == "mine"
    with writing(force=True):
        write(tmp_path / "notes.md")
    assert (tmp_path / "notes.md").read_text().startswith("new")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.safetensors", "a.md", "a.html"])
def test_what_latentlab_made_is_known_again_and_may_be_replaced(tmp_path, name) -> None:
    path = tmp_path / name
    if name.endswith("safetensors"):
        Archive("latent", {"a": torch.zeros(1)}).save(path)
        Archive("latent", {"a": torch.zeros(1)}).save(path)
    elif name.endswith(("md", "html")):
        write(path, "a page\n")
        write(path, "another\n")
    else:
        save_image(torch.zeros(3, 8, 8), path, {"command": "generate"})
        save_image(torch.zeros(3, 8, 8), path, {"command": "generate"})
    assert made_here(path)


def test_strangers_of_the_same_formats_are_strangers(tmp_path) -> None:
    picture = Image.fromarray(np.zeros((8, 8, 3), np.uint8))
    for name in ("a.png", "a.jpg", "a.webp", "a.gif"):
        picture.save(tmp_path / name)
        assert not made_here(tmp_path / name)
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", {"format": "pt"})
    assert not made_here(tmp_path / "a.safetensors")


def test_an_input_is_never_written_over_not_even_with_force(tmp_path) -> None:
    path = tmp_path / "a.png"
    save_image(torch.zeros(3, 8, 8), path, {"command": "generate"})
    os.link(path, tmp_path / "hard.png")
    (tmp_path / "soft.png").symlink_to(path)
    for name in ("a.png", "hard.png", "soft.png"):
        with (
            writing(inputs=[path], force=True),
            pytest.raises(BadFile, match="what this command reads"),
        ):
            save_image(torch.ones(3, 8, 8), tmp_path / name, {"command": "generate"})


def test_a_link_is_followed_and_stays_a_link(tmp_path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "a.txt")
    write(tmp_path / "link.txt")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "new"
    with pytest.raises(BadFile, match="did not make it"):
        write(tmp_path / "link.txt")


def test_devices_pipes_folders_and_loops_are_refused_in_one_line(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "null").symlink_to("/dev/null")
    for name in ("pipe", "folder", "loop", "null", "/dev/null", "x" * 300, "a" * 20 + "\0"):
        with writing(force=True), pytest.raises(BadFile) as caught:
            write(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "loop", "null", "pipe"]


def test_names_of_255_bytes_can_be_written(tmp_path) -> None:
    path = tmp_path / ("ä" * 125 + ".txt")
    write(path)
    assert path.read_text() == "new"


def test_the_umask_holds_for_files_and_folders_and_a_file_keeps_its_permissions(tmp_path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path / "a.txt")
        with draft_folder(tmp_path / "b") as draft:
            os.rename(draft, tmp_path / "b")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o700
    (tmp_path / "a.txt").chmod(0o640)
    write_text(tmp_path / "a.txt", "once more", own=True)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_a_full_disk_is_one_line_whatever_writes(tmp_path) -> None:
    def too_much() -> None:
        with atomic(tmp_path / "a.npy") as temporary:
            np.save(temporary, np.zeros(1 << 18))

    def too_much_in_a_folder() -> None:
        with draft_folder(tmp_path / "anna") as folder:
            (folder / "photo.png").write_bytes(bytes(1 << 18))

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limit[1]))
    try:
        for writes in (too_much, too_much_in_a_folder):
            with pytest.raises(BadFile, match="nothing was left half-written"):
                writes()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert not list(tmp_path.iterdir())


WRITER = """
    import sys, time
    from pathlib import Path
    from latentlab.core.files import atomic, draft_folder
    place = Path(sys.argv[1])
    with atomic(place / "a.png") as file, draft_folder(place / "anna") as folder:
        print("writing", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that is in the middle of writing a file and a folder."""
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "writing\n"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_what_a_live_process_writes_is_left_alone_and_what_a_killed_one_left_goes(writer, tmp_path) -> None:
    assert len(list(tmp_path.glob(".*"))) == 2
    assert sweep_folder(tmp_path) == []
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    (tmp_path / ".a.png.of-somebody").write_text("")
    write(tmp_path / "b.png")
    assert [path.name for path in tmp_path.glob(".*")] == [".a.png.of-somebody"]


def test_a_folder_is_looked_through_at_the_first_write_only(tmp_path, monkeypatch) -> None:
    looked = []
    sweep = leftovers.sweep_folder
    monkeypatch.setattr(
        leftovers, "sweep_folder", lambda folder, **how: looked.append(folder) or sweep(folder, **how)
    )
    monkeypatch.chdir(tmp_path)
    for place in ("a.png", tmp_path / "b.png", "below/c.png", "below/d.png"):
        write(Path(place))
    assert [folder.resolve() for folder in looked] == [tmp_path, tmp_path / "below"]


def test_a_second_user_of_a_shared_thing_gets_a_line_or_waits(tmp_path) -> None:
    with held(tmp_path, "the run x"), pytest.raises(InUse, match="the run x is being written"):
        held(tmp_path, "the run x").__enter__()
    with in_turn(tmp_path, "the bank"):
        pass


def test_the_second_in_turn_is_told_and_goes_on(tmp_path) -> None:
    holder = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from latentlab.core.locks import held
        with held(Path(sys.argv[1]), "it"):
            print("held", flush=True)
            time.sleep(1)
    """)
    child = subprocess.Popen([sys.executable, "-c", holder, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    begun = time.monotonic()
    with pytest.warns(UserWarning, match="waits for it"), in_turn(tmp_path, "the bank"):
        assert time.monotonic() - begun > 0.2
    child.wait()
    child.stdout.close()


def test_may_write_says_so_before_any_work(tmp_path) -> None:
    (tmp_path / "a.md").write_text("mine")
    with pytest.raises(BadFile):
        may_write(tmp_path / "a.md")
    assert may_write(tmp_path / "b.md") == tmp_path / "b.md"


def test_an_interruption_before_the_first_byte_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from latentlab.core import files

    monkeypatch.setattr(files, "live", lambda handle: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt), files.atomic(tmp_path / "a.png"):
        pass
    assert list(tmp_path.iterdir())
    files.drop_unfinished()
    assert not list(tmp_path.iterdir())
