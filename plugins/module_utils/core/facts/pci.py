# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lies between GPUs, adapters and drives and the processor: PCIe ports with their access control, and the IOMMU."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from ..model.node import Iommu, PciBridge
from ..parse.values import pci_address
from . import gpus, hcas, nvme
from .bus import address_key
from .source import Source, refusal

# The configuration of every bridge. Only root sees its capabilities.
QUERY = ("lspci", "-D", "-nn", "-vv", "-d", "::0604")
HIDDEN = "<access denied>"
# Of lspci -vv a device's own line and the control register of its access control services. parse.lspci reads all the rest, and is three times
# as large as what it would be sent to nodes for.
_LSPCI = re.compile(r"^(?:(?P<address>[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) |\s+ACSCtl:\s*(?P<services>.*))", re.MULTILINE)
_SERVICE_ON = re.compile(r"(\w+)\+")
IOMMU_UNITS = "/sys/class/iommu"
IOMMU_GROUPS = "/sys/kernel/iommu_groups"
Mode = Literal["off", "passthrough", "translated", "mixed", "unknown"]
# The type of a group's domain (the kernel's ABI document, sysfs-kernel-iommu_groups) -> whether addresses are translated.
_TRANSLATED = {"identity": False, "DMA": True, "DMA-FQ": True, "unmanaged": True, "blocked": True}
_OPTIONS = ("iommu", "intel_iommu", "amd_iommu", "iommu.passthrough", "iommu.strict", "arm-smmu-v3.disable_bypass")

_PASSTHROUGH = ("iommu=pt", "iommu.passthrough=1", "iommu.passthrough=y")


def endpoints(source: Source) -> list[str]:
    """Return the addresses of the GPUs, adapters and drives."""
    return sorted({*gpus.addresses(source), *hcas.addresses(source), *nvme.addresses(source)}, key=address_key)


def collect_bridges(source: Source) -> tuple[PciBridge, ...]:
    """Return the ports above GPUs, adapters and drives, once each, in the order of their addresses."""
    found = [source.bus.device(address) for address in endpoints(source)]
    names = sorted({bridge for device in found if device for bridge in device.bridges}, key=address_key)
    acs = _access_control(source) if names else {}
    bridges = []
    for name in names:
        link = source.bus.link(name)
        bridges.append(
            PciBridge(
                pci_address=name,
                pci_id=source.bus.pci_id(name),
                numa_node=source.bus.numa_node(name),
                speed_gt_per_s=link.speed,
                speed_max_gt_per_s=link.speed_max,
                width=link.width,
                width_max=link.width_max,
                acs=acs.get(name),
            )
        )
    return tuple(bridges)


def _access_control(source: Source) -> dict[str, tuple[str, ...]]:
    """Return the services that are on, by bridge."""
    answer = source.run(QUERY)
    ports = list(_LSPCI.finditer(answer.stdout))
    if answer.rc or not ports:
        source.miss("bridges.acs", refusal(QUERY, answer))
        return {}
    if HIDDEN in answer.stdout:
        source.miss("bridges.acs", "lspci shows the access control of PCIe ports to root alone")
        return {}
    # A port that has no access control has none on.
    on: dict[str, tuple[str, ...]] = {}
    for port in ports:
        if port["address"]:
            address = pci_address(port["address"]) or ""
            on[address] = ()
        elif on:
            on[address] = tuple(_SERVICE_ON.findall(port["services"]))
    return on


def collect_iommu(source: Source) -> Iommu:
    units = source.names(IOMMU_UNITS) or []
    words = (source.text("/proc/cmdline") or "").split()
    groups = [device.iommu_group for device in map(source.bus.device, endpoints(source)) if device and device.iommu_group is not None]
    domains = Counter(source.text(f"{IOMMU_GROUPS}/{group}/type") or "unknown" for group in groups)
    mode = _mode(bool(units), domains, words)
    if mode == "unknown" and groups:
        source.miss("iommu", f"{IOMMU_GROUPS} does not tell the domains' types (Linux 5.11 and later do)")
    return Iommu(
        mode=mode,
        units=tuple(sorted(units)),
        options=tuple(word for word in words if word.partition("=")[0] in _OPTIONS),
        domains=dict(sorted(domains.items())),
    )


def _mode(has_units: bool, domains: Counter[str], command_line: Sequence[str]) -> Mode:
    if not has_units and not domains:
        return "off"
    kinds = {_TRANSLATED.get(name) for name in domains}
    if kinds == {False} or (kinds <= {None} and any(word in _PASSTHROUGH for word in command_line)):
        return "passthrough"
    if kinds == {True}:
        return "translated"
    return "mixed" if kinds >= {True, False} else "unknown"
