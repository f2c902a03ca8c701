# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""dcgmi of DCGM 4.4 as it would answer on the node of a profile: its version, and the diagnostic of levels 1 to 4 as a table or as JSON.

The form of the table was compared with a recording of 4.2.3, that of the JSON follows ``dcgmi/DcgmDiagResponse.cpp``. Which test fails for which fault is ours.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .profile import effective
from .rates import Outcome

_VERSION = "4.4.0"
# Level -> the tests that it adds: category and name.
_TESTS: dict[int, tuple[tuple[str, str], ...]] = {
    1: (("Deployment", "software"),),
    2: (("Hardware", "memory"), ("Integration", "pcie")),
    3: (("Hardware", "diagnostic"), ("Hardware", "nvbandwidth"), ("Stress", "memory_bandwidth"), ("Stress", "targeted_power"), ("Stress", "targeted_stress")),
    4: (("Hardware", "memtest"), ("Hardware", "pulse_test")),
}
_ORDER = ("Deployment", "Integration", "Hardware", "Stress")
_SECONDS = {1: 0.3, 2: 0.8, 3: 1.5, 4: 2.0}
_FLAGS = frozenset(("-j", "--json", "-v", "--verbose", "--fail-early", "-w", "--warn", "--ignoreErrorCodes"))
_VALUES = frozenset(
    (
        *("-r", "--run", "-g", "--group", "-i", "--entity-id", "-p", "--parameters", "-c", "--configfile", "--host", "-f", "--fakeGpuList"),
        *("--statspath", "--statsonfail", "--debugLogFile", "-d", "--debugLevel", "--throttle-mask", "--plugin-path", "--check-interval"),
        *("--iterations", "--timeoutSeconds", "--expectedNumEntities"),
    )
)
_NO_ENGINE = (
    "Error: unable to establish a connection to the specified host: localhost\n"
    "Error: Unable to connect to host engine. Host engine connection invalid/disconnected."
)
_USAGE = """
Usage: dcgmi diag
   dcgmi diag [--host <IP/FQDN>] [-g <groupId>] -r <diag> [-p
        <test_name.variable_name=variable_value>] [-c
        </full/path/to/config/file>] [-i <entity-ids>] [-j] [-v]
        [--statspath <plugin statistics path>] [--debugLogFile <debug file>]
        [-d <debug level>] [--fail-early] [--iterations <iterations>]
        [--timeoutSeconds <seconds>] [--expectedNumEntities <entity counts>]

"""


def dcgmi(profile: Mapping[str, Any], argv: Sequence[str], denied: Collection[int] = ()) -> Outcome:
    """Answer ``dcgmi ARGV``."""
    node = effective(profile, denied)
    if list(argv) in (["--version"], ["-v"]):
        return Outcome(f"\ndcgmi  version: {_VERSION}\n\n")
    if not argv or argv[0] != "diag":
        return Outcome("", 255, f"\nUsage: dcgmi\n   dcgmi subsystem\n   dcgmi -v\n\nError: unknown subsystem {argv[0] if argv else ''!r}\n")
    options: dict[str, str] = {}
    rest = list(argv[1:])
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name in ("-h", "--help"):
            return Outcome(_USAGE)
        if name in _FLAGS and not equals:
            options[name] = ""
        elif name in _VALUES and (equals or rest):
            options[name] = value if equals else rest.pop(0)
        else:
            return Outcome("", 255, f"PARSE ERROR: Argument: {name}\n             Couldn't find match for argument\n{_USAGE}")
    level = options.get("-r") or options.get("--run") or ""
    if level not in ("1", "2", "3", "4"):
        return Outcome("", 206, "Error: requested test is not known to this program\n" if level else "Error: a run level is required (-r)\n")
    if node["driver"] != "loaded":
        return Outcome(f"{_NO_ENGINE}\n", 234)
    bad = next((gpu for gpu in node["gpus"] if gpu["state"] != "ok"), None)
    if bad:
        why = f"GPU {bad['index']} is lost. It has fallen off the bus or has otherwise become inaccessible."
        return Outcome(f"Error: Unable to complete diagnostic for group 2147483647. Return: (-33) {why}\n", 223)
    tests = [test for number in range(1, int(level) + 1) for test in _TESTS[number]]
    found = [
        (category, name, [_verdict(name, gpu) for gpu in node["gpus"]]) for category in _ORDER for test_category, name in tests if test_category == category
    ]
    failed = any(said for _category, _name, verdicts in found for said in verdicts)
    text = _json(node, found) if {"-j", "--json"} & options.keys() else _table(node, found)
    return Outcome(text, 226 if failed else 0, seconds=_SECONDS[int(level)])


