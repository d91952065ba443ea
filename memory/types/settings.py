"""What the operator decides, as far as the core is concerned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """What the core is told by config.toml; every name is the setting's own, and explained there.

    `offline` says that the model is the one of a machine with no account: it keeps no prefixes, and extracts no facts.
    """

    name: str = "Threadkeeper"
    persona: str = ""
    prefix: str = "!"
    timezone: str = "UTC"
    admins: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    threads: Literal["joined", "mention"] = "joined"
    free_channels: frozenset[str] = frozenset()
    strategy: Literal["summary", "window", "buffer"] = "summary"
    conversation: Literal["shared", "per_user"] = "shared"
    max_tokens: int = 8000
    keep_tokens: int = 3000
    keep_recent: int = 6
    summary_tokens: int = 500
    max_messages: int = 20
    context_tokens: int = 128_000
    max_reply_tokens: int = 800
    model: str = field(default="offline")
    offline: bool = True
    summary_model: str = ""
    messages_per_minute: int = 20
    user_tokens_per_day: int = 0
    space_tokens_per_day: int = 0
    tokens_per_day: int = 0
    answer_minutes: int = 60
    compare_hours: int = 24
    ttl_days: int = 0
    forget_summaries_after_days: int = 0
    facts: bool = True
    recall: Literal["off", "lexical"] = "lexical"
    recall_tokens: int = 600
    sitting_minutes: int = 60
    rest_minutes: int = 10
    reach: Literal["space", "channel"] = "space"
    listen: Literal["addressed", "threads", "all"] = "addressed"
    before_messages: int = 20

    @property
    def reads_facts(self) -> bool:
        """Whether facts are read from what people say: not where no calls are made but those for answers."""
        return self.facts and not self.offline and self.strategy != "window"
