# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the compute network's adapters: rails that are missing, down or slow, and the errors that their ports count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..facts.hcas import FOLDER
from ..model.finding import Evidence
from ..model.node import HcaFacts, HcaPort, best_port
from .desired import Desired
from .model import Found, passed, unknown
from .seen import Seen

# Counters of a port that mean a bad link, below its folder in sysfs (the kernel's sysfs-class-infiniband; mlx5's hw_counters). What tells of
# congestion (out_of_sequence, rnr_nak_retry_err, port_xmit_wait) says nothing of the link.
ERRORS = (
    "counters/symbol_error", "counters/link_error_recovery", "counters/port_rcv_errors", "counters/port_rcv_remote_physical_errors",
    "counters/local_link_integrity_errors", "counters/excessive_buffer_overrun_errors", "counters/port_rcv_constraint_errors",
    "counters/port_xmit_constraint_errors", "hw_counters/rx_icrc_encapsulated",
)  # fmt: skip
LINK_DOWNED = "counters/link_downed"
_DAY_S = 86400.0


def rails(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Are there as many rails as declared, each up, at the declared rate and of the declared kind?"""
    expected, rate = desired.count("rails"), desired.number("rails", "rate_gbits_per_s")
    if not expected:
        return
    if seen.why("hcas", "hcas"):
        yield Found("fail", f"{expected} rails expected: {seen.why('hcas', 'hcas')}", expected, 0, "rails")
        return
    there = rail_adapters(seen)
    found = [] if len(there) >= expected else [_missing(expected, there)]
    for hca in there:
        port = best_port(hca.ports)
        answer = _port(hca, port, rate, str(desired.section("rails").get("link_layer") or ""))
        if answer and hca.rail is not None:
            found.append(Found("fail", answer[0], answer[1], answer[2], answer[3], seen.rail(hca.rail)))
    yield from found or passed(len(there), expected, "rails")


def rail_adapters(seen: Seen) -> list[HcaFacts]:
    """Return the adapters that are rails, in the order of their numbers."""
    return sorted((hca for hca in seen.facts("hcas").hcas if hca.rail is not None), key=lambda hca: hca.rail or 0)


def _missing(expected: int, there: list[HcaFacts]) -> Found:
    evidence = tuple(Evidence(f"rail {hca.rail}", f"{hca.name} at {hca.pci_address}") for hca in there)
    return Found("fail", f"{expected} rails expected, {len(there)} are there", expected, len(there), "rails", evidence=evidence)


def _port(hca: HcaFacts, port: HcaPort | None, rate: float, layer: str) -> tuple[str, float | str, float | str | None, str] | None:
    """Return what is wrong with a rail: in words, expected, observed, unit."""
    if port is None:
        return f"{hca.name} has no port", "Active", None, ""
    if port.state != "Active":
        told = f"{port.state}, {port.physical_state}" if port.physical_state else str(port.state)
        return f"{hca.name} port {port.port} is not up ({told})", "Active", port.state, ""
    if (port.rate_gbits_per_s or 0.0) < rate:
        return f"{hca.name} runs at {port.rate_gbits_per_s or 0:g} of {rate:g} Gb/s", rate, port.rate_gbits_per_s, "Gb/s"
    if layer and port.link_layer != layer:
        return f"{hca.name} is of the link layer {port.link_layer}", layer, port.link_layer, ""
    return None


def rail_errors(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Have the rails' ports counted few errors since the last look (at the first one: since they were counted from zero)?"""
    if not desired.count("rails"):
        return
    there = rail_adapters(seen)
    kept_s = seen.last.get("time_s")
    passed_s = seen.now_s - kept_s if isinstance(kept_s, (int, float)) and kept_s < seen.now_s else None
    found, known = [], 0
    for hca in there:
        port = best_port(hca.ports)
        device = f"{hca.name} port {port.port}" if port else hca.name
        counts = _counters(seen, hca, port)
        known += bool(counts)
        seen.remember(device, counts)
        answer = _errors(desired, device, counts, seen.before(device) if passed_s else {}, passed_s)
        if answer and hca.rail is not None:
            found.append(Found(*answer, subject=seen.rail(hca.rail), evidence=_evidence(counts, seen.before(device))))
    if not known:
        yield from unknown(f"{FOLDER} shows no counters of a rail's port")
        return
    when = f"in {passed_s / 3600:.1f} hours" if passed_s else "as counted from the beginning"
    yield from found or passed(f"{known} rails without errors {when}")


def _counters(seen: Seen, hca: HcaFacts, port: HcaPort | None) -> dict[str, int]:
    folder = f"{FOLDER}/{hca.name}/ports/{port.port if port else 1}"
    numbers = {path.partition("/")[2]: seen.source.number(f"{folder}/{path}") for path in (*ERRORS, LINK_DOWNED)}
    return {name: number for name, number in numbers.items() if number is not None}


def _errors(
    desired: Desired, device: str, counts: Mapping[str, int], before: Mapping[str, int], passed_s: float | None
) -> tuple[str, str, float | str | None, float | str | None, str] | None:
    """Return verdict, reason, expected, observed and unit of what is wrong with a port's counters."""
    # A counter that is smaller than before was set back.
    grown = {name: count - before[name] if count >= before.get(name, count + 1) else count for name, count in counts.items()}
    downs, limit = grown.pop("link_downed", 0), desired.limit("link_errors_max")
    per_day, allowed = downs * _DAY_S / max(passed_s or _DAY_S, _DAY_S), desired.limit("link_downs_per_day_max")
    when = "since the last look" if before else "since they were set to zero"
    if before and per_day >= allowed:
        return "fail", f"{device} lost its link {downs} times {when}", allowed, downs, "losses"
    if downs >= (1 if before else limit):
        return "warn", f"{device} lost its link {downs} times {when}", 0, downs, "losses"
    bad = {name: count for name, count in grown.items() if count > limit}
    if not bad:
        return None
    told = ", ".join(f"{name} {count}" for name, count in bad.items())
    return "warn", f"{device} counts errors {when}: {told}", limit, max(bad.values()), "errors"


def _evidence(counts: Mapping[str, int], before: Mapping[str, int]) -> tuple[Evidence, ...]:
    return tuple(Evidence(name, count, before.get(name)) for name, count in counts.items() if count)
