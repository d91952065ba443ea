"""Who may do what where: Discord's permission bits and the order in which they are worked out.

Source: https://discord.com/developers/docs/topics/permissions (bits, "Permission Overwrites", "Implicit Permissions").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag


class Permission(IntFlag):
    """The bits that matter to a chatbot, named as Discord names them."""

    NONE = 0
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    CONNECT = 1 << 20
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


EVERYTHING = Permission((1 << 53) - 1)

TALK = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.READ_MESSAGE_HISTORY
    | Permission.CONNECT
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.ADD_REACTIONS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
)
"""What @everyone and the bot's own role may do unless a test says otherwise; Manage Messages is not among it."""


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What one channel grants and takes away from one role or, where `member` is true, from one member."""

    allow: Permission = Permission.NONE
    deny: Permission = Permission.NONE
    member: bool = False


def base_permissions(role_permissions: Iterable[Permission], *, owner: bool) -> Permission:
    """What a member may do in a server: the union over the roles, @everyone's among them; owners and admins all."""
    granted = Permission.NONE
    for permissions in role_permissions:
        granted |= permissions
    return EVERYTHING if owner or Permission.ADMINISTRATOR in granted else granted


def channel_permissions(
    base: Permission, overwrites: Mapping[str, Overwrite], everyone: str, roles: Iterable[str], user: str
) -> Permission:
    """What a member may do in one channel: @everyone's overwrite, then the roles' together, then the member's own.

    Without VIEW_CHANNEL nothing is left, as an administrator everything is.
    """
    if Permission.ADMINISTRATOR in base:
        return EVERYTHING
    own_roles = [overwrites[role] for role in roles if role in overwrites]
    allowed_to_roles = denied_to_roles = Permission.NONE
    for overwrite in own_roles:
        allowed_to_roles |= overwrite.allow
        denied_to_roles |= overwrite.deny
    first = overwrites.get(everyone, Overwrite())
    last = overwrites.get(user, Overwrite())
    granted = base & ~first.deny | first.allow
    granted = granted & ~denied_to_roles | allowed_to_roles
    granted = granted & ~last.deny | last.allow
    return granted if Permission.VIEW_CHANNEL in granted else Permission.NONE
