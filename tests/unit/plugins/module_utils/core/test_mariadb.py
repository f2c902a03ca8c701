# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Databases and users: which statements are missing on a server, and what is refused."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core import mariadb
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

# The hash that the servers' manual gives for this password.
PASSWORD, HASH = "mypass", "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4"
ITEM = {"name": "slurm_acct_db", "user": "slurm", "password": PASSWORD}
# The client escapes backslashes in what it prints.
ANSWER = (
    f"database\tmysql\ndatabase\tslurm_acct_db\nuser\troot\tlocalhost\tmysql_native_password\tinvalid\nuser\tslurm\tlocalhost\tmysql_native_password\t{HASH}\n"
)
GRANTS = ["GRANT USAGE ON *.* TO `slurm`@`localhost`", "GRANT ALL PRIVILEGES ON `slurm\\\\_acct\\\\_db`.* TO `slurm`@`localhost`"]


def statements(items: list[dict[str, t.Any]], answer: str = ANSWER, grants: t.Sequence[str] = GRANTS) -> list[str]:
    planned = mariadb.plan(mariadb.check(items), mariadb.parse_observed(answer), grants, remove_anonymous=True, remove_test=True)
    return [statement.sql for statement in planned]


def test_hash() -> None:
    assert mariadb.password_hash(PASSWORD) == HASH


def test_nothing_is_missing() -> None:
    assert statements([ITEM]) == []
    assert statements([]) == []


def test_an_empty_server() -> None:
    assert statements([{**ITEM, "hosts": ["localhost", "10.0.0.%"]}], "", []) == [
        "CREATE DATABASE `slurm_acct_db`",
        f"CREATE USER 'slurm'@'localhost' IDENTIFIED VIA mysql_native_password USING '{HASH}'",
        f"CREATE USER 'slurm'@'10.0.0.%' IDENTIFIED VIA mysql_native_password USING '{HASH}'",
        "GRANT ALL PRIVILEGES ON `slurm\\_acct\\_db`.* TO 'slurm'@'localhost'",
        "GRANT ALL PRIVILEGES ON `slurm\\_acct\\_db`.* TO 'slurm'@'10.0.0.%'",
    ]


def test_another_password() -> None:
    changed = statements([{**ITEM, "password": "other"}])
    assert changed == [f"ALTER USER 'slurm'@'localhost' IDENTIFIED VIA mysql_native_password USING '{mariadb.password_hash('other')}'"]


def test_another_way_to_log_in_is_corrected() -> None:
    assert statements([ITEM], ANSWER.replace(f"mysql_native_password\t{HASH}", "unix_socket\t"))[0].startswith("ALTER USER 'slurm'@'localhost'")


def test_rights_on_more_or_less_are_not_enough() -> None:
    for line in ("GRANT SELECT ON `slurm\\\\_acct\\\\_db`.* TO `slurm`@`localhost`", "GRANT ALL PRIVILEGES ON `slurm_acct_db`.* TO `slurm`@`localhost`"):
        assert statements([ITEM], grants=[line]) == ["GRANT ALL PRIVILEGES ON `slurm\\_acct\\_db`.* TO 'slurm'@'localhost'"]


def test_what_an_installation_leaves_open() -> None:
    answer = ANSWER + "database\ttest\nuser\t\tlocalhost\t\t\ngrant\t\t%\ttest\tY\ngrant\t\t%\ttest\\\\_%\tY\n"
    assert statements([ITEM], answer) == [
        "DROP USER ''@'localhost'",
        "DROP DATABASE `test`",
        "DELETE FROM mysql.db WHERE User = '' AND (Db = 'test' OR Db LIKE 'test\\\\_%')",
        "FLUSH PRIVILEGES",
    ]
    assert "DROP DATABASE `test`" not in statements([{"name": "test"}], answer)


def test_what_is_told_has_no_secret() -> None:
    planned = mariadb.plan(mariadb.check([ITEM]), mariadb.Observed(), [], remove_anonymous=True, remove_test=True)
    told = " ".join(statement.text for statement in planned)
    assert PASSWORD not in told and HASH not in told
    assert PASSWORD not in " ".join(statement.sql for statement in planned)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([{"name": "a`b"}], "databases[0]: 'a`b' can't be the name of a database."),
        ([{"name": "a", "user": "x'y", "password": "p"}], "databases[0]: \"x'y\" can't be the name of a user."),
        ([{"name": "a", "user": "x", "password": "p", "hosts": ["h'"]}], "databases[0]: \"h'\" can't be the name of a host."),
        ([{"name": "a", "user": "x"}], "databases[0]: User x has no password. Anyone on the node could use it."),
        ([{"name": "a", "user": "x", "password": "p"}, {"name": "b", "user": "x", "password": "q"}], "databases[1]: User x has two different passwords."),
    ],
)
def test_mistakes(items: list[dict[str, t.Any]], message: str) -> None:
    with pytest.raises(CoreError) as caught:
        mariadb.check(items)
    assert str(caught.value) == message
