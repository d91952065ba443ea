"""The JSON in which Slack tells of people, conversations and messages.

Source: https://docs.slack.dev/reference/objects/user-object, https://docs.slack.dev/reference/objects/conversation-object
and https://docs.slack.dev/reference/events/message.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping

from tests.fakes.slack.wire import JsonObject
from tests.fakes.slack.world import SLACKBOT, Channel, FakeFile, FakeMessage, Kind, User, World

TOKEN = re.compile(r"<([^>]+)>")
MADE_AT = 1_700_000_000
PREVIEW = {
    "id": 1,
    "from_url": "https://example.com/",
    "original_url": "https://example.com/",
    "title": "Example",
    "title_link": "https://example.com/",
    "text": "What others say about the example.",
    "fallback": "Example",
}
"""What Slack shows of a page to which a message has a link."""


def user_json(user: User) -> JsonObject:
    """A user object; `is_admin` and `is_owner` speak of the person's own workspace, which `team_id` names.

    That a person from another workspace has these at all is not documented; the fake tells the worse case. Of somebody
    in an Enterprise Grid, `team_id` is left out (https://github.com/looker/lookerbot/issues/184) or the same whichever
    workspace asks (https://github.com/slackapi/bolt-js/issues/1875), and the rights are those in the one that asks
    (https://github.com/slackapi/bolt-js/issues/1566).
    """
    grid = {"id": user.id, "enterprise_id": "E0GRID", "is_admin": False, "is_owner": False, "teams": list(user.teams)}
    return {
        "id": user.id,
        **({"team_id": user.team} if user.team else {}),
        **({"enterprise_user": grid} if user.teams else {}),
        "name": user.name.lower(),
        "deleted": False,
        "real_name": user.name,
        "tz": "Europe/Amsterdam",
        "profile": {
            "real_name": user.name,
            "real_name_normalized": user.name,
            "display_name": user.display_name,
            "display_name_normalized": user.display_name,
            "team": user.team,
            **({"api_app_id": user.app_id, "bot_id": user.bot_id} if user.bot_id else {}),
        },
        "is_admin": user.admin or user.owner,
        "is_owner": user.owner,
        "is_primary_owner": False,
        "is_restricted": user.guest or user.single,
        "is_ultra_restricted": user.single,
        "is_bot": bool(user.bot_id),
        "is_app_user": False,
        "updated": MADE_AT,
    }


def bot_json(user: User) -> JsonObject:
    """A bot object, as `bots.info` gives it and messages carry it in `bot_profile`."""
    return {
        "id": user.bot_id,
        "deleted": False,
        "name": user.name,
        "updated": MADE_AT,
        "app_id": user.app_id,
        "user_id": user.id,
        "icons": {"image_36": "https://a.slack-edge.com/80588/img/plugins/app/bot_36.png"},
        "team_id": user.team,
    }


def channel_json(world: World, channel: Channel) -> JsonObject:
    """A conversation object as the bot sees it."""
    shape: JsonObject = {
        "id": channel.id,
        "created": MADE_AT,
        "is_archived": channel.archived,
        "is_im": channel.kind is Kind.IM,
        "is_org_shared": channel.org,
        "context_team_id": world.team,
        "updated": MADE_AT * 1000,
    }
    if channel.kind is Kind.IM:
        [user] = channel.members - {world.bot.id}
        return {**shape, "user": user, "is_user_deleted": False, "is_open": True}
    return {
        **shape,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind is Kind.CHANNEL,
        "is_group": channel.kind is Kind.GROUP,
        "is_mpim": channel.kind is Kind.MPIM,
        "is_private": channel.kind is not Kind.CHANNEL,
        "is_general": False,
        "is_shared": channel.shared or channel.org,
        "is_ext_shared": channel.shared,
        "is_pending_ext_shared": channel.invited,
        "is_member": world.bot.id in channel.members,
        "creator": min(channel.members, default=SLACKBOT),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "shared_team_ids": sorted({world.users[user].team for user in channel.members} | {world.team}),
    }


def message_json(world: World, message: FakeMessage, *, metadata: bool = False) -> JsonObject:
    """A message as histories show it and events hold it; `metadata` where it was asked for.

    Metadata comes only with `include_all_metadata`: https://docs.slack.dev/reference/methods/conversations.replies.
    """
    shape: JsonObject = {"type": "message", "text": message.text, "ts": message.ts}
    shape |= {key: value for key, value in _optional(message).items() if value}
    author = world.users.get(message.user)
    if author is not None:
        shape["team"] = author.team or world.team
    if author is not None and message.bot_id:
        shape |= {"app_id": author.app_id, "bot_profile": bot_json(author)}
    if author is not None and author.team not in {"", world.team}:
        shape |= {"user_team": author.team, "source_team": author.team}
    if message.edited:
        shape["edited"] = {"user": message.user, "ts": message.edited}
    if message.files:
        shape |= {"files": [_file_json(file) for file in message.files], "upload": False, "display_as_bot": False}
    if message.attachments or message.previews:
        shape["attachments"] = [*message.attachments, *[PREVIEW] * message.previews]
    if metadata and message.metadata:
        shape["metadata"] = dict(message.metadata)
    if message.deleted:
        shape["hidden"] = True
    return shape | _thread_part(world, message)


def share_json(world: World, message: FakeMessage) -> JsonObject:
    """What a message that somebody forwards is in the attachments of the new one; its files are in it too.

    Source: what Slack sent, as kept in
    https://github.com/MercuryTechnologies/slack-web/blob/master/tests/golden/SlackWebhookEvent/share_with_message.json,
    and for the files https://github.com/NousResearch/hermes-agent/pull/75481.
    """
    author = world.users[message.user]
    name = author.display_name or author.name
    where = {"team": world.team, "channel": message.channel, "ts": message.ts}
    shape: JsonObject = {
        "ts": message.ts,
        "author_id": message.user,
        "channel_id": message.channel,
        "channel_team": world.team,
        "is_msg_unfurl": True,
        "message_blocks": [where | {"message": {"blocks": stored_blocks(message)}}],
        "color": "D0D0D0",
        "from_url": f"https://fake.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}",
        "is_share": True,
        "fallback": f"[November 20th, 2026 2:26 PM] {name}: {message.text}",
        "text": message.text,
        "author_name": name,
        "author_subname": name,
        "mrkdwn_in": ["text"],
        "footer": "Slack Conversation",
    }
    return shape | ({"files": [_file_json(file) for file in message.files]} if message.files else {})


def _optional(message: FakeMessage) -> JsonObject:
    return {
        "subtype": message.subtype,
        "user": message.user,
        "bot_id": message.bot_id,
        "username": message.username,
        "client_msg_id": message.client_msg_id,
        "blocks": [] if message.deleted else stored_blocks(message),
    }


def _thread_part(world: World, message: FakeMessage) -> JsonObject:
    """The keys of a reply, or of a message that has replies."""
    if message.thread_ts:
        parent = world.find(message.channel, message.thread_ts)
        part: JsonObject = {"thread_ts": message.thread_ts}
        if parent is not None and message.subtype == "thread_broadcast":
            part["root"] = message_json(world, parent)
        return part | ({"parent_user_id": parent.user} if parent else {})
    replies = world.replies(message.channel, message.ts)
    if not replies:
        return {}
    users = sorted({reply.user for reply in replies if reply.user})
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "reply_users": users,
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": world.bot.id in users,
    }


def stored_blocks(message: FakeMessage) -> list[object]:
    """The blocks that Slack keeps: rich text for what a person typed, translated ones for a markdown block.

    Source: "passing a single block may result in multiple blocks after translation", and no `block_id` is kept:
    https://docs.slack.dev/reference/block-kit/blocks/markdown-block. Into which blocks is not documented; here it is
    one rich text with the text as it was.
    """
    if not message.blocks:
        return [rich_text(message.text)] if message.text else []
    return [_stored(block) for block in message.blocks]


def _stored(block: object) -> object:
    if isinstance(block, Mapping) and block.get("type") == "markdown":
        return rich_text(str(block.get("text", "")))
    return block


def rich_text(text: str) -> JsonObject:
    """The rich text block of a text in which mentions, broadcasts, channels and links are marked up.

    Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block.
    """
    elements: list[JsonObject] = []
    for place, part in enumerate(TOKEN.split(text)):
        if place % 2:
            elements.append(_element(part.partition("|")[0]))
        elif part:
            plain = part.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
            elements.append({"type": "text", "text": plain})
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": f"{zlib.crc32(text.encode()):x}", "elements": [section]}


def _element(token: str) -> JsonObject:
    if token.startswith("@"):
        return {"type": "user", "user_id": token[1:]}
    if token.startswith("#"):
        return {"type": "channel", "channel_id": token[1:]}
    if token.startswith("!"):
        return {"type": "broadcast", "range": token[1:]}
    return {"type": "link", "url": token}


def _file_json(file: FakeFile) -> JsonObject:
    return {
        "id": file.id,
        "name": file.name,
        "title": file.name,
        "mimetype": file.kind,
        "filetype": file.name.rpartition(".")[2],
        "size": file.size,
        "mode": "hosted",
        "is_external": False,
        "url_private": f"https://files.slack.com/files-pri/{file.id}/{file.name}",
    }
