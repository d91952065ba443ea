"""The face of the fake Slack: what a test builds, does, breaks and sees."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType

from aiohttp import web

from tests.fakes.listening import Listening
from tests.fakes.slack import events, people
from tests.fakes.slack.channels import Channels
from tests.fakes.slack.chat import ChatMethods
from tests.fakes.slack.events import message_event
from tests.fakes.slack.faults import Allowance, Fault
from tests.fakes.slack.service import App, FakeRequest, FakeResponse, FakeStatus, Service, Slash
from tests.fakes.slack.shapes import share_json
from tests.fakes.slack.socket_mode import Ack, Connections, SocketMode
from tests.fakes.slack.web import ROOT, build_app
from tests.fakes.slack.wire import JsonObject
from tests.fakes.slack.world import FakeFile, FakeMessage


class FakeSlack(Channels, Listening):
    """A Slack of one's own on a loopback port, with one workspace and one app; an async context manager.

    `port` 0 takes a free one. All ids are strings, a message's is its `ts`. `app` is what the app's settings hold
    (`scopes`, `app_scopes`, `events`, `commands`: sets that a test may change), `socket` the Socket Mode (with
    `ack_seconds`, `retry_pauses`, `url_seconds`, `refuse_connections`, `outstanding`, `given_up`).
    """

    def __init__(self, port: int = 0, *, bot_name: str = "Threadkeeper") -> None:
        self._service = Service(bot_name)
        self._world = self._service.world
        self._chat = ChatMethods(self._service)
        super().__init__(self._service.changes, port)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, error, trace)
        self._service.socket.stop()

    def web_app(self) -> web.Application:
        """See `Listening.web_app`: the world stays as it was."""
        return build_app(self._service)

    def asked(self) -> list[str]:
        """See `Listening.asked`."""
        return [request.method for request in self.requests]

    async def up(self) -> None:
        """See `Listening.up`."""
        await super().up()
        self._service.root = f"http://{self.address}"

    async def down(self) -> None:
        """See `Listening.down`."""
        self._service.socket.drop()
        await super().down()

    @property
    def api_url(self) -> str:
        """The root of the Web API, for `AsyncWebClient(base_url=…)`; known once it serves."""
        return f"{self._service.root}{ROOT}"

    @property
    def bot_token(self) -> str:
        """The bot's token (xoxb-)."""
        return self._service.app.bot_token

    @property
    def app_token(self) -> str:
        """The app-level token (xapp-)."""
        return self._service.app.app_token

    @property
    def bot_user_id(self) -> str:
        """The id by which the bot is mentioned (U…)."""
        return self._world.bot.id

    @property
    def bot_id(self) -> str:
        """The bot's other id (B…), which its messages carry."""
        return self._world.bot.bot_id

    @property
    def app_id(self) -> str:
        """The app's id (A…)."""
        return self._world.app_id

    @property
    def team_id(self) -> str:
        """The workspace's id (T…)."""
        return self._world.team

    @property
    def app(self) -> App:
        """What the app's settings hold."""
        return self._service.app

    @property
    def socket(self) -> SocketMode:
        """The Socket Mode, for its settings and counts."""
        return self._service.socket

    # What exists

    def add_user(
        self,
        name: str,
        display_name: str | None = None,
        *,
        admin: bool = False,
        owner: bool = False,
        bot: bool = False,
        team: str | None = None,
        guest: bool = False,
        teams: Sequence[str] = (),
    ) -> str:
        """Register an account; `team` is the id of another workspace. Without `display_name` Slack has an empty one.

        `teams` are those of somebody in an Enterprise Grid, of whom Slack names one of them as `team`, or none ("").
        """
        user = self._world.add_user(
            name, display_name, admin=admin, owner=owner, bot=bot, team=team, guest=guest, teams=teams
        )
        return user.id

    def change_user(
        self,
        user_id: str,
        *,
        display_name: str | None = None,
        admin: bool | None = None,
        guest: bool | None = None,
        single: bool | None = None,
    ) -> None:
        """Change a person's display name or rights; told with `user_change` where that is subscribed to.

        Another name is told with `user_profile_changed` too, without the rights.
        """
        user = self._world.users[user_id]
        user = replace(
            user,
            display_name=user.display_name if display_name is None else display_name,
            admin=user.admin if admin is None else admin,
            guest=user.guest if guest is None else guest,
            single=user.single if single is None else single,
        )
        self._world.users[user_id] = user
        self._service.tell(*events.user_changed(self._world, user, profile=display_name is not None))

    def change_status(self, user_id: str, status: str) -> None:
        """Let somebody set a status, which is told with `user_change` too, as everything about people is."""
        self._service.tell(*events.user_changed(self._world, self._world.users[user_id], status))

    # What people do

    async def say(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        thread_ts: str = "",
        files: Sequence[FakeFile] = (),
        attachments: Sequence[JsonObject] = (),
        broadcast: bool = False,
        mention: bool = False,
        mention_first: bool = False,
        me: bool = False,
    ) -> str:
        """Write a message as somebody, and return its `ts`.

        `text` is as Slack stores it: `<@U…>` mentions, `&lt;` is a literal bracket. With `mention` the bot's mention
        is put in front. `mention_first` tells of the mention before the message. `broadcast` sends a reply to the
        channel too, `me` is `/me`, `attachments` are as Slack stores them. A bot's message carries its `bot_id` and no
        subtype, as apps of today post.
        Raises: LookupError for somebody who is not in the conversation.
        """
        words = f"<@{self.bot_user_id}> {text}" if mention else text
        message = people.compose(self._world, self._world.channels[channel], words, thread_ts)
        message = people.sign(self._world, message, user, files=files, broadcast=broadcast, me=me)
        message = replace(message, attachments=tuple(attachments))
        return self._service.post(message, mention_first=mention_first).ts

    async def forward(
        self, channel: str, user: str, origin: tuple[str, str], text: str = "", *, thread_ts: str = ""
    ) -> str:
        """Forward a message, known by its channel and `ts`, as somebody who may say something to it; see `say`."""
        shared = share_json(self._world, self._world.messages[origin])
        return await self.say(channel, user, text, thread_ts=thread_ts, attachments=[shared])

    async def say_as_workflow(self, channel: str, name: str, text: str, *, thread_ts: str = "") -> str:
        """Write what a workflow or an old integration writes: subtype `bot_message`, a name, and no user.

        Source: https://docs.slack.dev/reference/events/message/bot_message.
        """
        message = people.compose(self._world, self._world.channels[channel], text, thread_ts)
        message = replace(message, subtype="bot_message", username=name, bot_id=self._world.new_id("B"))
        return self._service.post(message).ts

    async def edit(self, channel: str, ts: str, text: str) -> None:
        """Change the text of a message, as its author; a mention in it is told of again."""
        before = self._world.messages[channel, ts]
        self._service.revise(before, replace(before, text=text, edited=self._world.new_ts()))

    async def preview_link(self, channel: str, ts: str) -> None:
        """Let Slack put a link preview under a message: `message_changed` with the same text and no `edited`."""
        self._service.preview(self._world.messages[channel, ts])

    async def delete(self, channel: str, ts: str) -> None:
        """Delete a message; of a parent with replies a tombstone remains."""
        self._service.remove(self._world.messages[channel, ts])

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> str:
        """Use a slash command of the app, and return an id for `responses`.

        It can be used where the bot is not, and never in a thread: the payload has no `thread_ts`.
        Source: https://docs.slack.dev/interactivity/implementing-slash-commands. Raises: LookupError where Slack would
        not offer it.
        """
        if command not in self.app.commands or "commands" not in self.app.scopes:
            raise LookupError(f"no such command: {command}")
        slash = Slash(self._world.new_id("S"), user, channel, time.monotonic())
        self._service.slashes[slash.id] = slash
        payload = people.slash_json(self._world, slash, command, text, self._service.root)

        def answered(answer: JsonObject) -> None:
            if answer:
                self._chat.answer(slash, answer)

        self.socket.deliver("slash_commands", payload, answered)
        return slash.id

    # What goes wrong

    @property
    def edit_seconds(self) -> float:
        """For how long the workspace's settings let a message be edited; 0 is never."""
        return self._service.edit_seconds

    @edit_seconds.setter
    def edit_seconds(self, seconds: float) -> None:
        self._service.edit_seconds = seconds

    @property
    def pace_posts(self) -> bool:
        """Whether a channel takes only one message of the bot a second; may be set."""
        return self._service.pace_posts

    @pace_posts.setter
    def pace_posts(self, pace: bool) -> None:
        self._service.pace_posts = pace

    @property
    def repeat_parent(self) -> bool:
        """Whether every page of a thread begins with its parent, or the first one alone; may be set."""
        return self._service.repeat_parent

    @repeat_parent.setter
    def repeat_parent(self, repeat: bool) -> None:
        self._service.repeat_parent = repeat

    async def deliver_again(self, channel: str, ts: str) -> None:
        """Tell of a message once more, with other event ids and as a first try."""
        self._service.announce(self._world.messages[channel, ts])

    def tell(self, channel: str, event: JsonObject) -> None:
        """Tell of a `message` event that nothing else here makes, such as a channel_join."""
        self._service.tell(message_event(self._world.channels[channel], event))

    def withhold(self, minute: int = 60) -> None:
        """Send the app no events any more, as if it had had too many in this hour, and say so of a minute."""
        self._service.withholding = True
        self.socket.deliver("events_api", events.limited(self._world, minute))

    def withhold_no_more(self) -> None:
        """Send the app events again; those that were withheld never come."""
        self._service.withholding = False

    def drop_socket(self) -> None:
        """Cut every Socket Mode connection without a word."""
        self.socket.drop()

    def silence(self, *, pongs: bool = False) -> None:
        """Let the connections that stand say nothing any more; with `pongs` they still answer pings."""
        self.socket.silence(pongs=pongs)

    def ask_disconnect(self, reason: str = "refresh_requested", *, close_after: float = 1.0) -> None:
        """Say on every connection that it will be closed, and close it; the other reason is "warning"."""
        self.socket.ask_disconnect(reason, close_after)

    def expire_next_url(self, times: int = 1) -> None:
        """Let the next addresses that `apps.connections.open` gives out be spent already."""
        self.socket.expired_urls += times

    def fail_next(self, method: str, outcome: str | int, *, times: int = 1, after_effect: bool = False) -> None:
        """Let the next `times` calls of a method ("*": of any, "response_url": of those) go wrong.

        `outcome` is the name of a refusal or an HTTP status; status 0 cuts the connection. With `after_effect` the
        call takes effect and only its answer is lost.
        """
        self._service.faults.order(Fault(method, outcome, times, after_effect))

    def rate_limit_next(self, method: str, seconds: int = 1, *, times: int = 1) -> None:
        """Answer the next `times` calls of a method with 429 and `Retry-After`, in whole seconds."""
        self._service.faults.order(Fault(method, 429, times, retry_after=seconds))

    def allow_calls(self, method: str, calls: int, seconds: float = 60.0) -> None:
        """Take so many calls of a method in so many seconds, and answer more of them with 429.

        Source: https://docs.slack.dev/apis/web-api/rate-limits#overview, by which the tiers count calls a minute.
        """
        self._service.faults.allow(method, Allowance(calls, seconds))

    def garble(self, method: str, change: Callable[[object], object]) -> None:
        """Change the answers of a method from now on before they are sent, to what Slack would never answer."""
        self._service.faults.garble(method, change)

    def send_frame(self, text: str) -> None:
        """Send a text frame on every connection, whatever it holds."""
        self.socket.send_text(text)

    # What a test sees

    def messages(self, channel: str, thread_ts: str = "") -> list[FakeMessage]:
        """What stands in a conversation itself, or in one of its threads with the parent first; oldest first."""
        return self._world.thread(channel, thread_ts) if thread_ts else self._world.history(channel)

    def from_bot(self, channel: str) -> list[FakeMessage]:
        """What the bot has written in a conversation, in its threads and outside, oldest first."""
        return [message for message in self._world.everything(channel) if message.user == self.bot_user_id]

    def responses(self, slash_id: str) -> list[FakeResponse]:
        """What the bot answered to a slash command, with the acknowledgement or through the response URL."""
        return self._service.slashes[slash_id].responses

    @property
    def ephemerals(self) -> list[FakeResponse]:
        """What `chat.postEphemeral` showed, oldest first."""
        return self._service.ephemerals

    def status(self, channel: str, thread_ts: str) -> str:
        """What is shown under a thread that the bot is doing; empty where nothing is."""
        return self._service.showing.get((channel, thread_ts), "")

    @property
    def statuses(self) -> list[FakeStatus]:
        """What the bot said it was doing, oldest first."""
        return self._service.statuses

    @property
    def requests(self) -> list[FakeRequest]:
        """Every call so far, the failed ones too."""
        return self._service.requests

    @property
    def acks(self) -> list[Ack]:
        """Every acknowledgement so far."""
        return self.socket.acks

    @property
    def connections(self) -> Connections:
        """How many addresses were given out and how many sockets were opened in all."""
        return self.socket.connections

    @property
    def connected(self) -> bool:
        """Whether a socket stands right now."""
        return self.socket.open > 0
