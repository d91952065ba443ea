"""The routes of slash commands: registering them, answering their use, following up.

Source: https://discord.com/developers/docs/interactions/receiving-and-responding and
https://discord.com/developers/docs/interactions/application-commands.
"""

from __future__ import annotations

import time
from dataclasses import replace
from enum import IntEnum

from tests.fakes.discord.messages import Call, MessageRoutes, compose, parse_draft
from tests.fakes.discord.service import FakeCommand, Interaction, Service
from tests.fakes.discord.shapes import JsonObject
from tests.fakes.discord.wire import ApiError, Reason, items, mapping, number, text
from tests.fakes.discord.world import FakeMessage, MessageFlag, MessageType

ANSWER_WITHIN = 3.0
"""Seconds after which an interaction that nobody acknowledged is void."""


class CallbackType(IntEnum):
    """The ways of answering a command."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5


class InteractionRoutes:
    """What the bot does about slash commands."""

    def __init__(self, service: Service, messages: MessageRoutes) -> None:
        self._service = service
        self._messages = messages

    def commands(self, call: Call) -> list[JsonObject]:
        """GET the registered commands, global or of a server."""
        guild = call.args.get("guild", "")
        return [command.json for command in self._service.commands.registered if command.guild == guild]

    def register(self, call: Call) -> list[JsonObject]:
        """PUT the commands: they replace all before; one of the same name keeps its id."""
        guild = call.args.get("guild", "")
        commands = self._service.commands
        old = {command.name: command.id for command in commands.registered if command.guild == guild}
        new = [self._parse(dict(mapping(entry)), old, guild) for entry in items(call.body)]
        others = (command for command in commands.registered if command.guild != guild)
        commands.registered = (*others, *new)
        commands.puts += 1
        return [command.json for command in new]

    def _parse(self, entry: JsonObject, old_ids: dict[str, str], guild: str) -> FakeCommand:
        world = self._service.world
        name = text(entry, "name")
        entry |= {"id": old_ids.get(name) or world.new_id(), "application_id": world.bot.id, "version": world.new_id()}
        entry.setdefault("type", 1)
        entry.setdefault("default_member_permissions", None)
        if guild:
            entry["guild_id"] = guild
        options = [mapping(option) for option in items(entry.get("options"))]
        return FakeCommand(
            id=text(entry, "id"),
            name=name,
            description=text(entry, "description"),
            options={text(option, "name"): number(option, "type") for option in options},
            required=frozenset(text(option, "name") for option in options if option.get("required") is True),
            guild=guild,
            json=entry,
        )

    def answer(self, call: Call) -> JsonObject | None:
        """POST the callback: once, within three seconds; a message, or a promise of one (deferred).

        The created message is in the body only for `with_response`.
        """
        interaction = self._service.interactions.get(call.args["interaction"])
        if interaction is None or interaction.token != call.args["token"]:
            raise ApiError(Reason.UNKNOWN_INTERACTION)
        if interaction.acknowledged:
            raise ApiError(Reason.ALREADY_ACKNOWLEDGED)
        if time.monotonic() - interaction.at > ANSWER_WITHIN:
            raise ApiError(Reason.UNKNOWN_INTERACTION)
        kind = number(call.form, "type")
        message = self._first_message(interaction, kind, replace(call, body=call.form.get("data")))
        interaction.acknowledged = True
        if call.query.get("with_response") not in {"1", "true"}:
            return None
        state: JsonObject = {
            "id": interaction.id,
            "type": 2,
            "response_message_id": message.id,
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral,
        }
        return {"interaction": state, "resource": {"type": kind, "message": self._service.bot_json(message)}}

    def _first_message(self, interaction: Interaction, kind: int, call: Call) -> FakeMessage:
        if kind == CallbackType.MESSAGE:
            return self._post(interaction, call, MessageType.CHAT_INPUT_COMMAND)
        if kind != CallbackType.DEFERRED_MESSAGE:
            raise ApiError(Reason.INVALID_FORM)
        world = self._service.world
        hidden = MessageFlag(number(call.form, "flags")) & MessageFlag.EPHEMERAL
        promise = FakeMessage(
            id=world.new_id(),
            channel_id=interaction.channel,
            author_id=world.bot.id,
            content="",
            type=MessageType.CHAT_INPUT_COMMAND,
            flags=MessageFlag.LOADING | hidden,
            interaction_id=interaction.id,
        )
        interaction.messages.append(promise.id)
        return self._service.post(promise)

    def _post(self, interaction: Interaction, call: Call, kind: MessageType) -> FakeMessage:
        channel = self._service.world.channels[interaction.channel]
        message = compose(self._service, channel, parse_draft(call.form, call.files))
        message = replace(message, type=kind, interaction_id=interaction.id)
        if interaction.messages:
            first = interaction.messages[0]
            message = replace(message, reference_id=first, reference_channel_id=channel.id)
        interaction.messages.append(message.id)
        return self._service.post(message)

    def follow_up(self, call: Call) -> JsonObject:
        """POST a follow-up; after a deferred answer the first one takes its place and keeps its visibility.

        Source: "Create Followup Message" of the page named above.
        """
        interaction = self._by_token(call)
        first = self._service.responses(interaction.id)[:1]
        if first and first[0].loading:
            return self._service.bot_json(self._messages.revise(first[0], call))
        return self._service.bot_json(self._post(interaction, call, MessageType.REPLY))

    def show(self, call: Call) -> JsonObject:
        """GET an answer; `@original` is the first."""
        return self._service.bot_json(self._answer(call))

    def edit(self, call: Call) -> JsonObject:
        """PATCH an answer; `@original` is the first."""
        return self._service.bot_json(self._messages.revise(self._answer(call), call))

    def delete(self, call: Call) -> None:
        """DELETE an answer; `@original` is the first."""
        self._service.remove([self._answer(call)], bulk=False)

    def _by_token(self, call: Call) -> Interaction:
        for interaction in self._service.interactions.values():
            if interaction.token == call.args["token"] and interaction.acknowledged:
                return interaction
        raise ApiError(Reason.UNKNOWN_WEBHOOK)

    def _answer(self, call: Call) -> FakeMessage:
        interaction = self._by_token(call)
        wanted = call.args["message"]
        message_id = interaction.messages[0] if wanted == "@original" else wanted
        message = self._service.world.messages.get(message_id)
        if message is None or message_id not in interaction.messages:
            raise ApiError(Reason.UNKNOWN_MESSAGE)
        return message
