# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the machine itself: processors, memory, drives, firmware and versions, services, mounts, and the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ..errors import CoreError
from ..model.finding import Evidence
from ..parse.values import decimal
from .desired import Desired
from .model import Found, passed, unknown
from .seen import Seen, refusal

MOUNTS = "/proc/self/mounts"
MEMORY_CONTROLLERS = "/sys/devices/system/edac/mc"
CLOCK_SOURCE = "/sys/devices/system/clocksource/clocksource0"
NUMA_BALANCING = "/proc/sys/kernel/numa_balancing"
CHRONY = ("chronyc", "-c", "tracking")
FAILED_UNITS = ("systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager", "--full")
SHOW_UNITS = ("systemctl", "show", "--no-pager", "--property=Id,LoadState,ActiveState,SubState", "--")
# Of chronyc -c tracking: the fields' places (chrony's client.c). The offset is that of the system clock from NTP time.
_STRATUM, _OFFSET, _LEAP, _FIELDS = 2, 4, 13, 14
_LISTED = 10
_OCTAL = re.compile(r"\\([0-7]{3})")
# What may be declared in the hardware class as firmware, and in health.versions.
FIRMWARE = ("bios", "vbios", "hca", "nvme")
VERSIONS = ("kernel", "nvidia", "amdgpu", "ofed", "mlx5")


