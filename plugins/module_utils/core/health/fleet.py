# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Uniformity: what nodes of one hardware class should have in common, and which of them differ from the others.

Works on facts documents and on their summaries, one node at a time: of each only a few texts are kept. What no node shows is not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..facts.bus import GENERATIONS
from ..model.finding import CheckResult, Evidence, Subject

CHECK_PREFIX = "uniform_"
# More nodes than this part of a class must have a value for it to be what the others should have.
MAJORITY = 0.5
# What stands for a driver that is not loaded, or that has no version of its own.
ABSENT = "none"
_LISTED = 20
_KIND_LIMIT = 5

Facts = Mapping[str, Any]
# What a node has of an attribute: a text for each kind of thing that can have its own (a board, a model), or one under an empty name.
Values = dict[str, "str | None"]


@dataclass(frozen=True)
class FleetNode:
    """A node with what was seen of it."""

    name: str
    hardware_class: str
    facts: Facts
    """A facts document, or the summary of one."""


@dataclass(frozen=True)
class Attribute:
    """Something that nodes of a class should have in common."""

    name: str
    """The check is called ``uniform_<name>``."""
    what: str
    read: Callable[[Facts], Values]
    remediation: str


def uniformity(nodes: Iterable[FleetNode], *, proof: str = "hardware", run_id: str = "") -> tuple[CheckResult, ...]:
    """Compare the nodes of each class with each other.

    Returns for every attribute of a class of two nodes or more: one result of the class (subject ``fleet``) where all have the same; one for
    each node that differs from the majority; one of the class, inconclusive, where there is no majority or where some nodes don't show it.
    """
    seen: dict[str, dict[tuple[int, str], dict[str, str | None]]] = {}
    sizes: Counter[str] = Counter()
    serials: dict[str, str | None] = {}
    for node in nodes:
        sizes[node.hardware_class] += 1
        system = node.facts.get("system")
        serials[node.name] = system.get("serial") if isinstance(system, Mapping) else None
        groups = seen.setdefault(node.hardware_class, {})
        for number, attribute in enumerate(ATTRIBUTES):
            for kind, value in attribute.read(node.facts).items():
                groups.setdefault((number, kind), {})[node.name] = value
    make = _Maker(serials, proof, run_id)
    results: list[CheckResult] = []
    for name in sorted(seen):
        for number, attribute in enumerate(ATTRIBUTES if sizes[name] > 1 else ()):
            kinds = {kind: values for (place, kind), values in sorted(seen[name].items()) if place == number}
            results += make.compare(name, attribute, kinds)
    return tuple(results)


@dataclass(frozen=True)
class _Difference:
    """What a node has otherwise than the majority."""

    usual: str
    own: str
    reason: str


@dataclass(frozen=True)
class _Maker:
    """Makes results."""

    serials: Mapping[str, str | None]
    proof: str
    run_id: str

    def compare(self, class_name: str, attribute: Attribute, kinds: Mapping[str, Mapping[str, str | None]]) -> Iterator[CheckResult]:
        """Compare an attribute over a class, each kind of thing for itself; a node that differs in several gets one result."""
        differences: dict[str, list[_Difference]] = {}
        for kind, values in kinds.items():
            if any(value not in (None, ABSENT) for value in values.values()):
                yield from self._kind(class_name, attribute, kind, values, differences)
        for node, found in differences.items():
            subject = Subject("node", node, node, serial=self.serials.get(node))
            hint = " ".join(difference.reason for difference in found)
            evidence = tuple(Evidence(difference.reason, difference.own, difference.usual) for difference in found)
            yield self._result(attribute, subject, "warn", found[0].usual, found[0].own, hint, evidence if len(found) > 1 else ())

    def _kind(
        self, class_name: str, attribute: Attribute, kind: str, values: Mapping[str, str | None], differences: dict[str, list[_Difference]]
    ) -> Iterator[CheckResult]:
        known = {node: value for node, value in values.items() if value is not None}
        if len(known) < 2:
            return
        counts = Counter(known.values())
        usual, having = max(counts.items(), key=lambda item: (item[1], item[0]))
        what = f"{attribute.what} of {kind}" if kind else attribute.what
        fleet = Subject("fleet", f"{class_name} {kind}" if kind else class_name)
        if having <= MAJORITY * len(known):
            reason = f"{what}: no value is that of most of the {len(known)} nodes."
            evidence = tuple(Evidence(f"{count} nodes, {_names(known, value)}", value) for value, count in counts.most_common(_KIND_LIMIT))
            yield self._result(attribute, fleet, "inconclusive", None, None, reason, evidence)
            return
        for node, value in known.items():
            if value != usual:
                reason = f"{what} is {value}; {having} of {len(known)} nodes of {class_name} have {usual}."
                differences.setdefault(node, []).append(_Difference(usual, value, reason))
        silent = [node for node, value in values.items() if value is None]
        if silent:
            listed = ", ".join(sorted(silent)[:_LISTED]) + (" and others" if len(silent) > _LISTED else "")
            yield self._result(attribute, fleet, "inconclusive", usual, None, f"{what} was not seen of {len(silent)} of {len(values)} nodes: {listed}.")
        elif having == len(known):
            yield self._result(attribute, fleet, "pass", usual, usual, f"{what} is the same on {len(known)} nodes.")

    def _result(
        self, attribute: Attribute, subject: Subject, verdict: str, expected: str | None, observed: str | None, hint: str, evidence: tuple[Evidence, ...] = ()
    ) -> CheckResult:
        return CheckResult(
            subject=subject,
            check=CHECK_PREFIX + attribute.name,
            verdict=verdict,
            severity="warning" if verdict == "warn" else "info",
            expected=expected,
            observed=observed,
            evidence=evidence,
            proof=self.proof,
            hint=hint,
            remediation=attribute.remediation if verdict == "warn" else "",
            run_id=self.run_id,
        )


