"""Text directions with a tiny CLIP of random weights: what such a CLIP calls the wish is what the direction raises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from latentlab.core.errors import BadFile, BadInput, MissingPart, UnknownName
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.core.vision_operators import declare_vision_operators
from latentlab.directions.text import Text, for_clip, load_clip
from latentlab.networks.tiny import tiny_generator

declare_vision_operators()
open_clip = pytest.importorskip("open_clip", reason="open_clip is not installed", exc_type=ImportError)

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP of one layer on each side, in a file; its architecture is made known to open_clip."""
    folder = tmp_path_factory.mktemp("clip")
    (folder / "tiny-clip.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = open_clip.create_model("tiny-clip")
    tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, folder / "tiny-clip.safetensors")
    return folder / "tiny-clip.safetensors"


def text(weights: Path, **fields: object) -> Text:
    return Text(
        model="tiny-clip", weights=str(weights), samples=150, wish="a red face", plain="a face", **fields
    )  # type: ignore[arg-type]


def test_the_direction_raises_what_this_clip_calls_the_wish(weights) -> None:
    generator, method = tiny_generator("stylegan2", 32), text(weights)
    (found,) = method.discover(generator)
    see, read, size = load_clip("tiny-clip", str(weights))
    wish, plain = read(["a red face", "a face"])
    axis = torch.nn.functional.normalize(wish - plain, dim=0)
    w = Latent(Space.W, generator.map(draw_z(range(5000, 5024), generator.z_width)))

    def scores(strength: float) -> torch.Tensor:
        with torch.no_grad():
            return see(for_clip(generator.render(found.apply(w, strength)), size)) @ axis

    change = (scores(1.0) - scores(-1.0)) / 2
    assert float((change > 0).float().mean()) > 0.9
    assert float(change.mean()) == pytest.approx(float(scores(0.0).std()), rel=0.7)


def test_it_repeats_and_tells_both_descriptions(weights) -> None:
    generator = tiny_generator("stylegan2", 32)
    one, two = (text(weights, name="red").discover(generator)[0] for _ in range(2))
    assert torch.equal(one.vector, two.vector)
    assert (one.name, one.story["wish"], one.story["plain"]) == ("red", "a red face", "a face")
    assert one.model == generator.hash


def test_pictures_reach_clip_in_its_own_range() -> None:
    white = for_clip(torch.ones(1, 3, 16, 16), 32)
    assert white.shape == (1, 3, 32, 32)
    assert white[0, :, 0, 0].tolist() == pytest.approx([1.9303, 2.0749, 2.1459], abs=1e-3)


def test_what_clip_cannot_do_is_one_line(weights, tmp_path) -> None:
    generator = tiny_generator("stylegan2", 32)
    with pytest.raises(MissingPart, match="`weights` FILE"):
        Text(samples=150).discover(generator)
    with pytest.raises(BadFile, match=r"no file nowhere\.pt"):
        Text(samples=150, weights="nowhere.pt").discover(generator)
    with pytest.raises(UnknownName, match="did you mean 'ViT-B-32'"):
        Text(samples=150, model="ViT-B-33", weights=str(weights)).discover(generator)
    with pytest.raises(BadFile, match="does not fit") as caught:
        load_clip("RN50", str(weights))
    assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match="too few"):
        Text(samples=3).discover(generator)
