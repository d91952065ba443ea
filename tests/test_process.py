"""The bot as a process: what a shell, an operator and a supervisor see of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.model import Say
from tests.scenes import DiscordScene, Scene

ROOT = Path(__file__).parent.parent

FACTS = (
    ("my name is Zorblax", "what am I called?", "Zorblax"),
    ("I live in Lisbon", "which city is my home?", "Lisbon"),
    ("my dog is called Biscuit", "what is the name of my pet?", "Biscuit"),
    ("I am allergic to peanuts", "which food must I avoid?", "peanuts"),
    ("I work as a nurse", "what is my job?", "nurse"),
    ("my birthday is on 4 May", "when was I born?", "4 May"),
    ("my favourite colour is teal", "which color do I like best?", "teal"),
    ("the deploy key is in vault 7", "where do we keep the deployment key?", "vault 7"),
    ("we decided to use Postgres", "which database did we choose?", "Postgres"),
    ("the meeting moved to Thursday", "on which day do we meet?", "Thursday"),
    ("I drive an old Saab", "what car do I have?", "Saab"),
)


def environment() -> dict[str, str]:
    """This process's environment without anything that would configure a bot."""
    return {key: value for key, value in os.environ.items() if "TOKEN" not in key and "OPENAI" not in key}


async def run(directory: Path, *arguments: str, lines: str = "", **extra: str) -> tuple[int, str, str]:
    """Run `bot.py` to its end in a directory and return exit code, output and error output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "bot.py"),
        *arguments,
        cwd=directory,
        env=environment() | extra,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, errors = await process.communicate(lines.encode())
    return process.returncode or 0, output.decode(), errors.decode()


@dataclass
class BotProcess:
    """A bot in a process of its own."""

    process: asyncio.subprocess.Process

    async def logged(self, text: str) -> str:
        """Wait for a line of its log that holds a text, and return it."""
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            while text.encode() not in (line := await self.process.stderr.readline()):
                assert line, f"the bot ended before it logged {text}"
        return line.decode()

    async def ended(self) -> int:
        """Wait for its end and return the exit code."""
        async with asyncio.timeout(15):
            return await self.process.wait()


@asynccontextmanager
async def started(scene: Scene) -> AsyncIterator[BotProcess]:
    """A bot that has been started, and is killed at the end if it still lives."""
    config, env = scene.write_settings()
    command = [sys.executable, str(ROOT / "bot.py"), "--config", str(config), "--env", str(env)]
    process = await asyncio.create_subprocess_exec(*command, env=environment(), stderr=asyncio.subprocess.PIPE)
    try:
        yield BotProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def served(scene: Scene) -> AsyncIterator[BotProcess]:
    """A bot that is ready on Discord."""
    async with started(scene) as bot:
        await bot.logged("ready platform=discord")
        yield bot


class TestTerminal:
    async def test_a_fact_told_is_known_in_the_next_line_and_in_the_next_run(self, tmp_path: Path) -> None:
        code, output, errors = await run(tmp_path, lines="my name is Zorblax\nwhat is my name?\n")
        assert code == 0
        assert len(output.splitlines()) == 2
        assert "Zorblax" in output.splitlines()[1]
        assert "ready platform=terminal" in errors
        assert "Zorblax" not in errors
        code, output, _ = await run(tmp_path, lines="what is my name?\n")
        assert (code, "Zorblax" in output) == (0, True)

    async def test_many_facts_are_found_by_questions_in_other_words(self, tmp_path: Path) -> None:
        await run(tmp_path, lines="".join(f"{told}\n" for told, _, _ in FACTS))
        _, output, _ = await run(tmp_path, lines="".join(f"{asked}\n" for _, asked, _ in FACTS))
        replies = output.split("No language model is configured")[1:]
        for reply, (_, asked, answer) in zip(replies, FACTS, strict=True):
            assert answer in reply, asked

    async def test_commands_work_and_the_only_human_is_an_admin(self, tmp_path: Path) -> None:
        lines = "my name is Zorblax\n!summary\n!forgte now\n!forget now\nwhat is my name?\n"
        _, output, _ = await run(tmp_path, lines=lines)
        assert "There is no summary here yet" in output
        assert "Did you mean `!forget`?" in output
        assert "Forgotten: 2 messages." in output
        assert "Zorblax" not in output
        assert b"Zorblax" not in b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())

    async def test_odd_input_is_answered_or_refused_clearly(self, tmp_path: Path) -> None:
        lines = "\n\x00nul\n" + "long " * 20_000 + "\n\u202eolleh\u200b\n😀😀😀\nend\n"
        code, output, errors = await run(tmp_path, lines=lines)
        assert (code, len(output.splitlines())) == (0, 5)
        assert "level=error" not in errors


class TestExitCodes:
    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="nothing here is always full")
    async def test_an_output_that_cannot_be_written_ends_it_and_says_so(self, tmp_path: Path) -> None:
        process = await asyncio.create_subprocess_shell(
            f"{sys.executable} {ROOT / 'bot.py'} >/dev/full",
            cwd=tmp_path,
            env=environment(),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            _, errors = await process.communicate(b"my name is Zorblax\nhello\n")
        assert process.returncode == 1
        assert 'detail="standard output: No space left on device"' in errors.decode()
        code, output, _ = await run(tmp_path, lines="what is my name?\n")
        assert (code, len(output.splitlines()), "Zorblax" in output) == (0, 1, True)

    @pytest.mark.parametrize(("closed", "name"), [("<&-", "input"), (">&-", "output")])
    async def test_a_stream_that_is_closed_is_named(self, tmp_path: Path, closed: str, name: str) -> None:
        process = await asyncio.create_subprocess_shell(
            f"{sys.executable} {ROOT / 'bot.py'} {closed}",
            cwd=tmp_path,
            env=environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
        assert process.returncode == 1
        assert errors.decode().startswith(f"standard {name} is closed: ")

    async def test_a_long_command_has_one_reply_in_a_pipe(self, tmp_path: Path) -> None:
        lines = [
            *(f"my number {number} is {number}00" for number in range(9)),
            "!summary now",
            "!summary rebuild",
            "bye",
        ]
        code, output, _ = await run(tmp_path, lines="\n".join(lines))
        assert code == 0
        assert "Made the summary anew from" in output
        assert "Making the summary anew" not in output
        assert output.rstrip().splitlines()[-1].startswith("No language model is configured.")

    async def test_wrong_settings_are_all_named_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "config.toml").write_text('[memory]\nmax_tokens = "many"\nkeep_tokns = 3\n[bots]\nx = 1\n')
        code, output, errors = await run(tmp_path)
        assert (code, output) == (2, "")
        assert [line.split(": ")[:2] for line in sorted(errors.splitlines())] == [
            ["config.toml", "bots"],
            ["config.toml", "memory.keep_tokns"],
            ["config.toml", "memory.max_tokens"],
        ]

    async def test_a_refused_token_is_said_without_being_shown(self, discord_scene: DiscordScene) -> None:
        scene = discord_scene
        config, env = scene.write_settings()
        env.write_text("DISCORD_TOKEN=not-the-token-at-all\n")
        code, _, errors = await run(scene.directory, "--config", str(config), "--env", str(env))
        assert code == 2
        assert "platform refused" in errors
        assert "not-the-token" not in errors

    async def test_a_file_that_is_no_database_is_named_and_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "threadkeeper.db").write_text("dear diary")
        code, _, errors = await run(tmp_path, lines="hello\n")
        assert code == 1
        assert "threadkeeper.db: not a SQLite database" in errors
        assert (tmp_path / "threadkeeper.db").read_text() == "dear diary"


class TestServing:
    async def test_a_second_process_on_the_same_database_is_refused_by_name(self, discord_scene: DiscordScene) -> None:
        scene = discord_scene
        async with served(scene) as first:
            code, _, errors = await run(
                scene.directory, "--config", str(scene.directory / "config.toml"), "chat", lines="hello\n"
            )
        assert code == 1
        assert f"process {first.process.pid} already serves this database" in errors

    async def test_a_signal_lets_running_replies_end_and_nothing_new_begin(self, discord_scene: DiscordScene) -> None:
        scene = discord_scene
        gate = asyncio.Event()
        scene.model.script(Say(("I was not ", "interrupted."), gate=gate))
        async with served(scene) as bot:
            await scene.ask(scene.ann, "hello")
            await scene.model.wait_for(lambda: len(scene.model.requests) == 1)
            bot.process.send_signal(signal.SIGTERM)
            await bot.logged("event=stopping")
            gate.set()
            assert await bot.ended() == 0
        assert scene.said() == ["I was not interrupted."]

    async def test_a_second_signal_ends_it_at_once_and_the_answer_follows_after_the_next_start(
        self, discord_scene: DiscordScene
    ) -> None:
        scene = discord_scene
        scene.model.script(Say(("Never ", "said."), ending="silence"))
        async with served(scene) as bot:
            await scene.ask(scene.ann, "hello")
            await scene.model.wait_for(lambda: len(scene.model.requests) == 1)
            bot.process.send_signal(signal.SIGTERM)
            await bot.logged("event=stopping")
            bot.process.send_signal(signal.SIGTERM)
            await bot.ended()
        async with served(scene):
            await scene.heard("Understood.")
        assert [said for said in scene.said() if "Understood." in said] == ["Understood."]

    async def test_killed_while_it_answers_it_answers_once_after_the_next_start(
        self, discord_scene: DiscordScene
    ) -> None:
        scene = discord_scene
        scene.model.script(Say(("This is a long first half of an answer, ", "and "), ending="silence"))
        async with served(scene) as bot:
            await scene.ask(scene.ann, "my name is Zorblax")
            await scene.heard("This is a long first half")
            bot.process.kill()
        async with served(scene):
            await scene.heard("Understood.")
            await scene.ask(scene.ann, "what is my name?")
            await scene.heard("Understood.", times=2)
        assert scene.said() == ["Understood.", "Understood."]
        assert "Ann: my name is Zorblax" in scene.model.requests[-1].text
        assert scene.rows("PRAGMA integrity_check") == [("ok",)]

    async def test_a_gateway_that_is_down_at_first_is_waited_for(self, discord_scene: DiscordScene) -> None:
        scene = discord_scene
        await scene.discord.down()
        async with started(scene) as bot:
            broke = await bot.logged("platform broke")
            assert "see that this machine reaches Discord" in broke
            assert " at=" not in broke
            await scene.discord.up()
            await bot.logged("ready platform=discord")
            await scene.exchange(scene.ann, "hello", "Understood.")


class TestOtherCommands:
    @pytest.mark.parametrize("before", [True, False], ids=["before the command", "after it"])
    async def test_the_settings_file_that_is_named_is_the_one_that_is_read(self, tmp_path: Path, before: bool) -> None:
        (tmp_path / "other.toml").write_text('[memory]\nmax_tokens = "many"\n')
        named, command = ["--config", "other.toml"], ["check"]
        code, _, errors = await run(tmp_path, *(named + command if before else command + named))
        assert (code, errors.startswith("other.toml: memory.max_tokens: ")) == (2, True)

    async def test_check_says_a_line_a_thing_and_what_to_do(self, discord_scene: DiscordScene) -> None:
        scene = discord_scene
        config, env = scene.write_settings()
        code, output, _ = await run(scene.directory, "check", "--config", str(config), "--env", str(env))
        lines = dict(line[4:].strip().split(": ", 1) for line in output.splitlines())
        assert {"settings", "tokenizer", "sqlite", "database"} <= set(lines)
        assert code == 0, output
        scene.discord.message_content_allowed = False
        code, output, _ = await run(scene.directory, "check", "--config", str(config), "--env", str(env))
        assert code == 1
        assert "https://discord.com/developers/applications" in output
        assert scene.discord.token not in output

    @pytest.mark.parametrize("command", [["chat"], ["check"], ["forget", "--user", "discord:1"]], ids=lambda c: c[0])
    async def test_a_database_whose_links_lead_in_a_circle_is_named_by_every_command(
        self, tmp_path: Path, command: list[str]
    ) -> None:
        (tmp_path / "threadkeeper.db").symlink_to("threadkeeper.db")
        code, output, errors = await run(tmp_path, *command, lines="hello\n")
        assert code == 1
        assert "threadkeeper.db: Too many levels of symbolic links" in output + errors
        assert "mend that path" in output + errors

    @pytest.mark.parametrize(
        "persona", ["".join(map(chr, range(0x9F00, 0x9FA0))) * 20, "plain " * 6000], ids=["rare", "plain"]
    )
    async def test_check_finds_a_persona_that_a_start_refuses(self, tmp_path: Path, persona: str) -> None:
        (tmp_path / "other.toml").write_text(f'[bot]\npersona = "{persona}"\n', encoding="utf-8")
        started, _, refused = await run(tmp_path, "chat", "--config", "other.toml", lines="hello\n")
        code, output, _ = await run(tmp_path, "check", "--config", "other.toml")
        assert (started, code) == (2, 1)
        assert refused.startswith("other.toml: bot.persona: ")
        assert "tokens of memory.max_tokens (8000)" in refused
        assert refused.strip() in output

    async def test_the_invite_url_holds_the_bots_id(self, discord_scene: DiscordScene) -> None:
        scene = discord_scene
        config, env = scene.write_settings()
        code, output, _ = await run(
            scene.directory, "manifest", "--discord", "--config", str(config), "--env", str(env)
        )
        assert code == 0
        assert output.startswith("https://discord.com/oauth2/authorize?")
        assert f"client_id={scene.discord.bot_id}" in output

    async def test_a_backup_made_while_the_bot_runs_is_whole(self, discord_scene: DiscordScene, tmp_path: Path) -> None:
        scene = discord_scene
        copy = tmp_path / "copy.db"
        async with served(scene):
            await scene.exchange(scene.ann, "my name is Zorblax", "Understood.")
            code, output, _ = await run(scene.directory, "backup", str(copy), "--config", str(tmp_path / "config.toml"))
        assert (code, "integrity checked" in output) == (0, True)
        with closing(sqlite3.connect(copy)) as db:
            assert db.execute("SELECT text FROM turns ORDER BY id").fetchall() == [
                ("my name is Zorblax",),
                ("Understood.",),
            ]
        code, _, errors = await run(scene.directory, "backup", str(copy), "--config", str(tmp_path / "config.toml"))
        assert (code, "exists already" in errors) == (1, True)
