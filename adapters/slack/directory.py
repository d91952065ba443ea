"""Who people are and what channels are, asked of Slack once in a while and remembered in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, Generic, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.failures import FAILURES, as_read_error, code_of
from adapters.slack.inbound import Event, Me, understand
from adapters.slack.markup import Names, ids_in
from adapters.slack.pace import Pace
from adapters.slack.places import PLATFORM, UNKNOWN, Channel, Kind, channel_from
from adapters.slack.wire import Json, as_map, flag_at, id_at, ids_at, map_at, name_at, text_at
from memory.types import Inbound, Person, Recent

log = logging.getLogger(__name__)

_KEPT: Final = 4096
"""People, channels, and direct messages of the bot's own, that are remembered; the ones longest unused go first."""

_NAME_SECONDS: Final = 3600.0
"""How long a name is believed; a change that Slack tells of is known at once."""

_STANDING_SECONDS: Final = 600.0
"""How long it is believed who can read a channel, and that somebody is no guest, where Slack tells of no change."""

_ADMIN_SECONDS: Final = 60.0
"""How long it is believed that somebody is an admin: who is not any more, is not within a minute."""

_LOOK_UP_SECONDS: Final = 1.0
"""How long a message waits for a name: all of it has to be acknowledged within three seconds."""

_RIGHTS_SECONDS: Final = 10.0
"""How long a command waits to hear whether its author may: it is acknowledged by then, and a no must not be a guess."""

_MEETING_SECONDS: Final = 90.0
"""How long what is read from a history waits for a name: it is stored with it for good, and nobody waits for it."""

_BURST: Final = 40
_SECONDS: Final = 1.2
"""How many people met in a history are asked after at once, and then one in how long: 90 in a minute at most.

Slack bears 100 (tier 4: https://docs.slack.dev/apis/web-api/rate-limits); the rest is for those who are talking now.
"""

_LOOK_UPS: Final = 10
"""People and channels named in one message that are asked after; nobody names more, and each is a request."""

_USER_CHANGES = frozenset({"user_change", "user_profile_changed"})
"""Events that tell of a user; the former also of every status and huddle: https://docs.slack.dev/reference/events."""

