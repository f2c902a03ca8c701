# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard lab``: the lab of real, booted Linux nodes on this machine.

Each verb runs the playbook railyard.cluster.lab_VERB; ``shell`` is ssh with the lab's own configuration.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from railyard import options, places
from railyard.core.errors import CoreError
from railyard.request import RunRequest
from railyard.result import RunResult
from railyard.session import run_command

MODULE = "railyard.cluster.lab"
PROOF_MODULE = "railyard.cluster.job_proof"


@dataclass(frozen=True)
class Verb:
    """What a verb takes, and what a person may want to do after it."""

    help: str
    arguments: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    root: bool = True


_AFTER_DEMO = (
    "railyard lab shell login1                  # then, as a user would: runuser -u alice -- srun -N2 hostname",
    "railyard apply --check                     # what would change now: nothing",
    "railyard lab fail node3                    # take a node's power; railyard lab heal node3 gives it back",
    "railyard lab down --purge                  # take it all away",
)
VERBS = {
    "up": Verb("boot the lab's nodes, making what is missing", next_steps=("railyard apply", "railyard lab status")),
    "down": Verb("stop the nodes", ("purge",)),
    "status": Verb("show the nodes", root=False),
    "fail": Verb("take a node's power, or a link, leaf or BMC, away", ("target",), ("railyard lab heal TARGET",)),
    "degrade": Verb("slow a link, a leaf's uplink or a cable of the fabric down", ("target", "rate", "symbol_errors"), ("railyard lab heal TARGET",)),
    "heal": Verb("undo fail and degrade", ("target",)),
    "reset": Verb("put the nodes back to a snapshot, or to the base system", ("to",)),
    "demo": Verb("prove with real jobs that the cluster on the lab works", next_steps=_AFTER_DEMO),
    "snapshot": Verb("keep the nodes as they are under a name", ("name",)),
}
_ARGUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "target": ("target", {"metavar": "TARGET", "help": "a node (node3), link (node3:data0), leaf (leaf1), cable (node3:mlx5_1) or BMC (bmc:node3)"}),
    "rate": ("--rate", {"default": "", "metavar": "RATE", "help": "the bandwidth that is left, such as 200mbit; of a cable also a width (1x) or speed (edr)"}),
    "symbol_errors": ("--symbol-errors", {"type": int, "default": 0, "metavar": "COUNT", "help": "the errors that a cable of the fabric has counted"}),
    "to": ("--to", {"default": "", "metavar": "SNAPSHOT", "help": "the snapshot (default: the base system)"}),
    "purge": ("--purge", {"action": "store_true", "help": "forget the nodes, keys and snapshots too"}),
    "name": ("snapshot", {"metavar": "NAME", "help": "the snapshot's name"}),
}
# Our argument's name in argparse, and the playbook's variable.
_VARIABLES = {
    "purge": "lab_purge",
    "target": "lab_target",
    "rate": "lab_rate",
    "symbol_errors": "lab_symbol_errors",
    "to": "lab_snapshot",
    "snapshot": "lab_snapshot",
}
_NODE_COLUMNS = ("name", "state", "address", "leaf", "link", "bmc")
_CABLE_COLUMNS = {"name": "fabric", "state": "state"}


def add_parser(subparsers: Any) -> None:
    parser = options.add_command(subparsers, "lab", [], help="the lab: real Linux nodes on this machine", description=__doc__)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        child = verbs.add_parser(name, parents=[options.common(limit=False), _lab_options()], help=verb.help, description=verb.help.capitalize() + ".")
        for argument in verb.arguments:
            flag, settings = _ARGUMENTS[argument]
            child.add_argument(flag, **settings)
        child.set_defaults(handler=main, verb=name)
    shell = verbs.add_parser("shell", parents=[_lab_options()], help="log in to a node", description="Log in to a node, or run a command on it.")
    shell.add_argument("node", metavar="NODE")
    shell.add_argument("command", nargs=argparse.REMAINDER, metavar="...", help="the command (default: a shell)")
    shell.set_defaults(handler=shell_main)


def _lab_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--name", default="", metavar="LAB", help=f"which lab (default: RAILYARD_LAB, or {places.DEFAULT_LAB!r})")
    return parser


def build_request(args: argparse.Namespace) -> RunRequest:
    given = {name: getattr(args, name, "") for name in _VARIABLES}
    return RunRequest(
        playbook=f"railyard.cluster.lab_{args.verb}",
        inventory=places.inventory_path(args.inventory),
        extra_vars={_VARIABLES[name]: value for name, value in given.items() if value},
        environment={"RAILYARD_LAB": args.name} if args.name else {},
        verbosity=options.ansible_verbosity(args),
        collect=(MODULE, PROOF_MODULE),
    )


