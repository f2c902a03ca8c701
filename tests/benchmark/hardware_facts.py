# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what one look at a node's hardware costs the node: CPU time, memory, and bytes on the wire.

The node is the simulated hardware of a class, written below a folder. The whole module runs as Ansible sends it: interpreter, unpacking,
collecting, JSON. Vendors' commands are stand-ins that print what was prepared, so that their own time does not count. Exit status: 0 measured;
1 a promise is broken; 2 it could not be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import typing as t
from datetime import datetime

from railyard.core.collect import record
from railyard.core.errors import CoreError
from railyard.core.hardware.hardware_class import hardware_class
from railyard.core.runner import CommandResult
from railyard.core.simulator.hardware_tree import hardware_tree
from railyard.core.simulator.nvidia_smi import nvidia_smi
from railyard.core.simulator.profile import make_profile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# What design.md promises.
LIMITS = {"cpu_s": 1.0, "summary_bytes": 16_384, "payload_bytes": 250_000}
BUILD = """
import sys
from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([sys.argv[1]])

from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

built = modify_module(module_name="railyard.cluster.hardware_facts", module_path=sys.argv[2], module_args={"hardware_root": sys.argv[3]},
                      templar=Templar(DataLoader()), module_compression="ZIP_DEFLATED", task_vars={"ansible_python_interpreter": sys.executable})
sys.stdout.buffer.write(built.b_module_data)
"""


class MeasureError(Exception):
    """The module could not be run."""


class TreeRunner:
    """A Runner over the prepared folder, for the size of a capture."""

    def __init__(self, commands: pathlib.Path) -> None:
        self._commands = commands

    def run(self, argv: t.Sequence[str], timeout_s: float) -> CommandResult:
        prepared = self._commands / argv[0]
        if not prepared.exists():
            return CommandResult(127, "", "")
        done = subprocess.run([str(prepared), *argv[1:]], capture_output=True, text=True, timeout=timeout_s, check=False)
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def read(self, path: str) -> str:
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")

    def listdir(self, path: str) -> list[str]:
        return sorted(os.listdir(path))

    def readlink(self, path: str) -> str:
        return os.readlink(path)


def prepare(scratch: pathlib.Path, name: str, storage_nics: int) -> tuple[pathlib.Path, pathlib.Path]:
    """Write the files and the commands of a node. Returns both folders."""
    profile = make_profile(hardware_class(name), "node1", name, storage_nics=storage_nics)
    tree, root, commands = hardware_tree(profile), scratch / "root", scratch / "bin"
    for path, content in tree.files.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    for path, target in tree.links.items():
        link = root / path.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    commands.mkdir()
    bridges = "".join(
        f"{path.rpartition('/')[2]} PCI bridge [0604]: Simulated [8086:352a]\n\t\tACSCtl:\tSrcValid- TransBlk- ReqRedir-\n"
        for path in tree.links
        if path.startswith("/sys/bus/pci/devices/") and tree.links.get(f"{path}/driver", "pcieport").endswith("pcieport")
    )
    answers = (("nvidia-smi", "-q", nvidia_smi(profile, ["-q", "-x"], datetime(2026, 7, 4)).stdout), ("lspci", "-D", bridges))
    for command, option, text in answers:
        (commands / f"{command}.out").write_text(text)
        (commands / command).write_text(f"#!/bin/sh\n[ $1 = {option} ] && exec cat '{commands}/{command}.out'\n")
        (commands / command).chmod(0o755)
    return root, commands


def run_module(payload: pathlib.Path, commands: pathlib.Path) -> tuple[dict[str, t.Any], float, int]:
    """Run the module once. Returns its result, the CPU seconds of it and of the stand-ins, and its peak memory in KiB."""
    with tempfile.TemporaryFile() as out:
        environment = {"PATH": f"{commands}:/usr/bin:/bin", "HOME": str(commands)}
        process = subprocess.Popen([sys.executable, str(payload)], stdout=out, stderr=subprocess.STDOUT, env=environment)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    try:
        return json.loads(text), usage.ru_utime + usage.ru_stime, usage.ru_maxrss
    except ValueError:
        raise MeasureError(f"the module ended with {process.returncode} and printed no JSON:\n{text[-2000:]}") from None


def measure(name: str, storage_nics: int, runs: int) -> dict[str, t.Any]:
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="railyard-facts-"))
    try:
        root, commands = prepare(scratch, name, storage_nics)
        payload = scratch / "payload.py"
        build = [sys.executable, "-c", BUILD, str(REPOSITORY / ".ansible/collections"), str(REPOSITORY / "plugins/modules/hardware_facts.py"), str(root)]
        built = subprocess.run(build, capture_output=True, check=False)
        if built.returncode:
            raise MeasureError(f"the payload cannot be built:\n{built.stderr.decode()[-2000:]}")
        payload.write_bytes(built.stdout)
        answers = [run_module(payload, commands) for _number in range(runs)]
        result = answers[0][0]
        if "document" not in result:
            raise MeasureError(f"the module failed: {result.get('msg')}")
        capture = record(TreeRunner(commands), node="node1", recorded="2026-07-04T00:00:00Z", hardware_root=str(root))
        return {
            "class": name,
            "gpus": len(result["document"]["gpus"]),
            "hcas": len(result["document"]["hcas"]),
            "nvme": len(result["document"]["nvme"]),
            "bridges": len(result["document"]["bridges"]),
            "unseen": [entry["part"] for entry in result["document"]["unseen"]],
            "runs": runs,
            "cpu_s": round(statistics.median(cpu for _result, cpu, _memory in answers), 3),
            "cpu_max_s": round(max(cpu for _result, cpu, _memory in answers), 3),
            "peak_memory_mib": round(max(memory for _result, _cpu, memory in answers) / 1024, 1),
            "payload_bytes": len(built.stdout),
            "summary_bytes": len(json.dumps(result["ansible_facts"]["railyard"])),
            "document_bytes": len(json.dumps(result["document"])),
            "capture_bytes": len(json.dumps(capture)),
        }
    finally:
        shutil.rmtree(scratch)


def exceeded(measured: t.Mapping[str, t.Any]) -> list[str]:
    """Return a sentence per promise that is broken."""
    return [f"{name} is {measured[name]}, {limit} is promised." for name, limit in LIMITS.items() if measured[name] > limit]


def main(arguments: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--class", dest="name", default="h100_sxm_8", help="hardware class of the node (default: %(default)s)")
    parser.add_argument("--storage-nics", type=int, default=2, metavar="N", help="adapters beside the rails (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how often (default: %(default)s); the median counts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        measured = measure(options.name, options.storage_nics, max(1, options.runs))
    except (CoreError, MeasureError) as failure:
        print(failure, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"schema": "railyard.benchmark.hardware-facts", "schema_version": 1, **measured}, indent=2))
    else:
        print("\n".join(f"{name.replace('_', ' '):<16} {value}" for name, value in measured.items()))
    broken = exceeded(measured)
    for sentence in broken:
        print(sentence, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
