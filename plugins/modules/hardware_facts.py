#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: hardware_facts
short_description: See what a node's hardware is
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Looks at GPUs, RDMA adapters, NVMe drives, the PCIe links between them and the processor, IOMMU, NUMA, memory, processors, firmware and drivers,
    in one remote operation.
  - GPUs come from the PCI bus and from the driver, joined by their address. One that is on the bus and that the driver lost is there as V(lost);
    one that the bus does not have any more as V(not_on_bus).
  - "RDMA adapters have a rail number where they are rails: the adapters of one make that together can carry the most, numbered from 0 in the order
    of their PCI addresses. An adapter whose port is down stays a rail."
  - Of every PCIe link on the way from a device to the processor it tells what it runs at and what both of its ends can do, and which one limits.
  - Needs no GPU driver, no RDMA drivers and no root. What could not be seen is named in C(unseen), with the reason.
  - It tells what is there, never what should be, and so compares nothing with a hardware class.
notes:
  - Commands that are used where they are installed are C(nvidia-smi) and C(lspci). Everything else is read from C(/sys) and C(/proc).
  - Only root sees the access control of PCIe ports and the machine's serial number.
  - The fact is at most 16 KB of JSON, because facts cost every later task. C(left_out) in it says how many entries had no room.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.attributes.read_only
options:
  subset:
    description: The parts to look at; all of them where none is named.
    type: list
    elements: str
    choices: [system, drivers, cpu, memory, numa, iommu, bridges, gpus, hcas, nvme]
    default: []
  hardware_root:
    description: The folder below which C(/sys) and C(/proc) of the machine are found; C(/) but for simulated hardware.
    type: path
    default: /
  document_folder:
    description:
      - Folder on the controller that the whole document is written to, as C(<inventory_hostname>.json), readable by its owner only.
      - The document is then no part of the result. In check mode nothing is written.
    type: path
seealso:
  - module: railyard.cluster.capture
"""

EXAMPLES = r"""
- name: Look at the hardware
  railyard.cluster.hardware_facts:

- name: Refuse a node that has lost a GPU
  ansible.builtin.assert:
    that: ansible_facts.railyard.gpus | rejectattr('state', 'eq', 'ok') | length == 0

- name: Look at the adapters alone, and keep the whole document
  railyard.cluster.hardware_facts:
    subset: [hcas]
    document_folder: /var/tmp/facts
"""

RETURN = r"""
ansible_facts:
  description: The summary of the facts, under one key.
  returned: success
  type: dict
  contains:
    railyard:
      description: What roles and checks read. A part that was not asked for is empty.
      type: dict
      contains:
        gpus:
          description: Each GPU with its C(pci_address), C(state), C(uuid), C(product), C(numa_node) and its PCIe link.
          type: list
          elements: dict
        hcas:
          description: Each RDMA adapter with its C(name), C(guid), C(rail), C(firmware), C(numa_node), its PCIe link and its C(ports).
          type: list
          elements: dict
        nvme:
          description: Each NVMe drive.
          type: list
          elements: dict
        faults:
          description: What is wrong with the node as its own facts tell it, in plain words.
          type: list
          elements: dict
        unseen:
          description: What could not be seen, and why.
          type: list
          elements: dict
  sample:
    railyard:
      gpus: [{pci_address: "0000:4c:00.0", state: lost, pci_id: "10de:2330", numa_node: 0, pcie_generation: 5, pcie_width: 16}]
document:
  description: Everything that was seen, as C(docs/schemas/facts.json) describes it.
  returned: without O(document_folder), or in check mode
  type: dict
document_path:
  description: Where the document is on the controller.
  returned: with O(document_folder)
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.parts import PARTS, collect_facts
from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.summary import document, summary


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "subset": {"type": "list", "elements": "str", "choices": list(PARTS), "default": []},
            "hardware_root": {"type": "path", "default": "/"},
            # The controller's half writes it.
            "document_folder": {"type": "path"},
        },
        supports_check_mode=True,
    )
    params = module.params

    def work(runner: ModuleRunner) -> dict[str, object]:
        facts = collect_facts(runner, root=params["hardware_root"], subset=params["subset"])
        return {"changed": False, "ansible_facts": {"railyard": summary(facts)}, "document": document(facts)}

    run_module(module, work)


if __name__ == "__main__":
    main()
