"""Settings: what is refused, how it is told, and that no secret is in any of it."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import ValidationError

from config import Settings, load
from config.document import parse
from config.schema import Config
from errors import SettingsError
from memory.types import CoreSettings

ROOT = Path(__file__).parent.parent
DISCORD = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
KEY = "sk-proj-0123456789abcdefghijABCDEFGHIJ"
SECRETS = {
    "DISCORD_TOKEN": DISCORD,
    "SLACK_BOT_TOKEN": "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy",
    "SLACK_APP_TOKEN": "xapp-1-A123ABC456-1234567890123-abcdef0123456789",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "OPENAI_API_KEY": KEY,
}
KEYS = [(section, key) for section, keys in Config() for key in type(keys).model_fields]


def faults_of_secrets(env: Path | None, environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as refusal:
        load(None, env, environ)
    told = "".join(traceback.format_exception(refusal.value)) + repr(refusal.value) + repr(refusal.value.faults)
    for value in environ.values():
        assert value not in told
    return {fault.where: fault.what for fault in refusal.value.faults}


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path) -> Iterator[None]:
    """Every test runs where there is neither a config.toml nor a .env."""
    with contextlib.chdir(tmp_path):
        yield


# --- the files ---


def test_without_any_file_everything_has_its_default() -> None:
    settings = load(None, None, {})
    assert settings == Settings()
    assert settings.offline
    assert settings.database == Path("threadkeeper.db")


def test_a_config_that_was_named_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: there is no such file"):
        load(tmp_path / "nowhere.toml", None, {})


def test_an_env_file_that_was_named_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.env: there is no such file"):
        load(None, tmp_path / "nowhere.env", {})


def test_a_folder_or_another_encoding_in_a_files_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    (tmp_path / ".env").write_bytes(b"DISCORD_TOKEN=\xff\xfe")
    with pytest.raises(SettingsError) as refusal:
        load(None, None, {})
    assert str(refusal.value).splitlines() == [
        "config.toml: cannot be read: Is a directory; let the bot read it, or name another file",
        ".env: is not UTF-8 text; save it as UTF-8",
    ]


def test_a_file_whose_links_lead_in_a_circle_is_named_with_the_cure(tmp_path: Path) -> None:
    for name in ("config.toml", ".env"):
        (tmp_path / name).symlink_to(name)
    with pytest.raises(SettingsError) as refusal:
        load(None, None, {})
    for name, line in zip(("config.toml", ".env"), str(refusal.value).splitlines(), strict=True):
        assert line.startswith(f"{name}: cannot be read: ")
        assert line.endswith("; let the bot read it, or name another file")


def test_a_mark_that_windows_editors_put_first_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b'\xef\xbb\xbf[bot]\r\nname = "Ada"\r\n')
    assert load(None, None, {}).bot.name == "Ada"


def test_the_file_is_named_as_the_operator_named_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[memory]\nmax_tokens = true\n")
    with pytest.raises(SettingsError) as refusal:
        load(path, None, {})
    assert str(refusal.value) == f"{path}: memory.max_tokens: expected a whole number, got true"


# --- config.toml as it is shipped ---


def test_the_shipped_config_says_exactly_the_defaults() -> None:
    assert parse("config.toml", (ROOT / "config.toml").read_text()) == Config()


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_stands_in_the_shipped_config_under_a_comment(section: str, key: str) -> None:
    lines = (ROOT / "config.toml").read_text().splitlines()
    part = lines[lines.index(f"[{section}]") + 1 :]
    end = next((number for number, line in enumerate(part) if line.startswith("[")), len(part))
    (at,) = (number for number, line in enumerate(part[:end]) if line.startswith(f"{key} = "))
    assert part[at - 1].startswith("# ")


def test_the_example_of_secrets_names_each_of_them_and_sets_none(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    (tmp_path / ".env").write_text(example)
    assert load(None, None, {}).secrets() == frozenset()
    assert all(f"# {name}=\n" in example for name in SECRETS)


# --- secrets ---


def test_secrets_are_known_for_redaction_and_shown_nowhere() -> None:
    settings = load(None, None, SECRETS)
    assert settings.secrets() == frozenset(SECRETS.values())
    shown = f"{settings!r} {settings} {settings.tokens!r} {settings.model_dump()} {settings.model_dump_json()}"
    for secret in SECRETS.values():
        assert secret not in shown


def test_the_environment_beats_the_env_file_and_an_empty_value_is_none(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN='from.the.file'\nexport OPENAI_API_KEY={KEY}\nSLACK_BOT_TOKEN=\n")
    settings = load(None, None, {"DISCORD_TOKEN": DISCORD, "OPENAI_API_KEY": "", "OTHER": "a b"})
    assert settings.secrets() == {DISCORD, KEY}
    assert settings.tokens.discord is not None
    assert settings.tokens.discord.get_secret_value() == DISCORD


@pytest.mark.parametrize("wrap", ["{} ", " {}", "{}\n", "Bot {}", '"{}"', "{}\u200b"])
@pytest.mark.parametrize("name", SECRETS)
def test_a_token_that_was_copied_badly_is_named_and_not_repeated(name: str, wrap: str) -> None:
    faults = faults_of_secrets(None, {name: wrap.format(SECRETS[name])})
    assert set(faults) == {f"environment: {name}"}
    assert SECRETS[name] not in str(faults)


def test_a_name_without_a_value_is_a_fault_and_not_an_absent_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nOPENAI_API_KEY\n")
    with pytest.raises(SettingsError) as refusal:
        load(None, None, {})
    assert [str(fault) for fault in refusal.value.faults] == [".env: line 2: expected NAME=value"]


def test_two_slack_tokens_that_were_mixed_up_are_both_named() -> None:
    mixed = {"SLACK_BOT_TOKEN": SECRETS["SLACK_APP_TOKEN"], "SLACK_APP_TOKEN": SECRETS["SLACK_BOT_TOKEN"]}
    faults = faults_of_secrets(None, mixed)
    assert "begins with xoxb-" in faults["environment: SLACK_BOT_TOKEN"]
    assert "begins with xapp-" in faults["environment: SLACK_APP_TOKEN"]


@pytest.mark.parametrize(
    ("present", "absent"), [("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"), ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN")]
)
def test_one_slack_token_without_the_other_is_a_fault_of_the_other(present: str, absent: str) -> None:
    faults = faults_of_secrets(None, {present: SECRETS[present]})
    assert set(faults) == {f".env: {absent}"}
    assert present in faults[f".env: {absent}"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("DISCORD_TOKN", "DISCORD_TOKEN"), ("openai_key", "OPENAI_API_KEY"), ("SLACK_BOT_TOKENS", "SLACK_BOT_TOKEN")],
)
def test_a_secret_under_nearly_its_name_is_a_fault_unless_the_secret_is_there(
    tmp_path: Path, name: str, meant: str
) -> None:
    (tmp_path / ".env").write_text(f"{name}=abc\nTZ=UTC\nDISCORD_APP_ID=1\n")
    with pytest.raises(SettingsError) as refusal:
        load(None, None, {})
    assert [str(fault) for fault in refusal.value.faults] == [f".env: {name}: unknown; did you mean {meant}?"]
    load(None, None, SECRETS)


def test_faults_of_both_files_and_the_environment_come_together(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[bot]\nprefix = ""\n')
    (tmp_path / ".env").write_text(f"# mine\nDISCORD_TOKEN {DISCORD}\nOPENAI_API_KEY='a b'\n")
    faults = faults_of_secrets(None, {"SLACK_APP_TOKEN": SECRETS["SLACK_BOT_TOKEN"]})
    assert set(faults) == {
        "config.toml: bot.prefix", ".env: line 2", ".env: OPENAI_API_KEY", "environment: SLACK_APP_TOKEN",
    }  # fmt: skip
    assert DISCORD not in str(faults)


# --- what the rest of the bot is told ---


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        setattr(Settings().memory, "max_tokens", 1)  # noqa: B010 the plain assignment is a type error already


def test_the_core_is_told_what_the_operator_wrote() -> None:
    config = parse(
        "config.toml",
        """
        bot = {name = "Ada", persona = "{name} hears {prefix}help {x}", prefix = "?", timezone = "Asia/Tokyo",
               admins = ["discord:1"], allow = ["discord:2"], deny = ["discord:3"]}
        answer = {threads = "mention", free_channels = ["discord:4"]}
        [model]
        name = "m"
        summary_name = "brief"
        context_tokens = 9999
        max_reply_tokens = 99
        [memory]
        strategy = "window"
        conversation = "per_user"
        max_tokens = 999
        keep_tokens = 99
        keep_recent = 9
        summary_tokens = 90
        max_messages = 3
        ttl_days = 30
        forget_summaries_after_days = 31
        facts = false
        recall = "off"
        recall_tokens = 32
        sitting_minutes = 33
        rest_minutes = 34
        reach = "channel"
        listen = "all"
        before_messages = 35
        [limits]
        messages_per_minute = 7
        user_tokens_per_day = 11
        space_tokens_per_day = 12
        tokens_per_day = 13
        [catch_up]
        answer_minutes = 14
        compare_hours = 15
        """.replace(",\n               ", ", "),
    )
    offline = Settings(**dict(config))
    expected = CoreSettings(
        name="Ada", persona="Ada hears ?help {x}", prefix="?", timezone="Asia/Tokyo", admins=frozenset({"discord:1"}),
        allow=frozenset({"discord:2"}), deny=frozenset({"discord:3"}), threads="mention",
        free_channels=frozenset({"discord:4"}), strategy="window", conversation="per_user", max_tokens=999,
        keep_tokens=99, keep_recent=9, summary_tokens=90, max_messages=3, context_tokens=9999, max_reply_tokens=99,
        model="offline", messages_per_minute=7, user_tokens_per_day=11, space_tokens_per_day=12, tokens_per_day=13,
        answer_minutes=14, compare_hours=15, ttl_days=30, forget_summaries_after_days=31, facts=False, recall="off",
        recall_tokens=32, sitting_minutes=33, rest_minutes=34, reach="channel", listen="all", before_messages=35,
        summary_model="brief",
    )  # fmt: skip
    assert offline.core() == expected
    same = {field.name for field in fields(CoreSettings) if getattr(expected, field.name) == field.default}
    assert same == {"model", "offline"}, "each has another value here than by itself, so that none is left behind"


def test_a_key_or_an_address_of_a_server_ends_being_offline(tmp_path: Path) -> None:
    assert load(None, None, {"OPENAI_API_KEY": KEY}).core().model == "gpt-4o-mini"
    (tmp_path / "config.toml").write_text('model = { base_url = "http://127.0.0.1:11434/v1", name = "offline" }')
    assert not load(None, None, {}).core().offline


def test_the_core_has_the_same_defaults_as_the_settings() -> None:
    core = Settings().core()
    assert core == CoreSettings(persona=core.persona)


def test_a_database_path_is_relative_unless_it_begins_with_a_fourth_slash() -> None:
    def database(url: str) -> Path:
        return Settings(**dict(parse("config.toml", f'storage.url = "{url}"'))).database

    assert database("sqlite:///data/tk.db") == Path("data/tk.db")
    assert database("sqlite:////var/tk.db") == Path("/var/tk.db")
