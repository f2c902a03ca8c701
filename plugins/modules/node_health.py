#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: node_health
short_description: Compare a node with what it should be
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Looks at a node once, in one remote operation, and runs the checks of the catalogue. They look at GPUs, their memory, Xids, NVLinks, PCIe links, rails and
    the errors that their ports count, access control, IOMMU, GPUDirect, processors, memory, drives, firmware and versions, services, mounts, the clock and
    the kernel's log.
  - What the node should be is declared, never observed. It is given as O(node), or read from what the role node_agent wrote on the node.
  - A check that could not see what it needs is V(inconclusive) and says why. One that does not concern the node gives nothing.
  - A check that all GPUs or all rails pass gives one result, of the node. Else there is a result for each GPU or rail that does not pass.
  - It takes nothing out of service. Slurm's own health check runs the fast ones of the same checks.
notes:
  - Commands that are used where they are installed are C(nvidia-smi), C(lspci), C(journalctl) or else C(dmesg), C(systemctl), C(chronyc) and C(df).
    Everything else is read from C(/sys) and C(/proc).
  - Without root, access control, the kernel's log and serial numbers may stay unseen.
  - Counters of errors are compared with those of the last look, which O(state_folder) keeps until the next start of the node. The first look judges them as
    they are.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
attributes:
  check_mode:
    support: full
    details: It changes nothing but the counters that it keeps, and leaves them alone in check mode.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent:
    support: full
    details: It changes nothing.
options:
  node:
    description:
      - What the node should be, as the role node_agent writes it. C(name), C(hardware_class), C(hardware) (a hardware class), C(hardware_root) and C(health).
      - C(health) has C(disk), C(services) (units that run), C(mounts) (each with C(path), and C(fstype), C(source) and C(read_only) where they matter),
        C(versions) (C(kernel), C(nvidia), C(amdgpu), C(ofed), C(mlx5), with C(*) for anything), C(limits), and C(disabled_checks).
    type: dict
  description:
    description: The file on the node that says it where O(node) does not.
    type: path
    default: /etc/railyard/node.json
  checks:
    description: The checks to run, by name; all of them where none is named.
    type: list
    elements: str
    default: []
  facts:
    description: Whether to return the facts document too, the same as M(railyard.cluster.hardware_facts) returns.
    type: bool
    default: false
  document_folder:
    description:
      - Folder on the controller that the facts document is written to, as C(<inventory_hostname>.json), readable by its owner only. Only with O(facts=true).
      - The document is then no part of the result. In check mode nothing is written.
    type: path
  results_folder:
    description:
      - Folder on the controller that the results are written to, with what commands printed, as C(<inventory_hostname>.json), readable by its owner only.
      - They are then no part of the result. In check mode nothing is written.
    type: path
  hardware_root:
    description: The folder below which C(/sys), C(/proc) and C(/dev) of the machine are found; what the description says where it is not given.
    type: path
  state_folder:
    description: Folder on the node for the counters of the last look.
    type: path
    default: /run/railyard
  run_id:
    description: The run that the results belong to.
    type: str
    default: ""
  agent:
    description:
      - The node agent on the node, as the role node_agent installs it. It does the work.
      - Where it is not there, or is not of the controller's version, it is sent along, which costs a second operation.
    type: path
    default: /usr/lib/railyard/railyard-agent.pyz
  agent_sha256:
    description: Digest of the agent that belongs to this version. The action sets it.
    type: str
  agent_program:
    description: The agent itself, compressed by zlib, in base64. The action sets it where it is needed.
    type: str
seealso:
  - module: railyard.cluster.hardware_facts
"""

EXAMPLES = r"""
- name: Compare the node with its description
  railyard.cluster.node_health:
  register: health

- name: Refuse a node with findings
  ansible.builtin.assert:
    that: health.worst == 'pass'

- name: Look at the rails alone, without the role node_agent
  railyard.cluster.node_health:
    node:
      name: "{{ inventory_hostname }}"
      hardware: "{{ railyard_hardware_class | railyard.cluster.hardware_class(railyard_hardware_classes | default({})) }}"
    checks: [rails, rail_errors]

- name: Check the node and keep its facts, in one operation
  railyard.cluster.node_health:
    facts: true
    document_folder: /var/tmp/facts
