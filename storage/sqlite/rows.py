"""Rows to nouns and back: how messages, turns, summaries and who can read a place lie in their columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from memory.types import (
    Access,
    Attachment,
    Conversation,
    Decision,
    Inbound,
    Person,
    Place,
    Quote,
    Role,
    Summary,
    Turn,
    Visibility,
    Waiting,
    well_formed,
)

Row = tuple[Any, ...]
"""A row as SQLite hands it over; the tables are STRICT, so each column has its one type."""

Channel = tuple[str, str, str]
"""A platform, a space and a channel."""

IN_CHANNEL = "platform = ? AND space = ? AND channel = ?"
"""Is true of the rows of a Channel."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

ROLES = {role.value: role for role in Role}
"""A look-up instead of a call, for there are dozens of turns to a prompt."""

TURN = "id, role, author, author_name, text, tokens, sent_at, message_id, attachments, quote"
"""The columns that `to_turn` reads, in its order."""

TURN_OF_T = ", ".join(f"t.{column}" for column in TURN.split(", "))
"""The same of `turns t`, where other tables are joined to it."""

SUMMARY = "text, tokens, through, version, made_at"
"""The columns that `to_summary` reads, in its order."""

CONVERSATION = "c.platform, c.space, c.channel, c.thread, c.user"
INBOUND = (
    "i.thread, i.message_id, i.author, i.author_name, i.text, i.extras, i.sent_at, i.addressed, i.aside, i.visibility,"
    " i.private, i.access"
)
WAITING = f"i.id, i.decision, i.attempts, i.together, {CONVERSATION}, {INBOUND}"
"""The columns that `to_waiting` reads, of `inbox i JOIN conversations c`."""


def channel_of(place: Place) -> Channel:
    """The channel in which a place lies."""
    return place.platform, place.space, place.channel


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970; exact, as no float is in between."""
    return (moment - EPOCH) // MICROSECOND


def to_moment(micros: int) -> datetime:
    """The moment that `to_micros` made the number from, in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def to_text(text: str) -> str:
    """A text as a column holds it."""
    return well_formed(text)


def dump_attachments(attachments: tuple[Attachment, ...]) -> str | None:
    """Attachments as JSON: a list of [name, kind, size]; nothing for none."""
    if not attachments:
        return None
    return _dump([[a.name, a.kind, a.size] for a in attachments])


def dump_quote(quote: Quote | None) -> str | None:
    """A quote as JSON: [message id, author, author's name, text, sent at]."""
    if quote is None:
        return None
    fields = [quote.message_id, quote.author, quote.author_name, quote.text, to_micros(quote.sent_at)]
    return _dump(fields)


def dump_extras(inbound: Inbound, quote: Quote | None) -> str | None:
    """What a message carries besides its text, as JSON: [attachments, mentions, quote]; nothing for the common none."""
    if not (inbound.attachments or inbound.mentions or quote):
        return None
    mentions = [[person.user, person.name] for person in inbound.mentions]
    parts = [dump_attachments(inbound.attachments), mentions, dump_quote(quote)]
    return _dump(parts)


def dump_access(inbound: Inbound) -> str | None:
    """Who can read a message's place beside its visibility, as JSON: [enclosed, restricted, shared, guest].

    Nothing for the common case of none of them.
    """
    marks = [inbound.enclosed, inbound.restricted, inbound.shared, inbound.guest]
    return _dump(marks) if any(marks) else None


def dump_readers(access: Access) -> str:
    """Who can read a place, as JSON: [visibility, enclosed, restricted, shared]."""
    return _dump([access.visibility, access.enclosed, access.restricted, access.shared])


def to_access(stored: str) -> Access:
    """Who can read a place, from what `dump_readers` made of it."""
    visibility, *marks = json.loads(stored)
    return Access(Visibility(visibility), *marks)


def _dump(parts: Sequence[object]) -> str:
    return to_text(json.dumps(parts, ensure_ascii=False))


def to_attachments(stored: str | None) -> tuple[Attachment, ...]:
    """Attachments from what `dump_attachments` made of them."""
    return tuple(Attachment(*fields) for fields in json.loads(stored)) if stored else ()


def to_quote(stored: str) -> Quote:
    """A quote from what `dump_quote` made of it."""
    message_id, author, author_name, text, sent_at = json.loads(stored)
    return Quote(message_id, author, author_name, text, to_moment(sent_at))


def quote_in(extras: str | None) -> Quote | None:
    """The quote from what `dump_extras` made of a message."""
    quote = json.loads(extras)[2] if extras else None
    return to_quote(quote) if quote else None


def attachments_in(extras: str | None) -> tuple[Attachment, ...]:
    """The attachments from what `dump_extras` made of a message."""
    return to_attachments(json.loads(extras)[0]) if extras else ()


def to_turn(row: Row) -> Turn:
    """A row of the columns TURN."""
    id_, role, author, author_name, text, tokens, sent_at, message_id, attachments, quote = row
    return Turn(
        id_,
        ROLES[role],
        author,
        author_name,
        text,
        tokens,
        to_moment(sent_at),
        message_id,
        to_attachments(attachments),
        to_quote(quote) if quote else None,
    )


def to_summary(row: Row) -> Summary:
    """A row of the columns SUMMARY."""
    text, tokens, through, version, made_at = row
    return Summary(text, tokens, through, version, to_moment(made_at))


def to_waiting(row: Row, posts: tuple[str, ...]) -> Waiting:
    """A row of the columns WAITING, with the ids of the messages that hold its reply so far."""
    id_, decision, attempts, together, platform, space, channel, conversation_thread, user = row[:9]
    thread, message_id, author, author_name, text, extras, sent_at, addressed, aside, visibility, private = row[9:20]
    enclosed, restricted, shared, guest = json.loads(row[20]) if row[20] else (False, False, False, False)
    attachments, mentions, quote = json.loads(extras) if extras else (None, [], None)
    inbound = Inbound(
        Place(platform, space, channel, thread),
        message_id,
        author,
        author_name,
        text,
        to_moment(sent_at),
        bool(addressed),
        Visibility(visibility),
        bool(aside),
        tuple(Person(*fields) for fields in mentions),
        to_attachments(attachments),
        to_quote(quote) if quote else None,
        private=bool(private),
        enclosed=enclosed,
        restricted=restricted,
        shared=shared,
        guest=guest,
    )
    conversation = Conversation(platform, space, channel, conversation_thread, user)
    return Waiting(id_, inbound, conversation, Decision(decision), posts, attempts, together)
