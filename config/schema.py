"""The settings themselves: every key with its default and its range. What a key means stands in config.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from config import shapes
from memory.types import CoreSettings

DEFAULT_PERSONA = (
    "You are {name}, a friendly member of this chat. Answer briefly and plainly, in the language you are spoken to "
    "in. When you do not know something, say so instead of making it up. You remember this conversation: its recent "
    "messages word for word, older ones as a summary. Admins can read what you remember with {prefix}summary and "
    "make you forget it with {prefix}forget."
)

_Line = Annotated[str, AfterValidator(shapes.one_line)]
_HttpAddress = Annotated[str, AfterValidator(shapes.http_address)]
# TOML knows lists alone: `strict=False` lets one become a tuple, while its entries stay strict.
_Lines = Annotated[tuple[_Line, ...], Field(strict=False)]
_People = Annotated[tuple[Annotated[str, AfterValidator(shapes.person)], ...], Field(strict=False)]
_Ids = Annotated[tuple[Annotated[str, AfterValidator(shapes.any_id)], ...], Field(strict=False)]


class Section(BaseModel):
    """A part of the settings: frozen, and strict about names and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class BotSettings(Section):
    """`[bot]`: who the bot is and who may talk to it."""

    name: _Line = "Threadkeeper"
    persona: str = DEFAULT_PERSONA
    prefix: Annotated[str, AfterValidator(shapes.command_prefix)] = "!"
    admins: _People = ()
    allow: _Ids = ()
    deny: _Ids = ()
    timezone: Annotated[str, AfterValidator(shapes.timezone)] = "UTC"


class ModelSettings(Section):
    """`[model]`: which language model answers, and how much it may read and write."""

    base_url: _HttpAddress = ""
    name: _Line = "gpt-4o-mini"
    summary_name: str = ""
    fallbacks: _Lines = ()
    context_tokens: Annotated[int, Field(ge=512, le=100_000_000)] = 128_000
    max_reply_tokens: Annotated[int, Field(ge=16, le=1_000_000)] = 800
    timeout_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 60


class MemorySettings(Section):
    """`[memory]`: what is kept, and how much of it a prompt may hold."""

    strategy: Literal["summary", "window", "buffer"] = "summary"
    max_tokens: Annotated[int, Field(ge=256, le=100_000_000)] = 8000
    keep_tokens: Annotated[int, Field(ge=1, le=100_000_000)] = 3000
    keep_recent: Annotated[int, Field(ge=2, le=1000)] = 6
    summary_tokens: Annotated[int, Field(ge=32, le=1_000_000)] = 500
    max_messages: Annotated[int, Field(ge=2, le=10_000)] = 20
    ttl_days: Annotated[int, Field(ge=0, le=100_000)] = 0
    forget_summaries_after_days: Annotated[int, Field(ge=0, le=100_000)] = 0
    archive_dir: Annotated[str, AfterValidator(shapes.folder)] = ""
    conversation: Literal["shared", "per_user"] = "shared"
    facts: bool = True
    recall: Literal["off", "lexical"] = "lexical"
    recall_tokens: Annotated[int, Field(ge=0, le=1_000_000)] = 600
    sitting_minutes: Annotated[int, Field(ge=1, le=100_000)] = 60
    rest_minutes: Annotated[int, Field(ge=1, le=100_000)] = 10
    reach: Literal["space", "channel"] = "space"
    listen: Literal["addressed", "threads", "all"] = "addressed"
    before_messages: Annotated[int, Field(ge=0, le=200)] = 20


class AnswerSettings(Section):
    """`[answer]`: when the bot speaks without being mentioned."""

    threads: Literal["joined", "mention"] = "joined"
    free_channels: _Ids = ()


class LimitSettings(Section):
    """`[limits]`: how much is answered; 0 is no limit."""

    messages_per_minute: Annotated[int, Field(ge=0, le=1000)] = 20
    user_tokens_per_day: Annotated[int, Field(ge=0)] = 0
    space_tokens_per_day: Annotated[int, Field(ge=0)] = 0
    tokens_per_day: Annotated[int, Field(ge=0)] = 0


class CatchUpSettings(Section):
    """`[catch_up]`: what is done about what was said while nobody listened."""

    answer_minutes: Annotated[int, Field(ge=0, le=100_000)] = 60
    compare_hours: Annotated[int, Field(ge=0, le=10_000)] = 24


