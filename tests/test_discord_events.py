"""Recorded Discord messages, as discord.py parses them: what becomes of them for the bot."""

from __future__ import annotations

import copy
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import discord
import pytest

from adapters.discord.reading import to_inbound
from logs import LineFormatter
from memory.types import Attachment, Inbound, Place, Quote, Visibility

if TYPE_CHECKING:  # these modules of discord.py cannot be imported at run time
    from discord.types.guild import Guild as GuildData
    from discord.types.message import Message as MessageData

BOT, ROLE = "900000000000000001", "900000000000000002"
ALICE, CAROL = "100000000000000001", "100000000000000003"
SERVER, GENERAL, HIDDEN, THREAD = "500000000000000000", "500000000000000001", "500000000000000002", "500000000000000003"
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)

# Shortened events of the gateway: https://discord.com/developers/docs/events/gateway-events#message-create.

ALICE_DATA = {"id": ALICE, "username": "alice", "global_name": "Alice\nroot", "discriminator": "0", "avatar": None}
RECORDED: dict[str, object] = {
    "id": "700000000000000001",
    "type": 0,
    "channel_id": GENERAL,
    "guild_id": SERVER,
    "author": ALICE_DATA,
    "member": {"roles": ["800000000000000001"], "joined_at": "2025-01-01T00:00:00+00:00", "flags": 0},
    "content": "hello",
    "timestamp": "2025-03-01T12:00:00+00:00",
    "edited_timestamp": None,
    "tts": False,
    "mention_everyone": False,
    "mentions": [],
    "mention_roles": [],
    "attachments": [],
    "embeds": [],
    "pinned": False,
    "flags": 0,
}
VIEW = "1024"
READ = str(1024 | 1 << 16)
"""The rights to see a channel, and to read what was said there before."""


def a_role(role: str, name: str, permissions: str = "0", bot: str | None = None) -> dict[str, object]:
    tags = {"tags": {"bot_id": bot}} if bot else {}
    return {"id": role, "name": name, "permissions": permissions, "position": 1, "color": 0, "hoist": False} | {
        "managed": bot is not None,
        "mentionable": False,
        "flags": 0,
        **tags,
    }


def a_channel(channel: str, name: str, kind: int = 0, **more: object) -> dict[str, object]:
    return {"id": channel, "type": kind, "name": name, "position": 0, "permission_overwrites": []} | more


def a_thread(thread: str, parent: str, kind: int = 11) -> dict[str, object]:
    metadata = {"archived": False, "auto_archive_duration": 60, "archive_timestamp": "2025-01-01T00:00:00+00:00"}
    return {"id": thread, "parent_id": parent, "owner_id": ALICE, "name": "a thread", "type": kind} | {
        "message_count": 1,
        "member_count": 1,
        "thread_metadata": metadata | {"locked": False},
    }


def parsed(**changes: object) -> Inbound | None:
    """What becomes of a recorded event that differs from `RECORDED` so."""
    message = message_of(copy.deepcopy(RECORDED) | changes)  # discord.py writes into what it parses
    return to_inbound(message, int(BOT))


def message_of(data: dict[str, object]) -> discord.Message:
    """Have discord.py parse an event.

    Raises: whatever discord.py does of an event that is not as documented.
    """
    client = discord.Client(intents=discord.Intents(guilds=True))
    state = client._connection  # noqa: SLF001  there is no public way to have discord.py parse a recorded event
    hidden = [{"id": SERVER, "type": 0, "allow": "0", "deny": VIEW}]
    server = {
        "id": SERVER,
        "name": "Home",
        "owner_id": ALICE,
        "roles": [
            a_role(SERVER, "@everyone", READ),
            a_role("800000000000000001", "mods"),
            a_role(ROLE, "Threadkeeper", bot=BOT),
        ],
        "channels": [
            a_channel(GENERAL, "general"),
            a_channel(HIDDEN, "hidden", permission_overwrites=hidden),
            a_channel("500000000000000004", "questions", kind=15),
        ],
        "threads": [
            a_thread(THREAD, GENERAL),
            a_thread("500000000000000005", GENERAL, kind=12),
            a_thread("500000000000000006", HIDDEN),
            a_thread("500000000000000007", "500000000000000004"),
        ],
    }
    guild = discord.Guild(data=cast("GuildData", server), state=state)
    channel = guild.get_channel_or_thread(int(str(data["channel_id"])))
    assert isinstance(channel, discord.TextChannel | discord.Thread)
    return discord.Message(state=state, channel=channel, data=cast("MessageData", data))


