#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a lab up or down, break it and mend it."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lab
short_description: A lab of real systemd machines on this one
version_added: 0.1.0
author: The Railyard authors (@railyard)
description:
  - Boots the nodes of a lab as systemd-nspawn machines, each with a root of its own over a shared image, connected by
    bridges and shaped links, and does to them what happens to real ones.
  - Beside them run a simulated InfiniBand fabric, with ibsim and opensm, and a BMC for each node that speaks Redfish.
  - Whatever O(state=up) was told is kept; the other states work on a lab that was up once.
extends_documentation_fragment:
  - railyard.cluster.attributes
attributes:
  check_mode:
    support: partial
    details: Only with O(state=up) and O(state=down). The other states are refused.
  diff_mode:
    support: none
    details: There is nothing to show as a difference.
  idempotent:
    support: partial
    details: O(state=snapshot) and O(state=reset) do what they are asked for each time.
options:
  name:
    description: Name of the lab.
    type: str
    required: true
  state:
    description:
      - V(up) makes what is missing and boots what is off, V(down) shuts down and takes the network away,
        V(absent) forgets the nodes, keys and snapshots too, V(status) only looks.
      - V(failed) takes a node's power, a link's carrier or a BMC, V(degraded) slows a link, V(healed) undoes both.
      - V(snapshot) keeps what the nodes hold under a name, V(reset) goes back to a snapshot, V(forgotten) drops one.
    type: str
    choices: [up, down, absent, status, failed, degraded, healed, snapshot, reset, forgotten]
    default: up
  spec:
    description:
      - Description of the lab, for O(state=up). Keys are C(index), C(nodes) (list of C(name), C(number), C(leaf),
        C(hardware_class)), C(leaves) (list of C(name), C(uplink_gbits_per_s)), C(link_gbits_per_s),
        C(management_range), C(data_range), C(bmc_range), C(bmcs) (whether there are any), C(fabric) (C(spines),
        C(cables_per_spine), C(switch_ports)) and C(hardware) (hardware classes by name).
    type: dict
    default: {}
  image:
    description: Folder of the base image, for O(state=up).
    type: str
    default: ""
  services:
    description: Folder of the tree with what serves the lab, for O(state=up).
    type: str
    default: ""
  sources:
    description: Content of the nodes' sources.list, for O(state=up).
    type: str
    default: ""
  target:
    description:
      - A node (V(node3)), a leaf (V(leaf1)), a link (V(node3:data0), V(leaf1:spine)), a cable of the InfiniBand fabric
        (V(node3:mlx5_1), V(leaf1-rail0:spine1)) or a BMC (V(bmc:node3)); V(all) with O(state=healed).
    type: str
    default: ""
  rate:
    description: Rate of a degraded link, such as V(200mbit), or of a cable of the fabric, such as V(100gbit), V(1x) or V(edr).
    type: str
    default: ""
  symbol_errors:
    description: How many symbol errors a degraded cable of the fabric has counted.
    type: int
    default: 0
  snapshot:
    description: Name of a snapshot. V(fresh) stands for blank nodes.
    type: str
    default: fresh
requirements:
  - systemd-nspawn
  - root
seealso:
  - module: railyard.cluster.lab_image
"""

EXAMPLES = r"""
- name: Slow a node's link
  railyard.cluster.lab:
    name: default
    state: degraded
    target: node3
    rate: 200mbit

- name: Go back to a converged cluster
  railyard.cluster.lab:
    name: default
    state: reset
    snapshot: converged
"""

RETURN = r"""
message:
  description: What was done, in a few words.
  type: str
  returned: always
nodes:
  description: The nodes as they are now.
  type: list
  elements: dict
  returned: unless the lab is gone
  contains:
    name:
      description: Name of the node.
      type: str
    state:
      description: C(up), C(booting) or C(off).
      type: str
    address:
      description: Management address.
      type: str
    data_address:
      description: Address on the data network.
      type: str
    leaf:
      description: The leaf (or C(spine)) that it hangs on.
      type: str
    link:
      description: Rate of its link, or C(down).
      type: str
    bmc:
      description: Address of its BMC, or C(down); empty where the lab has none.
      type: str
    faulty:
      description: Whether it is off, its link has a fault or its BMC is dead.
      type: bool
