# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nvbandwidth 0.8 as it would run on the node of a profile. Form and options are those of its sources; text was compared with a recording of 0.6.

Copies that several GPUs make at once, and the two directions of one, are not simulated: such a testcase is waived, as it is where it does not apply.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .profile import effective
from .rates import Outcome, gpu_copy_rate, host_copy_rate, lost

_HEAD = "nvbandwidth Version: v0.8\nBuilt from Git version: v0.8\n\n"
_USAGE = """nvbandwidth CLI:
  -h [ --help ]                  Produce help message
  -b [ --bufferSize ] arg (=512) Memcpy buffer size in MiB
  -l [ --list ]                  List available testcases
  -t [ --testcase ] arg          Testcase(s) to run (by name or index)
  -p [ --testcasePrefixes ] arg  Testcase(s) to run (by prefix))
  -v [ --verbose ]               Verbose output
  -s [ --skipVerification ]      Skips data verification after copy
  -d [ --disableAffinity ]       Disable automatic CPU affinity control
  -i [ --testSamples ] arg (=3)  Iterations of the benchmark
  -m [ --useMean ]               Use mean instead of median for results
  -j [ --json ]                  Print output in json format instead of plain
                                 text.
"""
_NOTE = (
    "NOTE: The reported results may not reflect the full capabilities of the platform.\n"
    "Performance can vary with software drivers, hardware clocks, and system topology.\n\n"
)
_HOST = {"host_to_device_memcpy": "CPU(row) -> GPU(column)", "device_to_host_memcpy": "CPU(row) <- GPU(column)"}
_PEER = {"device_to_device_memcpy_read": "GPU(row) -> GPU(column)", "device_to_device_memcpy_write": "GPU(row) <- GPU(column)"}
_KINDS = (
    *("host_to_device_memcpy", "device_to_host_memcpy", "host_to_device_bidirectional_memcpy", "device_to_host_bidirectional_memcpy"),
    *("device_to_device_memcpy_read", "device_to_device_memcpy_write"),
    *("device_to_device_bidirectional_memcpy_read", "device_to_device_bidirectional_memcpy_write"),
    *("all_to_host_memcpy", "all_to_host_bidirectional_memcpy", "host_to_all_memcpy", "host_to_all_bidirectional_memcpy"),
    *("all_to_one_write", "all_to_one_read", "one_to_all_write", "one_to_all_read"),
)
TESTCASES = (
    *(f"{kind}_ce" for kind in _KINDS),
    *(f"{kind}_sm" for kind in _KINDS),
    "host_device_latency_sm",
    "device_to_device_latency_sm",
    "device_local_copy",
)
_FLAGS = {
    "h": "help",
    "l": "list",
    "v": "verbose",
    "s": "skipVerification",
    "d": "disableAffinity",
    "m": "useMean",
    "j": "json",
    "perfFormatter": "perfFormatter",
}
_VALUES = {"b": "bufferSize", "i": "testSamples", "loopCount": "loopCount"}
_LISTS = {"t": "testcase", "p": "testcasePrefixes"}


class _InvalidError(Exception):
    pass


def nvbandwidth(profile: Mapping[str, Any], argv: Sequence[str], denied: Collection[int] = ()) -> Outcome:
    """Answer ``nvbandwidth ARGV``."""
    node = effective(profile, denied)
    try:
        options = _parse(argv)
    except _InvalidError:
        return Outcome(f"{_HEAD}ERROR: Invalid Arguments \nnvbandwidth {' '.join(argv)} :\n\n{_USAGE}\n", 1)
    if "help" in options:
        return Outcome(f"{_HEAD}{_USAGE}\n")
    if "list" in options:
        return Outcome(f"{_HEAD}Index, Name:\n\tDescription\n=======================\n" + "".join(f"{n}, {name}:\n\t\n\n" for n, name in enumerate(TESTCASES)))
    if "testcase" in options and "testcasePrefixes" in options:
        return Outcome(_HEAD, 1, "You cannot specify both testcase and testcasePrefix options at the same time\n")
    broken = _broken(node)
    if broken:
        if "json" in options:
            return Outcome(json.dumps({"nvbandwidth": {"error": broken, "git_version": "v0.8", "version": "v0.8"}}, indent="\t") + "\n\n", 1)
        return Outcome(_HEAD, 1, f"{broken}\n")
    wanted: Sequence[str] = options.get("testcase") or list(TESTCASES)
    if "testcasePrefixes" in options:
        wanted = [name for name in TESTCASES if name.startswith(tuple(options["testcasePrefixes"]))]
        if not wanted:
            return Outcome(_HEAD, 1, "Specified list of testcase prefixes did not match any testcases\n")
    names = [TESTCASES[int(name)] if name.isdigit() and int(name) < len(TESTCASES) else name for name in wanted]
    seconds = min(2.0, 0.1 * len(names))
    return _json(node, names, seconds) if "json" in options else _text(node, names, seconds, verbose="verbose" in options)


def _parse(argv: Sequence[str]) -> dict[str, list[str]]:
    long_names = {value: value for value in (*_FLAGS.values(), *_VALUES.values(), *_LISTS.values())}
    options: dict[str, list[str]] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name.startswith("--"):
            key = long_names.get(name[2:], "")
        elif name.startswith("-") and len(name) == 2:
            key = {**_FLAGS, **_VALUES, **_LISTS}.get(name[1], "")
        else:
            key = ""
        if not key or key in options:
            raise _InvalidError
        options[key] = [value] if equals else []
        if key in _VALUES.values() and not equals:
            options[key] = [rest.pop(0)] if rest else []
        while key in _LISTS.values() and rest and not rest[0].startswith("-"):
            options[key].append(rest.pop(0))
        if (key not in _FLAGS.values()) != bool(options[key]) or (key in _VALUES.values() and not options[key][0].isdigit()):
            raise _InvalidError
    return options


