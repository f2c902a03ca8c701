# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard resolve``: the GPU software stack for a node: driver, modules, packages with their versions, settings, and why.

The node is one of the inventory (NODE, as the last run saw it, else as its hardware class declares it), one in a file that
railyard capture or discover wrote (--from FILE), or whatever has the devices given by --pci, which needs no inventory. No
host is contacted and nothing is changed.
Exit status 1: no stack can meet the wish on this node; the nearest wish that can be met is named.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from railyard import options, places
from railyard.core.errors import CoreError
from railyard.core.gpu_stack.model import SOURCES, NodeHardware, RefusalError, Stack, Wish
from railyard.core.gpu_stack.node import from_capture, from_class, from_facts
from railyard.core.gpu_stack.resolve import resolve
from railyard.core.hardware.hardware_class import hardware_class
from railyard.core.model.document import as_json
from railyard.core.parse import capture
from railyard.session import print_error, print_json

_SOURCES = {"nvidia": "NVIDIA's repository", "mirror": "the site's mirror of NVIDIA's repository", "distribution": "the distribution's archive"}
_NO_TERMINAL_WIDTH = 10_000


def add_parser(subparsers: Any) -> None:
    parents = [options.common(limit=False), options.vault()]
    parser = options.add_command(subparsers, "resolve", parents, help="show the GPU software stack for a node", description=__doc__)
    parser.add_argument("node", nargs="?", default="", metavar="NODE", help="a host of the inventory")
    which = parser.add_argument_group("another node, or the same with changes")
    which.add_argument("--from", dest="file", default="", metavar="FILE", help="a capture, or a facts document of a run")
    which.add_argument(
        "--pci", action="append", default=[], metavar="VENDOR:DEVICE", help="a GPU or an NVSwitch, as lspci -nn prints it: 10de:2330; can be repeated"
    )
    which.add_argument("--os", default="", metavar="NAME", help="ubuntu2404, debian13, debiansid, rhel9, ...")
    which.add_argument("--arch", default="", metavar="NAME", help="x86_64 or sbsa (ARM servers)")
    which.add_argument("--kernel", action="append", default=[], metavar="RELEASE", help="a kernel to build for, as uname -r prints it; can be repeated")
    wish = parser.add_argument_group("wish")
    wish.add_argument("--branch", type=int, metavar="NUMBER", help="of the driver: 580 (default: the LTS branch)")
    wish.add_argument("--version", default="", metavar="VERSION", help="of the driver, exactly: 580.173.02")
    wish.add_argument("--source", choices=SOURCES, default="nvidia", help="where packages come from (default: nvidia)")
    flavour = wish.add_mutually_exclusive_group()
    flavour.add_argument("--open", dest="modules", action="store_const", const="open", default="auto", help="open kernel modules or none")
    flavour.add_argument("--proprietary", dest="modules", action="store_const", const="proprietary", help="proprietary kernel modules or none")
    build = wish.add_mutually_exclusive_group()
    build.add_argument("--precompiled", dest="build", action="store_const", const="precompiled", default="auto", help="kernel modules that are built already")
    build.add_argument("--dkms", dest="build", action="store_const", const="dkms", help="kernel modules built on the node")
    wish.add_argument("--secure-boot", action="store_true", help="the firmware loads signed modules only")
    wish.add_argument("--rdma", choices=("inbox", "doca", "none"), default="inbox", help="whose RDMA stack the node has (default: inbox)")
    wish.add_argument("--scheduler", choices=("slurm", "kubernetes", "none"), default="slurm", help="who makes IMEX channels (default: slurm)")
    wish.add_argument("--cuda", default="", metavar="VERSION", help="CUDA toolkit to have: 13.0")
    wish.add_argument("--nccl", default="", metavar="VERSION", help="of NCCL: 2.30.7-1")
    wish.add_argument("--profiling", action="store_true", help="users may read performance counters")
    parser.set_defaults(handler=main, usage_error=parser.error)


def main(args: argparse.Namespace) -> int:
    if sum(map(bool, (args.node, args.file, args.pci))) != 1:
        args.usage_error("give one of NODE, --from FILE, --pci VENDOR:DEVICE")
    try:
        stack = resolve(node_of(args), wish_of(args), today=date.today().isoformat())
    except RefusalError as refusal:
        print_error(str(refusal))
        return 1
    if args.json:
        print_json(document(stack, args.node))
    else:
        width = None if sys.stdout.isatty() else _NO_TERMINAL_WIDTH
        show(Console(highlight=False, width=width), stack)
    return 0


def wish_of(args: argparse.Namespace) -> Wish:
    return Wish(
        branch=args.branch,
        version=args.version,
        source=args.source,
        modules=args.modules,
        build=args.build,
        secure_boot=args.secure_boot,
        rdma=args.rdma,
        scheduler=args.scheduler,
        profiling=args.profiling,
        cuda=args.cuda,
        nccl=args.nccl,
    )


def node_of(args: argparse.Namespace) -> NodeHardware:
    """Return the node that is meant, with what the options say otherwise laid over it."""
    if args.pci:
        if not args.os:
            args.usage_error("--pci needs --os, such as --os ubuntu2404")
        return NodeHardware(tuple(args.pci), args.os, args.arch or "x86_64", tuple(args.kernel))
    if args.file:
        node = _from_file(Path(args.file))
    else:
        inventory = places.inventory_path(args.inventory)
        facts = last_facts(places.state_directory(inventory, os.environ), args.node)
        node = _from_file(facts) if facts else _declared(args, inventory)
    return replace(node, os=args.os or node.os, architecture=args.arch or node.architecture, kernels=tuple(args.kernel) or node.kernels)


