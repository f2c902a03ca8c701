# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard secrets init``: makes the secrets that are missing.

1. Sees which secrets the inventory does not define.
2. Makes them and adds them to group_vars/all/secrets.yml, encrypted with the vault password.

What is there is never changed.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from railyard import options, places
from railyard.request import RunRequest
from railyard.result import RunResult
from railyard.session import run_command

MODULE = "railyard.cluster.secrets"


def add_parser(subparsers: Any) -> None:
    parser = options.add_command(subparsers, "secrets", [], help="make the secrets that are missing", description=__doc__)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    init = verbs.add_parser("init", parents=[options.common(limit=False), options.vault()], help="make the secrets that are missing")
    init.add_argument("--check", action="store_true", help="make nothing, tell what would be made")
    init.set_defaults(handler=main)


def build_request(args: argparse.Namespace) -> RunRequest:
    return RunRequest(
        playbook="railyard.cluster.secrets_init",
        inventory=places.inventory_path(args.inventory),
        check=args.check,
        vault_password_files=tuple(args.vault_password_file),
        vault_ids=tuple(args.vault_id),
        ask_vault_password=args.ask_vault_password,
        verbosity=options.ansible_verbosity(args),
        collect=(MODULE,),
    )


def main(args: argparse.Namespace) -> int:
    request = build_request(args)
    # A typing error in the password of a new file would only be found when the file is needed.
    new = not (Path(request.inventory) / "group_vars" / "all" / "secrets.yml").exists()
    return run_command(args, request, document=_document, show=_show, confirm_vault=new)


def _document(result: RunResult) -> dict[str, Any]:
    answer = result.results[-1].result
    return {"schema": "railyard.secrets", "schema_version": 1, **{name: answer[name] for name in ("path", "made", "present", "message")}}


def _show(console: Console, result: RunResult) -> None:
    answer = result.results[-1].result
    console.print(Text(answer["message"].replace(answer["path"], os.path.relpath(answer["path"]))), soft_wrap=True)
    if answer["made"] and not result.request.check:
        console.print(Text(f"  next: railyard apply -i {result.request.inventory}"), soft_wrap=True)
