"""config.toml: what is taken, what is refused, and in which words."""

from __future__ import annotations

import traceback
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.document import parse
from config.schema import Config
from errors import SettingsError

DISCORD = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
KEYS = [(section, key) for section, keys in Config() for key in type(keys).model_fields]


def faults_of(text: str) -> dict[str, str]:
    """What is wrong with a config.toml, by key."""
    with pytest.raises(SettingsError) as refusal:
        parse("config.toml", text)
    assert DISCORD not in "".join(traceback.format_exception(refusal.value))
    return {fault.where.removeprefix("config.toml: "): fault.what for fault in refusal.value.faults}


# --- the file ---


@pytest.mark.parametrize("text", ["[bot]\nname = \n", "[bot\n", "x = " + "[" * 9000, "x = " + "9" * 5000])
def test_a_file_that_is_no_toml_is_told_as_one_fault(text: str) -> None:
    (what,) = faults_of(text).values()
    assert "is not valid TOML" in what


def test_a_slip_in_the_syntax_is_told_with_its_line() -> None:
    assert "line 2" in faults_of("[bot]\nname = \n")["config.toml"]


# --- single settings ---


def test_every_fault_is_reported_at_once() -> None:
    faults = faults_of("""
        [bot]
        prefix = "/"
        admins = ["discord:1", "bob"]
        timezone = "Mars/Olympus"
        [memory]
        max_tokens = "many"
        keep_recent = 1
        recal = "off"
        [model]
        fallbacks = ["gpt-4o-mini"]
        [discord]
        gateway_url = "http://127.0.0.1"
        [memmory]
    """)
    assert faults["memory.max_tokens"] == 'expected a whole number, got "many"'
    assert faults["memory.keep_recent"] == "must be at least 2, got 1"
    assert faults["memory.recal"] == "unknown; did you mean recall?"
    assert faults["memmory"] == "unknown; did you mean memory?"
    assert faults["bot.admins"].startswith('entry 2: expected "discord:<user id>"')
    assert faults["bot.admins"].endswith('got "bob"')
    assert faults["bot.timezone"] == 'expected a time zone such as "UTC" or "Europe/Berlin", got "Mars/Olympus"'
    assert faults["discord.gateway_url"].startswith("expected an address that begins with ws://")
    assert faults["model.fallbacks"].startswith('"gpt-4o-mini" is model.name already')
    assert set(faults) == {
        "bot.prefix", "bot.admins", "bot.timezone", "memory.max_tokens", "memory.keep_recent", "memory.recal",
        "model.fallbacks", "discord.gateway_url", "memmory",
    }  # fmt: skip


WRONG = [
    "1",
    '"1"',
    "1.5",
    "8000.0",
    "true",
    "[]",
    "[1]",
    "[[]]",
    "{}",
    "1979-05-27",
    "-1",
    "inf",
    "nan",
    "0x" + "f" * 99,
]


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_whatever_stands_at_a_key_is_taken_or_refused_in_our_words(section: str, key: str) -> None:
    told: list[str] = []
    for value in WRONG:
        try:
            parse("config.toml", f"[{section}]\n{key} = {value}\n")
        except SettingsError as refusal:
            told.append(str(refusal))
    assert len(told) >= len(WRONG) - 4
    for text in told:
        assert text.startswith(f"config.toml: {section}.{key}: ")
        assert "Input should" not in text
        assert "\n" not in text


@pytest.mark.parametrize("value", ["8000.0", '"8000"', "true"])
def test_a_whole_number_is_nothing_but_a_whole_number(value: str) -> None:
    assert "expected a whole number" in faults_of(f"[memory]\nmax_tokens = {value}")["memory.max_tokens"]


def test_a_password_in_an_address_is_not_repeated_whatever_else_is_wrong_with_it() -> None:
    for address in ("http://me:tiger@host/", "http://me:tiger@host:99999/v1", "ftp://me:tiger@[x/"):
        told = faults_of(f'[model]\nbase_url = "{address}"')["model.base_url"]
        assert told == "holds a user name or a password; secrets belong in the environment or .env"


