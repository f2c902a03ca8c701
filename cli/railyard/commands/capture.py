# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard capture [NODE]``: records what the collectors read on a node, one file per node.

The file is replayed by tests, and explained by ``railyard parse capture FILE``. It holds no environment, no secret of the kernel's command line
and no command line of a process.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from railyard import options, places
from railyard.request import RunRequest
from railyard.result import RunResult
from railyard.session import run_command

TASK = "Write the capture"


def add_parser(subparsers: Any) -> None:
    parents = [options.common(), options.vault()]
    parser = options.add_command(subparsers, "capture", parents, help="record what the collectors read on nodes", description=__doc__)
    parser.add_argument("node", nargs="?", default="", metavar="NODE", help="the node (default: all, or those of --limit)")
    parser.add_argument("--to", default=".", metavar="FOLDER", help="where the files go (default: here)")
    parser.add_argument("-K", "--ask-become-pass", action="store_true", help="ask for the password of sudo on the hosts")
    parser.set_defaults(handler=main)


def build_request(args: argparse.Namespace) -> RunRequest:
    return RunRequest(
        playbook="railyard.cluster.capture",
        inventory=places.inventory_path(args.inventory),
        limit=":&".join(part for part in (args.node, args.limit) if part),
        extra_vars={"capture_folder": str(Path(args.to).resolve())},
        vault_password_files=tuple(args.vault_password_file),
        vault_ids=tuple(args.vault_id),
        ask_vault_password=args.ask_vault_password,
        ask_become_password=args.ask_become_pass,
        verbosity=options.ansible_verbosity(args),
        collect=(TASK,),
    )


def main(args: argparse.Namespace) -> int:
    return run_command(args, build_request(args), document=_document, show=_show)


def _files(result: RunResult) -> list[dict[str, str]]:
    return [{"node": task.host, "path": task.result["dest"]} for task in result.results if "dest" in task.result]


def _document(result: RunResult) -> dict[str, Any]:
    return {"schema": "railyard.captures", "schema_version": 1, "files": _files(result)}


def _show(console: Console, result: RunResult) -> None:
    for file in _files(result):
        console.print(Text(f"{file['node']}: {file['path']}"), soft_wrap=True)
    for file in _files(result)[:1]:
        console.print(Text(f"  next: railyard parse capture {file['path']}"), soft_wrap=True)
