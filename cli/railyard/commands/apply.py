# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard apply``: brings the hosts of an inventory to what it says.

1. Checks the variables and the hosts (``preflight``).
2. Applies every role to its group (``playbooks/site.yml``).
3. Tells what changed, on which host.
"""

from __future__ import annotations

import argparse
from typing import Any

from railyard import options, places
from railyard.request import RunRequest
from railyard.session import run_command


def add_parser(subparsers: Any) -> None:
    parents = [options.common(), options.vault()]
    parser = options.add_command(subparsers, "apply", parents, help="bring the hosts to what the inventory says", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, tell what would change (exit status 1: something would)")
    parser.add_argument("--diff", action="store_true", help="show the differences in files")
    parser.add_argument("--tags", action="append", default=[], metavar="TAGS", help="only these roles, separated by commas")
    parser.add_argument("--skip-tags", action="append", default=[], metavar="TAGS", help="all but these roles")
    parser.add_argument("-e", "--extra-vars", action="append", default=[], metavar="VARS", help="name=value, JSON, or @file")
    parser.add_argument("-K", "--ask-become-pass", action="store_true", help="ask for the password of sudo on the hosts")
    parser.set_defaults(handler=main)


def build_request(args: argparse.Namespace) -> RunRequest:
    return RunRequest(
        playbook="railyard.cluster.site",
        inventory=places.inventory_path(args.inventory),
        limit=args.limit,
        tags=_split(args.tags),
        skip_tags=_split(args.skip_tags),
        check=args.check,
        diff=args.diff,
        extra_vars_arguments=tuple(args.extra_vars),
        vault_password_files=tuple(args.vault_password_file),
        vault_ids=tuple(args.vault_id),
        ask_vault_password=args.ask_vault_password,
        ask_become_password=args.ask_become_pass,
        verbosity=options.ansible_verbosity(args),
    )


def _split(values: list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def main(args: argparse.Namespace) -> int:
    request = build_request(args)
    return run_command(args, request, next_steps=next_steps(request))


def next_steps(request: RunRequest) -> tuple[str, ...]:
    """Return what a person may want to type after a run that ended well."""
    if request.check:
        return ("the same without --check makes the changes",)
    return ("railyard lab shell login1 sinfo",) if places.site_name(request.inventory) == "lab" else ()