"""

RETURN = r"""
results:
  description: A result for each check that the node passed, and for each thing that did not.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The same in every run, for the same check of the same subject.
      type: str
    subject:
      description: What it is about, with C(kind) (C(node), C(gpu), C(rail), C(port)), C(name), C(node), C(rail) and C(serial).
      type: dict
    check:
      description: The check's name.
      type: str
    verdict:
      description: V(pass), V(warn), V(fail) or V(inconclusive).
      type: str
    severity:
      description: V(info), V(warning) or V(critical).
      type: str
    hint:
      description: What was found, or why nothing could be.
      type: str
    remediation:
      description: What to do.
      type: str
  sample:
    - id: rails:rail:node1-rail-3
      subject: {kind: rail, name: node1 rail 3, node: node1, rail: 3, serial: null}
      check: rails
      verdict: fail
      severity: critical
      expected: 400.0
      observed: 200.0
      unit: Gb/s
      hint: mlx5_3 runs at 200 of 400 Gb/s
worst:
  description: The worst verdict of all.
  returned: success
  type: str
  sample: pass
raw:
  description: What commands printed that a check did not pass on, by command line, the last 4000 characters of each.
  returned: success
  type: dict
document:
  description: The facts, as C(docs/schemas/facts.json) describes them.
  returned: with O(facts=true), without O(document_folder) or in check mode
  type: dict
document_path:
  description: Where the facts are on the controller.
  returned: with O(facts=true) and O(document_folder)
  type: str
results_path:
  description: Where the results are on the controller.
  returned: with O(results_folder)
  type: str
"""

import base64
import hashlib
import json
import os
import sys
import time
import typing as t
import zlib

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

MEMORY = "counters.json"


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "dict"},
            "description": {"type": "path", "default": "/etc/railyard/node.json"},
            "checks": {"type": "list", "elements": "str", "default": []},
            "facts": {"type": "bool", "default": False},
            # The controller's half writes them.
            "document_folder": {"type": "path"},
            "results_folder": {"type": "path"},
            "hardware_root": {"type": "path"},
            "state_folder": {"type": "path", "default": "/run/railyard"},
            "run_id": {"type": "str", "default": ""},
            "agent": {"type": "path", "default": "/usr/lib/railyard/railyard-agent.pyz"},
            "agent_sha256": {"type": "str"},
            "agent_program": {"type": "str"},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda _runner: work(module))


def work(module: AnsibleModule) -> dict[str, t.Any]:
    params = module.params
    program = the_agent(module)
    if program is None:
        return {"changed": False, "agent_missing": True}
    node = params["node"] if params["node"] is not None else read_description(params["description"])
    kept = os.path.join(params["state_folder"], MEMORY)
    request = {name: params[name] for name in ("checks", "facts", "run_id")}
    request.update(node=node, hardware_root=params["hardware_root"] or str(node.get("hardware_root") or "/"), last=read_memory(kept), now_s=time.time())
    rc, stdout, stderr = module.run_command([sys.executable, "-IS", program, "examine"], data=json.dumps(request))
    if rc:
        raise CoreError(stderr.strip().removeprefix("railyard-agent: ") or f"the node agent ended with status {rc} and said nothing.")
    answer = json.loads(stdout)
    memory = answer.pop("memory")
    if memory["counters"] and not module.check_mode:
        keep(module, kept, memory)
    return {"changed": False, **answer}


def the_agent(module: AnsibleModule) -> str | None:
    """Return the path of the agent: the installed one where it is the controller's version, or else the one that was sent along."""
    params = module.params
    if params["agent_program"]:
        path = os.path.join(module.tmpdir, "railyard-agent.pyz")
        with open(path, "wb") as file:
            file.write(zlib.decompress(base64.b64decode(params["agent_program"])))
        return path
    try:
        with open(params["agent"], "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None
    return params["agent"] if params["agent_sha256"] in (None, digest) else None


def read_description(path: str) -> dict[str, t.Any]:
    try:
        with open(path, encoding="utf-8") as file:
            node = json.load(file)
    except (OSError, ValueError) as error:
        raise CoreError(f"it cannot be read ({error}).", where=path, hint="Apply the role node_agent, or give the option node.") from None
    if not isinstance(node, dict):
        raise CoreError("it is not a node's description.", where=path, hint="Apply the role node_agent again.")
    return node


def read_memory(path: str) -> dict[str, t.Any]:
    """Return what the last look kept; nothing where there is none that can be read."""
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def keep(module: AnsibleModule, path: str, memory: t.Mapping[str, t.Any]) -> None:
    """Replace what is kept as a whole. Where that is impossible the next look says less, and this one says so."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(memory, file)
            file.write("\n")
        os.replace(f"{path}.new", path)
    except OSError as error:
        module.warn(f"{path}: the counters cannot be kept for the next look ({error.strerror}). Run it as root.")


if __name__ == "__main__":
    main()
