"""What is a command, and what becomes of one that comes late or is mistyped: pure decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from memory.commands import NAMES
from memory.policy import decide, decide_late
from memory.types import CoreSettings, Decision, Place, command_of
from tests.transcripts import inbound

THREAD = Place("discord", "guild", "channel", "thread")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("text", ["!help", "!HELP", "  !help me please", "!help\nme"])
def test_a_command_is_called_by_the_first_word_in_either_case(text: str) -> None:
    assert command_of(text, "!", NAMES) == "help"


@pytest.mark.parametrize(
    "text", ["", " ", "!", "! help", "help", "!helpme", "say !help", "!!help", "!unknown", "/help"]
)
def test_anything_else_calls_no_command(text: str) -> None:
    assert command_of(text, "!", NAMES) == ""


def test_the_prefix_of_commands_can_be_another() -> None:
    assert command_of("tk,forget me", "tk,", NAMES) == "forget"
    assert command_of("!forget me", "tk,", NAMES) == ""


def test_an_old_forgetting_is_carried_out_for_its_author_believes_that_it_was() -> None:
    assert decide_late(Decision.COMMAND, HOUR + timedelta(days=9), HOUR, forgets=True) is Decision.COMMAND


def test_a_mistyped_command_is_met_with_help_wherever_it_would_be_answered() -> None:
    mistyped = inbound("!forgte me", place=THREAD, addressed=False)
    assert decide(mistyped, CoreSettings(), NAMES, joined=True) is Decision.COMMAND
    assert decide(replace(mistyped, aside=True), CoreSettings(), NAMES, joined=True) is Decision.REMEMBER
    assert decide(mistyped, CoreSettings(), NAMES, joined=False) is Decision.IGNORE
