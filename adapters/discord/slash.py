"""Slash commands: made of the registry of commands, taken in as the prefix form, answered to their user alone."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import discord
from discord import app_commands
from discord.app_commands import AppCommand

from adapters.discord.failures import FAILURES, as_reply_error
from adapters.discord.markup import ids_in, readable
from adapters.discord.places import PLATFORM, access_of, name_of, place_of
from adapters.discord.reading import is_guest, names_in, person, roles_of
from adapters.text import clean
from errors import ReplyImpossible, ThreadkeeperError
from memory.types import CommandSpec, Inbound, Recent

log = logging.getLogger(__name__)

Interaction = discord.Interaction[discord.Client]
Take = Callable[[Interaction, str, str], Awaitable[None]]
"""Takes in one use of a command: the interaction, the command's name, the words behind it."""

_DESCRIPTION = 100
"""Characters of a description: https://discord.com/developers/docs/interactions/application-commands."""

_LOOK_UPS = 5
"""People who are asked after by id, for one use of a command: nobody names more, and each is a request."""

_LIVE: Final = 512
"""Interactions that are remembered, newest ones; an answer comes within seconds, and none can after 15 minutes."""


class Shape(NamedTuple):
    """What a person sees of a slash command, for comparing what is registered with what should be."""

    name: str
    description: str
    options: tuple[tuple[str, str, bool], ...]


def wanted(spec: CommandSpec) -> Shape:
    """Give a command of the registry the shape that Discord takes: descriptions of 1 to 100 characters."""
    description = (spec.description or spec.name)[:_DESCRIPTION]
    return Shape(spec.name, description, (("words", (spec.hint or "further words")[:_DESCRIPTION], False),))


def registered(command: AppCommand) -> Shape:
    """Give the shape of a command as Discord has it."""
    options = tuple(
        (option.name, option.description, option.required)
        for option in command.options
        if isinstance(option, app_commands.Argument)
    )
    return Shape(command.name, command.description, options)


def tree_of(client: discord.Client, commands: Sequence[CommandSpec], take: Take) -> app_commands.CommandTree:
    """Give a client a slash command for every command of the registry."""
    tree = app_commands.CommandTree(client)
    for spec in commands:
        tree.add_command(_command(spec, take))
    tree.error(_tell_failure)
    return tree


def _command(spec: CommandSpec, take: Take) -> app_commands.Command[discord.app_commands.Group, ..., None]:
    shape = wanted(spec)

    async def callback(interaction: discord.Interaction, words: str = "") -> None:
        await take(interaction, spec.name, words)

    described = app_commands.describe(words=shape.options[0][1])(callback)
    return app_commands.Command(name=shape.name, description=shape.description, callback=described)


async def _tell_failure(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Put a sentence where "is thinking…" would stand for a quarter of an hour, and the error into the log."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    log.error("slash command failed", exc_info=cause, extra={"platform": PLATFORM})
    sentence = cause.sentence if isinstance(cause, ThreadkeeperError) else ThreadkeeperError().sentence
    with suppress(*FAILURES):
        if interaction.response.is_done():
            await interaction.edit_original_response(content=sentence)
        else:
            await interaction.response.send_message(sentence, ephemeral=True)


async def register(tree: app_commands.CommandTree, commands: Sequence[CommandSpec]) -> None:
    """Register the commands where Discord has others: a day allows only so many registrations.

    Raises: what discord.py raises.
    """
    here = {registered(command) for command in await tree.fetch_commands()}
    if here != {wanted(spec) for spec in commands}:
        await tree.sync()
        log.info("slash commands registered", extra={"platform": PLATFORM, "commands": len(commands)})


async def to_inbound(interaction: Interaction, text: str) -> Inbound | None:
    """Turn a use of a command into an `Inbound`, its text being the prefix form; None in a place of no known kind.

    The people whom it names are looked up, for Discord tells only their ids.
    """
    place = place_of(interaction.channel)
    if place is None:
        return None
    people = await _people(interaction, ids_in(text).people[:_LOOK_UPS])
    own = {str(interaction.application_id)} | ({str(interaction.client.user.id)} if interaction.client.user else set())
    said = readable(clean(text), names_in(text, interaction.guild, people), own)
    author, access = person(interaction.user), access_of(interaction.channel)
    return Inbound(
        place=place,
        message_id=str(interaction.id),
        author=author.user,
        author_name=author.name,
        text=said.text,
        sent_at=interaction.created_at,
        addressed=True,
        visibility=access.visibility,
        mentions=said.mentions,
        roles=roles_of(interaction.user),
        private=True,
        enclosed=access.enclosed,
        restricted=access.restricted,
        guest=is_guest(interaction.user),
        channel_name=name_of(interaction.channel),
    )


async def _people(interaction: Interaction, ids: Sequence[str]) -> list[discord.abc.User]:
    """Find who they are on the server, or else on Discord; who cannot be found is left out."""
    people: list[discord.abc.User] = []
    for user in map(int, ids):
        try:
            people.append(await _member(interaction, user) or await interaction.client.fetch_user(user))
        except FAILURES as exc:
            log.info("person not found", extra={"platform": PLATFORM, "error": type(exc).__name__})
    return people


async def _member(interaction: Interaction, user: int) -> discord.Member | None:
    if interaction.guild is None:
        return None
    try:
        return interaction.guild.get_member(user) or await interaction.guild.fetch_member(user)
    except discord.NotFound:
        return None


class Interactions:
    """The slash commands that are being answered, each under its id; also those whose time has passed.

    An answer to a command is for its user alone, so one that has expired must still be known for what it was.
    """

    def __init__(self) -> None:
        self._live = Recent[str, Interaction](_LIVE)

    def keep(self, interaction: Interaction) -> None:
        """Remember an interaction, and forget the oldest of too many."""
        self._live[str(interaction.id)] = interaction

    async def post(self, message_id: str, text: str, part: int) -> str:
        """Answer an interaction: the first part takes the place of "is thinking…", the others follow it.

        Those that follow have no nonce: one whose response is lost may stand there twice when it is posted again.
        Raises: ReplyImpossible, also when the interaction has expired; PlatformUnreachable.
        """
        interaction = self._answerable(message_id)
        try:
            if part == 0:
                return str((await interaction.edit_original_response(content=text)).id)
            sent = await interaction.followup.send(text, ephemeral=True, wait=True, suppress_embeds=True)
        except FAILURES as exc:
            raise as_reply_error(exc) from exc
        return str(sent.id)

    async def edit(self, message_id: str, posted: str, text: str) -> None:
        """Give a part of an answer another text.

        Raises: ReplyImpossible, also when the interaction has expired; PlatformUnreachable.
        """
        interaction = self._answerable(message_id)
        try:
            await interaction.followup.edit_message(int(posted), content=text)
        except FAILURES as exc:
            raise as_reply_error(exc) from exc

    async def remove(self, message_id: str, posted: str) -> None:
        """Take away a part of an answer.

        Raises: ReplyImpossible, also when the interaction has expired; PlatformUnreachable.
        """
        interaction = self._answerable(message_id)
        try:
            await interaction.followup.delete_message(int(posted))
        except discord.NotFound:
            return
        except FAILURES as exc:
            raise as_reply_error(exc) from exc

    def _answerable(self, message_id: str) -> Interaction:
        interaction = self._live.get(message_id)
        if interaction is None or interaction.is_expired():
            raise ReplyImpossible("the slash command has expired")
        return interaction
