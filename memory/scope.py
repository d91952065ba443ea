"""Who can read a reply, and so what may be told in it: pure rules over where it stands and who asks.

1. Public words are heard everywhere in their server or workspace; those of a private channel or thread only there;
   those of direct messages only in the direct messages with the same person. Nothing crosses servers, workspaces,
   platforms.
2. What counts is who could read it when it was said and who can read it now: a channel that is made public later
   widens nothing, one that is made private later narrows at once.
3. What is marked as for adults is heard only where that mark stands.
4. Where people from elsewhere read along, where a guest asks, and where the operator wants it so, nothing is told that
   was said in another channel.
"""

from __future__ import annotations

from typing import Literal

from memory.types import Access, Audience, Conversation, Inbound

Reach = Literal["space", "channel"]
"""How far the words of a public channel go, by the operator's setting (rule 4)."""


def audience_of(inbound: Inbound, reach: Reach) -> Audience:
    """Who can read the answer to a message."""
    narrow = reach == "channel" or inbound.shared or inbound.guest
    return Audience(inbound.place, inbound.access, inbound.author, narrow)


def readers_of(conversation: Conversation, access: Access, reach: Reach) -> Audience:
    """Who can read a conversation, whoever asks there."""
    return Audience(conversation.place, access, conversation.user, reach == "channel" or access.shared)
