"""What a file says reaches a terminal, a pipe or a card without effect."""

from __future__ import annotations

import json

import torch

from latentlab.cli.terminal import harmless, put, put_json
from latentlab.core.direction import Direction
from latentlab.core.latent import Space
from latentlab.metrics.card import card

NASTY = "ol\x1b[31mder\u202e\x9b2J\r\ttail"


def test_stdout_writes_out_what_a_terminal_would_act_on(capsys) -> None:
    put(f"first\nname {NASTY}")
    shown = capsys.readouterr().out
    assert shown.count("\n") == 2
    assert shown.replace("\n", "").isprintable()
    assert "\\x1b[31m" in shown and "\\u202e" in shown


def test_json_means_the_same_and_has_no_effect(capsys) -> None:
    put_json({"name": NASTY})
    shown = capsys.readouterr().out
    assert shown.rstrip("\n").isprintable()
    assert json.loads(shown) == {"name": NASTY}


def test_bytes_of_file_names_pass() -> None:
    assert harmless("a\udcffb\n") == "a\udcffb\n"


def test_a_card_is_text() -> None:
    story = {"attribute": NASTY, "note": "one\n# two"}
    direction = Direction("older", Space.W, torch.ones(4), found_by=NASTY, story=story)
    text = card(direction)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\n# two" not in text
