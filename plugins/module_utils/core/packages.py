# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which packages a node lacks, asked of its package database without loading the package manager."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import CoreError
from .runner import Runner

TIMEOUT_S = 60.0
# The manager that installs, by the command that answers for its database.
_MANAGERS = {"dpkg-query": "apt", "rpm": "dnf"}
_DPKG_FORMAT = "${db:Status-Status} ${Package} ${Version}\n"


def check_names(names: Sequence[object]) -> list[str]:
    """Return the names as they are to be asked for; an exact version is written ``name=version``. Raises ``CoreError``."""
    for number, name in enumerate(names):
        if not isinstance(name, str) or not name.strip() or any(sign in name for sign in "*?[ \t\n"):
            raise CoreError(f"{name!r} is not the name of a package.", where=f"name[{number}]", hint="Patterns are not taken: name each package.")
        if name.startswith("-"):
            raise CoreError(f"{name!r} begins like an option.", where=f"name[{number}]")
    return [str(name) for name in names]


def lacking(runner: Runner, names: Sequence[str]) -> tuple[str, list[str]]:
    """Return the node's package manager (``apt`` or ``dnf``) and the names that it does not have installed as asked for.

    A name that only another package provides counts as lacking: the package manager knows better and is asked.
    """
    asked = sorted({name.split("=", 1)[0] for name in names})
    for command, manager in _MANAGERS.items():
        # Both tell on stdout what is there, and fail where something is not.
        if command == "dpkg-query":
            answer = runner.run(["dpkg-query", "--show", f"--showformat={_DPKG_FORMAT}", *asked], TIMEOUT_S)
        else:
            answer = runner.run(["rpm", "--query", "--queryformat", "installed %{NAME} %{VERSION}-%{RELEASE}\n", *asked], TIMEOUT_S)
        if answer.rc != 127:
            present = parse_listing(answer.stdout)
            return manager, [name for name in names if not _is_present(name, present)]
    raise CoreError("this node has neither dpkg-query nor rpm.", hint="Railyard installs packages with apt or dnf.")


def names_for(manager: str, names: Sequence[str]) -> list[str]:
    """Return the names as the package manager writes them: dnf joins name and version with a dash."""
    return [name.replace("=", "-", 1) for name in names] if manager == "dnf" else list(names)


def parse_listing(text: str) -> dict[str, str]:
    """Read lines ``status name version``; the version of each installed package by its name."""
    rows = [line.split(" ") for line in text.splitlines()]
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0] == "installed"}


def _is_present(name: str, present: dict[str, str]) -> bool:
    package, separator, version = name.partition("=")
    return package in present and (not separator or present[package] == version)