_CHANNEL_CHANGES = frozenset(
    {"channel_rename", "group_rename", "channel_shared", "channel_unshared"}
    | {"channel_convert_to_private", "channel_convert_to_public", "channel_name", "group_name"}
    | {"channel_deleted", "group_deleted", "channel_left", "member_joined_channel"}
)
"""Events, and subtypes of `message`, that tell of another name or kind of a channel, or that it is gone or new."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class User:
    """A user of Slack: `team` is the workspace, `admin` says that the user may administer it.

    Of who is in several of them, it is the bot's. A `guest` is let into some channels only.
    """

    id: str
    name: str
    team: str = ""
    admin: bool = False
    guest: bool = False


class Remembered(Generic[Value]):
    """Values by id, each believed for a while, a bounded number of them."""

    def __init__(self, kept: int, seconds: float) -> None:
        self._seconds = seconds
        self._values = Recent[str, tuple[Value, float]](kept)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str, now: float, seconds: float | None = None) -> Value | None:
        """The value, if it has been learned within the time that it is believed for, or within `seconds`."""
        value, learned = self._values.get(key, (None, 0.0))
        if value is None or now - learned >= (self._seconds if seconds is None else seconds):
            return None
        self._values.move_to_end(key)
        return value

    def put(self, key: str, value: Value, now: float) -> None:
        """Learn a value, and forget the one longest unused when there are too many."""
        self._values[key] = (value, now)

    def drop(self, key: str) -> None:
        """Believe nothing of this id any more."""
        self._values.pop(key, None)

    def doubt(self, key: str, told: Value) -> None:
        """Believe nothing of this id any more where something else is told of it: that may be old, or not all."""
        if key in self._values and self._values[key][0] != told:
            self.drop(key)


def user_from(user: Json, home: str = "") -> User:
    """Read a user object, asked for by an app of the workspace `home`.

    https://docs.slack.dev/reference/objects/user-object. In an Enterprise Grid people are in several workspaces, which
    stand in `enterprise_user`; `team_id` is one of them then, or not there: https://github.com/looker/lookerbot/issues/184.
    Their rights are those at home: https://github.com/slackapi/bolt-js/issues/1566.
    """
    profile = map_at(user, "profile")
    name = name_at(profile, "display_name", "real_name") or name_at(user, "real_name", "name")
    admin = any(flag_at(user, right) for right in ("is_admin", "is_owner", "is_primary_owner"))
    stranger = flag_at(user, "is_stranger") or flag_at(user, "deleted")
    guest = any(flag_at(user, limit) for limit in ("is_restricted", "is_ultra_restricted", "is_stranger"))
    teams = [team for team in (id_at(user, "team_id"), *ids_at(map_at(user, "enterprise_user"), "teams")) if team]
    team = home if home in teams else next(iter(teams), "")
    return User(id_at(user, "id"), name or id_at(user, "id"), team, admin and not stranger, guest)


class Directory:
    """The people and channels around one bot, whose workspace is `team`.

    Nothing here raises: who can't be looked up is a guest with an id for a name, and a channel that can't be is private
    and shared.
    """

    def __init__(self, web: AsyncWebClient, team: str, *, burst: int = _BURST, seconds: float = _SECONDS) -> None:
        self._web = web
        self._team = team
        self._meetings = Pace(burst, seconds)
        self._users: Remembered[User] = Remembered(_KEPT, _NAME_SECONDS)
        self._channels: Remembered[Channel] = Remembered(_KEPT, _STANDING_SECONDS)
        self._own = Recent[str, None](_KEPT)
        self._asking: dict[str, asyncio.Task[User | Channel | None]] = {}

    async def person(self, user: str, team: str = "") -> Person:
        """Name somebody; people of other workspaces are told apart by it, for they can have anybody's name.

        `team` is the workspace that an event gives for the user.
        """
        known = await self._user(user)
        team = known.team or team
        outside = bool(team) and team != self._team
        return Person(user, f"{known.name} (another workspace)" if outside else known.name)

    async def home(self, user: str) -> str:
        """Name the workspace of a user, for a message that does not tell it; empty where it cannot be learned."""
        return (await self._user(user)).team

    async def is_guest(self, user: str) -> bool:
        """Whether a user is let into some channels only: a guest, somebody from another workspace, or nobody knows."""
        known = await self._user(user, _STANDING_SECONDS)
        return known.guest or known.team != self._team

    async def meet(self, events: Iterable[Event]) -> None:
        """Look up the authors of messages and whom they name, as fast as Slack bears it, before they are understood.

        Where Slack does not answer, those that are left are looked up as they come.
        """
        clock = asyncio.get_running_loop().time
        for user in dict.fromkeys(chain.from_iterable(_people_in(event) for event in events)):
            if self._users.get(user, clock(), _STANDING_SECONDS) is not None:
                continue
            await self._meetings.turn()
            try:
                async with asyncio.timeout(_MEETING_SECONDS):
                    self._users.put(user, await self._profile(user), clock())
            except FAILURES as exc:
                log.info("not looked up", extra={"platform": PLATFORM, "error": code_of(exc) or type(exc).__name__})
                if as_read_error(exc) is not None:
                    return

    async def names(self, text: str, own: str) -> Names:
        """Name the people and channels in a text, but not the bot, whose id is `own`."""
        ids = ids_in(text)
        people, channels = [user for user in ids.people if user != own][:_LOOK_UPS], ids.channels[:_LOOK_UPS]
        persons, places = await asyncio.gather(
            asyncio.gather(*(self.person(user) for user in people)),
            asyncio.gather(*(self.channel(channel) for channel in channels)),
        )
        return Names(
            people={person.user: person.name for person in persons},
            channels={its_id: place.name for its_id, place in zip(channels, places, strict=True)},
        )

    async def channel(self, channel: str, *, told: bool = True) -> Channel:
        """Tell what a channel is; `told` says that the bot is told what is said there.

        Of direct messages it is told its own alone, but its commands can be used in those of any two people.
        """
        now = asyncio.get_running_loop().time()
        known = self._channels.get(channel, now)
        if known is not None:
            return known
        if channel.startswith("D") and (told or channel in self._own):
            return Channel(Kind.DIRECT)
        found = await self._ask(channel, lambda: self._conversation(channel))
        if not isinstance(found, Channel):
            return UNKNOWN
        self._channels.put(channel, found, now)
        return found

    def learn(self, conversation: Json) -> None:
        """Take in what a list of conversations tells of one."""
        self._channels.put(id_at(conversation, "id"), channel_from(conversation), asyncio.get_running_loop().time())

    async def channel_of(self, event: Event) -> Channel:
        """Tell what the channel of a message is; that it is less open than was known, the event itself may say.

        That it is more open is asked for: an event may come late.
        """
        if event.kind is Kind.DIRECT:
            self._own[event.channel] = None
        known = await self.channel(event.channel)
        if event.kind is Kind.PUBLIC and known.kind is not Kind.PUBLIC and known is not UNKNOWN:
            self._channels.drop(event.channel)
            known = await self.channel(event.channel)
            return replace(known, shared=known.shared or event.shared)
        told = replace(known, kind=event.kind or known.kind, shared=known.shared or event.shared)
        if told != known and known is not UNKNOWN:
            self._channels.put(event.channel, told, asyncio.get_running_loop().time())
        return told

    async def is_admin(self, user: str) -> bool:
        """Whether a user administers the bot's workspace; never somebody from another one, and no when unsure."""
        known = await self._user(user, _ADMIN_SECONDS, patience=_RIGHTS_SECONDS)
        if (
            not known.team
        ):  # not looked up: once more, for a connection that was cut says nothing about anybody's rights
            known = await self._user(user, _ADMIN_SECONDS, patience=_RIGHTS_SECONDS)
        return known.admin and known.team == self._team

    def notice(self, event: Json) -> None:
        """Take in an event that may tell of a change; most do not."""
        kind = text_at(event, "subtype") or text_at(event, "type")
        if kind in _USER_CHANGES:
            told = user_from(map_at(event, "user"), self._team)
            self._users.doubt(told.id, told)
        elif kind in _CHANNEL_CHANGES:
            self._channels.drop(id_at(event, "channel") or id_at(map_at(event, "channel"), "id"))

    async def _user(self, user: str, seconds: float | None = None, patience: float = _LOOK_UP_SECONDS) -> User:
        now = asyncio.get_running_loop().time()
        known = self._users.get(user, now, seconds)
        if known is not None:
            return known
        found = await self._ask(f"{user}/{patience:g}", lambda: self._profile(user), patience)
        if not isinstance(found, User):
            return User(user, user)
        self._users.put(user, found, now)
        return found

    async def _profile(self, user: str) -> User:
        response = await self._web.users_info(user=user)
        found = user_from(map_at(as_map(response.data), "user"), self._team)
        return replace(found, id=user, name=found.name or user)

    async def _conversation(self, channel: str) -> Channel:
        response = await self._web.conversations_info(channel=channel)
        return channel_from(map_at(as_map(response.data), "channel"))

    async def _ask(
        self, key: str, question: Callable[[], Awaitable[User | Channel]], patience: float = _LOOK_UP_SECONDS
    ) -> User | Channel | None:
        """Ask Slack about an id, once for all who want to know at the same time (a mention comes as two events)."""
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(_answer(question, patience))
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)


async def inbound_of(event: Event, channel: Channel, directory: Directory, me: Me) -> Inbound | None:
    """Make an `Inbound` of a message, with its author and whom it names looked up; None where `understand` says so."""
    if not event.team:
        event = replace(event, team=await directory.home(event.user))
    author, guest, names = await asyncio.gather(
        directory.person(event.user, event.team),
        directory.is_guest(event.user),
        directory.names(event.text, me.user),
    )
    author = replace(author, name=event.name) if event.name else author
    return understand(event, channel, author, names, me, guest=guest)


def _people_in(event: Event) -> tuple[str, ...]:
    return (event.user, *ids_in(event.text).people[:_LOOK_UPS])


async def _answer(question: Callable[[], Awaitable[User | Channel]], patience: float) -> User | Channel | None:
    try:
        async with asyncio.timeout(patience):
            return await question()
    except FAILURES as exc:
        log.info("not looked up", extra={"platform": PLATFORM, "error": code_of(exc) or type(exc).__name__})
        return None
