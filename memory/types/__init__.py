"""The frozen nouns of the core; they hold data and know nothing of any platform, model or database.

Ids that a platform gives are strings, as it gives them. Times are aware, in UTC. Token counts are those of the
project's own counter (`llm/tokens.py`), taken once when a text is stored.
"""

from memory.types.limits import Scope, Spent, spenders
from memory.types.model import Answer, Delta, Finding, Message, Prompt, TurnDone, Usage
from memory.types.settings import CoreSettings
from memory.types.talk import Attachment, CommandSpec, Conversation, History, Inbound, Person, Place, Quote, Visibility
from memory.types.transcript import (
    MESSAGE_TOKENS,
    Decision,
    Exchange,
    Extent,
    FoldDone,
    Forgetting,
    Owed,
    Role,
    Standing,
    Stored,
    Summary,
    Thread,
    Turn,
    Waiting,
    Window,
)

__all__ = [
    "MESSAGE_TOKENS",
    "Answer",
    "Attachment",
    "CommandSpec",
    "Conversation",
    "CoreSettings",
    "Decision",
    "Delta",
    "Exchange",
    "Extent",
    "Finding",
    "FoldDone",
    "Forgetting",
    "History",
    "Inbound",
    "Message",
    "Owed",
    "Person",
    "Place",
    "Prompt",
    "Quote",
    "Role",
    "Scope",
    "Spent",
    "Standing",
    "Stored",
    "Summary",
    "Thread",
    "Turn",
    "TurnDone",
    "Usage",
    "Visibility",
    "Waiting",
    "Window",
    "spenders",
]
