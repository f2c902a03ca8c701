# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""What can be done to a lab: nodes, links, cables and BMCs broken, slowed and mended."""

from __future__ import annotations

import typing as t

from ..core.errors import CoreError
from ..core.lab import fabric, network
from ..core.lab.targets import bmc_name, find_target

if t.TYPE_CHECKING:
    from .manager import Lab

# The counter has 16 bits.
MAX_SYMBOL_ERRORS = 65535


def fail(lab: Lab, text: str) -> str:
    """A node loses its power, a BMC dies, a leaf, link or cable goes down."""
    target = find_target(lab.spec, lab.fabric.fabric, text)
    lab.set_fault(target.name, {**lab.faults().get(target.name, {}), "down": True, **({"power_lost": True} if target.kind == "node" else {})})
    _apply(lab, [target.name])
    if target.kind == "node":
        lab.stop([lab.spec.node(text)], power_loss=True)
        lab.link_up()
        return f"{text} lost its power"
    return f"{text} is dead" if target.kind == "bmc" else f"{target.name} is down"


def degrade(lab: Lab, text: str, rate: str, symbol_errors: int) -> str:
    """A link or cable does less than it was made for, or counts symbol errors."""
    target = find_target(lab.spec, lab.fabric.fabric, text)
    if target.kind == "bmc":
        raise CoreError(f"{text} cannot be slow, only dead.", where="lab_target", hint=f"railyard lab fail {text}")
    if not rate and not symbol_errors:
        raise CoreError("Degrade it to which rate?", where="lab_rate", hint="Give --rate, or --symbol-errors for a cable of the fabric.")
    if target.kind != "cable":
        return _slow(lab, target.name, rate, symbol_errors)
    if not 0 <= symbol_errors <= MAX_SYMBOL_ERRORS:
        raise CoreError(f"{symbol_errors} is not between 0 and {MAX_SYMBOL_ERRORS}.", where="lab_symbol_errors")
    cable = next(cable for cable in lab.fabric.fabric.cables if cable.name == target.name)
    fault: dict[str, t.Any] = {}
    words = []
    if rate:
        lesser = fabric.lesser_rating(cable, rate)
        fault.update(width=lesser.width, speed=lesser.speed)
        words.append(f"runs at {lesser} ({lesser.gbits_per_s:g} Gbit/s) instead of {cable.rating}")
    if symbol_errors:
        fault["symbol_errors"] = symbol_errors
        words.append(f"has counted {symbol_errors} symbol errors")
    lab.set_fault(cable.name, {**lab.faults().get(cable.name, {}), **fault})
    _apply(lab, [cable.name])
    return f"{cable.name} {' and '.join(words)}"


def _slow(lab: Lab, name: str, rate: str, symbol_errors: int) -> str:
    if symbol_errors:
        raise CoreError(f"{name} is Ethernet and counts no symbol errors.", where="lab_symbol_errors")
    gbits_per_s = network.parse_rate_gbits_per_s(rate)
    link = next(link for link in network.links(lab.spec) if link.name == name)
    if gbits_per_s >= link.gbits_per_s:
        raise CoreError(f"{gbits_per_s:g} Gbit/s is not slower than {link.name}, which has {link.gbits_per_s:g} Gbit/s.", where="rate")
    lab.set_fault(name, {**lab.faults().get(name, {}), "gbits_per_s": gbits_per_s})
    _apply(lab, [name])
    return f"{name} gives {gbits_per_s:g} instead of {link.gbits_per_s:g} Gbit/s"


def heal(lab: Lab, text: str) -> str:
    """Undo every fault of a target, and all faults of all of them where it is ``all``. A node that is off starts."""
    if text == "all":
        healed, nodes = sorted(lab.faults()), list(lab.spec.nodes)
    else:
        target = find_target(lab.spec, lab.fabric.fabric, text)
        # A node is mended with all that is its own; one that lost its power, under the name of its link too.
        healed = [name for name in lab.faults() if name == target.name or (target.kind == "node" and text in name.split(":")[:2])]
        nodes = [node for node in lab.spec.nodes if target.kind in ("node", "link") and node.name == text.split(":", 1)[0]]
    for name in healed:
        lab.set_fault(name, {})
    _apply(lab, healed)
    started = lab.start(nodes)
    if started:
        lab.link_up()
    return f"healed {', '.join(healed + started)}" if healed or started else ""


def _apply(lab: Lab, names: list[str]) -> None:
    """Let the lab be what its faults say, as far as these names go."""
    lab.shape([link for link in network.links(lab.spec) if link.name in names])
    cables = {cable.name for cable in lab.fabric.fabric.cables}
    bmcs = {bmc_name(node.name) for node in lab.spec.nodes}
    if cables & set(names) or bmcs & set(names):
        lab.link_up()
        lab.fabric.wait()
