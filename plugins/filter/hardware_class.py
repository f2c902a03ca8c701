# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: hardware_class
author: The Railyard authors
short_description: What a node of a hardware class should have
version_added: 0.1.0
description:
  - Takes the name of a hardware class and returns its description, with every section present.
  - Railyard ships classes for common machines. A site lays its own over them, or adds classes.
  - Fails with a sentence that names the place when a class does not exist or its description is wrong.
options:
  _input:
    description: The name of a hardware class, usually the variable C(railyard_hardware_class) of a group.
    type: str
    required: true
  site_classes:
    description:
      - The classes of the site, usually the variable C(railyard_hardware_classes).
      - An entry with the name of a shipped class refines it. C(based_on) in an entry names the class that it refines.
      - A dict is merged key by key. Null empties a section.
    type: dict
    default: {}
positional: site_classes
"""

EXAMPLES = r"""
- name: Show how many GPUs the node should have
  ansible.builtin.debug:
    msg: "{{ ('h100_sxm_8' | railyard.cluster.hardware_class).gpus.count }}"

- name: Use a machine like a shipped one, with half the memory
  ansible.builtin.debug:
    msg: "{{ 'ours' | railyard.cluster.hardware_class({'ours': {'based_on': 'h100_sxm_8', 'memory_mib': 1048576}}) }}"
"""

RETURN = r"""
_value:
  description: The class. Sections that the machine does not have are empty dicts.
  type: dict
  contains:
    gpus:
      description: The GPUs with C(count), C(pci_id) and C(gres_type), and where known C(model), C(memory_mib) and the PCIe link.
      type: dict
    nvlink:
      description: The NVLink connections with C(links_per_gpu), C(gbytes_per_s_per_link) in one direction, and C(switches).
      type: dict
    xgmi:
      description: The Infinity Fabric connections between AMD GPUs.
      type: dict
    rails:
      description: The compute network with C(count), C(rate_gbits_per_s) and C(link_layer).
      type: dict
    cpu:
      description: The processors with C(sockets), C(cores_per_socket) and C(threads_per_core).
      type: dict
    memory_mib:
      description: Memory fitted.
      type: int
    nvme:
      description: The data drives with C(count).
      type: dict
    firmware:
      description: Wanted firmware by component.
      type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class


def hardware_class_filter(name: t.Any, site_classes: t.Any = None) -> dict[str, t.Any]:
    try:
        return hardware_class(name, site_classes)
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of hardware classes."""

    def filters(self) -> dict[str, t.Any]:
        return {"hardware_class": hardware_class_filter}
