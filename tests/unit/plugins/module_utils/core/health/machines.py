# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A healthy simulated machine with everything that the checks look at, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.health import host
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

from ..facts.nodes import Node, make

CLASS = "h100_sxm_8"
GPU = "/sys/bus/pci/devices/0000:4c:00.0"
PORT = "/sys/class/infiniband/{}/ports/1"
TRACKING = "C0A80001,ntp.site,3,1784102400.1,{offset},0.0,0.0,1.2,0.0,0.1,0.001,0.001,64.2,{leap}\n"
MOUNTED = "/dev/nvme0n1p2 / ext4 rw,relatime 0 0\nserver:/home /my\\040home nfs4 rw,vers=4.2 0 0\n"

GONE = CommandResult(127, "", "not found")
HUNG = CommandResult(124, "", "")

Change = Callable[[Node, dict[str, Any]], None]


def machine(*faults: tuple[str, int | None]) -> tuple[Node, dict[str, Any]]:
    """Return a node with faults of the simulator, and the description that it fits when it is healthy."""
    node = make(CLASS, *faults)
    node.own[host.MOUNTS] = MOUNTED
    node.commands.update(
        chronyc=CommandResult(0, TRACKING.format(offset="-0.000012", leap="Normal"), ""),
        df=CommandResult(0, "Use% IUse% Mounted on\n 40%    3% /\n", ""),
        lspci=CommandResult(0, "0000:15:01.0 PCI bridge [0604]: Simulated [8086:352a]\n\t\tACSCtl:\tSrcValid- TransBlk- ReqRedir-\n", ""),
        systemctl=units(munge="active", slurmd="active"),
    )
    folder = host.CLOCK_SOURCE
    for name, text in {
        f"{folder}/current_clocksource": "tsc",
        f"{folder}/available_clocksource": "tsc hpet acpi_pm",
        host.NUMA_BALANCING: "0",
        f"{host.MEMORY_CONTROLLERS}/mc0/ue_count": "0",
        f"{host.MEMORY_CONTROLLERS}/mc0/ce_count": "3",
        f"{GPU}/aer_dev_fatal": "Undefined 0\nTOTAL_ERR_FATAL 0",
        f"{GPU}/aer_dev_nonfatal": "Undefined 0\nTOTAL_ERR_NONFATAL 0",
    }.items():
        node.write(name, f"{text}\n")
    hardware = hardware_class(CLASS)
    hardware["firmware"] = {"bios": "1.*", "hca": {"MT_0000000838": "28.*"}}
    health = {
        "disk": {"paths": ["/"], "used_percent_max": 97},
        "services": ["munge", "slurmd.service"],
        "mounts": [{"path": "/", "fstype": "ext4"}, {"path": "/my home", "source": "server:*"}],
        "versions": {"nvidia": ["580.*", "590.*"], "kernel": "6.1.*"},
    }
    return node, {"name": "node1", "hardware_class": CLASS, "hardware": hardware, "hardware_root": node.root, "health": health}


def units(failed: str = "", **states: str) -> Callable[[Sequence[str]], CommandResult]:
    """Return a systemctl that shows units, and lists those that have failed."""

    def answer(argv: Sequence[str]) -> CommandResult:
        if argv[0] == host.FAILED_UNITS[1]:
            return CommandResult(0, "".join(f"{name} loaded failed failed Some text\n" for name in failed.split()), "")
        names = [name.removesuffix(".service") for name in argv[list(argv).index("--") + 1 :]]
        blocks = [
            f"Id={name}.service\nLoadState={'loaded' if name in states else 'not-found'}\nActiveState={states.get(name, 'inactive')}\nSubState=dead\n"
            for name in names
        ]
        return CommandResult(0, "\n".join(blocks), "")

    return answer


# --- changes ----------------------------------------------------------------------------------------------------------


def write(path: str, text: str) -> Change:
    return lambda node, _wanted: node.write(path, f"{text}\n")


def remove(*paths: str) -> Change:
    def change(node: Node, _wanted: dict[str, Any]) -> None:
        for path in paths:
            node.remove(path)

    return change


def command(name: str, answer: Any) -> Change:
    return lambda node, _wanted: node.commands.update({name: answer})


def own(path: str, text: str | None) -> Change:
    def change(node: Node, _wanted: dict[str, Any]) -> None:
        node.own.pop(path, None)
        node.own.update({path: text} if text is not None else {})

    return change


def health(**values: Any) -> Change:
    return lambda _node, wanted: wanted["health"].update(values)


def hardware(section: str, **values: Any) -> Change:
    return lambda _node, wanted: wanted["hardware"][section].update(values)


def smi(change: Callable[[str], str], *words: str) -> Change:
    """Change what nvidia-smi prints where it is asked with these words."""

    def apply(node: Node, _wanted: dict[str, Any]) -> None:
        answer = node.commands["nvidia-smi"]

        def changed(argv: Sequence[str]) -> CommandResult:
            said = answer(argv)
            return CommandResult(said.rc, change(said.stdout), said.stderr) if list(argv[: len(words)]) == list(words) else said

        node.commands["nvidia-smi"] = changed

    return apply
