# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: zipapp
author: The Railyard authors (@railyard)
short_description: An executable of Railyard's, built on the controller
version_added: 0.1.0
description:
  - Builds one of the executables that Railyard puts on nodes, or on the host of a lab, and returns it in base64.
  - On a node, it is one file of Python that needs nothing but the standard library of Python 3.9 or newer.
  - The same sources give the same bytes, whenever and wherever it is built, so that a second run changes nothing.
options:
  _terms:
    description: The names of the executables, V(node_agent), V(simulator) or, for the host of a lab, V(lab_bmcs).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Put the node agent on a node
  railyard.cluster.files:
    files:
      - path: /usr/lib/railyard/railyard-agent.pyz
        content_base64: "{{ lookup('railyard.cluster.zipapp', 'node_agent') }}"
        mode: "0755"
"""

RETURN = r"""
_raw:
  description: The executables in base64.
  type: list
  elements: str
"""

import base64
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import build


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        try:
            return [base64.b64encode(build(str(term))).decode("ascii") for term in terms]
        except CoreError as error:
            raise AnsibleLookupError(str(error)) from error