def _verdict(test: str, gpu: Mapping[str, Any]) -> str:
    """Return what a test finds wrong with a GPU; nothing where it passes."""
    number = gpu["index"]
    if test == "software" and gpu["persistence"] != "Enabled":
        return f"Persistence mode for GPU {number} is disabled."
    if test == "software" and (gpu["remap_pending"] == "Yes" or gpu["remap_failure"] == "Yes"):
        return f"GPU {number} had uncorrectable memory errors and row remapping {'failed' if gpu['remap_failure'] == 'Yes' else 'is pending'}."
    if test in ("memory", "memtest") and gpu["ecc_uncorrected"]:
        return f"Detected {gpu['ecc_uncorrected']} volatile double-bit ECC error(s) on GPU {number}."
    if test in ("diagnostic", "memtest", "nvbandwidth") and gpu["wrong_data"]:
        return f"There were 16 miscompares in the data of GPU {number}."
    if test in ("pcie", "nvbandwidth") and (gpu["current_width"], gpu["current_generation"]) != (gpu["pcie_width"], gpu["pcie_generation"]):
        return f"The PCIe link of GPU {number} has generation {gpu['current_generation']} and width {gpu['current_width']}, below what is required."
    if test in ("pcie", "nvbandwidth") and gpu["nvlinks_up"] < gpu["nvlinks"]:
        return f"GPU {number} has {gpu['nvlinks'] - gpu['nvlinks_up']} NVLink(s) down."
    if test in ("targeted_stress", "targeted_power") and (gpu["slow_percent"] or gpu["hw_slowdown"]):
        return f"Max stress level of GPU {number} did not reach the desired stress level."
    return ""


def _table(node: Mapping[str, Any], found: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    ids = ", ".join(gpu["pci_id"].partition(":")[2] for gpu in node["gpus"])
    lines = [
        "Successfully ran diagnostic for group.",
        "+---------------------------+------------------------------------------------+",
        _row("Diagnostic", "Result"),
    ]
    lines += [
        "+===========================+================================================+",
        "|-----  Metadata  ----------+------------------------------------------------|",
    ]
    lines += [_row("DCGM Version", _VERSION), _row("Driver Version Detected", str(node["driver_version"])), _row("GPU Device IDs Detected", ids)]
    category = ""
    for own, name, verdicts in found:
        if own != category:
            edges = ("|", "|") if not category else ("+", "+")
            lines.append(f"{edges[0]}-----  {own}  {'-' * (18 - len(own))}+------------------------------------------------{edges[1]}")
            category = own
        lines.append(_row(name, "Fail" if any(verdicts) else "Pass"))
        for number, said in enumerate(verdicts):
            lines.append(_row("", f"GPU{number}: {'Fail' if said else 'Pass'}"))
        for number, said in enumerate(verdicts):
            lines += [_row(f"Warning: GPU{number}" if not place else "", part) for place, part in enumerate(textwrap.wrap(said, 46))]
    return "\n".join((*lines, "+---------------------------+------------------------------------------------+")) + "\n"


def _row(name: str, value: str) -> str:
    return f"| {name:<25} | {value:<46} |"


def _json(node: Mapping[str, Any], found: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    categories: dict[str, list[dict[str, Any]]] = {}
    for category, name, verdicts in found:
        results = []
        for number, said in enumerate(verdicts):
            warnings = [{"error_category": 7, "error_id": 29, "error_severity": 2, "warning": said}]
            result = {"entity_group": "GPU", "entity_group_id": 1, "entity_id": number, "status": "Fail" if said else "Pass"}
            results.append({**result, "warnings": warnings} if said else result)
        categories.setdefault(category, []).append({"name": name, "results": results, "test_summary": {"status": "Fail" if any(verdicts) else "Pass"}})
    entities = [{"device_id": gpu["pci_id"].partition(":")[2], "entity_id": gpu["index"], "serial_num": gpu["serial"]} for gpu in node["gpus"]]
    document = {
        "DCGM Diagnostic": {"test_categories": [{"category": category, "tests": tests} for category, tests in categories.items()]},
        "entity_groups": [{"entities": entities, "entity_group": "GPU", "entity_group_id": 1}],
        "metadata": {"Driver Version Detected": node["driver_version"], "version": _VERSION},
    }
    return json.dumps(document, indent="\t") + "\n"
