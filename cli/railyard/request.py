# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run is asked to do, and the command line that asks Ansible for it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RunRequest:
    """One playbook, one inventory, and how to run them. Holds no password: see ``railyard.api.run``."""

    playbook: str
    """A playbook of a collection (``railyard.cluster.site``) or a path."""
    inventory: str
    """A folder or file, as for ``ansible-playbook -i``; also a list of hosts with a comma (``node1,``)."""
    limit: str = ""
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    check: bool = False
    diff: bool = False
    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    """Variables as values. They reach Ansible through a private file, never through the process list."""
    extra_vars_arguments: tuple[str, ...] = ()
    """What a person gave to ``-e``: ``name=value``, ``@file`` or JSON, passed on as it is."""
    vault_password_files: tuple[str, ...] = ()
    vault_ids: tuple[str, ...] = ()
    ask_vault_password: bool = False
    ask_become_password: bool = False
    verbosity: int = 0
    """Ansible's own verbosity; its output is then handed on in ``Event.text``."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables for the playbook's process beside the few that it inherits."""
    collect: tuple[str, ...] = ()
    """Names of tasks or modules whose results the caller wants in ``RunResult.results``."""


def arguments(request: RunRequest) -> list[str]:
    """Return the arguments of ``ansible-playbook`` but for the playbook and ``extra_vars``."""
    argv = ["-i", request.inventory]
    if request.limit:
        argv += ["--limit", request.limit]
    if request.tags:
        argv += ["--tags", ",".join(request.tags)]
    if request.skip_tags:
        argv += ["--skip-tags", ",".join(request.skip_tags)]
    if request.check:
        argv.append("--check")
    if request.diff:
        argv.append("--diff")
    for name in request.vault_ids:
        argv += ["--vault-id", name]
    for path in request.vault_password_files:
        argv += ["--vault-password-file", path]
    if request.ask_vault_password:
        argv.append("--ask-vault-password")
    if request.ask_become_password:
        argv.append("--ask-become-pass")
    for text in request.extra_vars_arguments:
        argv += ["-e", text]
    if request.verbosity:
        argv.append("-" + "v" * request.verbosity)
    return argv


def command_line(request: RunRequest) -> str:
    """Return the line a person types to get the same run by hand. Values of ``secret_*`` are left out."""
    shown = {name: "..." if name.startswith("secret_") else value for name, value in request.extra_vars.items()}
    variables = ["-e", json.dumps(shown)] if shown else []
    environment = [f"{name}={shlex.quote(value)}" for name, value in sorted(request.environment.items())]
    return " ".join([*environment, shlex.join(["ansible-playbook", *arguments(request), *variables, request.playbook])])
