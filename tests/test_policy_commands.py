"""What becomes of commands that come late or are mistyped: pure decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from memory.commands import NAMES
from memory.policy import decide, decide_late
from memory.types import CoreSettings, Decision, Place
from tests.transcripts import inbound

THREAD = Place("discord", "guild", "channel", "thread")
HOUR = timedelta(hours=1)


def test_an_old_forgetting_is_carried_out_for_its_author_believes_that_it_was() -> None:
    assert decide_late(Decision.COMMAND, HOUR + timedelta(days=9), HOUR, forgets=True) is Decision.COMMAND


def test_a_mistyped_command_is_met_with_help_wherever_it_would_be_answered() -> None:
    mistyped = inbound("!forgte me", place=THREAD, addressed=False)
    assert decide(mistyped, CoreSettings(), NAMES, joined=True) is Decision.COMMAND
    assert decide(replace(mistyped, aside=True), CoreSettings(), NAMES, joined=True) is Decision.REMEMBER
    assert decide(mistyped, CoreSettings(), NAMES, joined=False) is Decision.IGNORE
