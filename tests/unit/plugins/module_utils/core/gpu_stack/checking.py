# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares what the resolver says with the cases: what is wrong, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.model import AptPin, NodeHardware, RefusalError, Stack, Wish

from .cases import BRANCHES, GPUS, SYSTEMS, Case

Decide = Callable[[NodeHardware, Wish], Stack]


def wrong(case: Case, decide: Decide, *, hints: bool = False) -> list[str]:
    """Return what is not as the case says. Only a resolver that names the nearest wish is asked for it (``hints``)."""
    try:
        stack = decide(case.node, case.wish)
    except RefusalError as refusal:
        if not case.refused or case.refused not in refusal.message:
            return [f"refused: {refusal}"]
        return [f"nearest: {refusal.hint}"] if hints and case.nearest not in refusal.hint else []
    if case.refused:
        return ["not refused"]
    found = [f"lacks {spec}" for spec in case.has if spec not in stack.specs]
    names = [package.name for package in stack.packages]
    found += [f"has {name}" for name in case.lacks if name in names]
    found += [f"{name} is {getattr(stack, name)!r}" for name, value in case.equal.items() if getattr(stack, name) != value]
    found += [f"{name} lacks {entry}" for name, entries in case.contains.items() for entry in entries if entry not in _texts(stack, name)]
    found += [f"{name} has {entry}" for name, entries in case.without.items() for entry in entries if entry in _texts(stack, name)]
    sentences = " ".join(reason.sentence for reason in stack.reasons)
    found += [f"no reason says {text!r}" for text in (case.reason, *case.reasons) if text not in sentences]
    if case.no_reason and case.no_reason in sentences:
        found.append(f"a reason says {case.no_reason!r}")
    if case.warning and not any(case.warning in warning for warning in stack.warnings):
        found.append(f"no warning says {case.warning!r}: {stack.warnings}")
    if case.no_warning and any(case.no_warning in warning for warning in stack.warnings):
        found.append(f"a warning says {case.no_warning!r}")
    return found


def wrong_in_grid(gpu: str, system: str, decide: Decide) -> Iterator[str]:
    """Yield what is not as the two grids together say, for all branches from NVIDIA's repository."""
    pci_ids, architecture, modules, _source = GPUS[gpu]
    names, renamed_from, architectures, _source = SYSTEMS[system]
    for branch, letter in zip(BRANCHES, modules, strict=True):
        where = f"{gpu}, {system}, {branch}"
        try:
            stack = decide(NodeHardware(pci_ids, system, architecture), Wish(branch=branch))
        except RefusalError as refusal:
            if letter != "-" and architecture in architectures:
                yield f"{where}: refused: {refusal}"
            continue
        if letter == "-" or architecture not in architectures:
            yield f"{where}: not refused"
            continue
        if stack.modules[0] != letter:
            yield f"{where}: {stack.modules} modules"
        wanted = [f"{name.format(b=branch)}" for name in names[branch >= renamed_from]["op".index(letter)]]
        found = [package.name for package in stack.packages if package.component == "driver"]
        if found != wanted:
            yield f"{where}: packages {found}, not {wanted}"


def _texts(stack: Stack, field: str) -> list[str]:
    """Return the entries of a field; of pins what they pin."""
    return [entry.pin if isinstance(entry, AptPin) else entry for entry in getattr(stack, field)]
