# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: fabric_picture
author: The Railyard authors
short_description: A picture of an InfiniBand fabric with its defects marked
version_added: 0.1.0
description:
  - Takes what C(ibnetdiscover) printed and returns an SVG file that needs nothing else, with scalable units, leaves, spines and hosts.
  - Whatever has a defect is coloured and says what it is when pointed at. The defects are also listed below the picture.
options:
  _input:
    description: The text, or a list of texts where the rails are planes of their own.
    type: raw
    required: true
  nodes:
    description: The hosts that should be there, by the inventory's names. One that the fabric does not know is a defect.
    type: list
    elements: str
    default: []
  title:
    description: What stands above the picture.
    type: str
    default: Fabric
positional: nodes
seealso:
  - plugin: railyard.cluster.fabric
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Draw the fabric
  ansible.builtin.copy:
    content: "{{ lookup('ansible.builtin.file', 'ibnetdiscover.txt') | railyard.cluster.fabric_picture(groups.slurm_compute) }}"
    dest: fabric.svg
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The text of the file.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.defects import find_defects
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.picture import draw
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.read import read_fabric


def fabric_picture(text: t.Any, nodes: t.Sequence[str] = (), title: str = "Fabric") -> str:
    try:
        fabric, _warnings = read_fabric(text)
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error
    return draw(fabric, find_defects(fabric, nodes), title=title)


class FilterModule:
    """A fabric as a picture."""

    def filters(self) -> dict[str, t.Any]:
        return {"fabric_picture": fabric_picture}
