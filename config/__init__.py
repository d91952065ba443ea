"""Settings: config.toml, the environment and `.env`, checked as a whole and frozen.

`load` is the one way in, and reports every fault at once, each with its file, its key and the cure. Secrets come from
the environment or `.env` alone: no fault quotes one, and no `repr` shows one. `schema` says what there is, `shapes`
what a single value may look like, `document` reads config.toml.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from pydantic import SecretStr

from config import shapes
from config.document import parse
from config.schema import Config, Settings, Tokens
from errors import Fault, SettingsError

__all__ = ["DEFAULT_CONFIG", "DEFAULT_ENV", "Settings", "load", "read_user"]

DEFAULT_CONFIG = Path("config.toml")
DEFAULT_ENV = Path(".env")

_SECRETS = {
    "discord": ("DISCORD_TOKEN", ""),
    "slack_bot": ("SLACK_BOT_TOKEN", "xoxb-"),
    "slack_app": ("SLACK_APP_TOKEN", "xapp-"),
    "slack_signing": ("SLACK_SIGNING_SECRET", ""),
    "openai": ("OPENAI_API_KEY", ""),
}
"""The fields of Tokens: the variable of each and what its value begins with (docs.slack.dev: token types)."""


LIKENESS = 0.8
"""Of `difflib`: `DISCORD_TOKN` and `OPENAI_KEY` are near enough to a secret's name, `DISCORD_APP_ID` is not."""


def load(config_path: Path | None, env_path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read and check all settings; `environ` beats `.env`, and an empty secret is an absent one.

    None as a path means the default file, which may be missing; a file that was named may not.
    Raises: SettingsError with every fault of both files and of the environment.
    """
    faults: list[Fault] = []
    config, tokens = Config(), Tokens()
    file = str(config_path or DEFAULT_CONFIG)
    try:
        config = parse(file, _read(config_path, DEFAULT_CONFIG))
    except SettingsError as error:
        faults += error.faults
    try:
        tokens = _collect_tokens(str(env_path or DEFAULT_ENV), _read(env_path, DEFAULT_ENV), environ)
    except SettingsError as error:
        faults += error.faults
    if faults:
        raise SettingsError(*faults)
    return Settings(**dict(config), tokens=tokens, file=file)


def read_user(entry: str) -> tuple[str, str]:
    """The platform and the id in `discord:80351110224678912`, as it stands on a command line.

    Raises: SettingsError.
    """
    try:
        platform, _, user = shapes.person(entry).partition(":")
    except ValueError as error:
        raise SettingsError(Fault("--user", str(error))) from None
    return platform, user


def _read(named: Path | None, default: Path) -> str:
    path = named or default
    try:
        return path.read_bytes().decode("utf-8-sig")  # Windows editors put a mark before the first line
    except FileNotFoundError:
        if named is None:
            return ""
        raise SettingsError(Fault(str(path), "there is no such file")) from None
    except UnicodeDecodeError:
        raise SettingsError(Fault(str(path), "is not UTF-8 text; save it as UTF-8")) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}; let the bot read it, or name another file"
        raise SettingsError(Fault(str(path), what)) from None


def _is_broken(line: Binding) -> bool:
    """Whether a line of `.env` is none, or a name without a value: a secret that somebody meant to set."""
    return line.error or (line.key is not None and line.value is None)


def _misspelt(written: Mapping[str, str], given: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """The names in `.env` that are nearly those of secrets which are not given; others may be for other programs."""
    absent = [variable for field, (variable, _) in _SECRETS.items() if not given[field]]
    known = {variable for variable, _ in _SECRETS.values()}
    near = ((name, get_close_matches(name.upper(), absent, n=1, cutoff=LIKENESS)) for name in written)
    return [(name, meant[0]) for name, meant in near if meant and name not in known]


def _collect_tokens(file: str, text: str, environ: Mapping[str, str]) -> Tokens:
    lines = list(parse_stream(io.StringIO(text)))
    faults = [Fault(f"{file}: line {line.original.line}", "expected NAME=value") for line in lines if _is_broken(line)]
    written = {line.key: line.value for line in lines if line.key and line.value}
    given = {field: environ.get(variable) or written.get(variable) for field, (variable, _) in _SECRETS.items()}
    tokens: dict[str, SecretStr] = {}
    for field, (variable, prefix) in _SECRETS.items():
        value = given[field]
        if not value:
            continue
        try:
            tokens[field] = SecretStr(shapes.token(value, prefix))
        except ValueError as error:
            faults.append(Fault(f"{'environment' if environ.get(variable) else file}: {variable}", str(error)))
    faults += [Fault(f"{file}: {name}", f"unknown; did you mean {meant}?") for name, meant in _misspelt(written, given)]
    for absent, present in (("slack_bot", "slack_app"), ("slack_app", "slack_bot")):
        if present in tokens and not given[absent]:
            what = f"is not set, but {_SECRETS[present][0]} is, and Slack takes both (.env.example says where it is)"
            faults.append(Fault(f"{file}: {_SECRETS[absent][0]}", what))
    if faults:
        raise SettingsError(*faults)
    return Tokens(**tokens)
