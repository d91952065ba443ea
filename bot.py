"""Threadkeeper's command line and composition root: settings → store → model → platforms, each supervised → drain.

    python bot.py                  serve every platform whose tokens are set; with none, talk in the terminal
    python bot.py chat             talk in the terminal, also where tokens are set
    python bot.py check            look at everything that can be wrong, a line each
    python bot.py manifest         print the manifest of the Slack app; --discord: the invite URL of the Discord bot
    python bot.py backup PATH      copy the database while the bot runs
    python bot.py export --user X  print all that is kept about a user, discord:ID; forget --user X: forget it all

Exit codes: 0 done, 1 a fault at run time, 2 the settings are wrong, 130 interrupted before it was done.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import config
import logs
from errors import (
    Fault,
    PlatformGone,
    PlatformMisconfigured,
    PlatformUnreachable,
    SettingsError,
    StorageError,
    ThreadkeeperError,
)
from llm import tokens
from memory.commands import SPECS
from memory.core import Core
from memory.forgetting import find_echo
from memory.phrases import write_forgotten
from memory.ports import Platform
from memory.types import Finding, Forgetting, Place, TurnDone
from parts import clock, demand_room, make_archive, make_client, make_model, make_platforms, make_terminal
from storage import open_store, sqlite

log = logging.getLogger("bot")

DONE, FAILED, MISCONFIGURED = 0, 1, 2
INTERRUPTED = 130
"""What shells give for SIGINT; one that serves drains instead."""

DRAIN_SECONDS = 8.0
"""What running replies have after a signal; Docker kills after ten."""

BACKOFF_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""How long a platform that broke is left alone, by how often it has broken since it last was connected."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = read_arguments(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a cure that the locale cannot write is better than a crash
    try:
        settings = config.load(options.config, options.env, os.environ)
    except SettingsError as exc:
        for fault in exc.faults:
            print(fault, file=sys.stderr)
        return MISCONFIGURED
    logs.configure(settings.log.format, settings.log.level, settings.secrets())
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is half done is cleared away; serving drains
    try:
        return carry_out(settings, options)
    except ThreadkeeperError as exc:
        print(logs.redactor(settings.secrets())(str(exc)), file=sys.stderr)
        return MISCONFIGURED if isinstance(exc, PlatformMisconfigured | SettingsError) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED
    except Exception:
        log.exception("crashed")
        return FAILED


def carry_out(settings: config.Settings, options: argparse.Namespace) -> int:
    """Do what the command line says. Raises: ThreadkeeperError."""
    match options.command:
        case "check":
            code = asyncio.run(check(settings, options))
        case "manifest":
            code = asyncio.run(invite(settings, options.env)) if options.discord else manifest(settings)
        case "backup":
            code = backup(settings, options.path)
        case "export":
            print(sqlite.export(settings.database, make_archive(settings), *config.read_user(options.user)))
            code = DONE
        case "forget":
            code = asyncio.run(forget(settings, *config.read_user(options.user)))
        case _:
            code = asyncio.run(serve_until_signal(settings, terminal=options.command == "chat"))
    return code


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, with its help; exits with 2 where it makes no sense."""
    files = argparse.ArgumentParser(add_help=False)
    files.add_argument("--config", type=Path, default=argparse.SUPPRESS, help="the settings (default: config.toml)")
    files.add_argument("--env", type=Path, default=argparse.SUPPRESS, help="the secrets (default: .env)")
    parser = argparse.ArgumentParser("bot.py", description="A chatbot that keeps the thread.", parents=[files])
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("chat", parents=[files], help="talk in the terminal, also where tokens are set")
    commands.add_parser("check", parents=[files], help="look at everything that can be wrong before it goes wrong")
    show = commands.add_parser("manifest", parents=[files], help="print what the platform needs to know of the bot")
    show.add_argument("--discord", action="store_true", help="the invite URL of the Discord bot, not Slack's manifest")
    copy = commands.add_parser("backup", parents=[files], help="copy the database while the bot runs")
    copy.add_argument("path", type=Path, help="the copy, a file that does not exist yet")
    person = argparse.ArgumentParser(add_help=False)
    person.add_argument("--user", required=True, help='"discord:<user id>", "slack:<user id>" or "terminal:<login>"')
    commands.add_parser("export", parents=[files, person], help="print all that is kept about a user as JSON")
    commands.add_parser("forget", parents=[files, person], help="forget a user everywhere; the bot has to be stopped")
    # Defaults here, not on the parser: a subcommand would put its own over what stood before it.
    return parser.parse_args(arguments, argparse.Namespace(config=None, env=None))


