"""The frozen nouns of the core; they hold data and know nothing of any platform, model or database.

Ids that a platform gives are strings, as it gives them. Times are aware, in UTC. Token counts are those of the
project's own counter (`llm/tokens.py`), taken once when a text is stored.

Beside them stands what several rooms do alike, with keys of which the newest are kept (`recent.py`) and with texts
(`words.py`).
"""

from memory.types.hearing import Audience, Fact, FactCount, newest_of_each_slot
from memory.types.limits import Scope, Spent, spenders
from memory.types.model import Answer, Delta, Finding, Message, Prompt, Schema, TurnDone, Usage
from memory.types.recalling import Days, Passage, Pool, Question, Shown
from memory.types.recent import Recent
from memory.types.settings import CoreSettings
from memory.types.talk import (
    ADULT,
    KNOWN_QUOTED_CHARACTERS,
    Access,
    Attachment,
    Channel,
    CommandSpec,
    Conversation,
    History,
    Inbound,
    Person,
    Place,
    Quote,
    Visibility,
)
from memory.types.transcript import (
    MESSAGE_TOKENS,
    Decision,
    Exchange,
    Extent,
    FoldDone,
    Forgetting,
    Originals,
    Owed,
    Recalled,
    Role,
    Standing,
    Stored,
    Summary,
    Thread,
    Turn,
    Waiting,
    Window,
)
from memory.types.words import call_in, command_of, well_formed

__all__ = [
    "ADULT",
    "KNOWN_QUOTED_CHARACTERS",
    "MESSAGE_TOKENS",
    "Access",
    "Answer",
    "Attachment",
    "Audience",
    "Channel",
    "CommandSpec",
    "Conversation",
    "CoreSettings",
    "Days",
    "Decision",
    "Delta",
    "Exchange",
    "Extent",
    "Fact",
    "FactCount",
    "Finding",
    "FoldDone",
    "Forgetting",
    "History",
    "Inbound",
    "Message",
    "Originals",
    "Owed",
    "Passage",
    "Person",
    "Place",
    "Pool",
    "Prompt",
    "Question",
    "Quote",
    "Recalled",
    "Recent",
    "Role",
    "Schema",
    "Scope",
    "Shown",
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
    "call_in",
    "command_of",
    "newest_of_each_slot",
    "spenders",
    "well_formed",
]
