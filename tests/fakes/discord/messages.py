"""The routes of messages: reading, sending, editing, deleting, typing.

Source: https://discord.com/developers/docs/resources/message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.fakes.discord.mentions import ALL, AllowedMentions, find_pings
from tests.fakes.discord.permissions import Permission
from tests.fakes.discord.service import Service
from tests.fakes.discord.shapes import JsonObject
from tests.fakes.discord.wire import ApiError, FormError, Reason, allowed_mentions, items, mapping, number, text
from tests.fakes.discord.world import Channel, ChannelType, FakeFile, FakeMessage, MessageFlag, MessageType, World

MAX_CONTENT = 2000
MAX_NONCE = 25
MAX_HISTORY = 100
DEFAULT_HISTORY = 50
BULK = range(2, 101)
HARMFUL = "https://harmful.example"
"""A link that Discord's own filter holds back, in every place (JSON error code 240000)."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route: what stands in its path, its query, its JSON and its files."""

    args: Mapping[str, str]
    query: Mapping[str, str]
    body: object
    files: tuple[FakeFile, ...] = ()

    @property
    def form(self) -> Mapping[str, object]:
        """The body as an object."""
        return mapping(self.body)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as the bot sends it; `reference` is the id of the message replied to."""

    content: str
    flags: MessageFlag
    embeds: tuple[object, ...]
    files: tuple[FakeFile, ...]
    allowed: AllowedMentions | None
    nonce: str | None
    enforce_nonce: bool
    reference: str
    must_exist: bool


def parse_draft(form: Mapping[str, object], files: tuple[FakeFile, ...]) -> Draft:
    """Read a message to be sent.

    Raises: ApiError for one that is empty or too long, or has too long a nonce.
    """
    reference = mapping(form.get("message_reference"))
    draft = Draft(
        content=text(form, "content"),
        flags=MessageFlag(number(form, "flags") & int(MessageFlag.SUPPRESS_EMBEDS | MessageFlag.EPHEMERAL)),
        embeds=tuple(items(form.get("embeds"))),
        files=files,
        allowed=allowed_mentions(form),
        nonce=text(form, "nonce") or None,
        enforce_nonce=form.get("enforce_nonce") is True,
        reference=text(reference, "message_id"),
        must_exist=reference.get("fail_if_not_exists") is not False,
    )
    check_content(draft.content, empty_allowed=bool(draft.embeds or draft.files))
    if draft.nonce is not None and len(draft.nonce) > MAX_NONCE:
        _refuse_length("nonce", MAX_NONCE)
    return draft


def check_content(content: str, *, empty_allowed: bool) -> None:
    """Refuse a text that is too long, or blank where nothing else is shown.

    Raises: ApiError with code 50035 or 50006.
    """
    if len(content) > MAX_CONTENT:
        _refuse_length("content", MAX_CONTENT)
    if not content.strip() and not empty_allowed:
        raise ApiError(Reason.EMPTY)


def _refuse_length(field: str, limit: int) -> None:
    form = FormError(field, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
    raise ApiError(Reason.INVALID_FORM, form)


def compose(service: Service, channel: Channel, draft: Draft) -> FakeMessage:
    """Make the bot's message of a draft, with the mentions that it may make."""
    world = service.world
    original = world.messages.get(draft.reference)
    message = FakeMessage(
        id=world.next_message_id(channel),
        channel_id=channel.id,
        author_id=world.bot.id,
        content=draft.content,
        type=MessageType.REPLY if original else MessageType.DEFAULT,
        reference_id=original.id if original else None,
        reference_channel_id=channel.id if original else None,
        flags=draft.flags,
        files=tuple(replace(file, id=world.new_id()) for file in draft.files),
        embeds=draft.embeds,
        nonce=draft.nonce,
    )
    return ping(world, message, draft.content, draft.allowed)


def ping(world: World, message: FakeMessage, content: str, allowed: AllowedMentions | None) -> FakeMessage:
    """Let the bot's message mention whom a text does, as far as the request allows; by default all."""
    original = world.messages.get(message.reference_id or "")
    replied_to = original.author_id if original and original.author_id != world.bot.id else None
    granted = world.channel_permissions(world.bot.id, world.channels[message.channel_id])
    may_everyone = Permission.MENTION_EVERYONE in granted
    pings = find_pings(content, allowed or ALL, replied_to, may_everyone=may_everyone)
    users = tuple(user for user in pings.users if user in world.users)
    return replace(
        message, mentions=users, role_mentions=pings.roles, everyone=pings.everyone, allowed_mentions=allowed
    )


