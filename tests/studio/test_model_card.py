"""A card holds what was measured and says what was not; a part is measured once; no photograph leaves a trace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import torch

from latentlab.core.errors import BadInput, Memorised, MissingPart
from latentlab.core.image import save_image
from latentlab.metrics.model_card import page, reproduced, targets
from latentlab.networks import export
from latentlab.networks.tiny import tiny_discriminator
from latentlab.store.archive import read_story
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.write import write
from latentlab.studio import Studio
from latentlab.studio.reports import model_card as maker
from latentlab.studio.reports.model_card import Measures, measure_card
from tests.studio.average import Average

NOTHING = {"detection": 0, "compared": 0, "encoded": 0, "sheet": 4}


class Looks:
    """Features that tell bright pictures from dark ones."""

    hash = "looks"

    def features(self, images):
        return torch.nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)


@pytest.fixture
def place(tiny_file, tmp_path, monkeypatch) -> Studio:
    """A network with an encoder and a discriminator beside it; renders are its own samples of other seeds."""
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "generator.safetensors").write_bytes(tiny_file.read_bytes())
    write(Foreign(*export(tiny_discriminator(resolution=32))), folder / "discriminator.safetensors")
    studio = Studio(folder / "generator.safetensors", device="cpu", home=tmp_path / "lab")

    def rendered(self, start: int, count: int, side: int | None = None) -> Iterator[torch.Tensor]:
        for images in maker.CardMaker._samples(self, count, 1.0, 900_000 + start):
            yield torch.nn.functional.interpolate(images, (side or 32, side or 32))

    monkeypatch.setattr(maker.CardMaker, "_rendered", rendered)
    monkeypatch.setattr("latentlab.studio.shelf.companions.judge", lambda studio: Looks())
    average = Average(studio.generator.w_average)
    monkeypatch.setattr("latentlab.studio.shelf.companions.find_encoder", lambda *_: average)
    monkeypatch.setattr(
        maker, "_embedded", lambda faces, made: {k: _vectors(v) for k, v in _three(faces, made)}
    )
    return studio


def _three(faces, made):
    small = torch.nn.functional.interpolate(faces, made.shape[-2:])
    return (("face", faces), ("small", small), ("made", made))


def _vectors(images):
    return torch.nn.functional.adaptive_avg_pool2d(images, 4).flatten(1)


def test_a_card_holds_every_part_with_its_numbers(place, tmp_path) -> None:
    (tmp_path / "card").mkdir()
    (tmp_path / "card/NOTES.md").write_text("Trained in an afternoon.\n")
    path = measure_card(place, Measures(**NOTHING | {"compared": 64, "encoded": 16}), tmp_path / "card")
    text, figures = path.read_text(), json.loads((tmp_path / "card/card.json").read_text())
    told = figures["distribution"]
    assert told["halves of renders"]["frechet"] < 1
    assert told["psi 1"]["frechet"] < 3 * told["halves of renders"]["frechet"] + 1e-3
    assert figures["encoder on renders"]["measures"]["psnr"]["n"] == 16
    assert figures["encoder on renders"]["perceptual"] in text
    assert "Trained in an afternoon." in text
    assert "not FID" in text
    for name in ("samples-psi0.7.jpg", "samples-psi1.jpg", "reconstructions.jpg"):
        assert name in text
        assert (tmp_path / "card" / name).is_file()


def test_a_part_is_measured_once_for_the_same_network_and_count(place, tmp_path, monkeypatch) -> None:
    how = Measures(**NOTHING | {"compared": 32})
    measure_card(place, how, tmp_path / "card")
    before = json.loads((tmp_path / "card/card.json").read_text())["distribution"]

    monkeypatch.setattr(maker.CardMaker, "_distribution", lambda self: {"n": 0, "again": True})
    measure_card(place, how, tmp_path / "card")
    assert json.loads((tmp_path / "card/card.json").read_text())["distribution"] == before
    monkeypatch.setattr("latentlab.metrics.model_card.page", lambda *_: "")
    measure_card(place, Measures(**NOTHING | {"compared": 33}), tmp_path / "card")
    assert "again" in json.loads((tmp_path / "card/card.json").read_text())["distribution"]


def test_a_new_file_beside_the_network_is_told_of(place, tmp_path) -> None:
    out = tmp_path / "card"
    measure_card(place, Measures(**NOTHING), out)
    write(
        Foreign(*export(tiny_discriminator(resolution=32, seed=5))),
        place.network.with_name("discriminator.safetensors"),
    )
    measure_card(place, Measures(**NOTHING), out)
    told = json.loads((out / "card.json").read_text())["network"]["files"]["discriminator"]
    assert told["hash"] == read_story(place.network.with_name("discriminator.safetensors"))["hash"]


def test_what_cannot_be_measured_is_said(studio, tmp_path, monkeypatch) -> None:
    def none(studio):
        raise MissingPart("no judge here")

    monkeypatch.setattr("latentlab.studio.shelf.companions.judge", none)
    monkeypatch.setattr(maker.CardMaker, "_rendered", lambda self, *_: iter(()))
    text = measure_card(
        studio, Measures(**NOTHING | {"compared": 32, "encoded": 16}), tmp_path / "card"
    ).read_text()
    assert "Not measured: no judge here" in text
    assert "Not measured: no encoder lies beside the network" in text


def test_photographs_are_measured_for_held_out_people_alone_and_never_kept(place, tmp_path) -> None:
    draw = torch.Generator().manual_seed(0)
    for name in (
        "webmorph_neutral_front_003_1",
        "webmorph_neutral_front_004_1",
        "webmorph_smiling_front_003_1",
    ):
        save_image(torch.rand(3, 256, 256, generator=draw) * 2 - 1, tmp_path / "photos" / f"{name}.png")
    measure_card(place, Measures(**NOTHING, photos=tmp_path / "photos"), tmp_path / "card")
    told = json.loads((tmp_path / "card/card.json").read_text())["encoder on photographs"]
    assert (told["n"], told["people"]) == (2, 1)
    assert sorted(p.name for p in (tmp_path / "card").iterdir()) == [
        "CARD.md", "card.json", "samples-psi0.7.jpg", "samples-psi1.jpg",
    ]  # fmt: skip


def test_a_sample_that_repeats_a_training_photograph_stands_out(place, tmp_path, monkeypatch) -> None:
    copied = next(maker.CardMaker(place, Measures(), tmp_path, lambda *_: None)._samples(16, 1.0))[3]
    draw = torch.Generator().manual_seed(0)
    pictures = {"t2i_1": copied} | {
        f"webmorph_neutral_front_{n:03d}_1": torch.rand(3, 32, 32, generator=draw) * 2 - 1
        for n in range(1, 8)
    }
    for name, image in pictures.items():
        save_image(
            torch.nn.functional.interpolate(image[None], (256, 256))[0], tmp_path / "photos" / f"{name}.png"
        )
    more = torch.rand(1, 3, 256, 256, generator=draw) * 2 - 1
    save_image(more[0], tmp_path / "more" / "congress_0001.png")
    (tmp_path / "more" / "congress_0002.png").write_bytes(b"no picture")
    monkeypatch.setattr(maker, "_found", lambda batches: torch.cat([_vectors(one) for one in batches]))
    how = Measures(**NOTHING, training=(tmp_path / "photos", tmp_path / "more"), nearest=16)
    with (
        pytest.warns(UserWarning, match="left out 1 of 8 pictures that cannot be read"),
        pytest.raises(Memorised, match="do not ship it"),
    ):
        measure_card(place, how, tmp_path / "card")
    told = json.loads((tmp_path / "card/card.json").read_text())["nearest"]
    assert told["training photographs"] == 7  # one of them in the second folder
    assert told["psi 1"]["least"] < 0.05 < told["psi 1"]["median"]
    assert told["held-out people"]["n"] == 2
    text = (tmp_path / "card/CARD.md").read_text()
    assert "reproduce" in text
    assert re.search(r"nearest sample to a training photograph, ψ 1 .*\*\*no\*\*", text)


def test_samples_further_than_strangers_are_let_through() -> None:
    def told(made: float) -> dict[str, object]:
        return {
            "nearest": {
                "psi 0.7": {"least": 0.5},
                "psi 1": {"least": made},
                "held-out people": {"least": 0.33},
            }
        }

    assert reproduced(told(0.33)) is None
    assert reproduced(told(0.32)) == (0.32, 0.33)
    assert reproduced({}) is None


def test_strangers_who_look_alike_set_the_impostor_distance() -> None:
    rows = {name: torch.tensor([[0.0, 0.0], [0.3, 0.0], [5.0, 0.0]]) for name in ("face", "small", "made")}
    apart = maker._identity(rows, ["a", "b", "c"])["impostor_1_percent"]
    assert apart["median"] == pytest.approx(0.3, abs=0.01)
    assert maker._identity(rows, ["a", "a", "c"])["impostor_1_percent"]["median"] > 4


def test_a_ported_direction_tells_what_it_lost() -> None:
    row = {"name": "age", "unit": "years", "step": 10, "judge_step": 5.5, "works": 0.9, "total_leakage": 0.22}
    found = [row | {"kept_of_step": 0.55, "leakage_in_parent": 0.07}, row | {"name": "mine"}]
    text = page("portraits", {"directions": found})
    assert "| age | 10 years |  | 5.5 | 90% | 0.22 | 55% | 0.07 |" in text
    assert "| mine | 10 years |  | 5.5 | 90% | 0.22 |  |  |" in text
    assert "keeps" not in page("faces", {"directions": [row]})


def test_a_figure_that_misses_its_target_is_marked() -> None:
    figures = {"detection": {"n": 500, "psi 0.7": 0.99, "psi 1": 0.91}}
    assert [met for *_, met in targets(figures)] == [True, False]
    assert "| dlib finds a face, ψ 1 | 91.0% | ≥ 95% | **no** |" in page("faces", figures)


def test_too_few_for_a_figure_is_refused() -> None:
    with pytest.raises(BadInput, match="`compared` 5"):
        Measures(compared=5)