def _broken(node: Mapping[str, Any]) -> str:
    """Say what a program of CUDA says of a machine on which it cannot begin."""
    if node["driver"] != "loaded" or not node["gpus"]:
        return "[CUDA_ERROR_NO_DEVICE] no CUDA-capable device is detected in expression cuInit(0) in int main(int, char**)() : nvbandwidth.cpp:236"
    if lost(node["gpus"]):
        return "[CUDA_ERROR_UNKNOWN] unknown error in expression cuInit(0) in int main(int, char**)() : nvbandwidth.cpp:236"
    if not all(gpu["fabric_ok"] for gpu in node["gpus"]):
        return "[CUDA_ERROR_SYSTEM_NOT_READY] system not yet initialized in expression cuInit(0) in int main(int, char**)() : nvbandwidth.cpp:236"
    return ""


def _cuda_number(node: Mapping[str, Any]) -> int:
    major, _point, minor = str(node["cuda_version"]).partition(".")
    return int(major) * 1000 + int(minor) * 10


def _device(gpu: Mapping[str, Any]) -> str:
    return f"{gpu['name']} ({gpu['pci'].lower().rpartition('.')[0]})"


def _matrix(node: Mapping[str, Any], name: str) -> tuple[str, list[list[float | None]]] | None:
    """Return the description and the values of a testcase, or ``None`` where it is waived."""
    kind, engine = name[:-3], name[-2:].upper()
    count = len(node["gpus"])
    if kind in _HOST:
        return f"memcpy {engine} {_HOST[kind]} bandwidth (GB/s)", [[host_copy_rate(node, number, kind) for number in range(count)]]
    if kind in _PEER and count > 1:
        rows: list[list[float | None]] = [[None if row == column else gpu_copy_rate(node, row, column) for column in range(count)] for row in range(count)]
        return f"memcpy {engine} {_PEER[kind]} bandwidth (GB/s)", rows
    return None


def _wrong(node: Mapping[str, Any], name: str) -> bool:
    return "device" in name and any(gpu["wrong_data"] for gpu in node["gpus"])


def _text(node: Mapping[str, Any], names: Sequence[str], seconds: float, *, verbose: bool) -> Outcome:
    cuda = _cuda_number(node)
    head = f"{_HEAD}CUDA Runtime Version: {cuda}\nCUDA Driver Version: {cuda}\nDriver Version: {node['driver_version']}\n\n{node['node']}\n"
    head += "".join(f"Device {number}: {_device(gpu)}\n" for number, gpu in enumerate(node["gpus"])) + "\n"
    text = ""
    for name in names:
        if name not in TESTCASES:
            text += f"ERROR: Testcase {name} not found!\n"
            continue
        found = _matrix(node, name)
        if found is None:
            text += "Waived: \n"
            continue
        text += f"Running {name}.\n"
        if _wrong(node, name):
            text += " Invalid value when checking the pattern at 0x7f3c40000000\n Current offset : 4096 \n"
            said = "ASSERT in expression h_errorFlag == 0 in void memcmpPatternHelper(CUstream, CUdeviceptr)() : memcpy.cpp:165\n"
            return Outcome(text, 1, said, seconds, head)
        description, matrix = found
        values = [value for row in matrix for value in row if value is not None]
        text += f"{description}\n  {''.join(f'{column:>10}' for column in range(len(matrix[0])))}\n"
        text += "".join(f"{row:>2}{''.join('       N/A' if value is None else f'{value:10.2f}' for value in line)}\n" for row, line in enumerate(matrix))
        text += f"\nSUM {name} {sum(values):.2f}\n"
        if verbose:
            text += f"MIN {name} {min(values):.2f}\nMAX {name} {max(values):.2f}\nAVG {name} {sum(values) / len(values):.2f}\n"
        text += "\n"
    return Outcome(text + _NOTE, 0, "", seconds, head)


def _json(node: Mapping[str, Any], names: Sequence[str], seconds: float) -> Outcome:
    testcases: list[dict[str, Any]] = []
    body = {
        "CUDA Runtime Version": _cuda_number(node),
        "Driver Version": node["driver_version"],
        "GPU Device list": [f"{number}: {_device(gpu)}: ({node['node']})" for number, gpu in enumerate(node["gpus"])],
        "git_version": "v0.8",
        "testcases": testcases,
        "version": "v0.8",
    }
    for name in names:
        found = _matrix(node, name) if name in TESTCASES else None
        if name not in TESTCASES:
            testcases.append({"name": name, "status": "ERROR"})
        elif found is None:
            testcases.append({"name": name, "status": "Waived"})
        elif _wrong(node, name):
            body["error"] = " Invalid value when checking the pattern at 0x7f3c40000000"
            testcases.append({"name": name, "status": "Running"})
            return Outcome(json.dumps({"nvbandwidth": body}, indent="\t", sort_keys=True) + "\n\n", 1, "", seconds)
        else:
            rows = [["N/A" if value is None else f"{value:g}" for value in row] for row in found[1]]
            total = sum(value for row in found[1] for value in row if value is not None)
            testcases.append({"bandwidth_description": found[0], "bandwidth_matrix": rows, "name": name, "status": "Passed", "sum": total})
    return Outcome(json.dumps({"nvbandwidth": body}, indent="\t", sort_keys=True) + "\n\n", 0, "", seconds)
