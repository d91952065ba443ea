"""What a Discord message is to the bot: pure decisions over the plain values that `reading` takes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from adapters.discord.markup import Names, readable
from memory.types import Access, Attachment, Inbound, Person, Place, Quote, Visibility


@dataclass(frozen=True, slots=True)
class Me:
    """The bot where a message was said: its user id and the ids of the roles that Discord made for it."""

    user: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Referenced:
    """The message that another one answers or forwards; Discord does not tell whose a forwarded one is.

    `files` are the names of the files with it.
    """

    message_id: str
    content: str
    sent_at: datetime
    author: Person = field(default_factory=lambda: Person("", ""))
    names: Names = field(default_factory=Names)
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One message in plain values.

    `by_person` is false for bots, webhooks and Discord's own notices. `mentioned` and `mentioned_roles` are those whom
    Discord counts as mentioned: also the one who is answered with a ping, never @everyone. `title` is that of the forum
    post which a message opens, `guest` says that its author was invited to one channel alone.
    """

    place: Place
    access: Access
    message_id: str
    author: Person
    content: str
    sent_at: datetime
    by_person: bool = True
    names: Names = field(default_factory=Names)
    mentioned: frozenset[str] = frozenset()
    mentioned_roles: frozenset[str] = frozenset()
    to_everyone: bool = False
    attachments: tuple[Attachment, ...] = ()
    answers: Referenced | None = None
    forwards: Referenced | None = None
    roles: frozenset[str] = frozenset()
    edited_at: datetime | None = None
    channel_name: str = ""
    title: str = ""
    guest: bool = False


def is_addressed(event: Event, me: Me) -> bool:
    """Whether a message is for the bot by itself: said to it directly, naming it or its role, or answering it."""
    return (
        event.access.visibility is Visibility.DIRECT
        or me.user in event.mentioned
        or not me.roles.isdisjoint(event.mentioned_roles)
        or (event.answers is not None and event.answers.author.user == me.user)
    )


def is_aside(event: Event, me: Me) -> bool:
    """Whether a message is for others: not for the bot, and naming or answering more people than its author."""
    others = event.mentioned if event.answers is None else event.mentioned | {event.answers.author.user}
    many = event.to_everyone or bool(event.mentioned_roles - me.roles)
    return not is_addressed(event, me) and (many or bool(others - {event.author.user}))


def understand(event: Event, me: Me, *, anybody: bool = False) -> Inbound | None:
    """Decide what a message is to the bot; None where no person said it, or where it says nothing to anyone.

    What says nothing is what Discord hands over of a message that is not for the bot while the message-content intent
    is off. With `anybody` other bots count as people. What opens a forum post is said with its title, which often is
    the question itself.
    """
    own = me.roles | {me.user}
    text, mentions = readable(event.content, event.names, own)
    addressed = is_addressed(event, me)
    quoted = event.answers or event.forwards
    said = (anybody or event.by_person) and event.author.user != me.user
    if not said or not (addressed or text or event.attachments or quoted):
        return None
    return Inbound(
        place=event.place,
        message_id=event.message_id,
        author=event.author.user,
        author_name=event.author.name,
        text=f"{event.title}\n\n{text}".strip(),
        sent_at=event.sent_at,
        addressed=addressed,
        visibility=event.access.visibility,
        aside=is_aside(event, me),
        mentions=mentions,
        attachments=event.attachments,
        reply_to=None if quoted is None else _quote(quoted, own),
        roles=event.roles,
        edited_at=event.edited_at,
        enclosed=event.access.enclosed,
        restricted=event.access.restricted,
        guest=event.guest,
        channel_name=event.channel_name,
    )


def _quote(quoted: Referenced, own: frozenset[str]) -> Quote:
    """Quote a message as a person sees it; a name is all that a quotation can tell of a file."""
    text = readable(quoted.content, quoted.names, own).text
    if quoted.files:
        text = f"{text} [attached: {', '.join(quoted.files)}]".lstrip()
    return Quote(quoted.message_id, quoted.author.user, quoted.author.name, text, quoted.sent_at)
