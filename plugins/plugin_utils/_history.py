# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The results of all runs of a site, in one SQLite file: ``history.sqlite`` in the site's state folder, for its owner only."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sqlite3
import typing as t

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.history import Key, PastResult, keys, with_regressions
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunRecord

FILE = "history.sqlite"
# How the file says that it is Railyard's ("Rail"), and which form its tables have.
APPLICATION, VERSION = 0x5261696C, 1
# More than a year of daily runs: of 4,000 nodes some 2 GB.
KEPT_RUNS = 400
# How long a run waits for another one that ends at the same time.
_PATIENCE_S = 60
# A result of a run is some 20 bytes: names are in tables of their own.
_TABLES = """
CREATE TABLE runs (number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, started TEXT NOT NULL, ended TEXT NOT NULL);
CREATE TABLE subjects (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL, check_name TEXT NOT NULL, subject TEXT NOT NULL, UNIQUE (identity, check_name, subject)
);
CREATE TABLE words (number INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE results (
    run INTEGER NOT NULL REFERENCES runs, subject INTEGER NOT NULL REFERENCES subjects, node INTEGER NOT NULL REFERENCES words,
    verdict INTEGER NOT NULL REFERENCES words, proof INTEGER NOT NULL REFERENCES words, observed REAL, unit INTEGER NOT NULL REFERENCES words,
    PRIMARY KEY (run, subject)
) WITHOUT ROWID;
"""


def read_past(path: str | pathlib.Path, *, runs: int = 20, without: str = "") -> dict[Key, list[PastResult]]:
    """Return what the last runs found, by check and subject, the oldest first. ``without``: a run that is left out. Nothing where there is no file yet."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return {}
    with _opened(path, write=False) as database:
        return _past(database, runs, without)


def add_run(path: str | pathlib.Path, record: RunRecord, *, runs: int = 20, kept: int = KEPT_RUNS) -> RunRecord:
    """Keep the results of a run, and return the record with what its own past adds to it: a result for each value that is lower than it was.

    A run that is there already is replaced, and those before the newest ``kept`` are forgotten.
    All of it is kept or nothing, and runs that end at once wait for one another.
    """
    with _opened(path, write=True) as database:
        whole = with_regressions(record, _past(database, runs, record.run_id))
        _store(database, whole)
        _forget(database, kept)
    return whole


def _past(database: sqlite3.Connection, runs: int, without: str) -> dict[Key, list[PastResult]]:
    last = database.execute("SELECT number, run_id, ended FROM runs WHERE run_id != ? ORDER BY started DESC, run_id DESC LIMIT ?", (without, runs)).fetchall()
    words = dict(database.execute("SELECT number, word FROM words"))
    subjects = {number: Key(*names) for number, *names in database.execute("SELECT number, identity, check_name, subject FROM subjects")}
    found: dict[Key, list[PastResult]] = {}
    for run, run_id, ended in reversed(last):
        rows = database.execute("SELECT subject, node, verdict, proof, observed, unit FROM results WHERE run = ?", (run,))
        for subject, node, verdict, proof, observed, unit in rows:
            one = PastResult(run_id, ended, words[node], words[verdict], words[proof], observed, words[unit])
            found.setdefault(subjects[subject], []).append(one)
    return found


def _store(database: sqlite3.Connection, record: RunRecord) -> None:
    database.execute("DELETE FROM results WHERE run = (SELECT number FROM runs WHERE run_id = ?)", (record.run_id,))
    database.execute("DELETE FROM runs WHERE run_id = ?", (record.run_id,))
    run = database.execute("INSERT INTO runs (run_id, started, ended) VALUES (?, ?, ?)", (record.run_id, record.started, record.ended)).lastrowid
    words: dict[str, int] = dict(database.execute("SELECT word, number FROM words"))
    known = {Key(*row[:3]): row[3] for row in database.execute("SELECT identity, check_name, subject, number FROM subjects")}

    def word(text: str) -> int:
        if text not in words:
            words[text] = t.cast(int, database.execute("INSERT INTO words (word) VALUES (?)", (text,)).lastrowid)
        return words[text]

    rows = {}
    for key, result in zip(keys(record), record.results, strict=True):
        if key not in known:
            inserted = database.execute("INSERT INTO subjects (identity, check_name, subject) VALUES (?, ?, ?)", (key.identity, key.check, key.subject))
            known[key] = inserted.lastrowid
        node = result.subject.node or (result.subject.name if result.subject.kind == "node" else "")
        observed = float(result.observed) if isinstance(result.observed, (int, float)) else None
        # Of two results for the same thing the last one holds.
        rows[known[key]] = (run, known[key], word(node), word(result.verdict), word(result.proof), observed, word(result.unit))
    database.executemany("INSERT INTO results (run, subject, node, verdict, proof, observed, unit) VALUES (?, ?, ?, ?, ?, ?, ?)", rows.values())


def _forget(database: sqlite3.Connection, kept: int) -> None:
    old = database.execute("SELECT number FROM runs ORDER BY started DESC, run_id DESC LIMIT -1 OFFSET ?", (kept,)).fetchall()
    for table, column in (("results", "run"), ("runs", "number")):
        database.executemany(f"DELETE FROM {table} WHERE {column} = ?", old)


@contextlib.contextmanager
def _opened(path: str | pathlib.Path, *, write: bool) -> t.Iterator[sqlite3.Connection]:
    """Give the database within one transaction: what is done is kept as a whole, or not at all where something is raised."""
    damaged = "Move it away to begin a new one; what it held is lost to comparisons alone."
    try:
        if write:
            # sqlite3 would make it as the umask says.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        # To read takes the right to write too: what a killed run left half done is undone first.
        database = sqlite3.connect(f"{pathlib.Path(path).absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE_S, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise CoreError(f"the history cannot be opened: {getattr(error, 'strerror', None) or error}.", where=str(path)) from None
    try:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        if _is_new(database, path):
            _make(database)
        elif write:
            _check_whole(database)
        yield database
        database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        # The disk is full, another run holds it for too long, a table is missing.
        raise CoreError(f"the history cannot be {'written' if write else 'read'}: {error}.", where=str(path)) from None
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise CoreError(f"the history is damaged: {error}.", where=str(path), hint=damaged) from None
    finally:
        # What was not committed is gone with the connection.
        database.close()


def _is_new(database: sqlite3.Connection, path: str | pathlib.Path) -> bool:
    """Say whether it has no tables yet. Raises ``CoreError`` for a database that isn't this history."""
    (application,), (version,), (tables,) = (
        database.execute(query).fetchone() for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if application == APPLICATION and version != VERSION:
        raise CoreError(f"the history has form {version} and this Railyard knows form {VERSION}.", where=str(path), hint="Use the Railyard that wrote it.")
    if application != APPLICATION and tables:
        raise CoreError("it is a database, and not a history of Railyard's.", where=str(path), hint="Move it away.")
    return application != APPLICATION


def _make(database: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";"):
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute(f"PRAGMA user_version = {VERSION}")


def _check_whole(database: sqlite3.Connection) -> None:
    (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise sqlite3.DatabaseError(said.strip().replace("\n", " "))