@pytest.mark.parametrize("section", [name for name, _ in Config()])
def test_a_value_in_a_sections_place_is_refused(section: str) -> None:
    assert faults_of(f"{section} = 1") == {section: "expected a section with keys under it, got 1"}


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ("max_tokens = 1", "max_tokens", "unknown here; did you mean memory.max_tokens?"),
        ("[model]\nmax_tokens = 1", "model.max_tokens", "unknown here; did you mean memory.max_tokens?"),
        ("[bot]\nNaem = 1", "bot.Naem", "unknown; did you mean name?"),
        ("[log]\nxyzzy = 1", "log.xyzzy", "unknown; known here are format, level"),
        ('[bot]\n"a\\nb" = 1', 'bot."a\\nb"', "unknown; known here are name, persona, prefix"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_one(text: str, where: str, hint: str) -> None:
    assert faults_of(text)[where].startswith(hint)


@pytest.mark.parametrize("place", ["[discord]\ntoken", "[model]\napi_key", "DISCORD_TOKEN", "[slack]\nbot_token"])
def test_a_secret_in_the_config_is_sent_to_the_env_file_and_not_repeated(place: str) -> None:
    faults = faults_of(f'{place} = "{DISCORD}"')
    assert ".env" in str(faults)
    assert DISCORD not in str(faults)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_a_secret_at_a_wrong_key_is_not_repeated(section: str, key: str) -> None:
    names = {
        ("bot", "name"),
        ("bot", "persona"),
        ("model", "name"),
        ("model", "summary_name"),
        ("memory", "archive_dir"),
    }
    if (section, key) in names:
        parse("config.toml", f'[{section}]\n{key} = "{DISCORD}"')  # any text will do there
    else:
        assert DISCORD not in str(faults_of(f'[{section}]\n{key} = "{DISCORD}"'))


@pytest.mark.parametrize(
    "line",
    [
        'bot.prefix = ""', 'bot.prefix = "! "', 'bot.prefix = "/"', 'bot.prefix = "@bot"', 'bot.name = " "',
        'bot.name = "a\\nb"', 'bot.timezone = "America"', 'bot.timezone = ""', 'bot.admins = ["discord:bob"]',
        'bot.admins = ["irc:1"]', 'bot.allow = ["slack:#general"]', 'bot.deny = ["1"]', 'answer.free_channels = ["x"]',
        'model.name = ""', 'model.fallbacks = [""]', 'model.base_url = "localhost:11434"', 'model.base_url = "http://"',
        'model.base_url = "http://a:b"', 'model.base_url = "http://me:pw@host/"', 'model.base_url = "http://h/ x"',
        'slack.api_url = "ftp://x/"', 'discord.api_url = "ws://x/"', 'discord.gateway_url = "https://x/"',
        'storage.url = "postgresql://db/x"', 'storage.url = "sqlite:///"', 'storage.url = "sqlite://x.db"',
        'storage.url = "sqlite:///:memory:"', 'storage.url = "x.db"', "memory.ttl_days = -1", "memory.max_messages = 1",
        "memory.keep_tokens = 0", "model.timeout_seconds = 0", 'log.level = "loud"', 'memory.recall = "bge-m3"',
    ],
)  # fmt: skip
def test_what_could_never_work_is_refused(line: str) -> None:
    assert set(faults_of(line)) == {line.partition(" = ")[0]}


@pytest.mark.parametrize(
    "line",
    [
        'bot.prefix = "tk!"',
        'bot.admins = ["discord:1", "slack:U012AB3CD", "terminal:al"]', 'bot.persona = ""',
        'bot.allow = ["slack:T012AB3CD", "slack:C012AB3CD", "discord:2909267989993572"]', "model.timeout_seconds = 2.5",
        'model.base_url = "https://openrouter.ai/api"', 'discord.gateway_url = "wss://a.example:443/x?y"',
        'storage.url = "sqlite:////var/lib/tk/a b.db"', 'model.base_url = "http://[::1]:8000/v1"',
        "memory.facts = false",
    ],
)  # fmt: skip
def test_what_works_is_taken(line: str) -> None:
    parse("config.toml", line)


@given(st.sampled_from(sorted(available_timezones())))
def test_every_time_zone_that_the_machine_knows_is_taken(name: str) -> None:
    assert parse("config.toml", f'bot.timezone = "{name}"').bot.timezone == name


def test_the_messages_say_what_comes_later() -> None:
    faults = faults_of('storage.url = "postgresql://h/db"')
    assert "comes later" in faults["storage.url"]


# --- settings that do not go together ---


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("memory.keep_tokens = 8000", "memory.keep_tokens", "must be below memory.max_tokens (8000), got 8000"),
        ("memory.max_tokens = 127201", "memory.max_tokens", "lower it to 127200 at most, got 127201"),
        ("model.context_tokens = 800", "model.max_reply_tokens", "must be below model.context_tokens (800), got 800"),
        ('bot.allow = ["discord:1"]\nbot.deny = ["discord:1"]', "bot.deny", '"discord:1" is in bot.allow too'),
        ('model.fallbacks = ["a", "b", "a"]', "model.fallbacks", '"a" is named twice'),
    ],
)
def test_settings_that_are_impossible_together_are_refused_with_the_figures(text: str, where: str, words: str) -> None:
    faults = faults_of(text)
    assert set(faults) == {where}
    assert words in faults[where]


@pytest.mark.parametrize(
    "text",
    [
        "memory.keep_tokens = 6299",
        "memory.max_tokens = 127200",
        "memory.keep_tokens = 7999",
        "memory.max_tokens = 256\nmemory.keep_tokens = 100\nmemory.summary_tokens = 60",
    ],
)
def test_settings_that_just_go_together_are_taken(text: str) -> None:
    parse("config.toml", text)


def test_a_setting_that_is_wrong_by_itself_is_not_blamed_for_a_combination_too() -> None:
    assert set(faults_of("memory.keep_tokens = 9000\nmemory.max_tokens = 1.5")) == {"memory.max_tokens"}


def test_a_fault_elsewhere_does_not_hide_an_impossible_combination() -> None:
    assert set(faults_of("memory.keep_tokens = 9000\nbot.prefix = 1")) == {"memory.keep_tokens", "bot.prefix"}


@pytest.mark.parametrize(
    ("ttl", "summaries", "good"), [(0, 0, True), (5, 5, True), (5, 9, True), (5, 3, False), (0, 3, False)]
)
def test_a_summary_cannot_go_before_what_it_was_made_from(ttl: int, summaries: int, good: bool) -> None:
    text = f"[memory]\nttl_days = {ttl}\nforget_summaries_after_days = {summaries}"
    if good:
        assert parse("config.toml", text).memory.ttl_days == ttl
    else:
        assert "cannot go before its messages" in faults_of(text)["memory.forget_summaries_after_days"]
