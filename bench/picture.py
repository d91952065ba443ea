"""Makes the README's pictures from a real run: `python -m bench.picture` (needs tmux).

The bot is started as anybody would start it, in a terminal and an empty folder; somebody types; what stands on the
screen becomes an SVG. Nothing is drawn by hand.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs"
COLUMNS, ROWS = 96, 34
SETTLED_SECONDS = 1.2
"""The screen counts as done when it has not changed for so long."""

SMALL = "[memory]\nmax_tokens = 520\nkeep_tokens = 150\nkeep_recent = 2\nsummary_tokens = 110\n"
"""Settings under which a short conversation is folded."""

TOLD = (
    "Hi! I'm Zorblax, and I live in Lisbon.",
    "My sister Ana is a pilot. We meet on Thursday at 15:30.",
    "The deploy key is in vault 7.",
)
ASKED = ("Where do we keep the deployment key?", "When do I meet Ana?")
LONGER = (
    *TOLD,
    "We decided to use SQLite, because one file is enough.",
    "The budget is 4,200 euros, and it is due on 4 May.",
    "Ben promised to bring the spools on Friday.",
    "My favourite colour is teal.",
    "The boat leaves from pier 9 at 6:45.",
    "The password of the guest network is in the blue book.",
    "The review is moved to Tuesday.",
    "Carla wants the summary in two languages.",
    "I drive an old Saab.",
)


class Terminal:
    """A terminal with the bot in it, seen and typed into through tmux."""

    def __init__(self, socket: str, folder: Path) -> None:
        self._socket = socket
        command = f"cd {folder} && {sys.executable} {ROOT / 'bot.py'}"
        self._tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), command)
        self.settle()

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self._socket, *arguments], check=True, capture_output=True, text=True)  # noqa: S603, S607 - the bench's own words
        return done.stdout

    def screen(self) -> str:
        """What stands there now, with its colours."""
        return self._tmux("capture-pane", "-e", "-p").rstrip()

    def settle(self) -> None:
        """Wait until the screen has stopped changing."""
        before, since = "", time.monotonic()
        while not before.strip() or time.monotonic() - since < SETTLED_SECONDS:
            now = self.screen()
            if now != before:
                before, since = now, time.monotonic()
            time.sleep(0.1)

    def type(self, lines: Sequence[str]) -> None:
        """Say something, line by line, and wait for each answer."""
        for line in lines:
            self._tmux("send-keys", "-l", line)
            self._tmux("send-keys", "Enter")
            self.settle()

    def leave(self) -> None:
        """Leave the bot as a person would."""
        self._tmux("send-keys", "C-d")
        self.settle_gone()

    def settle_gone(self) -> None:
        """Wait until the session has ended, and the bot with it."""
        try:
            while True:
                self._tmux("has-session")
                time.sleep(0.1)
        except subprocess.CalledProcessError:
            return


@contextmanager
def folder(settings: str) -> Iterator[Path]:
    """An empty folder with settings in it."""
    path = Path(tempfile.mkdtemp(prefix="threadkeeper-"))
    (path / "config.toml").write_text(settings, encoding="utf-8")
    try:
        yield path
    finally:
        shutil.rmtree(path)


def save(name: str, title: str, screens: Sequence[str]) -> None:
    """Write screens, one under the other, as one SVG."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    for screen in screens:
        console.print(Text.from_ansi(screen))
    PICTURES.mkdir(exist_ok=True)
    console.save_svg(str(PICTURES / name), title=title)


def main() -> None:
    """Make both pictures."""
    with folder("") as here:
        first = Terminal("threadkeeper-picture", here)
        first.type(TOLD)
        told = first.screen()
        first.leave()
        second = Terminal("threadkeeper-picture", here)
        second.type(ASKED)
        asked = second.screen()
        second.leave()
        save("conversation.svg", "make run, twice: what was told is known after a restart", (told, "", asked))
    with folder(SMALL) as here:
        terminal = Terminal("threadkeeper-picture", here)
        terminal.type([*LONGER, "!summary"])
        lines = terminal.screen().splitlines()
        asked_at = max(number for number, line in enumerate(lines) if "!summary" in line)
        terminal.leave()
        save("summary.svg", "!summary, after a conversation outgrew its budget", ("\n".join(lines[asked_at:]),))


if __name__ == "__main__":
    main()
