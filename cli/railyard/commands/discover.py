# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard discover``: what the hosts are: the inventory, and what one look at the hardware of each shows.

Runs railyard.cluster.discover: one operation per host, side by side. Everything that was seen is kept in the run's folder, a document per
host. Nothing is changed, and nothing is compared with what a hardware class says.
Exit status 1: a host did not answer, something is wrong with one that did, or a source of the inventory (a BMC, the fabric) found something wrong.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from railyard import options, places
from railyard.request import RunRequest
from railyard.result import RunResult
from railyard.session import run_command

TASK = "Report the inventory"
SOURCES_TASK = "Report what the inventory's sources found wrong"
_TITLES = ("host", "address", "hardware class", "GPUs", "rails", "groups")
_GAP = 2


def add_parser(subparsers: Any) -> None:
    parents = [options.common(), options.vault()]
    parser = options.add_command(subparsers, "discover", parents, help="show the hosts and their hardware as a table", description=__doc__)
    parser.add_argument("-K", "--ask-become-pass", action="store_true", help="ask for the password of sudo on the hosts")
    parser.set_defaults(handler=main)


def build_request(args: argparse.Namespace) -> RunRequest:
    return RunRequest(
        playbook="railyard.cluster.discover",
        inventory=places.inventory_path(args.inventory),
        limit=args.limit,
        vault_password_files=tuple(args.vault_password_file),
        vault_ids=tuple(args.vault_id),
        ask_vault_password=args.ask_vault_password,
        ask_become_password=args.ask_become_pass,
        verbosity=options.ansible_verbosity(args),
        collect=(TASK, SOURCES_TASK),
    )


def main(args: argparse.Namespace) -> int:
    return run_command(args, build_request(args), document=_document, show=_show, judge=_judge)


def _hosts(result: RunResult) -> list[dict[str, Any]]:
    return [host for task in result.results if task.task == TASK for host in task.result.get("msg", [])]


def _source_faults(result: RunResult) -> list[dict[str, str]]:
    """Return what the inventory plugins found wrong beyond the hosts: BMCs that could not be read, defects of the fabric."""
    told = [task.result.get("msg", {}) for task in result.results if task.task == SOURCES_TASK]
    bmcs = [{"source": "redfish", "message": f"{entry['bmc']}: {entry['reason']}"} for answer in told for entry in answer.get("redfish", [])]
    return bmcs + [{"source": "fabric", "message": str(sentence)} for answer in told for sentence in answer.get("fabric", [])]


def _judge(result: RunResult) -> int:
    return int(any(not host["seen"] or host["faults"] for host in _hosts(result)) or bool(_source_faults(result)))


def _document(result: RunResult) -> dict[str, Any]:
    inventory = result.request.inventory
    return {"schema": "railyard.inventory", "schema_version": 1, "inventory": inventory, "hosts": _hosts(result), "source_faults": _source_faults(result)}


def _show(console: Console, result: RunResult) -> None:
    hosts = _hosts(result)
    rows = [
        (host["name"], host["address"], host["hardware_class"] or "-", gpus_in_words(host), rails_in_words(host), " ".join(host["groups"])) for host in hosts
    ]
    widths = [max(len(cell) for cell in column) + _GAP for column in zip(_TITLES, *rows, strict=True)]
    # A terminal that is too narrow for all of it gets what is not in the inventory.
    shown = len(_TITLES) if sum(widths) <= console.width + _GAP else len(_TITLES) - 1
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for name in _TITLES[:shown]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row[:shown]))
    console.print(table)
    for host in hosts:
        for sentence in (host["problem"], *(entry["reason"] for entry in host["unseen"] if entry["part"].startswith("gpus."))):
            if sentence:
                console.print(Text.assemble((f"{host['name']}: not seen: ", "yellow"), sentence), soft_wrap=True)
        for fault in host["faults"]:
            console.print(Text.assemble((f"{host['name']}: ", "bold red"), f"{fault['subject']}: {fault['message']} {fault['hint']}".rstrip()), soft_wrap=True)
    for found in _source_faults(result):
        console.print(Text.assemble((f"{found['source']}: ", "bold red"), found["message"]), soft_wrap=True)
    silent = sum(not host["seen"] for host in hosts)
    faults = sum(len(host["faults"]) for host in hosts) + len(_source_faults(result))
    console.print(
        f"{len(hosts)} hosts in {result.request.inventory}, {silent} without an answer, {faults} {'fault' if faults == 1 else 'faults'}", markup=False
    )
    kept = next((host["document"] for host in hosts if host["document"]), "")
    if kept:
        console.print(Text(f"  everything that was seen: {Path(kept).parent}", style="dim"), soft_wrap=True)


def gpus_in_words(host: Mapping[str, Any]) -> str:
    """Return ``8 x H100 80GB HBM3, 1 lost``."""
    words = []
    for kind in host["gpus"]:
        product = kind["product"].removeprefix("NVIDIA ").removeprefix("AMD ")
        words.append(f"{kind['count']} x {product or kind['pci_id'] or 'unknown'}" + (f", {kind['lost']} lost" if kind["lost"] else ""))
    return "; ".join(words) or "-"


def rails_in_words(host: Mapping[str, Any]) -> str:
    """Return ``8 x 400 Gbit/s, 1 down``."""
    rails = host["rails"]
    if not rails["count"]:
        return "-"
    rate = f"{rails['rate_gbits_per_s']:g} Gbit/s" if rails["rate_gbits_per_s"] else rails["link_layer"] or ""
    down = rails["count"] - rails["active"]
    return f"{rails['count']} x {rate}" + (f", {down} down" if down else "")
