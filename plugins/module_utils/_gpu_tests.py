# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The node's half of gpu_bandwidth, nccl_bandwidth and gpu_diag, and of gpu_tests, which runs several of them: what each runs, and what it gives to its judge.

The controller's half is plugin_utils/_gpu_tests.py.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
import typing as t
from dataclasses import dataclass

from ansible_collections.railyard.cluster.plugins.module_utils import _test_run
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests import commands
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.node import see, to_dict
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.document import as_json

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ansible.module_utils.basic import AnsibleModule

    from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner
    from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.node import Node

_SETTINGS = "/etc/nccl.conf"
_LOG_LIMIT_BYTES = 64 * 1024

# Of any test: whom it looks at.
COMMON: dict[str, t.Any] = {
    "hardware_root": {"type": "path", "default": "/"},
    "node": {"type": "str", "required": True},
    "expected_gpus": {"type": "int"},
    "proof": {"type": "str", "choices": ["hardware", "lab", "replay", "stub", "unproven"], "default": "hardware"},
}
RAILS: dict[str, t.Any] = {"expected_rails": {"type": "int"}}
# Of each test alone.
OPTIONS: dict[str, dict[str, t.Any]] = {
    "gpu_bandwidth": {
        "testcases": {"type": "list", "elements": "str", "default": list(commands.TESTCASES)},
        "samples": {"type": "int"},
        "time_limit_s": {"type": "int", "default": 600},
    },
    "nccl_bandwidth": {
        "collectives": {"type": "list", "elements": "str", "choices": list(commands.COLLECTIVES), "default": ["all_reduce", "all_gather"]},
        "algorithms": {"type": "list", "elements": "str", "choices": list(commands.ALGORITHMS), "default": list(commands.ALGORITHMS)},
        "launcher": {"type": "str", "choices": list(commands.LAUNCHERS), "default": "single"},
        "partition": {"type": "str", "default": ""},
        "gpus": {"type": "int"},
        "size_mib": {"type": "int", "default": commands.SIZE_BYTES >> 20},
        "iterations": {"type": "int", "default": 20},
        "programs_folder": {"type": "path"},
        "time_limit_s": {"type": "int", "default": 300},
    },
    "gpu_diag": {
        "level": {"type": "int", "choices": list(commands.DIAG_LEVELS), "default": 1},
        "time_limit_s": {"type": "int", "default": 1800},
    },
}


@dataclass(frozen=True)
class _Prepared:
    """A test that could begin: the command lines, and what runs them and returns the outputs with what the judge needs beside them."""

    lines: Sequence[tuple[str, ...]]
    perform: Callable[[], dict[str, t.Any]]


def look(runner: ModuleRunner, params: Mapping[str, t.Any]) -> Node:
    """Look at the node before its tests."""
    return see(
        runner,
        params["node"],
        root=params["hardware_root"],
        gpus_declared=params["expected_gpus"],
        rails_declared=params.get("expected_rails"),
        proof=params["proof"],
    )


def run_one(name: str, module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    """Run a test with the options of a module that runs it alone. Returns what its controller's half judges."""
    node = look(runner, module.params)
    prepared = _PREPARE[name](node, module.params, runner)
    if module.check_mode:
        return {"changed": False, "would_run": [" ".join(argv) for argv in prepared.lines]}
    return {"changed": False, "_node": to_dict(node), **prepared.perform()}


def run_several(names: Sequence[str], module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    """Run tests one after the other; the options of each are those below its name. A node without GPUs, which should have none, is left alone."""
    node = look(runner, module.params)
    if not node.gpus and not node.as_is.gpus:
        return {"changed": False, "skipped": True, "msg": f"{node.name} has no GPUs, and none are expected: nothing was tested."}
    prepared = {name: _PREPARE[name](node, module.params[name], runner) for name in names}
    if module.check_mode:
        return {"changed": False, "would_run": [" ".join(argv) for one in prepared.values() for argv in one.lines]}
    return {"changed": False, "_node": to_dict(node), "_tests": [{"test": name, **one.perform()} for name, one in prepared.items()]}


def _copies(_node: Node, params: Mapping[str, t.Any], _runner: ModuleRunner) -> _Prepared:
    told = _test_run.run((commands.NVBANDWIDTH, "--help"), 60)
    argv = commands.copies(params["testcases"], commands.features(told.answer.stdout), samples=params["samples"])
    return _program(told, argv, commands.COPIES_OUTPUT, params["time_limit_s"])


def _diagnostic(_node: Node, params: Mapping[str, t.Any], _runner: ModuleRunner) -> _Prepared:
    told = _test_run.run((commands.DCGMI, "diag", "--help"), 60)
    return _program(told, commands.diagnostic(params["level"], told.answer.stdout), commands.DIAG_OUTPUT, params["time_limit_s"], _level=params["level"])


def _program(told: _test_run.Ran, argv: tuple[str, ...], output: str, limit_s: int, **more: t.Any) -> _Prepared:
    """Prepare a program that was asked for its options, and is run once. One that is not installed is not asked again."""

    def perform() -> dict[str, t.Any]:
        ran = told if told.answer.rc == commands.MISSING else _test_run.run(argv, limit_s)
        return {"outputs": [ran.evidence(output)], "_limit_s": limit_s, **more}

    return _Prepared((argv,), perform)


def _collectives(node: Node, params: Mapping[str, t.Any], runner: ModuleRunner) -> _Prepared:
    launch = commands.Launch(
        launcher=params["launcher"],
        gpus=params["gpus"] or min(node.gpus, len(node.as_is.gpus)) or node.gpus,
        time_limit_s=params["time_limit_s"],
        host=node.name if params["launcher"] == "srun" else "",
        partition=params["partition"],
    )
    asked = tuple(
        commands.Asked(collective, algorithm, params["size_mib"] << 20, params["iterations"])
        for collective in params["collectives"]
        for algorithm in params["algorithms"]
    )
    lines = tuple(commands.collective(one, launch, _path(one.collective, params)) for one in asked)

    def perform() -> dict[str, t.Any]:
        outputs = [_measure(one, launch, argv) for one, argv in zip(asked, lines)]
        with contextlib.suppress(OSError):
            outputs.append({"name": _SETTINGS, "stdout": runner.read(_SETTINGS)[:4096]})
        return {"outputs": outputs, "_asked": as_json(asked), "_launch": as_json(launch)}

    return _Prepared(lines, perform)


def _path(collective: str, params: Mapping[str, t.Any]) -> str:
    folder = params["programs_folder"]
    names = [os.path.join(str(folder), name) if folder else name for name in commands.programs(collective, str(params["launcher"]))]
    return next((name for name in names if shutil.which(name)), names[0])


def _measure(one: commands.Asked, launch: commands.Launch, argv: tuple[str, ...]) -> dict[str, t.Any]:
    folder = tempfile.mkdtemp(prefix="railyard-nccl-")
    try:
        ran = _test_run.run(argv, launch.time_limit_s, environment=commands.environment(one, folder))
        logs = []
        for path in sorted(glob.glob(os.path.join(folder, "nccl.*"))):
            with open(path, encoding="utf-8", errors="replace") as file:
                logs.append(file.read(_LOG_LIMIT_BYTES))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {**ran.evidence(one.output), "nccl_logs": logs}


_PREPARE: dict[str, Callable[[Node, Mapping[str, t.Any], ModuleRunner], _Prepared]] = {
    "gpu_bandwidth": _copies,
    "nccl_bandwidth": _collectives,
    "gpu_diag": _diagnostic,
}
