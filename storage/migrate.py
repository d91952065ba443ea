"""Brings a database to this program's version: numbered files, each applied once, in order, whole or not at all."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file `NNNN_name.sql`; the database's version is the number of the last one applied."""

    number: int
    name: str
    script: str


def migrations(dialect: str) -> tuple[Migration, ...]:
    """All migrations of a dialect, in order.

    Raises: ValueError when their numbers are not 1, 2, 3 …
    """
    found = []
    for path in sorted((SQL / dialect).glob("*.sql")):
        number, _, name = path.stem.partition("_")
        found.append(Migration(int(number), name, path.read_text(encoding="utf-8")))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations in {SQL / dialect} are not numbered 1, 2, 3 …")
    return tuple(found)


def latest(dialect: str) -> int:
    """The version that this program brings a database to."""
    return len(migrations(dialect))


def migrate_sqlite(db: sqlite3.Connection, application_id: int) -> int:
    """Apply what is missing and return how many migrations that were; the version stands in `user_version`.

    The script of a migration and its version are one transaction: a kill in between leaves the version before.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    missing = migrations("sqlite")[version:]
    for migration in missing:
        db.executescript(
            f"BEGIN IMMEDIATE;\nPRAGMA application_id = {application_id};\n{migration.script}\n"
            f"PRAGMA user_version = {migration.number};\nCOMMIT;"
        )
    return len(missing)