cables:
  description: The cables of the InfiniBand fabric as they are now.
  type: list
  elements: dict
  returned: unless the lab is gone
  contains:
    name:
      description: Its name, of both of its ends.
      type: str
    state:
      description: What it does, such as C(4X HDR), or C(down).
      type: str
    faulty:
      description: Whether it is down, does less than it was made for or has counted errors.
      type: bool
snapshots:
  description: Names of the lab's snapshots.
  type: list
  elements: str
  returned: unless the lab is gone
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._lab import faults, host, manager, snapshots
from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.spec import spec_from_dict


def look(lab: manager.Lab, changed: bool, message: str) -> dict[str, t.Any]:
    return {"changed": changed, "message": message, "nodes": lab.status(), "cables": lab.cables(), "snapshots": list(snapshots.names(lab))}


def up(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    spec = spec_from_dict({**params["spec"], "name": params["name"]})
    lab = manager.Lab(spec, params["image"], params["services"], params["sources"])
    if check_mode:
        lab.require()
        missing = [row["name"] for row in lab.status() if row["state"] == "off"]
        return look(lab, bool(missing), f"would start {', '.join(missing)}" if missing else "all up")
    done = lab.up()
    return look(lab, bool(done), f"started: {', '.join(done)}" if done else "all up")


def down(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    purge = params["state"] == "absent"
    if params["name"] not in host.lab_names():
        return {"changed": False, "message": f"there is no lab {params['name']!r}"}
    lab = manager.load(params["name"])
    if check_mode:
        return look(lab, purge or any(row["state"] != "off" for row in lab.status()), "would shut down")
    done = lab.down(purge=purge)
    message = f"stopped: {', '.join(done)}" if done else "all down"
    return {"changed": bool(done), "message": message} if purge else look(lab, bool(done), message)


def act(params: dict[str, t.Any]) -> dict[str, t.Any]:
    lab, state, target, snapshot = manager.load(params["name"]), params["state"], params["target"], params["snapshot"]
    if state in ("failed", "degraded", "healed") and not target:
        raise CoreError("Which node, leaf, link or BMC?", where="lab_target", hint=f"Nodes: {', '.join(node.name for node in lab.spec.nodes)}.")
    if state in ("failed", "degraded", "healed"):
        lab.require_up()
    if state == "failed":
        message = faults.fail(lab, target)
    elif state == "degraded":
        message = faults.degrade(lab, target, params["rate"], params["symbol_errors"])
    elif state == "healed":
        message = faults.heal(lab, target)
    elif state == "snapshot":
        message = snapshots.take(lab, snapshot)
    elif state == "forgotten":
        message = f"snapshot {snapshot!r} forgotten" if snapshots.drop(lab, snapshot) else ""
    else:
        message = snapshots.reset(lab, snapshot)
    return look(lab, bool(message), message or "nothing to do")


def main() -> None:
    states = ["up", "down", "absent", "status", "failed", "degraded", "healed", "snapshot", "reset", "forgotten"]
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": states, "default": "up"},
            "spec": {"type": "dict", "default": {}},
            "image": {"type": "str", "default": ""},
            "services": {"type": "str", "default": ""},
            "sources": {"type": "str", "default": ""},
            "target": {"type": "str", "default": ""},
            "rate": {"type": "str", "default": ""},
            "symbol_errors": {"type": "int", "default": 0},
            "snapshot": {"type": "str", "default": "fresh"},
        },
        required_if=[("state", "up", ["spec", "image", "services", "sources"])],
        supports_check_mode=True,
    )

    def work(_runner: ModuleRunner) -> dict[str, t.Any]:
        params = module.params
        host.require_lab_host()
        if params["state"] == "status":
            return look(manager.load(params["name"]), False, "")
        if module.check_mode and params["state"] not in ("up", "down", "absent"):
            raise CoreError(f"{params['state']!r} can't be tried in check mode.")
        with host.locked(manager.lock_path(params["name"])):
            if params["state"] == "up":
                return up(params, module.check_mode)
            if params["state"] in ("down", "absent"):
                return down(params, module.check_mode)
            return act(params)

    run_module(module, work)


if __name__ == "__main__":
    main()