# -- serving


async def serve(settings: config.Settings, stop: asyncio.Event, platforms: Sequence[Platform]) -> int:
    """Serve the platforms until `stop` is set or the last of them has ended, and return the exit code."""
    core_settings = settings.core()
    if all(platform.name == "terminal" for platform in platforms):
        # Whoever can start the bot could edit the lists: they are for people who come from elsewhere.
        core_settings = replace(core_settings, allow=frozenset(), deny=frozenset(), messages_per_minute=0)
    count = tokens.load_counter()
    demand_room(settings, count)
    recall = core_settings.recall != "off"
    store = await open_store(settings.storage.url, clock, make_archive(settings), recall=recall)
    try:
        async with make_model(settings) as model:
            core = Core(core_settings, store, model, count, clock, [log_turn])
            return await run(core, platforms, stop)
    finally:
        await store.close()


async def run(core: Core, platforms: Sequence[Platform], stop: asyncio.Event) -> int:
    """Run the platforms side by side, drain at the end, and return the exit code."""
    for platform in platforms:
        core.attach(platform)
    await core.start()
    supervised = [asyncio.create_task(supervise(platform, core)) for platform in platforms]
    for task in supervised:
        task.add_done_callback(lambda _: stop.set() if all(each.done() for each in supervised) else None)
    try:
        await stop.wait()
    finally:
        await core.drain(DRAIN_SECONDS)  # while the platforms can still be written to
        for task in supervised:
            task.cancel()
        outcomes = await asyncio.gather(*supervised, return_exceptions=True)
    codes = set(outcomes)
    only = codes.pop() if len(codes) == 1 else DONE
    return only if isinstance(only, int) else DONE


async def serve_until_signal(settings: config.Settings, *, terminal: bool) -> int:
    """Serve; SIGINT and SIGTERM begin the drain, a second one ends the process at once: what it cut off is on disk."""
    stop = asyncio.Event()
    platforms = [] if terminal else make_platforms(settings)
    screen = None if platforms else make_terminal(settings)

    def on_signal() -> None:
        if stop.is_set():
            if screen:
                screen.restore()
            os._exit(FAILED)
        log.info("stopping", extra={"drain_seconds": DRAIN_SECONDS})
        if screen:
            screen.say_stopping()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return await serve(settings, stop, [screen] if screen else platforms)


async def supervise(platform: Platform, core: Core) -> int:
    """Keep one platform running whatever happens to the others, and return an exit code when nothing can help it."""
    broken = 0

    async def connected(*, missed: bool = True) -> None:
        nonlocal broken
        broken = 0
        await core.connected(platform.name, missed=missed)

    intake = core.intake(platform.name, connected)
    while True:
        try:
            await platform.run(intake)
        except PlatformMisconfigured as exc:
            log.error("platform refused", extra={"platform": platform.name}, exc_info=exc)
            return MISCONFIGURED
        except PlatformGone as exc:
            log.error("platform gone", extra={"platform": platform.name}, exc_info=exc)
            return FAILED
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is logged, and the platform is run again
            pause = BACKOFF_SECONDS[min(broken, len(BACKOFF_SECONDS) - 1)]
            broken += 1
            log_break(platform.name, exc, pause)
            await asyncio.sleep(pause)
        else:
            return DONE


def log_break(platform: str, fault: Exception, pause: float) -> None:
    """One line a break of a platform: what to do where that is known, and where the fault arose where it is not."""
    fields: dict[str, str | float] = {"platform": platform, "retry_seconds": pause}
    if isinstance(fault, PlatformUnreachable) and (fault.cure or fault.__cause__ is None):
        log.warning("platform broke", extra=fields | {"error": type(fault).__name__, "detail": str(fault)})
    else:
        log.warning("platform broke", extra=fields, exc_info=fault)


def log_turn(done: TurnDone) -> None:
    """One line a turn: what it took, and nothing of what was said."""
    usage = done.usage
    fields: dict[str, str | int | float] = {
        "conversation": str(done.conversation),
        "messages": done.messages,
        "counted": done.prompt_tokens,
        "left_out": done.left_out,
        "seconds": round(done.seconds, 3),
    }
    if usage is not None:
        fields |= {"model": usage.model, "prompt": usage.prompt_tokens, "cached": usage.cached_tokens}
        fields["completion"] = usage.completion_tokens
    if done.error:
        fields["failed"] = done.error
    log.info("turn", extra=fields)