def _names(known: Mapping[str, str | None], value: str | None) -> str:
    return "such as " + ", ".join([node for node, own in known.items() if own == value][:3])


# --- what is compared -------------------------------------------------------------------------------------------------


def _system(key: str) -> Callable[[Facts], Values]:
    return lambda facts: {"": _text(_mapping(facts, "system").get(key))}


def _os(facts: Facts) -> Values:
    system = _mapping(facts, "system")
    return {"": f"{system['os_id']} {system.get('os_version') or ''}".strip() if system.get("os_id") else None}


def _driver(key: str) -> Callable[[Facts], Values]:
    return lambda facts: {"": (_text(facts["drivers"].get(key)) or ABSENT) if isinstance(facts.get("drivers"), Mapping) else None}


def _bios(facts: Facts) -> Values:
    """A BIOS's version says something only together with the machine that it is for."""
    system = _mapping(facts, "system")
    return {str(system.get("product") or ""): _text(system.get("bios_version"))}


def _cpu(facts: Facts) -> Values:
    cpu = _mapping(facts, "cpu")
    shape = [cpu.get(name) for name in ("sockets", "cores_per_socket", "threads_per_core", "online")]
    return {"": None if None in shape else "{} x {} x {}, {} online".format(*shape)}


def _memory(facts: Facts) -> Values:
    """What the kernel keeps of it differs a little from start to start: gibibytes are compared."""
    total = _mapping(facts, "memory").get("total_mib")
    return {"": f"{round(total / 1024)} GiB" if isinstance(total, (int, float)) else None}


def _gpu_values(*keys: str) -> Callable[[Facts], Values]:
    """Read of each GPU something that the driver says, by product. A summary has it beside the rest, a document below ``driver``."""

    def read(facts: Facts) -> Values:
        found: dict[str, list[Any]] = {}
        for gpu in _list(facts, "gpus"):
            value: Any = gpu["driver"] if isinstance(gpu.get("driver"), Mapping) else gpu
            product = value.get("product")
            for key in keys:
                value = value.get(key) if isinstance(value, Mapping) else None
            if product:
                found.setdefault(str(product), []).append(value)
        return {product: _alike(values) for product, values in found.items()}

    return read


def _kinds(section: str, key: str) -> Callable[[Facts], Values]:
    """Which devices a node has, of each kind how many; of adapters the rails alone."""

    def read(facts: Facts) -> Values:
        devices = [device for device in _list(facts, section) if section != "hcas" or device.get("rail") is not None]
        return {"": _alike([device.get(key) for device in devices])} if devices else {}

    return read


def _devices(section: str, value: str, kind: str) -> Callable[[Facts], Values]:
    def read(facts: Facts) -> Values:
        found: dict[str, list[Any]] = {}
        for device in _list(facts, section):
            if device.get(kind) and not device.get("virtual_function"):
                found.setdefault(str(device[kind]), []).append(device.get(value))
        return {name: _alike(values) for name, values in found.items()}

    return read


def _counts(facts: Facts) -> Values:
    """How many of each kind a node has."""
    asked = facts.get("parts") or ()
    rails = sum(hca.get("rail") is not None for hca in _list(facts, "hcas"))
    found = {"GPUs": ("gpus", len(_list(facts, "gpus"))), "rails": ("hcas", rails), "drives": ("nvme", len(_list(facts, "nvme")))}
    return {name: str(count) if part in asked else None for name, (part, count) in found.items()}


def _links(section: str) -> Callable[[Facts], Values]:
    """How the devices' own PCIe links run. Of a GPU the width alone: idle, it lowers its speed."""

    def read(facts: Facts) -> Values:
        own = [device for device in _list(facts, section) if device.get("state") != "lost" and not device.get("virtual_function")]
        return {"": _alike([_link(device, speed=section != "gpus") for device in own])} if own else {}

    return read


