"""Styles from two texts, judged by a drawn CLIP of three numbers; and styles that go on after an interruption."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize

from latentlab.backbones.difference import Difference
from latentlab.backbones.style.directional import SHORTEST, Directional, directional_loss
from latentlab.backbones.style.learn import LearnStyle
from latentlab.backbones.style.pairs import draw
from latentlab.backbones.style.unfinished import Unfinished
from latentlab.cli.main import main
from latentlab.core.errors import BadInput, MissingPart
from latentlab.networks import export
from latentlab.networks.tiny import tiny_discriminator, tiny_generator
from latentlab.store.archive import read_story
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.write import write
from latentlab.studio import Studio
from latentlab.studio.shelf.styles import find_style, styled_network

TEXTS = {"a photo": (1.0, 1.0, 1.0), "a red drawing": (2.0, 0.5, 0.5), "A photo": (1.0, 1.0, 1.0)}


def see(images: torch.Tensor) -> torch.Tensor:
    """The drawn CLIP: how bright each colour is, as a unit vector."""
    return normalize(images.mean((2, 3)) + 2, dim=1)


def drawn_clip(model: str, weights: str) -> tuple:
    return see, lambda texts: normalize(torch.tensor([TEXTS[text] for text in texts]), dim=1), 16


@pytest.fixture
def lab(tiny_file: Path, tmp_path: Path) -> Studio:
    """A network and its discriminator."""
    folder = tmp_path / "lab" / "networks"
    folder.mkdir(parents=True)
    shutil.copy(tiny_file, folder / "mother.safetensors")
    write(Foreign(*export(tiny_discriminator(resolution=32))), folder / "discriminator.safetensors")
    return Studio("mother", device="cpu", home=tmp_path / "lab", assume_faces=True)


@pytest.fixture
def clip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setattr("latentlab.studio.applications.style_text.load_clip", drawn_clip)
    path = tmp_path / "drawn.pt"
    path.write_bytes(b"drawn")
    return str(path)


def test_the_loss_is_one_minus_the_cosine_by_hand():
    moved = torch.tensor([[3.0, 4.0], [0.0, 2.0], [-1.0, 0.0]])
    assert directional_loss(moved, torch.tensor([2.0, 0.0])).tolist() == pytest.approx([0.4, 1.0, 2.0])


def test_no_movement_has_a_slope_along_the_wish_and_no_more():
    moved = torch.zeros(1, 2, requires_grad=True)
    directional_loss(moved, torch.tensor([0.0, 5.0])).sum().backward()
    assert moved.grad is not None
    assert moved.grad[0].tolist() == pytest.approx([0.0, -1 / SHORTEST])


def test_one_step_moves_the_generator_as_the_texts_say_and_the_parent_stays():
    parent = tiny_generator("stylegan2", 32).requires_grad_(False)
    before = {name: value.clone() for name, value in parent.state_dict().items()}
    measure = Directional(parent, lambda images: images.mean((2, 3)), torch.tensor([1.0, -1.0, 0.0]), batch=2)
    assert float(measure(parent, 0)) == pytest.approx(1.0)
    tensors = LearnStyle(steps=1, learning_rate=0.01).learn(parent, measure)
    child = tiny_generator("stylegan2", 32)
    child.load_state_dict(tensors)
    assert float(measure(child, 0)) < 0.9
    after = parent.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not any(
        "mapping" in name for name, value in before.items() if not torch.equal(tensors[name], value)
    )


def test_a_style_from_a_text_needs_no_discriminator_and_tells_its_origin(lab: Studio, clip: str):
    (lab.home / "networks" / "discriminator.safetensors").unlink()
    path = lab.add_style("red", text="a red drawing", weights=clip, steps=8)
    story = read_story(path)
    assert (story["text"], story["from"]) == ("a red drawing", "a photo")
    assert story["CLIP"] == {"model": "ViT-B-32", "hash": sha256(b"drawn").hexdigest()}
    child, w_plus = styled_network(lab, find_style(lab, "red"), 1.0), draw(lab.generator, 8, 900)
    with torch.no_grad():
        before, after = (see(g(g.styles(w_plus))) for g in (lab.generator, child))
    red, photo = drawn_clip("", "")[1](["a red drawing", "a photo"])
    assert float(directional_loss(after - before, red - photo).mean()) < 0.5


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": ""}, "`text` is empty"),
        ({"text": "  "}, "`text` is empty"),
        ({"text": "a red drawing", "plain": " "}, "come from is empty"),
        ({"text": "A photo"}, "say the same to CLIP"),
        ({"text": "a red drawing", "filter": "pencil"}, "name one of them"),
        ({"text": "a red drawing", "picture": "drawing.png"}, "name one of them"),
        ({"filter": "pencil", "weights": "clip.pt"}, "belong to a `text`"),
    ],
)
def test_texts_that_say_nothing_leave_nothing(lab: Studio, clip: str, fields: dict, told: str):
    before = sorted(lab.home.rglob("*"))
    with pytest.raises(BadInput, match=told):
        lab.add_style("x", **({"weights": clip} | fields if "text" in fields else fields))
    assert sorted(lab.home.rglob("*")) == before


def test_the_command_refuses_in_one_line(lab: Studio, monkeypatch, capsys):
    def absent(model: str, weights: str) -> tuple:
        raise MissingPart("pip install open_clip_torch; `weights` FILE")

    monkeypatch.setattr("latentlab.studio.applications.style_text.load_clip", absent)
    flags = ["--network", "mother", "--home", str(lab.home)]
    for words, told in (
        (["red", "--text", "a red drawing"], "pip install open_clip_torch; --weights FILE"),
        (["red", "--text", ""], "empty"),
        (["red", "drawing.png", "--text", "a red drawing"], "name one of them"),
    ):
        assert main(["style", "add", *words, *flags]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert told in lines[-1] and len(lines) == 1


def cut_off(after: float):
    def watch(done: float, *_) -> None:
        if done >= after:
            raise KeyboardInterrupt

    return watch


def test_an_interrupted_style_goes_on_and_ends_as_if_nothing_had_been(lab: Studio, monkeypatch):
    monkeypatch.setattr(
        "latentlab.studio.applications.style_add.Unfinished",
        lambda path, task: Unfinished(path, task, every=2),
    )
    folder, heard = lab.home / "networks", []
    whole = lab.add_style("whole", filter="pencil", steps=6)
    with pytest.raises(KeyboardInterrupt):
        lab.add_style("sketch", filter="pencil", steps=6, watch=cut_off(0.8))
    assert (folder / "sketch.unfinished").exists() and "sketch" not in lab.styles()

    path = lab.add_style("sketch", filter="pencil", steps=6, watch=lambda done, *_: heard.append(done))
    assert heard[0] == pytest.approx(5 / 6)
    one, other = (Difference.load(file).tensors for file in (whole, path))
    assert one and all(torch.equal(one[name], other[name]) for name in one)
    assert not list(folder.glob("*.unfinished"))


@pytest.mark.parametrize("damage", ["another task", "half a file"])
def test_what_is_left_of_another_task_or_damaged_is_not_gone_on_with(lab: Studio, monkeypatch, damage: str):
    monkeypatch.setattr(
        "latentlab.studio.applications.style_add.Unfinished",
        lambda path, task: Unfinished(path, task, every=1),
    )
    with pytest.raises(KeyboardInterrupt):
        lab.add_style("sketch", filter="pencil", steps=3, watch=cut_off(0.6))
    left, heard = lab.home / "networks" / "sketch.unfinished", []
    if damage == "half a file":
        left.write_bytes(left.read_bytes()[:1000])
    asked = "paint" if damage == "another task" else "pencil"
    lab.add_style("sketch", filter=asked, steps=3, watch=lambda done, *_: heard.append(done))
    assert heard[0] == pytest.approx(1 / 3) and not left.exists()