# -- the other commands


async def check(settings: config.Settings, options: argparse.Namespace) -> int:
    """Print a line for everything that could be wrong; 1 when something is, each with its cure."""
    findings = [check_settings(settings, options), tokens.check(), *sqlite.check(settings.database)]
    findings += [archive.check()] if (archive := make_archive(settings)) else []
    findings += await check_model(settings)
    if settings.tokens.discord:
        from adapters import discord

        findings += await discord.check(settings.tokens.discord.get_secret_value(), settings.discord.api_url)
    else:
        findings.append(Finding("discord", True, "not served: DISCORD_TOKEN is not set"))
    if settings.tokens.slack_bot and settings.tokens.slack_app:
        from adapters import slack

        bot_token, app_token = settings.tokens.slack_bot, settings.tokens.slack_app
        findings += await slack.check(
            bot_token.get_secret_value(), app_token.get_secret_value(), settings.slack.api_url
        )
    else:
        findings.append(Finding("slack", True, "not served: SLACK_BOT_TOKEN and SLACK_APP_TOKEN are not set"))
    redact = logs.redactor(settings.secrets())
    for finding in findings:
        cure = f" → {finding.cure}" if finding.cure and not finding.well else ""
        print(redact(f"{'ok ' if finding.well else 'BAD'}  {finding.subject}: {finding.detail}{cure}"))
    return DONE if all(finding.well for finding in findings) else FAILED


def check_settings(settings: config.Settings, options: argparse.Namespace) -> Finding:
    """What there is to say of the settings beyond what loading them found."""
    files = (options.config or config.DEFAULT_CONFIG, options.env or config.DEFAULT_ENV)
    read = ", ".join(f"{file}{'' if file.exists() else ' (none here)'}" for file in files)
    try:
        demand_room(settings, tokens.load_counter())
    except SettingsError as exc:
        return Finding("settings", False, str(exc))
    except ThreadkeeperError:
        pass  # the next line says what is wrong with the counter
    return Finding("settings", True, f"sound: {read}")


async def check_model(settings: config.Settings) -> list[Finding]:
    """What there is to say of the model endpoint."""
    if settings.offline:
        return [Finding("model", True, "offline: neither OPENAI_API_KEY nor model.base_url is set")]
    model = make_client(settings)
    try:
        return await model.check()
    finally:
        await model.aclose()


def manifest(settings: config.Settings) -> int:
    """Print the manifest of the Slack app, which needs no token yet."""
    from adapters import slack

    print(slack.manifest(settings.bot.name, SPECS))
    return DONE


async def invite(settings: config.Settings, env: Path | None) -> int:
    """Print the URL that invites the Discord bot into a server."""
    if settings.tokens.discord is None:
        where = f"{env or config.DEFAULT_ENV}: DISCORD_TOKEN"
        print(Fault(where, "is not set, and the invite URL holds the bot's id"), file=sys.stderr)
        return MISCONFIGURED
    from adapters import discord

    print(await discord.manifest(settings.tokens.discord.get_secret_value(), settings.discord.api_url))
    return DONE


def backup(settings: config.Settings, path: Path) -> int:
    """Copy the database and say how large the copy is."""
    size = sqlite.backup(settings.database, path)
    print(f"{path}: {size / 1e6:.1f} MB, integrity checked")
    return DONE


async def forget(settings: config.Settings, platform: str, user: str) -> int:
    """Forget a user everywhere and clean the files of it; 1 when they could not be cleaned yet."""
    sqlite.demand_there(settings.database)
    store = await open_store(settings.storage.url, clock, make_archive(settings), recall=False)
    try:
        gone = await store.forget(Forgetting(Place(platform, "", ""), clock(), user=user), find_echo)
        try:
            fault, clean = "", await store.scrub()
        except StorageError as exc:
            fault, clean = str(exc), False
    finally:
        await store.close()
    print(write_forgotten(gone, clean=clean, reach="everywhere") if gone else f"There is nothing of {platform}:{user}.")
    if fault:
        print(f"not clean yet: {fault}", file=sys.stderr)
    return DONE if clean else FAILED


if __name__ == "__main__":
    sys.exit(main())
