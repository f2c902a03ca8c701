# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Databases and their users as they should be against what a MariaDB server says: which statements are missing.

The server is asked and told through the ``mariadb`` client's standard input; passwords travel as their hash, which
is also what the server stores, so that an equal hash proves an equal password.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .errors import CoreError

OBSERVE = """\
SELECT 'database', SCHEMA_NAME FROM information_schema.SCHEMATA;
SELECT 'user', User, Host, plugin, authentication_string FROM mysql.user;
SELECT 'grant', User, Host, Db, Select_priv FROM mysql.db;
"""
PASSWORD_PLUGIN = "mysql_native_password"
TEST_DATABASE = "test"

_DATABASE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_USER = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_HOST = re.compile(r"[A-Za-z0-9_.:%/-]{1,255}")


@dataclass(frozen=True)
class Wanted:
    """A database, and the user that may do everything in it from each of ``hosts``."""

    name: str
    user: str = ""
    password: str = ""
    hosts: tuple[str, ...] = ("localhost",)


@dataclass(frozen=True)
class User:
    """An account of the server: how it proves itself."""

    plugin: str
    authentication: str


@dataclass(frozen=True)
class Observed:
    """What the server has."""

    databases: frozenset[str] = frozenset()
    users: Mapping[tuple[str, str], User] = field(default_factory=dict)
    test_grants: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Statement:
    """One statement, and the line that tells what it does without a secret in it."""

    sql: str
    text: str


def check(items: Sequence[Mapping[str, t.Any]]) -> list[Wanted]:
    """Read a task's databases. Raises ``CoreError`` that names the item for anything it can't mean."""
    wanted: list[Wanted] = []
    passwords: dict[str, str] = {}
    for index, item in enumerate(items):
        where = f"databases[{index}]"
        entry = Wanted(str(item["name"]), str(item.get("user") or ""), str(item.get("password") or ""), tuple(item.get("hosts") or ("localhost",)))
        for kind, pattern, values in (("database", _DATABASE, [entry.name]), ("user", _USER, [entry.user] if entry.user else []), ("host", _HOST, entry.hosts)):
            wrong = [value for value in values if not pattern.fullmatch(value)]
            if wrong:
                raise CoreError(f"{wrong[0]!r} can't be the name of a {kind}.", where=where)
        if entry.user and not entry.password:
            raise CoreError(f"User {entry.user} has no password.", where=where, hint="Anyone on the node could use it.")
        if entry.user and passwords.setdefault(entry.user, entry.password) != entry.password:
            raise CoreError(f"User {entry.user} has two different passwords.", where=where)
        wanted.append(entry)
    return wanted


def password_hash(password: str) -> str:
    """Return what a server stores for a password under mysql_native_password."""
    return "*" + hashlib.sha1(hashlib.sha1(password.encode("utf-8")).digest()).hexdigest().upper()


def parse_observed(text: str) -> Observed:
    """Read the answer to OBSERVE: tab-separated lines."""
    databases: set[str] = set()
    users: dict[tuple[str, str], User] = {}
    grants = []
    for fields in (line.split("\t") for line in text.splitlines()):
        if fields[0] == "database":
            databases.add(fields[1])
        elif fields[0] == "user" and len(fields) >= 5:
            users[fields[1], fields[2]] = User(fields[3], fields[4])
        elif fields[0] == "grant" and len(fields) >= 5:
            grants.append((fields[1], fields[2], fields[3]))
    test = tuple(grant for grant in grants if grant[0] == "" and grant[2].replace("\\\\", "\\") in (TEST_DATABASE, "test\\_%"))
    return Observed(frozenset(databases), users, test)


def accounts(wanted: Sequence[Wanted]) -> list[tuple[str, str]]:
    """Return the users with their hosts, each once."""
    return list(dict.fromkeys((entry.user, host) for entry in wanted if entry.user for host in entry.hosts))


def show_grants(items: Sequence[tuple[str, str]]) -> str:
    """Return the statements that ask for these users' rights."""
    return "".join(f"SHOW GRANTS FOR {_account(user, host)};\n" for user, host in items)


def plan(wanted: Sequence[Wanted], observed: Observed, grants: Sequence[str], *, remove_anonymous: bool, remove_test: bool) -> list[Statement]:
    """Return the statements that are missing. ``grants`` are the lines of SHOW GRANTS for the users that exist."""
    statements = []
    for name in dict.fromkeys(entry.name for entry in wanted):
        if name not in observed.databases:
            statements.append(Statement(f"CREATE DATABASE `{name}`", f"create database {name}"))
    for entry in {(e.user, host): e for e in wanted if e.user for host in e.hosts}.values():
        statements += [statement for host in entry.hosts for statement in _user(entry, host, observed)]
    granted = {_grant_key(line) for line in grants}
    for entry in wanted:
        for host in entry.hosts if entry.user else ():
            if (_pattern(entry.name), entry.user, host) not in granted:
                sql = f"GRANT ALL PRIVILEGES ON `{_pattern(entry.name)}`.* TO {_account(entry.user, host)}"
                statements.append(Statement(sql, f"grant all on {entry.name} to {entry.user}@{host}"))
    if remove_anonymous:
        for user, host in sorted(observed.users):
            if not user:
                statements.append(Statement(f"DROP USER {_account(user, host)}", f"remove the anonymous user from {host}"))
    if remove_test:
        statements += _without_test(wanted, observed)
    return list(dict.fromkeys(statements))


def _user(entry: Wanted, host: str, observed: Observed) -> list[Statement]:
    stored = password_hash(entry.password)
    identified = f"IDENTIFIED VIA {PASSWORD_PLUGIN} USING '{stored}'"
    now = observed.users.get((entry.user, host))
    if now is None:
        return [Statement(f"CREATE USER {_account(entry.user, host)} {identified}", f"create user {entry.user}@{host}")]
    if (now.plugin, now.authentication.upper()) != (PASSWORD_PLUGIN, stored):
        return [Statement(f"ALTER USER {_account(entry.user, host)} {identified}", f"set the password of {entry.user}@{host}")]
    return []


def _without_test(wanted: Sequence[Wanted], observed: Observed) -> list[Statement]:
    statements = []
    if TEST_DATABASE in observed.databases and TEST_DATABASE not in (entry.name for entry in wanted):
        statements.append(Statement(f"DROP DATABASE `{TEST_DATABASE}`", f"remove database {TEST_DATABASE}"))
    if observed.test_grants:
        sql = "DELETE FROM mysql.db WHERE User = '' AND (Db = 'test' OR Db LIKE 'test\\\\_%')"
        statements.append(Statement(sql, "remove everyone's rights on test databases"))
        statements.append(Statement("FLUSH PRIVILEGES", "read the rights again"))
    return statements


def _pattern(database: str) -> str:
    """Return a database's name in GRANT, where an underscore would stand for any character."""
    return database.replace("_", "\\_")


def _account(user: str, host: str) -> str:
    return f"'{user}'@'{host}'"


def _grant_key(line: str) -> tuple[str, str, str]:
    match = re.match(r"GRANT ALL PRIVILEGES ON `(.+)`\.\* TO [`'](.*?)[`']@[`'](.*?)[`']", line.replace("\\\\", "\\"))
    return (match[1], match[2], match[3]) if match else ("", "", "")