def cpu(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Has the node the declared sockets, cores and threads, all of them online?"""
    names = ("sockets", "cores_per_socket", "threads_per_core")
    expected = tuple(desired.count("cpu", name) for name in names)
    if not all(expected):
        return
    found = seen.facts("cpu").cpu
    if found is None or found.sockets is None:
        yield from unknown(seen.why("cpu", "cpu") or "the processors are not told")
        return
    own = (found.sockets, found.cores_per_socket or 0, found.threads_per_core or 0)
    count = expected[0] * expected[1] * expected[2]
    words = [" x ".join(map(str, shape)) for shape in (expected, own)]
    if own != expected:
        reason = f"{words[0]} sockets, cores and threads expected, {words[1]} are there"
        yield Found("fail", reason, words[0], words[1])
    elif found.online is not None and found.online != count:
        yield Found("fail", f"{count} processors expected, {found.online} are online", count, found.online)
    else:
        yield from passed(words[1], words[0])


def cpu_governor(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Where the kernel sets the frequency: does it prefer performance on all processors?"""
    found = seen.facts("cpu").cpu
    if found is None or not found.governors:
        return
    if set(found.governors) == {"performance"}:
        yield from passed("performance", "performance")
        return
    told = ", ".join(f"{name} on {count}" for name, count in found.governors.items())
    yield Found("warn", f"the frequency governor is {told}", "performance", told)


def clock_source(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Does the kernel use the processor's own counter as its clock, where it has one? Any other is slow to read."""
    current = seen.source.text(f"{CLOCK_SOURCE}/current_clocksource")
    available = (seen.source.text(f"{CLOCK_SOURCE}/available_clocksource") or "").split()
    if current is None or not ({"tsc", "hpet"} & {current, *available}):
        return
    if current == "tsc":
        yield from passed("tsc", "tsc")
        return
    yield Found("warn", f"the kernel's clock is {current}", "tsc", current, evidence=(Evidence("available", " ".join(available)),))


def numa_balancing(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Does the kernel leave pages of processes where they are?"""
    value = seen.source.number(NUMA_BALANCING)
    if value is None or not desired.count("gpus"):
        return
    yield from passed(0, 0) if value == 0 else [Found("warn", "automatic NUMA balancing moves the pages of pinned jobs", 0, value)]


def memory(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Is the declared memory there, but for what firmware and kernel keep?"""
    expected = desired.memory_mib
    if not expected:
        return
    found = seen.facts("memory").memory
    if found is None or found.total_mib is None:
        yield from unknown(seen.why("memory", "memory") or "/proc/meminfo does not tell the memory")
        return
    least = expected * (1 - desired.limit("memory_missing_percent_max") / 100)
    if found.total_mib < least:
        missing = f"{(1 - found.total_mib / expected) * 100:.0f} %"
        yield Found("fail", f"{expected:.0f} MiB are declared, the kernel has {found.total_mib}: {missing} are missing", expected, found.total_mib, "MiB")
        return
    yield from passed(found.total_mib, expected, "MiB")


def memory_errors(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Has no memory controller counted errors that were not corrected, or many that were (EDAC)?"""
    controllers = [name for name in seen.source.names(MEMORY_CONTROLLERS) or () if re.fullmatch(r"mc\d+", name)]
    counts = {kind: [seen.source.number(f"{MEMORY_CONTROLLERS}/{name}/{kind}_count") or 0 for name in controllers] for kind in ("ue", "ce")}
    if not controllers:
        return
    seen.remember("memory", {"corrected": sum(counts["ce"])})
    corrected, limit = sum(counts["ce"]) - seen.before("memory").get("corrected", 0), desired.limit("memory_corrected_max")
    evidence = tuple(
        Evidence(f"controller {name}", f"{bad} not corrected, {good} corrected") for name, bad, good in zip(controllers, counts["ue"], counts["ce"])
    )
    if sum(counts["ue"]):
        yield Found("fail", f"{sum(counts['ue'])} memory errors that were not corrected", 0, sum(counts["ue"]), "errors", evidence=evidence)
    elif corrected > limit:
        when = "since the last look" if seen.before("memory") else "since the start"
        yield Found("warn", f"{corrected} corrected memory errors {when}", limit, corrected, "errors", evidence=evidence)
    else:
        yield from passed(0, 0, "errors")


def nvme(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Are there as many NVMe drives as declared at least, and does each work?"""
    expected = desired.count("nvme")
    if not expected:
        return
    drives = seen.facts("nvme").nvme
    if seen.why("nvme", "nvme") and not drives:
        yield Found("fail", f"{expected} drives expected: {seen.why('nvme', 'nvme')}", expected, 0, "drives")
        return
    found = [Found("fail", f"{fault.subject}: {fault.message}", observed=fault.id, remediation=fault.hint) for fault in seen.faults("nvme", "nvme_not_live")]
    if len(drives) < expected:
        evidence = tuple(Evidence(f"drive {drive.name}", f"{drive.model} {drive.serial}") for drive in drives)
        found.append(Found("fail", f"{expected} data drives expected, {len(drives)} drives are there", expected, len(drives), "drives", evidence=evidence))
    yield from found or passed(len(drives), expected, "drives")


def firmware(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Has the firmware the versions that the class declares?"""
    declared = desired.section("firmware")
    found, compared = [], 0
    for name, wanted in declared.items():
        if name not in FIRMWARE:
            found.append(Found("inconclusive", f"firmware of {name!r} is declared, and only that of {', '.join(FIRMWARE)} can be seen"))
            continue
        for thing, version in _firmware(seen, name).items():
            answer = _version(thing, _wanted(wanted, thing, f"node.hardware.firmware.{name}"), version)
            found += [answer] if answer else []
            compared += 1
    if declared:
        yield from found or (passed(f"{compared} versions as declared") if compared else unknown("none of what has a declared firmware was seen"))


def versions(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Have kernel and drivers the declared versions?"""
    declared = desired.mapping("versions")
    if not declared:
        return
    drivers, system = seen.facts("drivers").drivers, seen.facts("system").system
    own = {name: getattr(drivers, name) for name in VERSIONS if name != "kernel"} | {"kernel": system.kernel if system else None}
    found = []
    for name, wanted in declared.items():
        if name not in VERSIONS:
            raise CoreError(f"no version of {name!r} can be seen.", where="node.health.versions", hint=f"There are: {', '.join(VERSIONS)}.")
        answer = _version(name, _wanted(wanted, name, f"node.health.versions.{name}"), own[name])
        found += [answer] if answer else []
    yield from found or passed(f"{len(declared)} versions as declared")


def _firmware(seen: Seen, name: str) -> dict[str, str | None]:
    """Return the versions of a kind of firmware, by what has them."""
    if name == "bios":
        system = seen.facts("system").system
        return {"the BIOS": system.bios_version if system else None}
    if name == "vbios":
        return {f"GPU {gpu.pci_address}": gpu.driver.vbios for gpu in seen.facts("gpus").gpus if gpu.driver and not gpu.driver.lost}
    if name == "hca":
        # Boards of one node may differ: those of the storage network have others than the rails.
        return {f"{hca.name} ({hca.board_id})": hca.firmware for hca in seen.facts("hcas").hcas if not hca.virtual_function}
    return {f"drive {drive.name} ({drive.model})": drive.firmware for drive in seen.facts("nvme").nvme}


def _wanted(declared: Any, thing: str, where: str) -> tuple[str, ...]:
    """Return the patterns that a version may match: one, a list, or by board or model (``{MT_0000000838: 28.43.*}``). None: nothing is declared of it."""
    if isinstance(declared, Mapping):
        own = next((value for key, value in declared.items() if f"({key})" in thing), None)
        return _wanted(own, thing, where) if own is not None else ()
    patterns = declared if isinstance(declared, list) else [declared]
    if not all(isinstance(pattern, str) and pattern for pattern in patterns):
        raise CoreError(f"{declared!r} is not a version.", where=where, hint="Write it in quotes; * stands for anything.")
    return tuple(patterns)


def _version(thing: str, patterns: tuple[str, ...], version: str | None) -> Found | None:
    if not patterns or (version is not None and any(fnmatchcase(version, pattern) for pattern in patterns)):
        return None
    wanted = " or ".join(patterns)
    if version is None:
        return Found("inconclusive", f"{thing} does not tell its version, {wanted} is declared", wanted)
    return Found("warn", f"{thing} has {version}, {wanted} is declared", wanted, version)


def services(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Do the declared units run?"""
    names = [name if "." in name else f"{name}.service" for name in desired.names("services")]
    if not names:
        return
    answer = seen.run(*SHOW_UNITS, *names)
    if answer.rc:
        yield from unknown(refusal("systemctl", answer, seen.timeout_s))
        return
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in answer.stdout.strip().split("\n\n")]
    # A name that is an alias is answered with the unit's own: the answers come in the order of the questions.
    if len(blocks) != len(names):
        yield from unknown(f"systemctl answered for {len(blocks)} of {len(names)} units")
        return
    for name, unit in zip(names, blocks):
        if unit.get("LoadState") == "not-found":
            yield Found("fail", f"{name} is not installed", "active", "not-found")
        elif unit.get("ActiveState") != "active":
            yield Found("fail", f"{name} is {unit.get('ActiveState')} ({unit.get('SubState')})", "active", unit.get("ActiveState"))
    if all(unit.get("ActiveState") == "active" for unit in blocks):
        yield from passed(f"{len(names)} active", "active")


def failed_units(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Has no unit of systemd failed?"""
    answer = seen.run(*FAILED_UNITS)
    if answer.rc:
        yield from unknown(refusal("systemctl", answer, seen.timeout_s))
        return
    failed = [line.split()[0] for line in answer.stdout.splitlines() if line.strip()]
    if not failed:
        yield from passed(0, 0, "units")
        return
    more = f" and {len(failed) - _LISTED} more" if len(failed) > _LISTED else ""
    yield Found("warn", f"failed: {', '.join(failed[:_LISTED])}{more}", 0, len(failed), "units")


def mounts(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Is what is declared mounted where it is declared, of the declared kind and source, and writable unless ``ro`` is declared?"""
    declared = desired.entries("mounts")
    if not declared:
        return
    try:
        text = seen.read(MOUNTS)
    except OSError as error:
        yield from unknown(f"{MOUNTS} cannot be read ({error.strerror})")
        return
    # What was mounted last on a path hides what was mounted there before.
    there = {_unescaped(words[1]): words for line in text.splitlines() for words in (line.split(),) if len(words) >= 4}
    found = []
    for place, entry in enumerate(declared):
        path = entry.get("path")
        if not isinstance(path, str) or not path:
            raise CoreError("path is missing.", where=f"node.health.mounts[{place}]")
        answer = _mount(path, entry, there.get(path.rstrip("/") or "/"))
        found += [answer] if answer else []
    yield from found or passed(len(declared), len(declared), "mounts")


def _mount(path: str, wanted: Mapping[str, Any], words: list[str] | None) -> Found | None:
    if words is None:
        return Found("fail", f"nothing is mounted on {path}", path, None)
    source, kind, options = _unescaped(words[0]), words[2], words[3].split(",")
    if wanted.get("fstype") and wanted["fstype"] != kind:
        return Found("fail", f"{path} is of the type {kind}, {wanted['fstype']} is declared", str(wanted["fstype"]), kind)
    if wanted.get("source") and not fnmatchcase(source, str(wanted["source"])):
        return Found("fail", f"{path} is {source}, {wanted['source']} is declared", str(wanted["source"]), source)
    if "ro" in options and not wanted.get("read_only"):
        return Found("fail", f"{path} is mounted read-only", "rw", "ro")
    return None


def _unescaped(text: str) -> str:
    """Return a path of /proc/mounts, in which a blank is ``\\040`` (getmntent(3))."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)


def clock_offset(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Is the clock kept by chrony, and right?"""
    answer = seen.run(*CHRONY)
    fields = answer.stdout.strip().split("\n")[-1].split(",")
    if answer.rc or len(fields) < _FIELDS:
        yield from unknown(refusal("chronyc", answer, seen.timeout_s))
        return
    offset = decimal(fields[_OFFSET])
    if fields[_LEAP] == "Not synchronised" or fields[_STRATUM] == "0":
        yield Found("warn", "chrony has no source that it could set the clock by", observed="not synchronised")
        return
    if offset is None:
        yield from unknown(f"chronyc does not tell the offset: {fields[_OFFSET][:40]!r}")
        return
    for verdict, limit in (("fail", desired.limit("clock_offset_fail_s")), ("warn", desired.limit("clock_offset_warn_s"))):
        if abs(offset) > limit:
            yield Found(verdict, f"the clock is off by {abs(offset):.3f} s", limit, abs(offset), "s")
            return
    yield from passed(abs(offset), desired.limit("clock_offset_warn_s"), "s")
