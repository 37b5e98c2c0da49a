"""Weight files from format to format: the outputs stay, the identity stays, and nothing half-written is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from latentlab.core.errors import LatentLabError
from latentlab.store import bridge
from latentlab.studio import Studio

FIXTURES = Path(__file__).parents[1] / "fixtures" / "networks"
REPORTED = FIXTURES.with_name("reported")

PUBLIC = [
    "sg2ada_uncond64.pkl", "sg2ada_cond32_fp16.pkl", "sg3repo_sg2_64.pkl", "sg3_t_64.pkl", "sg3_r_64.pkl", "tf_sg1_64.pkl",
    "tf_sg1_128.pkl", "tf_sg2_64.pkl", "rosinality_train64.pt", "rosinality_converted32_legacy.pt",
]  # fmt: skip


@pytest.mark.parametrize("file", PUBLIC)
def test_every_format_becomes_safetensors_and_stays_the_same_network(file: str, test_data, tmp_path) -> None:
    source = test_data / "fixtures/public" / file
    before = Studio(source, device="cpu")
    done = before.convert(source, tmp_path / "a.safetensors")
    assert done.difference <= 1e-6
    assert Studio(tmp_path / "a.safetensors", device="cpu").generator.hash == before.generator.hash


@pytest.mark.parametrize("part", ["G", "D"])
def test_other_parts_of_a_file_are_converted_by_name(part: str, test_data, studio, tmp_path) -> None:
    done = studio.convert(test_data / "fixtures/public/sg2ada_uncond64.pkl", tmp_path / "a.safetensors", part)
    assert done.part == part
    assert set(done.others) == {"G_ema", "G", "D"} - {part}


def test_a_round_trip_over_rosinality_keeps_the_pictures(studio, tiny_file, tmp_path) -> None:
    assert studio.convert(tiny_file, tmp_path / "a.pt").difference <= 1e-5
    assert studio.convert(tmp_path / "a.pt", tmp_path / "b.safetensors").difference <= 1e-5


def test_what_the_target_cannot_hold_is_said_and_nothing_is_written(test_data, studio, tmp_path) -> None:
    with pytest.raises(LatentLabError, match=r"a\.pt.*stylegan3"):
        studio.convert(test_data / "fixtures/public/sg3_t_64.pkl", tmp_path / "a.pt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["a.pkl", "a", "a.npz"])
def test_other_endings_are_refused(target: str, studio, tiny_file, tmp_path) -> None:
    with pytest.raises(LatentLabError, match="safetensors"):
        studio.convert(tiny_file, tmp_path / target)


def test_a_file_that_is_there_is_kept_unless_forced(studio, tiny_file, tmp_path) -> None:
    (tmp_path / "a.safetensors").write_text("precious")
    with pytest.raises(LatentLabError, match="`force`"):
        studio.convert(tiny_file, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").read_text() == "precious"
    assert studio.convert(tiny_file, tmp_path / "a.safetensors", force=True).difference == 0


def test_a_target_that_changes_the_outputs_is_not_kept(studio, tiny_file, tmp_path, monkeypatch) -> None:
    from latentlab.studio.shelf import convert

    outputs = iter([1.0, 2.0])
    original = convert._outputs
    monkeypatch.setattr(convert, "_outputs", lambda network: original(network) * next(outputs))
    with pytest.raises(LatentLabError, match="nothing was written"):
        studio.convert(tiny_file, tmp_path / "a.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("clamp", "kept"), [(1e-3, False), (1e6, True)])
def test_a_discriminator_goes_along_only_if_it_judges_as_before(
    clamp, kept, studio, tmp_path, monkeypatch
) -> None:
    source, read = FIXTURES / "rosinality_train64.pt", bridge.read

    def clamped(path, *arguments, **given):  # rosinality's file cannot hold a clamp, those of NVIDIA have one
        parts = read(path, *arguments, **given)
        if path == source:
            parts["D"] = replace(parts["D"], arguments=parts["D"].arguments | {"clamp": clamp})
        return parts

    monkeypatch.setattr(bridge, "read", clamped)
    done = studio.convert(source, tmp_path / "x.pt")
    assert ("D" in read(tmp_path / "x.pt")) is kept
    assert ("D" in done.others) is not kept


def test_what_a_state_dict_does_not_tell_can_be_given_and_is_noted(studio, tmp_path) -> None:
    with pytest.warns(UserWarning, match="activation = lrelu"):
        studio.convert(REPORTED / "ada_state_dict.pth", tmp_path / "a.safetensors")
    with pytest.warns(UserWarning, match="does not tell mapping_lr"):
        studio.convert(
            REPORTED / "ada_state_dict.pth", tmp_path / "b.safetensors", given={"activation": "relu"}
        )
    assert bridge.read(tmp_path / "b.safetensors")["G_ema"].arguments["activation"] == "relu"


def test_an_address_is_not_taken_for_a_path(tmp_path) -> None:
    with pytest.raises(LatentLabError, match=r"models add NAME https://example\.org/x\.pkl"):
        Studio("https://example.org/x.pkl", home=tmp_path).generator  # noqa: B018
