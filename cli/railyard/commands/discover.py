# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard discover``: the inventory as a table: hosts, addresses, groups, hardware classes.

Runs railyard.cluster.discover, which reads the inventory and connects to no host.
"""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from railyard import options, places
from railyard.request import RunRequest
from railyard.result import RunResult
from railyard.session import run_command

TASK = "Report the inventory"


def add_parser(subparsers: Any) -> None:
    parents = [options.common(), options.vault()]
    parser = options.add_command(subparsers, "discover", parents, help="show the inventory as a table", description=__doc__)
    parser.set_defaults(handler=main)


def build_request(args: argparse.Namespace) -> RunRequest:
    return RunRequest(
        playbook="railyard.cluster.discover",
        inventory=places.inventory_path(args.inventory),
        limit=args.limit,
        vault_password_files=tuple(args.vault_password_file),
        vault_ids=tuple(args.vault_id),
        ask_vault_password=args.ask_vault_password,
        verbosity=options.ansible_verbosity(args),
        collect=(TASK,),
    )


def main(args: argparse.Namespace) -> int:
    return run_command(args, build_request(args), document=_document, show=_show)


def _hosts(result: RunResult) -> list[dict[str, Any]]:
    return [host for task in result.results for host in task.result.get("msg", [])]


def _document(result: RunResult) -> dict[str, Any]:
    return {"schema": "railyard.inventory", "schema_version": 1, "inventory": result.request.inventory, "hosts": _hosts(result)}


def _show(console: Console, result: RunResult) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("host", "address", "hardware class", "groups"):
        table.add_column(name)
    hosts = _hosts(result)
    for host in hosts:
        table.add_row(Text(host["name"]), Text(host["address"]), Text(host["hardware_class"] or "-"), Text(" ".join(host["groups"])))
    console.print(table)
    console.print(f"{len(hosts)} hosts in {result.request.inventory}", markup=False)
