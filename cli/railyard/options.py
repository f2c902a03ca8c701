# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that several commands share, and what they come to."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from railyard.core.errors import CoreError
from railyard.request import RunRequest


def add_command(subparsers: Any, name: str, parents: Sequence[argparse.ArgumentParser], *, help: str, description: str | None) -> argparse.ArgumentParser:
    """Add a command whose description is its module's docstring, as it is written there."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name, parents=parents, help=help, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    return parser


def common(*, inventory: bool = True, limit: bool = True) -> argparse.ArgumentParser:
    """Return the options of every command, as a parent parser."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("common options")
    if inventory:
        group.add_argument("-i", "--inventory", default="", metavar="INVENTORY", help="inventory folder or file (default: inventories/lab)")
        group.add_argument("-v", "--verbose", action="count", default=0, help="print the ansible-playbook line; more are passed on to it")
    if limit:
        group.add_argument("--limit", default="", metavar="PATTERN", help="only hosts that match the pattern")
    group.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def vault() -> argparse.ArgumentParser:
    """Return the options that open encrypted files, as a parent parser."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("vault options")
    group.add_argument("--vault-password-file", action="append", default=[], metavar="FILE", help="file that holds the vault password")
    group.add_argument("--vault-id", action="append", default=[], metavar="ID", help="vault identity, as for ansible-playbook")
    group.add_argument("-J", "--ask-vault-password", "--ask-vault-pass", action="store_true", help="ask for the vault password")
    return parser


def ansible_verbosity(args: argparse.Namespace) -> int:
    """``-v`` is ours; from ``-vv`` on, Ansible gets as many."""
    return args.verbose if args.verbose > 1 else 0


def ask_passwords(request: RunRequest, *, confirm_vault: bool = False) -> dict[str, str]:
    """Ask for what the request says Ansible will ask for."""
    passwords = {}
    if request.ask_become_password:
        passwords["become"] = getpass.getpass("BECOME password: ")
    if request.ask_vault_password:
        passwords["vault"] = getpass.getpass("Vault password: ")
        if confirm_vault and getpass.getpass("The same again: ") != passwords["vault"]:
            raise CoreError("the two vault passwords differ.", hint="Nothing was made; type it again.")
    return passwords


def check_files(request: RunRequest) -> None:
    """Refuse a file given by name that is not there, before anything is started."""
    for path in request.vault_password_files:
        if not Path(path).is_file():
            raise CoreError(f"the vault password file {path} does not exist.", hint="Give the right one with --vault-password-file.")
    for text in request.extra_vars_arguments:
        if text.startswith("@") and not Path(text[1:]).is_file():
            raise CoreError(f"the file {text[1:]} of -e {text} does not exist.")
