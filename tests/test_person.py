"""`bot.py export` and `bot.py forget`: all that is kept about one person, shown and taken away by an operator."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from memory.forgetting import find_echo
from memory.types import Decision, Place, Visibility
from storage import Archive, open_store
from storage.sqlite import export
from tests.kept import (
    ONE,
    THREAD,
    accept,
    conversation_at,
    files_of,
    fold,
    message,
    moment,
    quote_of,
    state,
    talk,
)
from tests.scenes import DiscordScene
from tests.test_process import run, served

DIRECT = Place("discord", "@me", "dm-ann")
GENERAL_PLACE = {"platform": "discord", "space": "server", "channel": "general", "thread": ""}
CONFIG = '[memory]\narchive_dir = "archive"\n'


@pytest.fixture
async def directory(tmp_path: Path) -> Path:
    """A bot's directory, with something about 1 (Ann) in every table, and in the archive."""
    (tmp_path / "config.toml").write_text(CONFIG)
    store = await open_store(
        f"sqlite:///{tmp_path / 'threadkeeper.db'}", lambda: ONE, Archive(tmp_path / "archive", find_echo)
    )
    old, said = message(1, "an old zebra", "1"), message(100, "my animal is zebra", "1")
    await talk(store, old, "zebra of old")
    await store.prune(moment(50))
    await talk(store, said, "a zebra, nice")
    await state(store, said, "animal", "zebra")
    await talk(store, message(101, "look", "2", THREAD, quote_of(said)), "I see")
    await fold(store, conversation_at(THREAD), "somebody quotes a zebra")
    direct = replace(message(102, "zebra between us", "1", DIRECT), visibility=Visibility.DIRECT)
    await talk(store, direct, "zebra, understood")
    await fold(store, conversation_at(DIRECT), "a zebra between us")
    await accept(store, message(103, "zebra waits", "1"))
    await talk(store, message(104, "a gnu", "2"), "a gnu it is")
    for number, author in ((105, "1"), (106, "2")):
        command = await accept(store, message(number, "!remember my animal is zebra", author), Decision.COMMAND)
        assert command
        await store.settle(command, "Remembered.")
    await store.close()
    return tmp_path


def everything(directory: Path) -> bytes:
    """All bytes of a bot's memory, the archive unpacked."""
    archive = (directory / "archive").glob("*.gz")
    return files_of(directory / "threadkeeper.db") + b"".join(gzip.decompress(file.read_bytes()) for file in archive)


async def test_an_export_holds_all_that_is_kept_about_a_person_and_of_nobody_else(directory: Path) -> None:
    code, output, errors = await run(directory, "export", "--user", "discord:1")

    assert (code, errors) == (0, "")
    found = json.loads(output)
    assert found["user"] == "discord:1"
    assert [entry["text"] for entry in found["messages"]] == ["my animal is zebra", "zebra between us", "zebra waits"]
    assert found["messages"][0]["place"] == GENERAL_PLACE
    assert found["messages"][0]["at"] == "2026-01-01T12:01:40+00:00"
    assert found["received"] == [
        {"place": GENERAL_PLACE, "at": "2026-01-01T12:00:01+00:00", "message_id": "1", "name": "1", "command": False},
        {"place": GENERAL_PLACE, "at": "2026-01-01T12:01:45+00:00", "message_id": "105", "name": "", "command": True},
    ]
    assert [entry["text"] for entry in found["answers"]] == ["a zebra, nice", "zebra, understood"]
    assert [(entry["slot"], entry["value"]) for entry in found["facts"]] == [("animal", "zebra")]
    assert [entry["quote"] for entry in found["quoted"]] == ["my animal is zebra"]
    assert [entry["text"] for entry in found["summaries"]] == ["a zebra between us"]
    assert [entry["text"] for entry in found["archived_messages"]] == ["an old zebra"]
    assert [entry["text"] for entry in found["archived_answers"]] == ["zebra of old"]
    assert [entry["prompt_tokens"] for entry in found["usage"]] == [100] * 3
    assert found["spending"] == [{"day": "2026-01-01", "tokens": 360}]
    assert "gnu" not in output


async def test_who_is_forgotten_is_in_no_byte_any_more(directory: Path) -> None:
    assert b"zebra" in everything(directory)

    code, output, _ = await run(directory, "forget", "--user", "discord:1")

    assert code == 0
    assert output == (
        "Forgotten everywhere: 5 messages, 2 archived messages, 1 fact, 2 summaries and the user id in 4 records of"
        " tokens used, in 3 conversations. It is out of my memory, and the database file is clean of it.\n"
    )
    assert b"zebra" not in everything(directory)
    assert b"a gnu it is" in everything(directory)
    exported = json.loads(export(directory / "threadkeeper.db", None, "discord", "1"))
    [mark] = exported.pop("forgotten_until")
    assert mark["place"] == {"platform": "discord", "space": "", "channel": "", "thread": ""}
    assert exported.pop("user") == "discord:1"
    assert not any(exported.values())
    code, output, _ = await run(directory, "forget", "--user", "discord:1")
    assert (code, output) == (0, "There is nothing of discord:1.\n")


async def test_of_somebody_unknown_there_is_nothing(directory: Path) -> None:
    code, output, _ = await run(directory, "forget", "--user", "discord:99")
    assert (code, output) == (0, "There is nothing of discord:99.\n")
    assert b"zebra" in everything(directory)
    code, output, _ = await run(directory, "export", "--user", "slack:U1")
    assert (code, json.loads(output)["messages"]) == (0, [])


@pytest.mark.parametrize("command", ["export", "forget"])
@pytest.mark.parametrize("user", ["discord:ann", "1", "discord:"])
async def test_who_is_meant_has_to_be_said_by_id(tmp_path: Path, command: str, user: str) -> None:
    code, output, errors = await run(tmp_path, command, "--user", user)
    assert (code, output) == (2, "")
    assert errors.startswith('--user: expected "discord:<user id>", "slack:<user id>"')


@pytest.mark.parametrize("command", ["export --user discord:1", "forget --user discord:1", "backup copy.db"])
async def test_where_there_is_no_database_that_is_said_with_what_to_do_and_none_is_made(
    tmp_path: Path, command: str
) -> None:
    code, _, errors = await run(tmp_path, *command.split())
    cure = "start the bot once, or name the file in storage.url"
    assert (code, errors) == (1, f"threadkeeper.db: no such database; {cure}\n")
    assert list(tmp_path.iterdir()) == []


async def test_beside_a_bot_that_serves_an_export_is_made_and_a_forgetting_refused(discord_scene: DiscordScene) -> None:
    scene = discord_scene
    config = str(scene.directory / "config.toml")
    async with served(scene) as bot:
        await scene.ask(scene.ann, "my animal is zebra")
        await scene.heard("Understood.")
        [(author,)] = scene.rows("SELECT author FROM turns WHERE role = 'user'")
        user = f"discord:{author}"
        code, output, _ = await run(scene.directory, "--config", config, "export", "--user", user)
        refused, _, errors = await run(scene.directory, "--config", config, "forget", "--user", user)
    assert (code, [entry["text"] for entry in json.loads(output)["messages"]]) == (0, ["my animal is zebra"])
    assert refused == 1
    assert f"process {bot.process.pid} already serves this database" in errors


async def test_help_names_both(tmp_path: Path) -> None:
    _, output, _ = await run(tmp_path, "--help")
    assert "print all that is kept about a user as JSON" in output
    assert "forget a user everywhere; the bot has to be stopped" in output
