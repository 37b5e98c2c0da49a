"""A bank survives interruption, extends, and refuses what does not belong to it."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.errors import BadFile, BadInput, UnknownName, WrongGenerator
from latentlab.core.seeds import draw_z
from latentlab.scorers.bank import Bank, bank_key
from tests.directions.toy import ToyGenerator, ToyScorer, toy_bank


def test_sample_i_is_seed_i_whatever_the_batch_size(tmp_path) -> None:
    generator, bank = toy_bank(tmp_path, 500)
    found = bank.read(500)
    assert torch.equal(found.w[17], generator.map(draw_z([17], 12))[0])
    assert found.seeds.tolist() == list(range(500))


def test_a_bank_is_extended_without_touching_what_it_has(tmp_path) -> None:
    generator, bank = toy_bank(tmp_path, 500)
    before = bank.path(0).stat().st_mtime_ns
    bank.extend(1200, generator, [ToyScorer()])
    assert bank.path(0).stat().st_mtime_ns == before
    assert bank.has() == 1500
    assert len(bank.read(1200).seeds) == 1200
    assert [len(part.seeds) for part in bank.blocks(1200)] == [500, 500, 200]


def test_an_interrupted_bank_goes_on_where_it_was(tmp_path) -> None:
    def stop(done: float, text: str = "", image=None) -> None:
        if done >= 0.5:
            raise KeyboardInterrupt

    generator, scorer = ToyGenerator(), ToyScorer()
    bank = Bank.open(tmp_path, bank_key(generator, [scorer]))
    with pytest.raises(KeyboardInterrupt):
        bank.extend(1000, generator, [scorer], watch=stop)
    bank.extend(1000, generator, [scorer])
    whole = toy_bank(tmp_path / "whole", 1000)[1]
    assert torch.equal(bank.read(1000).scores, whole.read(1000).scores)


def test_a_bank_of_another_network_is_refused(tmp_path) -> None:
    toy_bank(tmp_path, 500)
    other = ToyGenerator(correlation=0.1)
    with pytest.raises(WrongGenerator, match="another model"):
        Bank.open(tmp_path, bank_key(other, [ToyScorer()]))


@pytest.mark.parametrize("damage", ["cut", "nan", "empty"])
def test_a_damaged_block_is_named(damage: str, tmp_path) -> None:
    _, bank = toy_bank(tmp_path, 500)
    path = bank.path(0)
    if damage == "nan":
        from latentlab.scorers.bank import write_block

        write_block(path, range(500), torch.zeros(500, 12), torch.full((500, 3), torch.nan), bank.key.names)
    else:
        path.write_bytes(path.read_bytes()[: 100 if damage == "cut" else 0])
    with pytest.raises(BadFile, match=r"block-00000\.parquet") as caught:
        bank.read(500)
    assert "\n" not in str(caught.value)


def test_a_damaged_key_is_named(tmp_path) -> None:
    generator, _ = toy_bank(tmp_path, 500)
    (tmp_path / "bank.json").write_text("{")
    with pytest.raises(BadFile, match=r"bank\.json"):
        Bank.open(tmp_path, bank_key(generator, [ToyScorer()]))


def test_an_unknown_attribute_is_refused(tmp_path) -> None:
    _, bank = toy_bank(tmp_path, 500)
    with pytest.raises(UnknownName, match="did you mean 'smile'"):
        bank.read(500).column("smlie")


def test_a_score_that_is_no_number_ends_the_filling_in_one_line(tmp_path) -> None:
    class Blind(ToyScorer):
        def __call__(self, images):
            scores = super().__call__(images)
            scores[3, 2] = torch.nan
            return scores

    generator = ToyGenerator()
    bank = Bank.open(tmp_path, bank_key(generator, [Blind()]))
    with pytest.raises(BadInput, match="no number for 'smile' on seed 3") as caught:
        bank.extend(500, generator, [Blind()], batch=250)
    assert "\n" not in str(caught.value)
    assert bank.has() == 0


def test_one_column_is_read_without_the_latents(tmp_path) -> None:
    _, bank = toy_bank(tmp_path, 1000)
    assert torch.equal(bank.column("smile", 700), bank.read(700).column("smile"))
    with pytest.raises(UnknownName, match="smile"):
        bank.column("smlie", 700)


def test_a_block_names_what_it_is_of_and_a_foreign_one_is_refused(tmp_path) -> None:
    import json

    import pyarrow.parquet as pq

    _, bank = toy_bank(tmp_path / "one", 500)
    _, other = toy_bank(tmp_path / "two", 500, correlation=0.1)
    story = json.loads(pq.read_schema(bank.path(0)).metadata[b"latentlab"])
    assert story == {"model": bank.key.model, "scorers": ["toy"]}
    bank.path(0).write_bytes(other.path(0).read_bytes())
    with pytest.raises(WrongGenerator, match=r"block-00000\.parquet was made with the network"):
        bank.read(500)
