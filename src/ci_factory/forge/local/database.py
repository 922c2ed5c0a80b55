"""The embedded forge's tables, and short transactions on them."""

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from ci_factory.errors import ForgeError

BUSY_SECONDS = 30.0
"""How long a transaction waits for another process."""

_FIRST = """
CREATE TABLE issue (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  ticket_id TEXT NOT NULL UNIQUE,
  content TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  author TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('opened', 'closed')),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE TABLE merge_request (
  iid INTEGER PRIMARY KEY AUTOINCREMENT,
  ticket_id TEXT NOT NULL REFERENCES issue (ticket_id),
  source_branch TEXT NOT NULL,
  target_branch TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  draft INTEGER NOT NULL,
  reviewer TEXT,
  state TEXT NOT NULL CHECK (state IN ('opened', 'merged', 'closed')),
  author TEXT NOT NULL,
  head TEXT NOT NULL,
  target_head TEXT NOT NULL,
  merge_commit TEXT,
  versions INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  merged_at TEXT,
  closed_at TEXT
);
CREATE UNIQUE INDEX merge_request_one_open ON merge_request (source_branch) WHERE state = 'opened';
CREATE INDEX merge_request_ticket ON merge_request (ticket_id);
CREATE TABLE approval (
  iid INTEGER NOT NULL REFERENCES merge_request (iid),
  user TEXT NOT NULL,
  head TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (iid, user, head)
);
CREATE TABLE changes_requested (
  iid INTEGER NOT NULL REFERENCES merge_request (iid),
  user TEXT NOT NULL,
  PRIMARY KEY (iid, user)
);
CREATE TABLE label (
  id INTEGER PRIMARY KEY,
  target TEXT NOT NULL,
  target_id TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (target, target_id, name)
);
CREATE TABLE note (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  target TEXT NOT NULL,
  target_id TEXT NOT NULL,
  author TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX note_target ON note (target, target_id);
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  user TEXT NOT NULL,
  target TEXT NOT NULL,
  target_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX event_target ON event (target, target_id);
"""

_COMMENTS = """
CREATE TABLE comment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  iid INTEGER NOT NULL REFERENCES merge_request (iid),
  author TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  path TEXT NOT NULL,
  line INTEGER NOT NULL,
  body TEXT NOT NULL,
  resolved INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (iid, author, fingerprint)
);
"""

_VERSIONS = """
CREATE TABLE IF NOT EXISTS version (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  iid INTEGER NOT NULL REFERENCES merge_request (iid),
  head TEXT NOT NULL,
  target_head TEXT NOT NULL,
  at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS version_iid ON version (iid);
"""

_LEASES = """
CREATE TABLE IF NOT EXISTS lease (
  ticket_id TEXT PRIMARY KEY,
  content TEXT NOT NULL
);
"""

_STEPS = (_FIRST, _COMMENTS, _VERSIONS, _LEASES)
"""What each version of the schema adds to the one before."""

VERSION = len(_STEPS)
"""Of the schema; kept in the file as `PRAGMA user_version`."""


class Database:
    """One file, usable from several threads (one connection behind a lock) and several processes (WAL).

    Transactions must be short: no git, no waiting inside.
    """

    def __init__(self, path: Path) -> None:
        """Open the file; make it, and its tables, when it is new.

        Raises:
            ForgeError: it can't be opened, is damaged, or was made by a newer version.
        """
        self.path = path
        self._lock = threading.RLock()
        with self._named_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._close = weakref.finalize(self, self._connection.close)
            self._prepare()

    def close(self) -> None:
        """Close the file; afterwards every use fails."""
        self._close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """See one consistent state."""
        with self._transaction("BEGIN") as tx:
            yield tx

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Change all or nothing; only one writer at a time."""
        with self._transaction("BEGIN IMMEDIATE") as tx:
            yield tx

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._named_errors():
            self._connection.execute(begin)
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeEncodeError) as error:
            raise ForgeError(
                f"the embedded forge's database failed: {error}",
                where=str(self.path),
                fix="check that the disk has room, the file can be written and no other process holds it for long",
            ) from error

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        if self._version() != VERSION:
            # Turning WAL on does not wait for others as transactions do, so the first opener does it alone.
            with FileLock(f"{self.path}.lock"):
                self._bring_up_to_date()

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _bring_up_to_date(self) -> None:
        version = self._version()
        if version > VERSION:
            raise ForgeError(
                f"was made by a newer ci-factory (schema {version}, this one knows {VERSION})",
                where=str(self.path),
                fix="upgrade ci-factory",
            )
        if version == 0:
            self._connection.execute("PRAGMA journal_mode = WAL")
        if missing := "".join(_STEPS[version:]):
            self._connection.executescript(
                f"BEGIN IMMEDIATE;{missing}PRAGMA user_version = {VERSION};COMMIT;"
            )