def test_a_recorded_message_is_taken_in_whole() -> None:
    picture = {"id": "600000000000000001", "filename": "cat.png", "size": 42, "url": "", "proxy_url": ""}
    assert parsed(
        content=f"<@&{ROLE}> look, <@&800000000000000001> in <#{HIDDEN}>",
        mention_roles=[ROLE, "800000000000000001"],
        attachments=[picture | {"content_type": "image/png"}],
        sticker_items=[{"id": "600000000000000002", "name": "hug", "format_type": 1}],
    ) == Inbound(
        place=Place("discord", SERVER, GENERAL),
        message_id="700000000000000001",
        author=ALICE,
        author_name="Alice root",
        text="look, @mods in #hidden",
        sent_at=discord.utils.snowflake_time(700000000000000001),
        addressed=True,
        visibility=Visibility.PUBLIC,
        attachments=(Attachment("cat.png", "image/png", 42), Attachment("hug", "image/png", 0)),
        roles=frozenset({"800000000000000001"}),
        channel_name="general",
    )


def test_threads_and_forum_posts_stand_under_their_parent() -> None:
    for thread, parent in [(THREAD, GENERAL), ("500000000000000007", "500000000000000004")]:
        inbound = parsed(channel_id=thread)
        assert inbound is not None
        assert inbound.place == Place("discord", SERVER, parent, thread)


def test_a_place_is_private_where_not_everyone_of_the_server_can_read() -> None:
    seen = {}
    for channel in (GENERAL, HIDDEN, THREAD, "500000000000000005", "500000000000000006"):
        inbound = parsed(channel_id=channel)
        assert inbound is not None
        seen[channel] = inbound.visibility
    assert seen == {
        GENERAL: Visibility.PUBLIC,
        HIDDEN: Visibility.PRIVATE,
        THREAD: Visibility.PUBLIC,
        "500000000000000005": Visibility.PRIVATE,  # a private thread
        "500000000000000006": Visibility.PRIVATE,  # a thread in a hidden channel
    }


def test_a_bot_a_webhook_and_a_notice_say_nothing() -> None:
    assert parsed(author=ALICE_DATA | {"bot": True}) is None
    assert parsed(webhook_id="600000000000000003") is None
    assert parsed(type=7) is None


def test_a_recorded_reply_quotes_what_it_answers() -> None:
    reference = {"type": 0, "message_id": "700000000000000000", "channel_id": GENERAL, "guild_id": SERVER}
    answered = RECORDED | {
        "id": "700000000000000000",
        "content": "Yes?",
        "author": ALICE_DATA | {"id": BOT, "bot": True},
    }
    inbound = parsed(type=19, message_reference=reference, referenced_message=answered)
    assert inbound is not None
    assert inbound.addressed
    assert inbound.reply_to is not None
    assert (inbound.reply_to.author, inbound.reply_to.text) == (BOT, "Yes?")


def test_a_reply_to_a_deleted_message_is_heard_without_it() -> None:
    reference = {"type": 0, "message_id": "700000000000000000", "channel_id": GENERAL, "guild_id": SERVER}
    inbound = parsed(type=19, message_reference=reference, referenced_message=None)
    assert inbound is not None
    assert inbound.reply_to is None
    assert not inbound.aside


def test_a_recorded_forward_is_a_quotation_with_its_files() -> None:
    reference = {"type": 1, "message_id": "700000000000000000", "channel_id": HIDDEN, "guild_id": SERVER}
    file = {"id": "600000000000000001", "filename": "plan.txt", "size": 7, "url": "", "proxy_url": ""}
    snapshot = {key: RECORDED[key] for key in ("type", "embeds", "timestamp", "edited_timestamp", "flags")}
    snapshot |= {"content": f"the plan is in <#{GENERAL}>", "attachments": [file]}
    inbound = parsed(content="", message_reference=reference, message_snapshots=[{"message": snapshot}])
    assert inbound is not None
    assert inbound.reply_to == Quote("700000000000000000", "", "", "the plan is in #general", NOON)
    assert inbound.attachments == (Attachment("plan.txt", "", 7),)


