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
    "fail": Verb("take a node's power, or a link or leaf, away", ("target",), ("railyard lab heal TARGET",)),
    "degrade": Verb("slow a node's link or a leaf's uplink down", ("target", "rate"), ("railyard lab heal TARGET",)),
    "heal": Verb("undo fail and degrade", ("target",)),
    "reset": Verb("put the nodes back to a snapshot, or to the base system", ("to",)),
    "demo": Verb("prove with real jobs that the cluster on the lab works", next_steps=_AFTER_DEMO),
    "snapshot": Verb("keep the nodes as they are under a name", ("name",)),
}
_ARGUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "target": ("target", {"metavar": "TARGET", "help": "a node (node3), a link (node3:data0) or a leaf (leaf1)"}),
    "rate": ("--rate", {"required": True, "metavar": "RATE", "help": "the bandwidth that is left, such as 200mbit"}),
    "to": ("--to", {"default": "", "metavar": "SNAPSHOT", "help": "the snapshot (default: the base system)"}),
    "purge": ("--purge", {"action": "store_true", "help": "forget the nodes, keys and snapshots too"}),
    "name": ("snapshot", {"metavar": "NAME", "help": "the snapshot's name"}),
}
# Our argument's name in argparse, and the playbook's variable.
_VARIABLES = {"purge": "lab_purge", "target": "lab_target", "rate": "lab_rate", "to": "lab_snapshot", "snapshot": "lab_snapshot"}
_COLUMNS = ("name", "state", "address", "leaf", "link")


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
    if verb.root and os.geteuid() != 0:
        raise CoreError(f"railyard lab {args.verb} boots and changes machines and needs root.", hint="Run it with sudo, or as root.")
    steps = [step.replace("TARGET", getattr(args, "target", "")) for step in verb.next_steps]

    def show(console: Console, result: RunResult) -> None:
        answer = _answer(result)
        if answer["nodes"]:
            console.print(_table(answer["nodes"]))
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
    return int(result.request.playbook.endswith("_status") and any(node.get("faulty") for node in _answer(result)["nodes"]))


def _answer(result: RunResult) -> dict[str, Any]:
    """Return what the lab's modules said: the nodes and the message of the last one, and every proof."""
    answers = [task.result for task in result.results]
    nodes = [answer["nodes"] for answer in answers if answer.get("nodes")]
    messages = [answer["message"] for answer in answers if answer.get("message")]
    proofs = [proof for answer in answers for proof in answer.get("proofs", [])]
    return {"message": messages[-1] if messages else "", "changed": bool(result.changes), "nodes": nodes[-1] if nodes else [], "proofs": proofs}


def _table(nodes: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in _COLUMNS:
        table.add_column(name, no_wrap=True)
    for node in nodes:
        table.add_row(*(Text(str(node.get(name) or ""), style="red" if node.get("faulty") else "") for name in _COLUMNS))
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
