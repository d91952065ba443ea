"""The SQLite store: transactions as plain functions over a connection, and a thin async face before them."""

from storage.sqlite.export import export
from storage.sqlite.files import backup, check, demand_there
from storage.sqlite.store import SQLiteStore, open_sqlite

__all__ = ["SQLiteStore", "backup", "check", "demand_there", "export", "open_sqlite"]