class MessageRoutes:
    """What the bot does with messages."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._world = service.world

    def reach(self, channel_id: str, needed: Permission = Permission.NONE) -> Channel:
        """Find a channel in which the bot may do something.

        Raises: ApiError 10003 where there is none, 50001 where the bot does not see it, 50013 where it may not.
        """
        channel = self._world.channels.get(channel_id)
        if channel is None:
            raise ApiError(Reason.UNKNOWN_CHANNEL)
        granted = self._world.channel_permissions(self._world.bot.id, channel)
        if Permission.VIEW_CHANNEL not in granted:
            raise ApiError(Reason.MISSING_ACCESS)
        if needed not in granted:
            raise ApiError(Reason.MISSING_PERMISSIONS)
        return channel

    def _message(self, call: Call, needed: Permission = Permission.NONE) -> FakeMessage:
        channel = self.reach(call.args["channel"], needed)
        message = self._world.messages.get(call.args["message"])
        if message is None or message.channel_id != channel.id or message.ephemeral:
            raise ApiError(Reason.UNKNOWN_MESSAGE)
        return message

    def history(self, call: Call) -> list[JsonObject]:
        """GET messages: newest first; `after` gives those next after it; without the right to read history none."""
        channel = self.reach(call.args["channel"])
        limit = number(call.query, "limit", DEFAULT_HISTORY)
        if not 1 <= limit <= MAX_HISTORY:
            form = FormError("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
            raise ApiError(Reason.INVALID_FORM, form)
        granted = self._world.channel_permissions(self._world.bot.id, channel)
        found = self._world.history(channel.id) if Permission.READ_MESSAGE_HISTORY in granted else []
        if "after" in call.query:
            found = [m for m in found if int(m.id) > number(call.query, "after")][:limit]
        elif "before" in call.query:
            found = [m for m in found if int(m.id) < number(call.query, "before")][-limit:]
        elif "around" in call.query:
            middle = sum(int(m.id) < number(call.query, "around") for m in found)
            found = found[max(0, middle - limit // 2) :][:limit]
        else:
            found = found[-limit:]
        return [self._service.bot_json(message) for message in reversed(found)]

    def show(self, call: Call) -> JsonObject:
        """GET one message; it needs the right to read the history."""
        return self._service.bot_json(self._message(call, Permission.READ_MESSAGE_HISTORY))

    def send(self, call: Call) -> JsonObject:
        """POST a message; the same nonce with `enforce_nonce` gives the same message again.

        A reference to a message that is gone is refused, or with `fail_if_not_exists` false left out.
        """
        channel = self.reach(call.args["channel"])
        if channel.type is ChannelType.FORUM:
            raise ApiError(Reason.NOT_A_TEXT_CHANNEL)
        sending = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
        self.reach(channel.id, sending)
        draft = parse_draft(call.form, call.files)
        draft = replace(draft, flags=draft.flags & ~MessageFlag.EPHEMERAL)
        if draft.enforce_nonce and draft.nonce is not None:
            same = self._service.find_nonce(self._world.bot.id, draft.nonce)
            if same is not None:
                return self._service.bot_json(same) | {"nonce": draft.nonce}
        self._moderate(channel, draft.content)
        self._check_reference(channel, draft)
        message = self._service.post(compose(self._service, channel, draft))
        self._service.remember_nonce(message)
        return self._service.bot_json(message) | ({"nonce": message.nonce} if message.nonce else {})

    def _check_reference(self, channel: Channel, draft: Draft) -> None:
        if not draft.reference:
            return
        if Permission.READ_MESSAGE_HISTORY not in self._world.channel_permissions(self._world.bot.id, channel):
            raise ApiError(Reason.NO_HISTORY)
        original = self._world.messages.get(draft.reference)
        if draft.must_exist and (original is None or original.channel_id != channel.id):
            form = FormError("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            raise ApiError(Reason.INVALID_FORM, form)

    def _moderate(self, channel: Channel, content: str) -> None:
        """Refuse a blocked word in a server, for automatic moderation is a server's, and a harmful link anywhere."""
        if channel.guild and any(word in content for word in self._service.blocked):
            raise ApiError(Reason.BLOCKED)
        if HARMFUL in content:
            raise ApiError(Reason.HARMFUL_LINK)

    def edit(self, call: Call) -> JsonObject:
        """PATCH a message: the bot's own only."""
        message = self._message(call)
        if message.author_id != self._world.bot.id:
            raise ApiError(Reason.NOT_ITS_AUTHOR)
        self._moderate(self._world.channels[message.channel_id], text(call.form, "content"))
        return self._service.bot_json(self.revise(message, call))

    def revise(self, message: FakeMessage, call: Call) -> FakeMessage:
        """Change what the request names: text, embeds, flags, allowed mentions; the answer to a command appears.

        A new text is parsed for mentions anew, by what this request allows, and by default all. Flags stay as they were
        where it names none. Source: https://discord.com/developers/docs/resources/message#edit-message and, for the
        flags, https://github.com/abalabahaha/eris/pull/567.
        """
        form = call.form
        embeds = tuple(items(form["embeds"])) if "embeds" in form else message.embeds
        content = text(form, "content") if "content" in form else message.content
        check_content(content, empty_allowed=bool(embeds or message.files))
        flags = message.flags & ~MessageFlag.LOADING
        if "flags" in form:
            suppressed = MessageFlag(number(form, "flags")) & MessageFlag.SUPPRESS_EMBEDS
            flags = flags & ~MessageFlag.SUPPRESS_EMBEDS | suppressed
        changed = replace(message, embeds=embeds, flags=flags)
        if "content" in form:
            changed = ping(self._world, changed, content, allowed_mentions(form))
        return self._service.revise(changed, content)

    def delete(self, call: Call) -> None:
        """DELETE a message: the bot's own, or anybody's with Manage Messages."""
        message = self._message(call)
        if message.author_id != self._world.bot.id:
            if not self._world.channels[message.channel_id].guild:
                raise ApiError(Reason.NOT_IN_A_DM)
            self.reach(message.channel_id, Permission.MANAGE_MESSAGES)
        self._service.remove([message], bulk=False)

    def delete_many(self, call: Call) -> None:
        """POST bulk-delete: 2 to 100 messages, with Manage Messages; ids that are gone are passed over."""
        channel = self.reach(call.args["channel"], Permission.MANAGE_MESSAGES)
        ids = [str(message) for message in items(call.form.get("messages"))]
        if len(ids) not in BULK:
            raise ApiError(Reason.WRONG_COUNT)
        found = [self._world.messages[message] for message in ids if message in self._world.messages]
        self._service.remove([message for message in found if message.channel_id == channel.id], bulk=True)

    def type(self, call: Call) -> None:
        """POST typing: needs the right to send."""
        channel = self.reach(call.args["channel"])
        sending = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
        self.reach(channel.id, sending)
        self._service.typing[channel.id] += 1
