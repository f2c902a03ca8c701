# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what one examination of a node costs the node: CPU time, memory, and bytes on the wire.

The node is the simulated hardware of a class, written below a folder. The module runs as Ansible sends it, with the whole catalogue of checks
and the facts, by the agent as it is installed; beside it the agent's own health check for Slurm. Vendors' commands are stand-ins that print
what was prepared, so that their own time does not count. Exit status: 0 measured; 1 a promise is broken; 2 it could not be measured.
"""

from __future__ import annotations

import argparse
import hashlib
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

import hardware_facts

from railyard.core.errors import CoreError
from railyard.core.hardware.hardware_class import hardware_class
from railyard.core.simulator.nvidia_smi import nvidia_smi
from railyard.core.simulator.profile import make_profile
from railyard.core.zipapp import build_zipapp

SOURCES = hardware_facts.REPOSITORY / "plugins/module_utils"
# What the issue and design.md promise.
LIMITS = {"cpu_s": 2.0, "slurm_cpu_s": 2.0, "payload_bytes": 250_000, "result_bytes": 65_536}
BUILD = """
import json, sys
from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([sys.argv[1]])

from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

built = modify_module(module_name="railyard.cluster.node_health", module_path=sys.argv[2], module_args=json.loads(sys.argv[3]),
                      templar=Templar(DataLoader()), module_compression="ZIP_DEFLATED", task_vars={"ansible_python_interpreter": sys.executable})
sys.stdout.buffer.write(built.b_module_data)
"""


def agent(scratch: pathlib.Path) -> tuple[pathlib.Path, str]:
    """Write the agent as the role installs it. Returns its path and digest."""
    paths = [path for path in SOURCES.rglob("*.py") if path.parent == SOURCES or path.relative_to(SOURCES).parts[0] == "core"]
    program = build_zipapp({path.relative_to(SOURCES).as_posix(): path.read_text() for path in paths}, "_node_agent.py", "0")
    (scratch / "agent.pyz").write_bytes(program)
    return scratch / "agent.pyz", hashlib.sha256(program).hexdigest()


def answer_as_nvidia_smi(commands: pathlib.Path, name: str, storage_nics: int) -> None:
    """Let the stand-in answer what the checks ask beside the facts."""
    profile = make_profile(hardware_class(name), "node1", name, storage_nics=storage_nics)
    branches = ""
    for number, words in enumerate((["-q", "-x"], ["-L"], ["nvlink", "--status"])):
        text = commands / f"nvidia-smi.{number}"
        text.write_text(nvidia_smi(profile, words, datetime(2026, 7, 4)).stdout)
        branches += f"'{' '.join(words)}') exec cat '{text}';;\n"
    (commands / "nvidia-smi").write_text(f'#!/bin/sh\ncase "$*" in\n{branches}*) exit 2;;\nesac\n')


def measure(name: str, storage_nics: int, runs: int) -> dict[str, t.Any]:
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="railyard-health-"))
    try:
        root, commands = hardware_facts.prepare(scratch, name, storage_nics)
        answer_as_nvidia_smi(commands, name, storage_nics)
        program, digest = agent(scratch)
        node = {"name": "node1", "hardware_class": name, "hardware": hardware_class(name), "hardware_root": str(root)}
        node["health"] = {"disk": {"paths": ["/"], "used_percent_max": 100}, "extra_checks": ["xid", "rails", "cpu", "memory"]}
        (scratch / "node.json").write_text(json.dumps(node))
        arguments = {"facts": True, "description": str(scratch / "node.json"), "state_folder": str(scratch / "run")}
        arguments |= {"agent": str(program), "agent_sha256": digest}
        module = str(hardware_facts.REPOSITORY / "plugins/modules/node_health.py")
        build = [sys.executable, "-c", BUILD, str(hardware_facts.REPOSITORY / ".ansible/collections"), module, json.dumps(arguments)]
        built = subprocess.run(build, capture_output=True, check=False)
        if built.returncode:
            raise hardware_facts.MeasureError(f"the payload cannot be built:\n{built.stderr.decode()[-2000:]}")
        (scratch / "payload.py").write_bytes(built.stdout)
        answers = [hardware_facts.run_module(scratch / "payload.py", commands) for _number in range(runs)]
        result = answers[0][0]
        if "results" not in result:
            raise hardware_facts.MeasureError(f"the module failed: {result.get('msg')}")
        facts = result.pop("document")
        return {
            "class": name,
            "gpus": len(facts["gpus"]),
            "hcas": len(facts["hcas"]),
            "checks": len({found["check"] for found in result["results"]}),
            "not_passed": sorted({found["check"] for found in result["results"] if found["verdict"] != "pass"}),
            "runs": runs,
            "cpu_s": round(statistics.median(cpu for _result, cpu, _memory in answers), 3),
            "slurm_cpu_s": round(statistics.median(slurm_check(scratch, program, commands) for _number in range(runs)), 3),
            "peak_memory_mib": round(max(memory for _result, _cpu, memory in answers) / 1024, 1),
            "payload_bytes": len(built.stdout),
            "agent_bytes": program.stat().st_size,
            "result_bytes": len(json.dumps(result)),
            "document_bytes": len(json.dumps(facts)),
        }
    finally:
        shutil.rmtree(scratch)


def slurm_check(scratch: pathlib.Path, program: pathlib.Path, commands: pathlib.Path) -> float:
    """Return the CPU seconds of the health check that Slurm runs, four checks of the catalogue added to those that always run."""
    command = [sys.executable, "-IS", str(program), "health", "--dry-run", "--config", str(scratch / "node.json"), "--checks", str(scratch / "none")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={"PATH": f"{commands}:/usr/bin:/bin"})
    said = process.stdout.read().decode() if process.stdout else ""
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or said:
        raise hardware_facts.MeasureError(f"the health check ended with {process.returncode}: {said}")
    return usage.ru_utime + usage.ru_stime


def main(arguments: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--class", dest="name", default="h100_sxm_8", help="hardware class of the node (default: %(default)s)")
    parser.add_argument("--storage-nics", type=int, default=2, metavar="N", help="adapters beside the rails (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how often (default: %(default)s); the median counts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        measured = measure(options.name, options.storage_nics, max(1, options.runs))
    except (CoreError, hardware_facts.MeasureError) as failure:
        print(failure, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"schema": "railyard.benchmark.node-health", "schema_version": 1, **measured}, indent=2))
    else:
        print("\n".join(f"{name.replace('_', ' '):<16} {value}" for name, value in measured.items()))
    broken = [f"{name} is {measured[name]}, {limit} is promised." for name, limit in LIMITS.items() if measured[name] > limit]
    for sentence in broken:
        print(sentence, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
