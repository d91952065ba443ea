"""What a Discord message is to the bot: for it or not, readable, and in the right place."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.inbound import Event, Me, Referenced, to_inbound, understand
from adapters.discord.markup import Names, ids_in, readable
from memory.types import Attachment, Inbound, Person, Place, Quote, Visibility

if TYPE_CHECKING:  # these modules of discord.py cannot be imported at run time
    from discord.types.guild import Guild as GuildData
    from discord.types.message import Message as MessageData

BOT, ROLE = "900000000000000001", "900000000000000002"
ALICE, BOB, CAROL = Person("100000000000000001", "Alice"), Person("100000000000000002", "Bob"), "100000000000000003"
SERVER, GENERAL, HIDDEN, THREAD = "500000000000000000", "500000000000000001", "500000000000000002", "500000000000000003"
ME = Me(BOT, frozenset({ROLE}))
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SAID = Event(
    place=Place("discord", SERVER, GENERAL),
    visibility=Visibility.PUBLIC,
    message_id="700000000000000001",
    author=ALICE,
    content="hello",
    sent_at=NOON,
)


def heard(event: Event) -> Inbound:
    inbound = understand(event, ME)
    assert inbound is not None
    return inbound


def naming(*people: Person, content: str = "") -> Event:
    text = content or " ".join(f"<@{person.user}>" for person in people) + " hello"
    names = Names(people={person.user: person.name for person in people})
    return replace(SAID, content=text, names=names, mentioned=frozenset(names.people))


class TestForWhomAMessageIs:
    def test_what_people_say_to_each_other_is_not_for_the_bot(self) -> None:
        assert not heard(SAID).addressed
        assert not heard(SAID).aside

    def test_naming_the_bot_addresses_it(self) -> None:
        assert heard(replace(SAID, mentioned=frozenset({BOT}))).addressed

    def test_naming_the_bots_own_role_addresses_it(self) -> None:
        assert heard(replace(SAID, mentioned_roles=frozenset({ROLE}))).addressed
        assert not heard(replace(SAID, mentioned_roles=frozenset({"900000000000000009"}))).addressed

    def test_everyone_is_not_the_bot(self) -> None:
        assert not heard(replace(SAID, content="@everyone @here lunch!")).addressed

    def test_a_direct_message_addresses_the_bot(self) -> None:
        assert heard(replace(SAID, visibility=Visibility.DIRECT)).addressed

    def test_answering_the_bot_addresses_it_also_without_a_ping(self) -> None:
        mine = Referenced("700000000000000000", "yes?", NOON, Person(BOT, "Threadkeeper"))
        inbound = heard(replace(SAID, answers=mine))
        assert inbound.addressed
        assert inbound.reply_to == Quote("700000000000000000", BOT, "Threadkeeper", "yes?", NOON)

    def test_a_message_that_names_or_answers_somebody_else_is_an_aside(self) -> None:
        assert heard(naming(BOB)).aside
        assert heard(replace(SAID, answers=Referenced("700000000000000000", "hm", NOON, BOB))).aside

    def test_naming_or_answering_oneself_is_no_aside(self) -> None:
        assert not heard(naming(ALICE)).aside
        assert not heard(replace(SAID, answers=Referenced("700000000000000000", "hm", NOON, ALICE))).aside

    def test_what_is_for_the_bot_is_never_an_aside(self) -> None:
        inbound = heard(naming(Person(BOT, "Threadkeeper"), BOB))
        assert inbound.addressed
        assert not inbound.aside

    def test_bots_webhooks_and_notices_are_not_heard(self) -> None:
        assert understand(replace(SAID, by_person=False, mentioned=frozenset({BOT})), ME) is None

    def test_a_message_whose_content_discord_withholds_is_not_heard_unless_it_is_for_the_bot(self) -> None:
        empty = replace(SAID, content="")
        assert understand(empty, ME) is None
        assert heard(replace(empty, mentioned=frozenset({BOT}))).text == ""
        assert heard(replace(empty, attachments=(Attachment("a.png", "image/png", 1),))).attachments


class TestWhatAMessageSays:
    def test_the_bots_own_mention_is_taken_out(self) -> None:
        for said, text in [
            (f"<@{BOT}> hello", "hello"),
            (f"<@!{BOT}>, hello", "hello"),
            (f"<@{BOT}>: !help", "!help"),
            (f"<@&{ROLE}> hello", "hello"),
            (f"hello <@{BOT}>", "hello"),
            (f"hello <@{BOT}>, how are you?", "hello, how are you?"),
            (f"do you <@{BOT}> know?", "do you know?"),
            (f"one\n<@{BOT}> two", "one\ntwo"),
            (f"<@{BOT}> :) hello", ":) hello"),
            (f"<@{BOT}>\n```py\n  x = 1\n```", "```py\n  x = 1\n```"),
            (f"<@{BOT}>", ""),
        ]:
            assert heard(replace(SAID, content=said, mentioned=frozenset({BOT}))).text == text

    def test_other_people_are_written_by_name_and_listed_in_their_order(self) -> None:
        content = f"<@{BOT}> ask <@{BOB.user}>, then <@!{ALICE.user}>, then <@{BOB.user}> again"
        inbound = heard(naming(ALICE, BOB, Person(BOT, "Threadkeeper"), content=content))
        assert inbound.text == "ask @Bob, then @Alice, then @Bob again"
        assert inbound.mentions == (BOB, ALICE)

    def test_channels_roles_and_emoji_are_written_by_name(self) -> None:
        names = Names(roles={"800000000000000001": "mods"}, channels={GENERAL: "general"})
        content = f"<:wave:300000000000000001> <a:dance:300000000000000002> <@&800000000000000001> see <#{GENERAL}>"
        assert readable(content, names).text == ":wave: :dance: @mods see #general"

    def test_an_id_that_nobody_knows_stays_as_it_was_written(self) -> None:
        content = f"`<@{CAROL}>` and <#{HIDDEN}> and <@&800000000000000009>"
        assert readable(content, Names()).text == content

    def test_a_name_that_looks_like_a_mention_is_not_read_again(self) -> None:
        sly = Person(BOB.user, f"<@{ALICE.user}>")
        assert readable(f"<@{BOB.user}>", Names(people={sly.user: sly.name, ALICE.user: "Alice"})).mentions == (sly,)

    @given(st.lists(st.sampled_from([f"<@{BOT}>", f"<@{BOB.user}>", "word", ",", "\n", " ", ":", "<@", ">", "é"])))
    def test_nothing_but_the_bots_mention_and_blanks_is_lost(self, pieces: list[str]) -> None:
        said = "".join(pieces)
        shown = readable(said, Names(people={BOB.user: "Bob"}), {BOT}).text
        kept = said.replace(f"<@{BOT}>", "").replace(f"<@{BOB.user}>", "@Bob")
        assert "".join(shown.split()) in {
            "".join(kept.split()),
            "".join(kept.split()).removeprefix(",").removeprefix(":"),
        }

    @given(st.text())
    def test_a_text_without_marks_stays_word_for_word(self, text: str) -> None:
        assert ids_in(text) == ((), (), ())
        assert readable(text, Names(), {BOT}).text == text.strip()

    def test_the_message_answered_is_quoted_as_readably_as_the_message(self) -> None:
        quoted = Referenced("700000000000000000", f"<@{BOT}> ask <@{CAROL}>", NOON, BOB, Names(people={CAROL: "Carol"}))
        assert heard(replace(SAID, answers=quoted)).reply_to == Quote(
            "700000000000000000", BOB.user, "Bob", "ask @Carol", NOON
        )

    def test_a_forwarded_message_is_quoted_without_an_author_and_is_no_aside(self) -> None:
        event = replace(SAID, content="", forwards=Referenced("700000000000000000", "the plan", NOON))
        inbound = heard(event)
        assert inbound.reply_to == Quote("700000000000000000", "", "", "the plan", NOON)
        assert not inbound.aside


# Shortened events of the gateway: https://discord.com/developers/docs/events/gateway-events#message-create.

ALICE_DATA = {"id": ALICE.user, "username": "alice", "global_name": "Alice\nroot", "discriminator": "0", "avatar": None}
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
    return {"id": thread, "parent_id": parent, "owner_id": ALICE.user, "name": "a thread", "type": kind} | {
        "message_count": 1,
        "member_count": 1,
        "thread_metadata": metadata | {"locked": False},
    }


def parsed(**changes: object) -> Inbound | None:
    """What becomes of a recorded event that differs from `RECORDED` so; discord.py parses it."""
    client = discord.Client(intents=discord.Intents(guilds=True))
    state = client._connection  # noqa: SLF001  there is no public way to have discord.py parse a recorded event
    hidden = [{"id": SERVER, "type": 0, "allow": "0", "deny": VIEW}]
    server = {
        "id": SERVER,
        "name": "Home",
        "owner_id": ALICE.user,
        "roles": [
            a_role(SERVER, "@everyone", VIEW),
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
    data = RECORDED | changes
    channel = guild.get_channel_or_thread(int(str(data["channel_id"])))
    assert isinstance(channel, discord.TextChannel | discord.Thread)
    return to_inbound(discord.Message(state=state, channel=channel, data=cast("MessageData", data)), int(BOT))


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
        author=ALICE.user,
        author_name="Alice root",
        text="look, @mods in #hidden",
        sent_at=discord.utils.snowflake_time(700000000000000001),
        addressed=True,
        visibility=Visibility.PUBLIC,
        attachments=(Attachment("cat.png", "image/png", 42), Attachment("hug", "image/png", 0)),
        roles=frozenset({"800000000000000001"}),
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


def test_a_message_that_cannot_be_read_is_dropped_and_its_text_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "adapters"):
        message = parsed(content=None, mentions=[])
    assert message is None
    assert [(record.getMessage(), vars(record)["error"]) for record in caplog.records] == [
        ("message dropped", "TypeError")
    ]
