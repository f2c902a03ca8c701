# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: fabric_changes
author: The Railyard authors
short_description: What changed in an InfiniBand fabric since it was last discovered
version_added: 0.1.0
description:
  - Takes what C(ibnetdiscover) prints now and what it printed before, and tells in words what is different.
  - A cable that was moved is named with where it goes now and where it went before. A host or a switch that is gone takes its cables with it.
options:
  _input:
    description: What C(ibnetdiscover) prints now, or a list of texts where the rails are planes of their own.
    type: raw
    required: true
  before:
    description: What it printed before.
    type: raw
    required: true
positional: before
"""

EXAMPLES = r"""
- name: Say what changed in the fabric
  ansible.builtin.debug:
    msg: "{{ item.message }}"
  loop: "{{ discovered.stdout | railyard.cluster.fabric_changes(lookup('ansible.builtin.file', 'ibnetdiscover.txt')) }}"
"""

RETURN = r"""
_value:
  description: The changes with C(id), C(subject) and C(message). Empty where nothing is different.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.changes import find_changes
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.read import read_fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.document import as_json


def fabric_changes(now: t.Any, before: t.Any) -> list[dict[str, t.Any]]:
    try:
        return [as_json(change) for change in find_changes(read_fabric(before)[0], read_fabric(now)[0])]
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What changed in a fabric."""

    def filters(self) -> dict[str, t.Any]:
        return {"fabric_changes": fabric_changes}
