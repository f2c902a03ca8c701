# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: findings
author: The Railyard authors (@railyard)
short_description: What a validation found, and what follows from it
version_added: 0.1.0
description:
  - Reads the record of a validation (C(findings.json)) and returns its summary, the nodes to take out of service, and those that passed everything.
options:
  _terms:
    description: Paths of records, or of state folders, which stand for their newest record.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what the last validation found
  ansible.builtin.debug:
    msg: "{{ lookup('railyard.cluster.findings', lookup('railyard.cluster.state_folder')).findings }}"
"""

RETURN = r"""
_raw:
  description:
    - For each record, its summary as M(railyard.cluster.validation_record) returns it, and C(drain), a list of C(name) and C(reason) of nodes with a critical
      finding, the worst first, and C(passed_nodes), the names of nodes with no finding.
  type: list
  elements: dict
"""

import glob
import json
import os
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunRecord
from ansible_collections.railyard.cluster.plugins.plugin_utils._validation import passed_nodes, summary, to_drain


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        try:
            paths = [os.path.expanduser(str(term)) for term in terms]
            return [self._read(_newest(path) if os.path.isdir(path) else path) for path in paths]
        except CoreError as error:
            raise AnsibleLookupError(str(error)) from None

    @staticmethod
    def _read(path: str) -> dict[str, t.Any]:
        try:
            with open(path, encoding="utf-8") as file:
                record = RunRecord.from_dict(json.load(file))
        except (OSError, ValueError) as error:
            raise CoreError(f"it cannot be read: {error}.", where=path, hint="Give the findings.json of a validation.") from None
        return {**summary(record, path), "drain": to_drain(record), "passed_nodes": passed_nodes(record)}


def _newest(folder: str) -> str:
    paths = sorted(glob.glob(f"{glob.escape(folder)}/runs/*/findings.json"))
    if not paths:
        raise CoreError("no validation was recorded yet.", where=folder, hint="Run one: railyard validate.")
    return paths[-1]