def _link(device: Mapping[str, Any], *, speed: bool) -> str | None:
    pcie = device.get("pcie")
    hops = pcie.get("hops") if isinstance(pcie, Mapping) else None
    if isinstance(hops, list) and hops:
        generation, width = GENERATIONS.get(hops[-1].get("speed_gt_per_s") or 0.0), hops[-1].get("width")
    else:
        generation, width = device.get("pcie_generation"), device.get("pcie_width")
    if width is None or (speed and generation is None):
        return None
    return f"Gen{generation} x{width}" if speed else f"x{width}"


def _rates(facts: Facts) -> Values:
    rails = [hca for hca in _list(facts, "hcas") if hca.get("rail") is not None]
    return {"": _alike([port.get("rate_gbits_per_s") for hca in rails for port in _list(hca, "ports")])} if rails else {}


def _iommu(facts: Facts) -> Values:
    mode = facts.get("iommu")
    return {"": _text(mode.get("mode") if isinstance(mode, Mapping) else mode)}


def _alike(values: Iterable[Any]) -> str | None:
    """Return what all have, or how many have what; ``None`` where any does not tell."""
    texts = [_text(value) for value in values]
    counts = Counter(text for text in texts if text is not None)
    if not counts or None in texts:
        return None
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ordered[0][0] if len(ordered) == 1 else ", ".join(f"{count} x {text}" for text, count in ordered)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, (Mapping, list)):
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)


def _mapping(facts: Facts, name: str) -> Mapping[str, Any]:
    value = facts.get(name)
    return value if isinstance(value, Mapping) else {}


def _list(facts: Facts, name: str) -> list[Mapping[str, Any]]:
    value = facts.get(name)
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, (list, tuple)) else []


_FIRMWARE = "Bring the firmware to the version of the others."
_SOFTWARE = "Bring the package to the version of the others, and reboot where it needs that."
_HARDWARE = "Compare the node with one of the others: a part may be missing, or another one fitted."
_SETTING = "Correct the setting in the BIOS or on the kernel's command line."
ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("product", "The machine's model", _system("product"), _HARDWARE),
    Attribute("bios", "The BIOS's version", _bios, _FIRMWARE),
    Attribute("os", "The operating system", _os, _SOFTWARE),
    Attribute("kernel", "The kernel", _system("kernel"), _SOFTWARE),
    Attribute("gpu_driver", "NVIDIA's driver", _driver("nvidia"), _SOFTWARE),
    Attribute("amdgpu", "AMD's driver", _driver("amdgpu"), _SOFTWARE),
    Attribute("ofed", "The adapters' driver", _driver("mlx5"), _SOFTWARE),
    Attribute("cpu_model", "The processors' model", lambda facts: {"": _text(_mapping(facts, "cpu").get("model"))}, _HARDWARE),
    Attribute("cpu", "Sockets, cores and threads", _cpu, _SETTING),
    Attribute("memory", "The memory", _memory, _HARDWARE),
    Attribute("numa", "The number of NUMA nodes", lambda facts: {"": str(len(_list(facts, "numa"))) if _list(facts, "numa") else None}, _SETTING),
    Attribute("iommu", "The IOMMU's mode", _iommu, _SETTING),
    Attribute("counts", "The number", _counts, _HARDWARE),
    Attribute("gpu_product", "The GPUs' kind", _kinds("gpus", "pci_id"), _HARDWARE),
    Attribute("vbios", "The VBIOS", _gpu_values("vbios"), _FIRMWARE),
    Attribute("gpu_memory", "The memory of a GPU", _gpu_values("memory_total_mib"), _HARDWARE),
    Attribute("gpu_power_limit", "The power limit", _gpu_values("power_limit_w"), "Set the power limit of the others (nvidia-smi -pl)."),
    Attribute("gpu_ecc", "Error correction", _gpu_values("ecc", "mode"), "Switch it on (nvidia-smi -e 1) and reset the GPU."),
    Attribute("mig", "MIG mode", _gpu_values("mig_mode"), "Switch it as on the others (nvidia-smi -mig)."),
    Attribute("gpu_links", "The width of the GPUs' PCIe links", _links("gpus"), _HARDWARE),
    Attribute("rail_boards", "The rails' board", _kinds("hcas", "board_id"), _HARDWARE),
    Attribute("hca_firmware", "The firmware", _devices("hcas", "firmware", "board_id"), _FIRMWARE),
    Attribute("hca_links", "The adapters' PCIe links", _links("hcas"), _HARDWARE),
    Attribute("rail_rate", "The rails' rate", _rates, "Look at cables and transceivers of the node's rails."),
    Attribute("nvme_models", "The drives' model", _kinds("nvme", "model"), _HARDWARE),
    Attribute("nvme_firmware", "The firmware", _devices("nvme", "firmware", "model"), _FIRMWARE),
)
