"""Who may know whom: the rules that keep one way through the project, each with its reason.

The sources are read with `ast`, not imported, so that imports for type checking alone count too.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OWN = frozenset({"adapters", "bench", "bot", "config", "errors", "llm", "logs", "memory", "parts", "storage", "tests"})
SOURCES = tuple(
    sorted(
        path.relative_to(ROOT).as_posix()
        for path in (*ROOT.glob("*.py"), *(found for name in OWN for found in (ROOT / name).rglob("*.py")))
    )
)
PRODUCT = tuple(source for source in SOURCES if not source.startswith(("tests/", "bench/")))

CONTRACTS = ("memory.types", "memory.ports", "errors")
"""What the outer rooms know of the core: its nouns, its protocols and the errors."""

SHELL = ("memory/core/", "memory/commands/", "memory/ports/")
"""The part of the core that awaits; all the rest of it is pure."""

IMPURE = frozenset(
    {"asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "select", "signal", "socket", "sqlite3"}
    | {"subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid", "warnings"}
)

HOMES = {
    "discord": ("adapters/discord/",),
    "slack_bolt": ("adapters/slack/",),
    "slack_sdk": ("adapters/slack/",),
    "aiohttp": ("adapters/discord/", "adapters/slack/"),
    "yarl": ("adapters/discord/", "adapters/slack/"),
    "rich": ("adapters/terminal/", "adapters/terminal.py"),
    "prompt_toolkit": ("adapters/terminal/", "adapters/terminal.py"),
    "openai": ("llm/client/",),
    "tiktoken": ("llm/tokens.py",),
    "aiosqlite": ("storage/sqlite/",),
    "pydantic": ("config/",),
    "pydantic_core": ("config/",),
    "dotenv": ("config/",),
}
BROUGHT = {"aiohttp": "discord-py", "yarl": "discord-py", "slack_sdk": "slack-bolt", "pydantic_core": "pydantic"}
"""Packages that we import and that another one brings, of which they are the face: two ranges could only disagree."""

NOT_IMPORTED = frozenset({"tzdata"})
"""Requirements that no source imports: `zoneinfo` of the standard library finds its time zones there."""

LONGEST_FILE = 400


def tree(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text(encoding="utf-8"), source)


def imports(source: str) -> Iterator[str]:
    """The dotted names that a file imports: `memory.types.Turn` for `from memory.types import Turn`."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{name.name}" for name in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def top(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def strangers(prefix: str, *known: str) -> list[str]:
    """Imports of the project's own rooms, by files under a prefix, that are not among those they may know."""
    return [
        f"{source} imports {name}"
        for source in PRODUCT
        if source.startswith(prefix)
        for name in imports(source)
        if (top(name) in OWN or name.startswith(".")) and not within(name, *known)
    ]


def test_there_are_sources_to_look_at() -> None:
    assert {"bot.py", "errors.py", "memory/ports/store.py", "tests/test_architecture.py"} <= set(SOURCES)
    assert {top(source.replace("/", ".")) for source in SOURCES} >= OWN


def test_the_core_knows_the_standard_library_itself_and_the_errors() -> None:
    """What remembers must not care who talks, which model answers and where it is stored: those are handed in."""
    known = sys.stdlib_module_names | {"memory", "errors"}
    assert [
        f"{source} imports {name}"
        for source in PRODUCT
        if source.startswith("memory/")
        for name in imports(source)
        if top(name) not in known
    ] == []


def test_the_pure_part_of_the_core_awaits_nothing_and_reaches_for_no_clock_chance_or_file() -> None:
    """State and event in, decision out: so it is tested without mocks, and decides the same every time."""
    found = []
    for source in PRODUCT:
        if not source.startswith("memory/") or source.startswith(SHELL):
            continue
        found += [f"{source} imports {name}" for name in imports(source) if top(name) in IMPURE]
        for node in ast.walk(tree(source)):
            match node:
                case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                    found.append(f"{source}:{node.lineno} awaits")
                case ast.Attribute(attr="now" | "today" | "utcnow"):
                    found.append(f"{source}:{node.lineno} reads the clock")
                case ast.Call(func=ast.Name(id="open" | "print" | "input" | "eval" | "exec")):
                    found.append(f"{source}:{node.lineno} does input or output")
    assert found == []


def test_the_pure_part_of_the_core_does_not_know_its_shell() -> None:
    """Else what decides could no longer be run without what awaits."""
    assert [
        f"{source} imports {name}"
        for source in PRODUCT
        if source.startswith("memory/") and not source.startswith(SHELL)
        for name in imports(source)
        if within(name, "memory.core", "memory.commands")
    ] == []


@pytest.mark.parametrize("room", ["storage", "llm", "adapters"])
def test_the_outer_rooms_know_the_contracts_and_themselves(room: str) -> None:
    """A database, a model and a platform can each be exchanged, because none of them knows another."""
    assert strangers(f"{room}/", room, *CONTRACTS) == []


SHARED = ("adapters.base", "adapters.delivery", "adapters.fences", "adapters.roll", "adapters.text", "adapters.unnoted")
ADAPTERS = sorted(
    {top(source.removeprefix("adapters/").replace("/", ".")) for source in PRODUCT if "adapters/" in source}
)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_one_adapter_never_knows_another(adapter: str) -> None:
    """A platform's trouble stays its own; what two of them need stands in the files that all share."""
    own = f"adapters.{adapter}"
    assert strangers(f"adapters/{adapter}", own if own not in SHARED else "adapters.base", *SHARED, *CONTRACTS) == []


def test_the_settings_and_the_log_know_no_outer_room() -> None:
    """Settings are checked before anything else is there; the log serves everybody and so depends on nobody."""
    assert strangers("config/", "config", "memory", "errors") == []
    assert strangers("logs.py", "errors") == []
    assert strangers("errors.py") == []


def test_only_bot_names_concrete_classes_and_nothing_knows_bot() -> None:
    """There is one place where the parts are put together; who imported it could not be put together otherwise."""
    faces = ("adapters", "llm", "storage", "memory.core", "memory.commands")
    assert [
        f"{source} imports {name}"
        for source in PRODUCT
        if source not in {"bot.py", "parts.py"}
        for name in imports(source)
        if within(name, "bot", "parts") or (within(name, *faces) and top(name) != top(source.replace("/", ".")))
    ] == []


def third_party(source: str) -> list[str]:
    return [name for name in imports(source) if top(name) not in sys.stdlib_module_names | OWN and name[0] != "."]


def test_every_library_has_one_home() -> None:
    """Where a library changes or is exchanged, one folder changes; and nobody else's errors have to be known."""
    assert [
        f"{source} imports {name}"
        for source in PRODUCT
        for name in third_party(source)
        if not source.startswith(HOMES.get(top(name), ("no home",)))
    ] == []


def test_the_requirements_are_exactly_what_is_imported() -> None:
    """A missing one breaks a fresh machine, one too many is installed and trusted for nothing."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = {normal(re.split(r"[<>=~!\[;# ]", line)[0]) for line in lines if line and not line.startswith("#")}
    homes = packages_distributions()
    imported = {top(name) for source in PRODUCT for name in third_party(source)}
    needed = {BROUGHT.get(name) or normal(homes[name][0]) for name in imported}
    assert required - NOT_IMPORTED == needed


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_errors_are_drawn_as_they_derive() -> None:
    """The drawing is where a caller looks for the one decision that an error calls for."""
    text = ast.get_docstring(tree("errors.py"), clean=False) or ""
    above: list[str] = []
    drawn: dict[str, str] = {}
    for marks, name in re.findall(r"^    ([ │├└─]*)(\w+)", text, re.MULTILINE):
        above = above[: len(marks) // 4]
        drawn[name] = above[-1] if above else "Exception"
        above.append(name)
    classes = [node for node in tree("errors.py").body if isinstance(node, ast.ClassDef) and node.bases]
    assert {node.name: ast.unparse(node.bases[0]) for node in classes} == drawn


def test_no_file_is_too_long_to_hold_one_idea() -> None:
    """Beyond this it holds two, and becomes a folder of the same name."""
    lengths = {source: len((ROOT / source).read_text(encoding="utf-8").splitlines()) for source in SOURCES}
    assert {source: length for source, length in lengths.items() if length > LONGEST_FILE} == {}