class StorageSettings(Section):
    """`[storage]`: where the database is."""

    url: Annotated[str, AfterValidator(shapes.database_url)] = "sqlite:///threadkeeper.db"


class DiscordSettings(Section):
    """`[discord]`: where Discord is, if not at discord.com."""

    api_url: _HttpAddress = ""
    gateway_url: Annotated[str, AfterValidator(shapes.ws_address)] = ""


class SlackSettings(Section):
    """`[slack]`: where Slack is, if not at slack.com."""

    api_url: _HttpAddress = ""


class LogSettings(Section):
    """`[log]`: how much is logged, and in which form."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Tokens(Section):
    """The secrets; an absent one is None."""

    discord: SecretStr | None = None
    slack_bot: SecretStr | None = None
    slack_app: SecretStr | None = None
    slack_signing: SecretStr | None = None
    openai: SecretStr | None = None


class Config(Section):
    """All that config.toml may hold."""

    bot: BotSettings = BotSettings()
    model: ModelSettings = ModelSettings()
    memory: MemorySettings = MemorySettings()
    answer: AnswerSettings = AnswerSettings()
    limits: LimitSettings = LimitSettings()
    catch_up: CatchUpSettings = CatchUpSettings()
    storage: StorageSettings = StorageSettings()
    discord: DiscordSettings = DiscordSettings()
    slack: SlackSettings = SlackSettings()
    log: LogSettings = LogSettings()


class Settings(Config):
    """Everything that the operator decides, checked; `file` is the name by which faults call what it was read from."""

    tokens: Tokens = Tokens()
    file: str = "config.toml"

    @property
    def offline(self) -> bool:
        """Whether no model is configured, so that the offline one answers."""
        return self.tokens.openai is None and not self.model.base_url

    @property
    def database(self) -> Path:
        """The database file; a relative path starts at the current directory."""
        return Path(self.storage.url.removeprefix(shapes.SQLITE))

    @property
    def archive(self) -> Path | None:
        """The folder of the archive; a relative path starts at the current directory."""
        return Path(self.memory.archive_dir) if self.memory.archive_dir else None

    def secrets(self) -> frozenset[str]:
        """The values of all secrets that are set, for the log to leave out."""
        tokens = self.tokens
        held = (tokens.discord, tokens.slack_bot, tokens.slack_app, tokens.slack_signing, tokens.openai)
        return frozenset(secret.get_secret_value() for secret in held if secret)

    def core(self) -> CoreSettings:
        """What the memory core is told, with `{name}` and `{prefix}` of the persona filled in."""
        bot, model, memory = self.bot, self.model, self.memory
        return CoreSettings(
            name=bot.name,
            persona=bot.persona.replace("{name}", bot.name).replace("{prefix}", bot.prefix),
            prefix=bot.prefix,
            timezone=bot.timezone,
            admins=frozenset(bot.admins),
            allow=frozenset(bot.allow),
            deny=frozenset(bot.deny),
            threads=self.answer.threads,
            free_channels=frozenset(self.answer.free_channels),
            strategy=memory.strategy,
            conversation=memory.conversation,
            max_tokens=memory.max_tokens,
            keep_tokens=memory.keep_tokens,
            keep_recent=memory.keep_recent,
            summary_tokens=memory.summary_tokens,
            max_messages=memory.max_messages,
            context_tokens=model.context_tokens,
            max_reply_tokens=model.max_reply_tokens,
            model="offline" if self.offline else model.name,
            offline=self.offline,
            summary_model=model.summary_name,
            messages_per_minute=self.limits.messages_per_minute,
            user_tokens_per_day=self.limits.user_tokens_per_day,
            space_tokens_per_day=self.limits.space_tokens_per_day,
            tokens_per_day=self.limits.tokens_per_day,
            answer_minutes=self.catch_up.answer_minutes,
            compare_hours=self.catch_up.compare_hours,
            ttl_days=memory.ttl_days,
            forget_summaries_after_days=memory.forget_summaries_after_days,
            facts=memory.facts,
            recall=memory.recall,
            recall_tokens=memory.recall_tokens,
            sitting_minutes=memory.sitting_minutes,
            rest_minutes=memory.rest_minutes,
            reach=memory.reach,
            listen=memory.listen,
            before_messages=memory.before_messages,
        )
