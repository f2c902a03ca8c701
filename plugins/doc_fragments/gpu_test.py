# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that test the GPUs of a node have in common: whom they look at, and what they return of it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    support: full
    details: Nothing is run. C(would_run) has the command lines.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent:
    support: N/A
    details: It measures each time, and changes nothing.
options:
  hardware_root:
    description: The folder below which C(/sys) and C(/proc) of the machine are found; C(/) but for simulated hardware.
    type: path
    default: /
  node:
    description: What the node is called in results.
    type: str
    required: true
  expected_gpus:
    description: How many GPUs the node should have, as its hardware class declares it. Without it, those on its PCI bus.
    type: int
  proof:
    description: How strong the proof is that the results are; V(stub) where the programs are stand-ins.
    type: str
    choices: [hardware, lab, replay, stub, unproven]
    default: hardware
"""