def last_facts(state: Path, node: str) -> Path | None:
    """Return the facts document of the last run that saw the node. Runs are named by their time."""
    if "/" in node:
        raise CoreError(f"{node!r} is not the name of a host.", hint="A file is given with --from.")
    found = sorted((state / "runs").glob(f"*/facts/{glob_free(node)}.json"), key=lambda path: path.parents[1].name)
    return found[-1] if found else None


def glob_free(name: str) -> str:
    """Return a name for a pattern that fits itself alone."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _from_file(path: Path) -> NodeHardware:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CoreError(f"the file cannot be read: {error.strerror}.", where=str(path)) from error
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    schema = content.get("schema") if isinstance(content, Mapping) else None
    try:
        if schema == "railyard.capture":
            return from_capture(capture.load(text))
        if schema == "railyard.facts" and isinstance(content, Mapping):
            return from_facts(content)
    except (KeyError, TypeError, AttributeError) as error:
        raise CoreError("the document is damaged.", where=str(path), hint="railyard capture and railyard discover write new ones.") from error
    except CoreError as error:
        # A refusal says that the node can't have a stack, and stays one.
        raise type(error)(error.message, where=f"{path}: {error.where}" if error.where else str(path), hint=error.hint) from error
    raise CoreError("this is neither a capture nor a facts document.", where=str(path), hint="railyard capture and railyard discover write them.")


def _declared(args: argparse.Namespace, inventory: str) -> NodeHardware:
    """Return the node as its hardware class describes it."""
    variables = _variables(args, inventory)
    name = variables.get("railyard_hardware_class")
    seek = f"railyard discover --limit {args.node} looks at it."
    if not name:
        raise CoreError(f"{args.node} was not seen by any run, and {inventory} names no railyard_hardware_class for it.", hint=seek)
    if not args.os:
        raise CoreError(f"{args.node} was not seen by any run, and its hardware class does not tell its system.", hint=f"Give --os, or {seek}")
    return from_class(hardware_class(str(name), variables.get("railyard_hardware_classes")), os=args.os, architecture=args.arch, kernels=tuple(args.kernel))


def _variables(args: argparse.Namespace, inventory: str) -> dict[str, Any]:
    """Return the host's variables, as ansible-inventory prints them: what is a template in them stays one."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    program = shutil.which("ansible-inventory", path=path)
    if not program:
        raise CoreError("ansible-inventory was not found beside this command nor on PATH.", hint="pip install 'ansible>=12'")
    command = [program, "-i", inventory, "--host", args.node]
    command += [part for file in args.vault_password_file for part in ("--vault-password-file", file)]
    command += [part for identity in args.vault_id for part in ("--vault-id", identity)]
    command += ["--ask-vault-password"] if args.ask_vault_password else []
    environment = {**os.environ, "PATH": path, **places.ansible_config(os.environ)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    try:
        variables = json.loads(run.stdout) if run.returncode == 0 else None
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        said = next((line for line in reversed(run.stderr.splitlines()) if line.strip()), "it gave no reason")
        said = said.strip().removeprefix("[ERROR]: ")[:300]
        raise CoreError(f"ansible-inventory does not tell of {args.node}: {said}", where=inventory, hint="Give a host of the inventory.")
    return variables


def document(stack: Stack, node: str) -> dict[str, Any]:
    """Return what ``--json`` prints (docs/schemas/stack.json)."""
    fields = as_json(stack)
    fields["packages"] = [{**as_json(package), "spec": package.spec(stack.manager)} for package in stack.packages]
    return {"schema": "railyard.stack", "schema_version": 1, "node": node, **fields}


def show(console: Console, stack: Stack) -> None:
    """Print a stack for people: what it is, the packages, the settings, why."""
    built = "built by DKMS" if stack.build == "dkms" else "precompiled"
    lines = {
        "GPUs": ", ".join(stack.gpus),
        "node": f"{stack.os}, {stack.architecture}, kernels {', '.join(stack.kernels) or 'not given'}",
        "driver": f"{stack.version or f'newest of branch {stack.branch}'}, {stack.modules} modules, {built}, CUDA {stack.cuda_major}",
        "source": _SOURCES[stack.source] + (f": {stack.repository}" if stack.repository else ""),
        "repository by": stack.repository_package,
        "not from there": " ".join(stack.repository_excludes),
        "archives on": " ".join(stack.archive_components),
        "module stream": stack.module_stream,
        "remove first": " ".join(stack.absent),
    }
    _lines(console, lines)
    table = Table(box=None, padding=(0, 2, 0, 2), pad_edge=True)
    table.add_column("install", overflow="fold")
    table.add_column("for")
    for package in stack.packages:
        table.add_row(Text(package.spec(stack.manager)), package.component)
    console.print(table)
    lines = {
        "hold": " ".join(stack.holds),
        "services": " ".join(stack.services),
        "masked": " ".join(stack.masked),
        "load modules": " ".join(stack.kernel_modules),
        "modprobe.d": "; ".join(stack.modprobe),
        "initramfs": "rebuild" if stack.rebuild_initramfs else "",
        "GPUDirect": {"dma_buf": "DMA-BUF", "peermem": "nvidia-peermem", "none": "none"}[stack.gpudirect],
        "sign with": stack.signing_key,
    }
    lines |= {f"apt pin {pin.priority}": f"{pin.packages}: {pin.pin}" for pin in stack.pins}
    _lines(console, lines)
    for reason in stack.reasons:
        console.print(Text.assemble(("because: ", "dim"), reason.sentence), soft_wrap=True)
    for warning in stack.warnings:
        console.print(Text.assemble(("warning: ", "yellow"), warning), soft_wrap=True)


def _lines(console: Console, lines: Mapping[str, str]) -> None:
    for name, value in lines.items():
        if value:
            console.print(Text.assemble((f"{name}: ", "bold"), value), soft_wrap=True)
