# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which secrets a site has, and how they are made. The table is the one place; a role reads them in its variables' defaults."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from .errors import CoreError


@dataclass(frozen=True)
class SecretKind:
    """What a secret is for, and how many random bytes it is made of."""

    purpose: str
    random_bytes: int


# By the names of the variables, secret_<role>_<thing>.
KINDS: Mapping[str, SecretKind] = {
    "secret_munge_key": SecretKind("The key with which all hosts of the cluster vouch for their users.", 128),
    "secret_slurm_database_password": SecretKind("The password of slurmdbd at its database.", 32),
    "secret_slurm_jwt_key": SecretKind("The key that signs Slurm's tokens.", 64),
}


def missing(defined: Collection[str]) -> list[str]:
    """Return the names of the secrets that are not among the defined variables."""
    return [name for name in KINDS if name not in defined]


def generate(name: str, random_bytes: Callable[[int], bytes]) -> str:
    """Make a secret of random bytes: letters, digits, ``-`` and ``_``, so that it fits in every file and SQL statement."""
    return base64.urlsafe_b64encode(random_bytes(KINDS[name].random_bytes)).rstrip(b"=").decode("ascii")


def with_added(text: str, values: Mapping[str, str]) -> str:
    """Return a YAML file of variables with more at its end; what is there stays as it is, comments included."""
    lines = [line.rstrip() for line in text.splitlines()] or ["---"]
    if any(line == "..." for line in lines):
        raise CoreError("the file has a line '...', after which nothing can be added.", hint="Remove that line with ansible-vault edit.")
    while lines and not lines[-1]:
        lines.pop()
    for name, value in values.items():
        lines += [f"# {KINDS[name].purpose}", f'{name}: "{value}"']
    return "\n".join(lines) + "\n"