def main(args: argparse.Namespace) -> int:
    verb = VERBS[args.verb]
    if args.verb == "degrade" and not (args.rate or args.symbol_errors):
        raise CoreError(f"degrade {args.target} to which rate?", hint="Give --rate, or --symbol-errors for a cable of the fabric.")
    if verb.root and os.geteuid() != 0:
        raise CoreError(f"railyard lab {args.verb} boots and changes machines and needs root.", hint="Run it with sudo, or as root.")
    steps = [step.replace("TARGET", getattr(args, "target", "")) for step in verb.next_steps]

    def show(console: Console, result: RunResult) -> None:
        answer = _answer(result)
        if answer["nodes"]:
            console.print(_table(answer["nodes"], dict(zip(_NODE_COLUMNS, _NODE_COLUMNS, strict=True))))
        # All cables for whoever looks; after anything else, those that have something.
        cables = [cable for cable in answer["cables"] if args.verb == "status" or cable["faulty"]]
        if cables:
            console.print()
            console.print(_table(cables, _CABLE_COLUMNS))
        if answer["proofs"]:
            console.print(_proofs_table(answer["proofs"]))
        if answer["message"]:
            console.print(Text(answer["message"]), soft_wrap=True)
        for step in steps:
            console.print(Text(f"  next: {step}"), soft_wrap=True)

    return run_command(args, build_request(args), document=_document, show=show, judge=_judge)


def _document(result: RunResult) -> dict[str, Any]:
    return {"schema": "railyard.lab", "schema_version": 1, **_answer(result)}


def _judge(result: RunResult) -> int:
    """A lab with a fault in it is something to tell, for whoever only looks."""
    answer = _answer(result)
    return int(result.request.playbook.endswith("_status") and any(part.get("faulty") for part in answer["nodes"] + answer["cables"]))


def _answer(result: RunResult) -> dict[str, Any]:
    """Return what the lab's modules said: the nodes, cables and message of the last one, and every proof."""
    answers = [task.result for task in result.results]
    last: dict[str, Any] = next((answer for answer in reversed(answers) if answer.get("nodes")), {})
    messages = [answer["message"] for answer in answers if answer.get("message")]
    proofs = [proof for answer in answers for proof in answer.get("proofs", [])]
    return {
        "message": messages[-1] if messages else "",
        "changed": bool(result.changes),
        "nodes": last.get("nodes", []),
        "cables": last.get("cables", []),
        "proofs": proofs,
    }


def _table(rows: list[dict[str, Any]], columns: dict[str, str]) -> Table:
    """Return a table of rows, one column per key under its title; what is faulty is red."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in columns.values():
        table.add_column(title, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(str(row.get(name) or ""), style="red" if row.get("faulty") else "") for name in columns))
    return table


def _proofs_table(proofs: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("proved with real jobs")
    table.add_column("grade", no_wrap=True)
    table.add_column("seconds", no_wrap=True, justify="right")
    for proof in proofs:
        table.add_row(Text(proof["name"]), Text(proof["grade"], style="" if proof["passed"] else "red"), Text(f"{proof['seconds']:.1f}"))
    return table


def shell_command(args: argparse.Namespace, environment: dict[str, str]) -> list[str]:
    """Return the ssh line that logs in to the lab's node."""
    name = args.name or environment.get("RAILYARD_LAB") or places.DEFAULT_LAB
    config = places.LABS / name / "ssh_config"
    try:
        known = _ssh_hosts(config.read_text(encoding="utf-8"))
    except PermissionError as error:
        raise CoreError(f"the lab's key in {config.parent} is root's.", hint="Run it with sudo, or as root.") from error
    except OSError as error:
        raise CoreError(f"there is no lab {name!r}: {config} does not exist.", hint="railyard lab up makes it.") from error
    if args.node not in known:
        raise CoreError(f"the lab {name!r} has no node {args.node!r}.", hint=f"Its nodes: {', '.join(sorted(known))}.")
    return ["ssh", "-F", str(config), args.node, *args.command]


def _ssh_hosts(config: str) -> set[str]:
    return {name for line in config.splitlines() if line.lower().startswith("host ") for name in line.split()[1:] if "*" not in name}


def shell_main(args: argparse.Namespace) -> int:
    argv = shell_command(args, dict(os.environ))
    os.execvp(argv[0], argv)