def answering(**quoted: object) -> Inbound:
    """What becomes of a reply to a message that differs from `RECORDED` so."""
    reference = {"type": 0, "message_id": "700000000000000000", "channel_id": GENERAL, "guild_id": SERVER}
    answered = RECORDED | {"id": "700000000000000000"} | quoted
    inbound = parsed(content="what is that?", type=19, message_reference=reference, referenced_message=answered)
    assert inbound is not None
    return inbound


def quoted_text(inbound: Inbound | None) -> str:
    assert inbound is not None
    assert inbound.reply_to is not None
    return inbound.reply_to.text


PICTURE = {"id": "600000000000000001", "filename": "cat.png", "size": 42, "url": "", "proxy_url": ""}
BUILD = {"type": "rich", "title": "Build 7 failed", "description": "3 tests"}
POLL: dict[str, object] = {
    "question": {"text": "Where to?"},
    "answers": [{"answer_id": 1, "poll_media": {"text": "Rome"}}, {"answer_id": 2, "poll_media": {"text": "Oslo"}}],
    "expiry": "2025-03-02T12:00:00+00:00",
    "allow_multiselect": False,
    "layout_type": 1,
}


def a_forward(**snapshot: object) -> dict[str, object]:
    """The keys that make a message the forward of one that differs from `RECORDED` so."""
    reference = {"type": 1, "message_id": "700000000000000009", "channel_id": HIDDEN, "guild_id": SERVER}
    kept = {key: RECORDED[key] for key in ("type", "content", "embeds", "attachments", "timestamp")}
    copy = kept | {"edited_timestamp": None, "flags": 0} | snapshot
    return {"content": "", "message_reference": reference, "message_snapshots": [{"message": copy}]}


def test_a_reply_to_a_picture_says_that_there_is_one() -> None:
    assert quoted_text(answering(content="", attachments=[PICTURE])) == "[attached: cat.png]"
    assert quoted_text(answering(attachments=[PICTURE])) == "hello [attached: cat.png]"
    assert answering(attachments=[PICTURE]).attachments == ()


def test_a_forward_of_a_picture_says_once_that_there_is_one() -> None:
    inbound = parsed(**a_forward(content="", attachments=[PICTURE]))
    assert quoted_text(inbound) == ""
    assert inbound is not None
    assert inbound.attachments == (Attachment("cat.png", "", 42),)


def test_a_reply_to_a_forward_quotes_what_was_forwarded() -> None:
    assert quoted_text(answering(**a_forward(attachments=[PICTURE]))) == "hello [attached: cat.png]"


def test_what_a_webhook_shows_in_embeds_can_be_asked_about() -> None:
    shown = "Build 7 failed\n3 tests"
    assert quoted_text(answering(content="", embeds=[BUILD, {"type": "image"}], webhook_id=CAROL)) == shown
    assert quoted_text(answering(content="see", embeds=[BUILD], webhook_id=CAROL)) == "see"
    assert quoted_text(parsed(**a_forward(content="", embeds=[BUILD]))) == shown


def test_a_poll_is_what_it_asks() -> None:
    inbound = parsed(content="", poll=POLL)
    assert inbound is not None
    assert inbound.text == "Poll: Where to?\n- Rome\n- Oslo"
    named = parsed(content=f"<@{BOT}>", poll=POLL, mentions=[ALICE_DATA | {"id": BOT}])
    assert named is not None
    assert named.addressed
    assert named.text == inbound.text
    assert quoted_text(answering(content="", poll=POLL)) == inbound.text


def test_a_message_that_cannot_be_read_is_dropped_and_its_text_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "adapters"):
        message = parsed(content=7, mentions=[])
    assert message is None
    (dropped,) = (record for record in caplog.records if record.name.startswith("adapters"))
    line = LineFormatter("text", ()).format(dropped)
    assert 'event="message dropped"' in line
    assert "error=AttributeError" in line
    assert "discord/reading.py" in line
